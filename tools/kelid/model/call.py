"""A call, the world that it meets, and what is asked of that world on the way: what the oracle is given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from kelid.model.record import EMPTY, Record


class Call(Record):
    """A call as it comes into the dial plan.

    ``context`` and ``exten`` are where it begins. ``technology`` and ``endpoint`` are those of the channel: ("PJSIP", "101")
    for a phone, ("PJSIP", "mokhaberat") for a trunk, ("Local", "") for calls that Asterisk makes itself. ``caller`` and
    ``caller_name`` are the caller ID as it arrives. ``at`` knows its zone. ``variables`` are what the endpoint sets on its
    channels (``set_var``), ``groups`` its ``GROUP``s; ``language`` likewise, "" for Asterisk's default.
    """

    context: str
    exten: str
    at: datetime
    technology: str = "Local"
    endpoint: str = ""
    caller: str = ""
    caller_name: str = ""
    variables: Mapping[str, str] = EMPTY
    language: str = ""
    account: str = ""


ANSWERS, BUSY, NO_ANSWER, UNAVAILABLE, CONGESTION = (
    "answers",
    "busy",
    "no_answer",
    "unavailable",
    "congestion",
)
DEVICE_STATES = (ANSWERS, BUSY, NO_ANSWER, UNAVAILABLE, CONGESTION)
"""What a device does when it is called: it answers; says that it is busy; rings and nobody answers; is not registered or
can't be reached; the network behind it has no line."""


class World(Record):
    """The state of the world that a call meets, as far as no file says it.

    ``devices`` gives what each does when it is called, by Asterisk's name (``PJSIP/101``, ``PJSIP/mokhaberat``): one of
    DEVICE_STATES; ``otherwise`` is that of all others. ``in_use`` are devices that are in a call already (their lamp is on;
    they still can be called). ``database`` is Asterisk's astdb: ``{"CFU/101": "102"}``. ``presses`` is what the caller
    presses, one text for each time that Asterisk waits for keys; "" is nothing until the time is over, "!" hangs up.
    ``answers`` gives the answer to any other question by ``kind`` or ``kind:subject``.
    """

    devices: Mapping[str, str] = EMPTY
    otherwise: str = ANSWERS
    in_use: frozenset[str] = frozenset()
    database: Mapping[str, str] = EMPTY
    globals: Mapping[str, str] = EMPTY
    presses: tuple[str, ...] = ()
    answers: Mapping[str, str] = EMPTY


class Question(NamedTuple):
    """What the dial plan asks of the world: it can't be told from the configuration alone.

    ``kind`` is one of QUESTIONS, ``subject`` what is asked about. ``answers`` are all that may come, the one of a quiet
    ordinary day first; empty where any text may come. ``limit`` is the most characters that such a text has (0: no limit).
    """

    kind: str
    subject: str
    answers: tuple[str, ...] = ()
    limit: int = 0


MADE = "made"
"""How a call to devices ends, where all that is known of it is that there are channels."""

QUESTIONS = {
    "dial": "how a call to these devices ends: a DIALSTATUS, ANSWER PJSIP/102, or CANCEL and after how many seconds",
    "reached": "whether any of these devices can be called: 1 or 0; asked as keys are, before option b runs on them",
    "key": 'which key is pressed before the time is over; "" for none',
    "keys": "which keys are pressed one after the other; asked where all calls are looked at, each key by itself otherwise",
    "digits": "which digits are pressed before # or the end of time; asked as keys are",
    "device": "the state of a device or a lamp, as DEVICE_STATE tells it",
    "database": 'the value of a key in astdb; "" with the answer to "database-has" no',
    "database-has": "whether astdb has the key: 1 or 0",
    "database-keys": "the keys below a family in astdb, joined by commas",
    "global": "the value of a global variable that the configuration doesn't set",
    "queue": "how the wait in a queue ends: a QUEUESTATUS, ANSWERED (and who), a key that leaves it, or ABANDON and when",
    "queue-info": "what a queue's functions tell",
    "mailbox": "whether a mailbox is there, or how many messages it has",
    "voicemail": "how leaving a message ends: SUCCESS, USEREXIT, FAILED, or the key 0 or * that leaves it",
    "password": "whether the caller knows it: right, wrong, or none is given",
    "group": "how many calls are in the group besides this one",
    "confirm": "what the called person says: accept or reject",
    "conference": "how the conference ends",
    "conference-info": "what a conference's functions tell",
    "channel": "whether there is a channel of that name, or what the network knows of one",
    "contacts": "whether an endpoint has a contact that Dial can call: 1 or 0",
    "peer": "whether and where a peer or contact is registered",
    "cdr": "times and lengths in the call's record (CDR)",
    "header": "what a header of the message that came in holds",
    "pickup": "whether there is a call to pick up",
    "park": "whether the call is fetched, or comes back",
    "page": "whether anybody hears a page",
    "random": "a number by chance",
    "box": "what a black box (AGI, a shell, a web server) gives back",
    "hangup": "whether the caller hangs up here: no or yes",
    "record": "how the caller ends a recording; the answer is a RECORD_STATUS",
    "fax": "whether the fax comes through",
    "directory": 'the mailbox whose name is chosen; "" for none, 0 or * to leave',
    "limit": "whether TIMEOUT(absolute) ends the call before a wait is over; asked where all calls are looked at",
    "clock": "whether a border of time that was near when the call came in is over; asked where all calls are looked at",
    "talk": "how many seconds people talk",
    "read-file": "what a file on the server holds",
    "originate": "whether a call that is made beside this one comes through",
}
"""Every kind of question, and what its answer is."""
