"""What a call does: its steps in the dial plan, what people hear and see of them, and how it ends."""

from __future__ import annotations

from typing import NamedTuple

from kelid.findings import NOWHERE, Where
from kelid.model.call import Call, Question, World
from kelid.model.record import Record


class TraceStep(NamedTuple):
    """One step as Asterisk takes it (its AMI event Newexten): ``data`` is the application's arguments, evaluated.

    ``channel`` is 0 for the caller's own channel; other numbers are the channels that were made on the way (a Local channel,
    the called phone in a subroutine of Dial). ``where`` leads to the line behind the step.
    """

    context: str
    exten: str
    priority: int
    app: str
    data: str
    channel: int = 0
    where: Where = NOWHERE


class Event(NamedTuple):
    """What a person would notice, or the system keeps, of a call. ``kind`` is one of EVENTS; ``subject`` what it is about.

    ``details`` are the resolved settings of what is reached (a queue's timeout, a mailbox's options), in a fixed order;
    ``step`` is the index of the step in the trace.
    """

    kind: str
    subject: str = ""
    details: tuple[tuple[str, str], ...] = ()
    step: int = -1


EVENTS = {
    "answered": "Asterisk takes the call: from here it may cost",
    "hears": "a sound, music or a spoken number",
    "tone": "ringing, busy, congestion",
    "keys": "keys are waited for; the subject is what was pressed",
    "rings": "devices ring; details: seconds, who is shown as caller",
    "calls-out": "a trunk is called with a number",
    "talks": "somebody has answered",
    "limit": "the call is cut after some time that only the world knows; details: seconds",
    "queue": "the caller waits in a queue",
    "voicemail": "a message can be left in a mailbox",
    "mailbox": "somebody listens to a mailbox",
    "conference": "the caller is in a conference",
    "park": "the call is parked",
    "page": "an announcement to several phones",
    "pickup": "a ringing call is fetched",
    "spy": "a call is listened to",
    "records": "the call is recorded",
    "password": "a PIN is asked for",
    "directory": "names are spelled by keys",
    "fax": "a fax is sent or taken",
    "chance": "a number is drawn; told only where two dial plans draw from other ranges, which the subject is",
    "keeps": "a value is kept in astdb",
    "lamp": "a lamp changes",
    "member": "a queue member logs in or out, pauses or goes on",
    "originates": "a call is made beside this one",
    "box": "a program outside of Asterisk is asked",
    "log": "something is written to a log",
    "unknown": "what the oracle doesn't know; from here nothing is said",
    "loop": "the same again without an end",
    "leaves": "the caller hangs up while others ring, or keys are waited for",
    "hangup": "the call ends; details: the cause",
}
"""Every kind of event."""


class Asked(NamedTuple):
    """A question with its answer: at which of the trace's steps, and after how many seconds of waiting in the call."""

    question: Question
    answer: str
    step: int = -1
    at: float = 0.0


class Trace(Record):
    """What a call does in a world. ``end`` is the kind of its end: one of ENDS.

    ``unknown`` says why, where the oracle could not go on; "" where it could.
    """

    call: Call
    world: World
    steps: tuple[TraceStep, ...]
    events: tuple[Event, ...]
    asked: tuple[Asked, ...] = ()
    end: str = "hangup"
    unknown: str = ""


ENDS = {
    "hangup": "the call ends",
    "gone": "the caller hangs up",
    "transferred": "the call goes on elsewhere",
    "loop": "it would never end",
    "unknown": "could not tell",
}
"""Every kind of end."""
