"""Faults and their cases, and the book in which it stands how each case ended."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from reliability.ground import Broken, Ground


@dataclass(frozen=True)
class Case:
    """One way in which a fault comes. ``run`` raises Broken where something doesn't hold, and may return a word about it."""

    name: str
    run: Callable[[Ground], str | None]


@dataclass(frozen=True)
class Fault:
    """One kind of fault. ``cases`` may ask the ground what there is; the same seed gives the same cases.

    ``few`` is how many of them a sample takes; one that measures is ``alone`` on the machine.
    """

    name: str
    how: str
    cases: Callable[[Ground, random.Random], Iterable[Case]]
    few: int = 3
    alone: bool = False


@dataclass(frozen=True)
class Result:
    """How a case ended: ``""`` where all held, else what didn't."""

    fault: str
    case: str
    broken: str
    note: str
    seconds: float


@dataclass
class Book:
    """The results so far, one JSON object a line, so that a run that was stopped goes on where it was."""

    path: Path | None
    results: list[Result] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read what is there; a line that was cut off is as good as none."""
        if self.path and self.path.exists():
            for line in self.path.read_text(encoding="utf-8").splitlines():
                try:
                    result = Result(**json.loads(line))
                except (ValueError, TypeError):
                    continue
                self._replace(result)

    def done(self, fault: str, case: str) -> bool:
        """Return whether the case has been run and all held."""
        return any(one.fault == fault and one.case == case and not one.broken for one in self.results)

    def add(self, result: Result) -> None:
        """Keep a result; the last one of a case counts."""
        self._replace(result)
        if self.path:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(result.__dict__, ensure_ascii=False) + "\n")

    def _replace(self, result: Result) -> None:
        self.results = [one for one in self.results if (one.fault, one.case) != (result.fault, result.case)]
        self.results.append(result)


def run_case(ground: Ground, fault: str, case: Case) -> Result:
    """Run one case to its end; whatever it broke is mended, so that the next one has the ground that it expects."""
    begin = time.monotonic()
    broken, note = "", ""
    try:
        ground.told_of_undo()
        note = case.run(ground) or ""
    except Exception as problem:
        broken = str(problem) if isinstance(problem, Broken) else f"{type(problem).__name__}: {problem}"
        ground.mend()
    return Result(fault, case.name, broken, note, round(time.monotonic() - begin, 1))


def chosen(fault: Fault, ground: Ground, seed: int, sample: int | None) -> Iterator[Case]:
    """Yield the cases of a fault in an order of chance: all of them, or so many."""
    chance = random.Random(f"{seed} {fault.name}")
    cases = list(fault.cases(ground, chance))
    chance.shuffle(cases)
    yield from cases[:sample]


def table(faults: Iterable[Fault], book: Book) -> str:
    """Return the results by fault: cases run, how many broke, the time they took."""
    lines = [f"{'':<12}{'cases':>8}{'broken':>8}{'minutes':>9}"]
    total = [0, 0, 0.0]
    for fault in faults:
        found = [one for one in book.results if one.fault == fault.name]
        row = [len(found), sum(bool(one.broken) for one in found), sum(one.seconds for one in found) / 60]
        total = [a + b for a, b in zip(total, row, strict=True)]
        lines.append(f"{fault.name:<12}{row[0]:>8}{row[1]:>8}{row[2]:>9.1f}")
    lines.append(f"{'all':<12}{total[0]:>8}{total[1]:>8}{total[2]:>9.1f}")
    return "\n".join(lines)
