"""What a call has at a moment: its channels, where each is in the dial plan, and what waits for what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from kelid.simulate.limits import AT, LAST

if TYPE_CHECKING:
    from kelid.simulate.run import Run


@dataclass(slots=True, eq=False, repr=False)
class Frame:
    """One Gosub: where it returns to, its LOCAL variables (ARG1... too), and what it was called with."""

    context: str
    exten: str
    priority: int
    variables: dict[str, str]
    argument_count: int = 0
    predial: bool = False
    """True for a subroutine that an application runs (Dial's b, U): returning from it ends the run."""

    def copy(self) -> Frame:
        """Return one that changes on its own."""
        return Frame(
            self.context, self.exten, self.priority, self.variables.copy(), self.argument_count, self.predial
        )

    def key(self) -> tuple[Any, ...]:
        """Return all that it holds, to be compared."""
        return (
            self.context,
            self.exten,
            self.priority,
            self.argument_count,
            self.predial,
            tuple(sorted(self.variables.items())),
        )


class EitherWay:
    """Stands for True and False where all calls are looked at, and both may be: who asks decides it."""

    __slots__ = ("_decide",)

    def __init__(self, decide: Callable[[], bool]) -> None:
        """Given what decides it, and remembers that."""
        self._decide = decide

    def __bool__(self) -> bool:
        """Decide it, or return what was decided."""
        return self._decide()


@dataclass(slots=True, eq=False, repr=False)
class Channel:
    """A channel as the dial plan sees it.

    ``number`` tells channels of a trace apart (0: the caller's). ``variables`` keep their ``_`` and ``__`` in the name's
    prefix of ``inherited``: name -> 1 for ``_NAME`` (the next channel), 2 for ``__NAME`` (all that follow).
    """

    name: str
    technology: str
    endpoint: str
    context: str
    exten: str
    priority: int = 1
    number: int = 0
    unique_id: str = ""
    caller: str = ""
    caller_name: str = ""
    caller_pres: str = "allowed_not_screened"
    ani: str = ""
    dnid: str = ""
    rdnis: str = ""
    connected: str = ""
    connected_name: str = ""
    language: str = "en"
    musicclass: str = ""
    account: str = ""
    answered: bool | EitherWay = False
    hungup: bool = False
    """True once the call is to end: every application that looks for it returns, and the dial plan goes to ``h``."""
    hangup_cause: int = 0
    forwards: int = 20
    """How many channels may still be made one from the other (main/max_forwards.c)."""
    variables: dict[str, str] = field(default_factory=dict)
    inherited: dict[str, int] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)
    timeouts: dict[str, float] = field(default_factory=dict)
    """Seconds for "digit" (5), "response" (10), "absolute" (0: none), where the dial plan has set them;
    "absolute-at" is when the call is ended by that, in seconds of the run (``limits.py``)."""
    hooks: dict[str, str] = field(default_factory=dict)
    """What other modules hold for the channel: CDR, FAXOPT, hangup handlers ... by ``function/argument``."""

    def copy(self) -> Channel:
        """Return one that changes on its own."""
        return Channel(  # type: ignore[call-arg]  # mypy does not see how many _plain gives
            *_plain(self),
            self.variables.copy(),
            self.inherited.copy(),
            [frame.copy() for frame in self.frames],
            self.groups.copy(),
            self.timeouts.copy(),
            self.hooks.copy(),
        )

    def key(self) -> tuple[Any, ...]:
        """Return all that it holds, to be compared."""
        return (
            *_plain(self),
            tuple(sorted(self.variables.items())),
            tuple(sorted(self.inherited.items())),
            tuple(frame.key() for frame in self.frames),
            tuple(sorted(self.groups.items())),
            tuple(
                sorted((name, seconds) for name, seconds in self.timeouts.items() if name not in (AT, LAST))
            ),
            tuple(sorted(self.hooks.items())),
        )

    @classmethod
    def of(cls, key: tuple[Any, ...]) -> Channel:
        """Return a channel as ``key`` told it, outside of any Gosub and without a time limit."""
        *plain, variables, inherited, _, groups, timeouts, hooks = key
        made = cls(*plain)
        made.variables, made.inherited = dict(variables), dict(inherited)
        made.groups, made.timeouts, made.hooks = dict(groups), dict(timeouts), dict(hooks)
        return made


_CONTAINERS = ("variables", "inherited", "frames", "groups", "timeouts", "hooks")
_plain = attrgetter(*(one.name for one in fields(Channel) if one.name not in _CONTAINERS))
"""Gives all others, in the order in which a channel is made of them: the containers come last."""

LOST = "lost"
"""What ``Level.verdict`` begins with where somebody else answers before; the cause with which it is hung up then follows."""

ELSEWHERE = "CHANNEL/elsewhere"
"""What ``Channel.hooks`` has where a Local channel is hung up with AST_CAUSE_ANSWERED_ELSEWHERE (Dial's option c)."""

TOLD = "CHANNEL/connected"
"""What ``Channel.hooks`` has where the far half of a Local channel was told with whom it is connected: whoever has called
the Local channel is told, too.
"""


def tell_connected(channel: Channel, name: str, number: str) -> None:
    """Let a channel know with whom it is connected."""
    channel.connected_name, channel.connected = name, number
    if channel.number:
        channel.hooks[TOLD] = ""


class Moment(float):
    """Seconds of the run at which something begins or ends: how long ago that is makes a difference, and nothing else."""


Result = int | str
"""What an application gives back: one of the numbers below, or the key that was pressed."""

GO_ON, HANG_UP = 0, -1
ERROR = 1
"""An application that failed: the extension ``e`` is looked for."""
INCOMPLETE = 12
"""More digits are needed."""
SUSPENDED = -100
"""The application waits for a level that it has put on top; what comes of it goes to ``Level.then``."""

KEYS = ("", "1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "*", "#")
"""What may be pressed; "" for nothing."""

ANY_CAUSE = -1
"""``Channel.hangup_cause`` of a caller who was forwarded, where all calls are looked at: one of ``LEFT_BEHIND``."""

CAUSE_DECIDED = ("cause",)
"""The decision which of them it is (``Store.decided``): the same for both of two runs."""

LEFT_BEHIND = (0, 3, 17, 19, 20, 34, 66)
"""Causes that a Dial leaves behind which nobody has answered."""

LEAVES = "!"
"""What stands among the keys where the caller hangs up."""

IN_ALL = "in all"
"""What the digits are about that one of two runs waits for behind those that the other has read."""

CALLED = "called:"
"""What the subject of a question about a key begins with where the called person is to press it."""

DIGIT_TIMEOUT, RESPONSE_TIMEOUT = 5.0, 10.0
"""Seconds for the next digit, and for the first (main/pbx.c)."""

Then = tuple[Callable[["Run", "Level", Any, Result], Result], Any]
"""What goes on when a level has ended: a function of the run, the level that ended, the data given here and its outcome."""


@dataclass(slots=True, eq=False, repr=False)
class Level:
    """A channel that is in the dial plan, above those that wait for it to end.

    ``kind`` is "pbx" (a channel's own way), "h" (the same after its end), "gosub" (a subroutine that an application runs) or
    "macro". ``then`` is done when it has ended, one after the other, each with the outcome of the one before.

    ``deadline`` is when the caller gives up if nobody has answered (seconds of the run, None: never), ``on_answer`` what is
    to be done as soon as the channel is answered, ``verdict`` what that came to. ``again`` holds the arguments of a
    step that is to be taken once more, as it waited for something else first. ``saved`` is where the channel was before.
    """

    channel: Channel
    kind: str = "pbx"
    then: tuple[Then, ...] = ()
    deadline: float | None = None
    on_answer: Then | None = None
    verdict: tuple[Any, ...] = ()
    again: str | None = None
    saved: tuple[Any, ...] = ()

    def key(self) -> tuple[Any, ...]:
        """Return all that it holds but the channel and the deadline, to be compared."""
        return (self.kind, self.then, self.on_answer, self.verdict, self.again, self.saved)
