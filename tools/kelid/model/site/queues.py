"""Waiting lines (queues.yml), with Asterisk's spellings of queues.conf; a hyphen there is an underscore here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kelid.model.destination import Destination
from kelid.model.site.base import Names, Placed


class Member(Placed):
    """An extension that answers a queue. ``wrapuptime`` -1 is the queue's own."""

    REFERS: ClassVar[Mapping[str, str]] = {"extension": "extension"}

    extension: str
    penalty: int = 0
    state_interface: str = "hint"
    wrapuptime: int = -1
    ringinuse: str = "queue"


class DynamicMembers(Placed):
    """Who may log in to a queue by feature code: the extensions named, and all of some permission classes."""

    REFERS: ClassVar[Mapping[str, str]] = {"permission_classes": "permission_class"}

    members: tuple[Member, ...] = ()
    permission_classes: tuple[str, ...] = ()


class PenaltyStep(Placed):
    """What changes when a caller has waited ``after`` seconds: absolute (``5``) or relative (``+1``), "" for no change."""

    after: int
    max_penalty: str = ""
    min_penalty: str = ""
    raise_penalty: str = ""


class PenaltyRule(Placed):
    """Which penalties are rung, by how long a caller has waited (queuerules.conf)."""

    KIND: ClassVar[str] = "penalty_rule"

    name: str
    steps: tuple[PenaltyStep, ...]


class QueueKey(Placed):
    """What a waiting caller can press to leave the queue."""

    CHOSEN: ClassVar[bool] = True

    digit: str
    destination: Destination


class QueueCallback(Placed):
    """What lets callers keep their place and hang up; ``numbers`` are patterns of what the class may be made to call."""

    REFERS: ClassVar[Mapping[str, str]] = {"permission_class": "permission_class"}

    digit: str
    permission_class: str
    numbers: tuple[str, ...]
    prepend: str = ""
    calls_per_hour: int = 20
    max_wait: int = 3600


class PriorityCallers(Placed):
    """Callers who wait in front of others; ``callers`` are numbers or patterns without the underscore."""

    callers: tuple[str, ...]
    priority: int


class Supervisor(Placed):
    """An extension that may ``listen`` to a queue's calls, ``whisper`` to the member, or ``barge`` in."""

    REFERS: ClassVar[Mapping[str, str]] = {"extension": "extension"}

    extension: str
    may: tuple[str, ...]


SOUNDS = (
    "youarenext",
    "thereare",
    "callswaiting",
    "quantity1",
    "quantity2",
    "holdtime",
    "minutes",
    "minute",
    "seconds",
    "thankyou",
    "reporthold",
    "callerannounce",
)
"""The sounds of a queue: ``queue-`` before the word is the option in queues.conf."""


class QueueSounds(Placed):
    """What announcements are made of; "" is silence."""

    REFERS: ClassVar[Mapping[str, str]] = dict.fromkeys(SOUNDS, "prompt")

    youarenext: str = "builtin:queue-youarenext"
    thereare: str = "builtin:queue-thereare"
    callswaiting: str = "builtin:queue-callswaiting"
    quantity1: str = "builtin:queue-quantity1"
    quantity2: str = "builtin:queue-quantity2"
    holdtime: str = "builtin:queue-holdtime"
    minutes: str = "builtin:queue-minutes"
    minute: str = "builtin:queue-minute"
    seconds: str = "builtin:queue-seconds"
    thankyou: str = "builtin:queue-thankyou"
    reporthold: str = "builtin:queue-reporthold"
    callerannounce: str = ""


class QueueTemplate(Placed):
    """Settings that several queues share under a name; the queues hold them already, what is left is the name."""

    KIND: ClassVar[str] = "queue_template"

    name: str


class Queue(Placed):
    """A waiting line. Who has waited ``max_wait`` seconds goes on to ``destination``."""

    KIND: ClassVar[str] = "queue"
    REFERS: ClassVar[Mapping[str, str]] = {
        "template": "queue_template",
        "musicclass": "music_class",
        "penalty_rule": "penalty_rule",
        "prompt": "prompt",
        "announce": "prompt",
        "periodic_announce": "prompt",
    }

    name: str
    names: Names
    number: str = ""
    """The internal number that leads to it; "" for none."""
    template: str = ""

    strategy: str
    timeout: int
    retry: int
    wrapuptime: int
    max_wait: int
    tries_once: bool = False
    maxlen: int
    weight: int = 0
    servicelevel: int = 0
    penalty_rule: str = ""
    penaltymemberslimit: int = 0
    joinempty: tuple[str, ...]
    leavewhenempty: tuple[str, ...]
    ringinuse: bool
    autofill: bool = True
    autopause: str = "no"
    autopausedelay: int = 0
    autopausebusy: bool = False
    autopauseunavail: bool = False
    timeoutrestart: bool = False
    timeoutpriority: str = "app"
    memberdelay: int = 0
    reportholdtime: bool = False
    announce: str = ""
    answered_elsewhere: bool = False
    setinterfacevar: bool = False
    setqueuevar: bool = False
    setqueueentryvar: bool = False
    musicclass: str
    ringing: str = "never"
    language: str = ""
    """Language of callers from here on; "" leaves them as they are."""
    prompt: str = ""

    announce_position: str = "no"
    announce_position_limit: int = 5
    announce_position_only_up: bool = False
    announce_holdtime: str = "no"
    announce_round_seconds: int = 0
    announce_frequency: int
    min_announce_frequency: int = 15
    announce_to_first_user: bool = False
    periodic_announce: tuple[str, ...] = ()
    periodic_announce_frequency: int = 60
    periodic_announce_startdelay: int = -1
    """-1 as between the announcements."""
    random_periodic_announce: bool = False
    relative_periodic_announce: bool = False
    sounds: QueueSounds = QueueSounds()

    recording: str = "never"
    caller_id_prefix: str = ""
    priorities: tuple[PriorityCallers, ...] = ()
    keys: tuple[QueueKey, ...] = ()
    supervisors: tuple[Supervisor, ...] = ()
    members: tuple[Member, ...] = ()
    dynamic: DynamicMembers = DynamicMembers()
    callback: QueueCallback | None = None

    full_destination: Destination | None = None
    empty_destination: Destination | None = None
    destination: Destination
