"""One or two runs in one world, on their way together."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, fields
from typing import TypeVar

from kelid.model.trace import Event
from kelid.simulate.run import Run
from kelid.simulate.state import Channel, Frame
from kelid.simulate.symbols import Store

_T = TypeVar("_T")


@dataclass(slots=True)
class Case:
    """One or two runs in one world. ``heads`` are events of each that the other hasn't matched yet."""

    runs: list[Run]
    store: Store
    heads: tuple[tuple[Event, ...], ...] = ()
    answers: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """Answers that one of two runs has got and the other not yet, in order."""
    behind: dict[tuple[str, str], int] = field(default_factory=dict)
    """Which of the runs is behind with them."""
    parted: tuple[Event | None, Event | None] | None = None
    """What two runs did that isn't the same."""
    door: tuple[int, Event] | None = None
    """Which of two runs waits before a step, and what people notice first of it, whatever is decided in it."""
    joined: bool = False
    """True where one run stands for both sides: they are at the same point, and the next step is the same."""
    noticed: tuple[str, str, int] | None = None
    """Where the two were told apart by what they carried: they don't carry it on before both have left that step."""
    aside: tuple[Case, int] | None = None
    """Which of two runs was put aside after what people notice next of it, and both as they were then."""
    found: bool = False
    """True where it is decided by the time to which extension a call has come, up to its first step there: it isn't one of
    all that come there any more."""
    rounds: dict[Hashable, int] = field(default_factory=dict)
    """How often a call has gone back to a step before: of steps and extensions, each with the number of times."""

    def copy(self) -> Case:
        """Return a case that goes its own way."""
        return Case(
            [run.copy() for run in self.runs],
            self.store.copy(),
            self.heads,
            {key: list(row) for key, row in self.answers.items()},
            dict(self.behind),
            self.parted,
            self.door,
            self.joined,
            self.noticed,
            self.aside,
            self.found,
            dict(self.rounds),
        )

    def goes_round(self, most: int) -> bool:
        """Return True for a call that has gone back to the same step more often than that."""
        return any(count > most for count in self.rounds.values())

    def waiter(self) -> int | None:
        """Return which of two runs waits until it is known what people notice next of the other; None if none does."""
        if self.joined or len(self.runs) < 2 or self.parted is not None:
            return None
        if self.door is not None:
            return self.door[0]
        one, other = map(bool, self.heads)
        return None if one == other else int(other)

    def is_quiet(self) -> bool:
        """Return True if both of two runs go on, and nothing was noticed of one that the other is held against."""
        return (
            len(self.runs) > 1
            and self.door is None
            and self.aside is None
            and self.parted is None
            and not any(self.heads)
        )

    def is_waiting(self) -> bool:
        """Return True if one of two runs waits: the other is held against what was noticed of it, in the world as it was."""
        return self.door is not None or any(self.heads)

    def is_in_step(self) -> bool:
        """Return True if two runs are at the same step, and neither waits for the other."""
        return self.is_quiet() and self.is_side_by_side()

    def is_side_by_side(self) -> bool:
        """Return True if two runs are at the same step, and both go on; they may come back to other extensions."""
        if len(self.runs) < 2 or self.aside is not None or self.parted is not None:
            return False
        one, other = self.runs
        if not _steps_of(one) == _steps_of(other) != ():
            return False
        return self.store.plain(one.channel.exten) == self.store.plain(other.channel.exten)

    def is_together(self) -> bool:
        """Return True for one run, or two in step that come back to the same extensions."""
        if len(self.runs) == 1:
            return True
        if not self.is_in_step():
            return False
        one, other = ([self.store.plain(spot.exten) for spot in _spots(run)] for run in self.runs)
        return one == other

    def put_aside(self, waiter: int, first: Event | None) -> None:
        """Leave of a run that waits only what people notice first of it: it's all that the other is held against.

        Without ``first`` nothing is left of it, nor what it alone has found out: the other is only asked (``firsts.py``).
        """
        before = self.copy()
        run = self.runs[waiter]
        run.levels = []
        for table in (run.globals, run.database, run.shared, run.known):
            table.clear()
        self.door, self.noticed = None, None
        self.heads = in_order(waiter, () if first is None else (first,), ())
        self.aside = (before, waiter)
        self.hush()
        if first is None:
            for key in [key for key, (_, askers) in self.store.asked.items() if askers == {waiter}]:
                del self.store.asked[key], self.store.facts[key]
            self.answers, self.behind = {}, {}

    def hush(self) -> None:
        """Let go of answers for a run that is put aside."""
        if self.aside is not None and self.answers:
            waiter = self.aside[1]
            self.answers = {key: row for key, row in self.answers.items() if self.behind[key] != waiter}
            self.behind = {key: side for key, side in self.behind.items() if side != waiter}

    @property
    def asked(self) -> int | None:
        """Return which run is only asked what people notice first of it; None if none is."""
        if self.aside is None or self.heads[self.aside[1]]:
            return None
        return 1 - self.aside[1]

    @property
    def active(self) -> Run:
        """Return the run that is asked, or the first."""
        return self.runs[self.asked or 0]

    @property
    def going(self) -> dict[int, Run]:
        """Return the runs that go on, by their side: one that is asked, else all."""
        return dict(enumerate(self.runs)) if self.asked is None else {self.asked: self.active}

    def is_matched(self) -> bool:
        """Return True if what one did alone is what was noticed of the other that is put aside."""
        return self.aside is not None and all(self.heads) and self.parted is None

    def become(self, other: Case) -> None:
        """Be another case, which is used up."""
        for one in fields(self):
            setattr(self, one.name, getattr(other, one.name))

    def rename(self) -> None:
        """Give questions about a number that is known by now its name: asked again, they are the same."""
        plain = self.store.plain
        if not all(subject.isascii() for _, subject in self.store.facts):
            self.store.asked = {(kind, plain(name)): row for (kind, name), row in self.store.asked.items()}
            self.store.facts = {(kind, plain(name)): row for (kind, name), row in self.store.facts.items()}
        if not all(subject.isascii() for _, subject in self.answers):
            self.answers = {(kind, plain(name)): row for (kind, name), row in self.answers.items()}
            self.behind = {(kind, plain(name)): row for (kind, name), row in self.behind.items()}


def _spots(run: Run) -> list[Channel | Frame]:
    """Return where each channel of a run is, and where it comes back to."""
    spots: list[Channel | Frame] = []
    for level in run.levels:
        spots += level.channel, *level.channel.frames
    return spots


def _steps_of(run: Run) -> tuple[tuple[str, int], ...]:
    """Return the steps of all of those, and how many are of which channel."""
    counts = (("", len(level.channel.frames)) for level in run.levels)
    return (*counts, *((spot.context, spot.priority) for spot in _spots(run)))


def in_order(side: int, mine: _T, other: _T) -> tuple[_T, _T]:
    """Return what is of one side and what is of the other as those of both sides in their order."""
    return (mine, other) if side == 0 else (other, mine)


def is_arrival(run: Run) -> bool:
    """Return True where the call has just come to an extension, and waits for nothing."""
    channel = run.channel
    return len(run.levels) == 1 and channel.priority == 1 and not channel.frames and run.step_count > 0
