"""What a real Asterisk did against what the oracle says; real ones stand in tests/lab/test_calls_live.py."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from kelid.lab.witness import Live, LiveStep
from kelid.model.call import Call, Question, World
from kelid.model.trace import Asked, Trace, TraceStep
from kelid.pipeline.live import AGREES, difference

AT = datetime(2026, 11, 28, 9, tzinfo=ZoneInfo("Asia/Tehran"))
ORACLE = (
    TraceStep("in", "s", 1, "Set", "ID=1795847400.1"),
    TraceStep("in", "s", 2, "Queue", "sales"),
    TraceStep("other", "1", 1, "NoOp", "", 1),
)
REAL = (
    LiveStep("in", "s", 1, "Set", "ID=1795847401.7", 0),
    LiveStep("other", "1", 1, "NoOp", "", 3),
    LiveStep("in", "s", 1, "AppDial", "(Outgoing Line)", 2),
    LiveStep("in", "s", 2, "Queue", "sales", 0),
)


def trace(steps: tuple[TraceStep, ...], answer: str = "") -> Trace:
    asked = (Asked(Question("queue", "sales", ("ANSWERED",)), answer),) if answer else ()
    return Trace(
        call=Call(context="in", exten="s", at=AT), world=World(), steps=steps, events=(), asked=asked
    )


def live(*steps: LiveStep) -> Live:
    return Live(steps, 16, 200, "")


def test_what_no_run_can_repeat_is_no_difference() -> None:
    assert difference(trace(ORACLE), live(*REAL), trace(ORACLE)) == AGREES


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        (REAL[:3], "step 2: the oracle has in,s,2 Queue(sales), Asterisk the end"),
        (
            (*REAL, LiveStep("in", "s", 3, "Hangup", "", 0)),
            "step 3: the oracle has the end, Asterisk in,s,3 Hangup()",
        ),
        ((REAL[0], REAL[3]), "the oracle has 2 channels in the dial plan, Asterisk 1"),
        (
            (REAL[0]._replace(data="ID=x"), *REAL[1:]),
            "step 1: the oracle has in,s,1 Set(ID=<unique>), Asterisk in,s,1 Set(ID=x)",
        ),
    ],
)
def test_the_first_difference(steps: tuple[LiveStep, ...], found: str) -> None:
    assert difference(trace(ORACLE), live(*steps), trace(ORACLE)) == found


def test_what_a_member_of_a_queue_does_is_the_worlds() -> None:
    member = LiveStep("queue-sales-answered", "s", 1, "Return", "", 9)
    assert difference(trace(ORACLE, "ANSWERED"), live(*REAL, member), trace(ORACLE)) == AGREES
    assert difference(trace(ORACLE, "TIMEOUT"), live(*REAL, member), trace(ORACLE)) != AGREES
