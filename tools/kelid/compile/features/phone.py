"""Short ways to write the steps of a feature code, and what all of them know of the phone that dials it.

A code acts for the phone's own number only, with which the name of its endpoint begins (``101``, ``101-mobile``): unlike a
caller ID, no phone can choose that.
A call that a phone transfers to a code keeps the endpoint of whoever it is, a trunk's for example, and is ended.
"""

from __future__ import annotations

from kelid.compile.dialplan import OWN_NUMBER
from kelid.findings import NOWHERE, Where
from kelid.model.pbx import Exten, Step
from kelid.model.record import Record
from kelid.model.site import Site

OWN = OWN_NUMBER
"""The number of the phone."""

PAYER = "${PJSIP_ENDPOINT(${CHANNEL(endpoint)},context):11}"
"""The phone's permission class: ``national``, of the endpoint's context ``from-class-national``."""

DIGITS = "0-9+"
"""The characters of FILTER that a telephone number has."""


class Asked(Record):
    """A feature code as the site has it: the code, and where that is written; what follows it is at ``EXTEN:after``."""

    site: Site
    code: str
    where: Where = NOWHERE

    @property
    def rest(self) -> str:
        """Return the expression of what was dialled after the code."""
        return f"${{EXTEN:{len(self.code)}}}"

    def exten(self, *steps: Step, after: str = "") -> Exten:
        """Return the code with its steps; ``after`` is the pattern of what is dialled after it."""
        placed = tuple(Step(step.app, step.data, step.label, self.where) for step in steps)
        return Exten(f"_{self.code}{after}" if after else self.code, placed, self.where)


def own_only() -> tuple[Step, ...]:
    """Return the steps that go on, answered, only for the site's own phones."""
    return (
        Step("GotoIf", f"${{DIALPLAN_EXISTS(internal,{OWN},1)}}?own"),
        Step("Hangup", "1"),
        Step("Answer", "500", label="own"),
    )


def is_phone(number: str) -> str:
    """Return the condition, for ``$[...]``, that the call comes from the phone of that number."""
    return f'"${{CHANNEL(name):0:{len(number) + 7}}}" = "PJSIP/{number}-"'


def say(*sounds: str, label: str = "") -> Step:
    """Return the step that plays packaged sounds one after the other."""
    return Step("Playback", "&".join(sounds), label)


def forget(key: str) -> Step:
    """Return the step that takes a key out of Asterisk's database."""
    return Step("NoOp", f"${{DB_DELETE({key})}}")


def lamp(name: str, *, on: bool) -> Step:
    """Return the step that sets the lamp ``Custom:NAME``, which outlives a restart.

    Do-not-disturb is a part of its extension's hint, ``PJSIP/101&Custom:DND101``, in which INVALID is the one state that
    counts for nothing: by NOT_INUSE a phone that is unplugged would look free.
    """
    off = "INVALID" if name.startswith("DND") else "NOT_INUSE"
    return Step("Set", f"DEVICE_STATE(Custom:{name})={'INUSE' if on else off}")
