"""A dial plan written in a test, and calls through it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from textwrap import dedent
from zoneinfo import ZoneInfo

import pytest

from kelid.model.call import Call, World
from kelid.model.pbx import Pbx
from kelid.model.trace import Trace
from kelid.readback import read_tree
from kelid.simulate import simulate

THURSDAY = datetime(2026, 11, 26, 10, 0, tzinfo=ZoneInfo("Asia/Tehran"))


def pbx_of(text: str, *, asterisk: int = 22, **files: str) -> Pbx:
    """Return the Pbx of an extensions.conf, and of other conf files by their names without suffix."""
    sources = {"extensions.conf": dedent(text).encode()}
    sources |= {f"{name}.conf": dedent(content).encode() for name, content in files.items()}
    return read_tree(sources, asterisk=asterisk).pbx


class Plan:
    """A dial plan to be called."""

    def __init__(self, pbx: Pbx) -> None:
        self.pbx = pbx

    def call(
        self,
        exten: str = "s",
        *,
        context: str = "a",
        caller: str = "",
        at: datetime = THURSDAY,
        variables: Mapping[str, str] | None = None,
        **world: object,
    ) -> Trace:
        """Call the extension in a world."""
        call = Call(
            context=context,
            exten=exten,
            at=at,
            technology="PJSIP",
            endpoint="caller",
            caller=caller,
            variables=variables or {},
        )
        return simulate(self.pbx, call, World(**world))  # type: ignore[arg-type]

    def way(self, exten: str = "s", **more: object) -> list[str]:
        """Return the steps of the caller's channel, ``exten,priority application(data)``."""
        return steps(self.call(exten, **more))  # type: ignore[arg-type]

    def said(self, exten: str = "s", **more: object) -> str:
        """Return what NoOp said on the caller's channel, with blanks in between: where the call has been."""
        trace = self.call(exten, **more)  # type: ignore[arg-type]
        return " ".join(step.data for step in trace.steps if step.app == "NoOp" and not step.channel)


def steps(trace: Trace, channel: int = 0) -> list[str]:
    """Return the steps of one channel as short texts."""
    return [f"{s.exten},{s.priority} {s.app}({s.data})" for s in trace.steps if s.channel == channel]


@pytest.fixture
def plan() -> Callable[..., Plan]:
    """Make a plan of the text of extensions.conf."""

    def make(text: str, *, asterisk: int = 22, **files: str) -> Plan:
        return Plan(pbx_of(text, asterisk=asterisk, **files))

    return make
