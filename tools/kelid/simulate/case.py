"""One or two runs in one world, on their way together."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from kelid.model.trace import Event
from kelid.simulate.run import Run
from kelid.simulate.symbols import Store


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
        )

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


def is_arrival(run: Run) -> bool:
    """Return True where the call has just come to an extension, and waits for nothing."""
    channel = run.channel
    return len(run.levels) == 1 and channel.priority == 1 and not channel.frames and run.step_count > 0
