"""Several who are called at once, and who of them is first: Local channels go their ways through the dial plan side by side.

A run takes one step after the other. So each way is looked at ahead of time, on a copy of the run, for when somebody answers
there; then those who lose are walked as far as they come until that moment, and whoever is first at last.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from kelid.simulate.state import GO_ON, LOST

if TYPE_CHECKING:
    from kelid.simulate.run import Run
    from kelid.simulate.state import Level, Result, Then

_MOST_STEPS = 2000
"""Steps after which nobody is expected to answer any more."""
_RUNG = frozenset({("dial", "ANSWER"), ("queue", "ANSWERED")})


class First(NamedTuple):
    """When a call is answered: the seconds of the run, and 1 where somebody had to pick up: later than any step that
    waits for nothing.
    """

    at: float
    rang: int


def ahead(run: Run, begin: Callable[[Run, Then], bool]) -> First | None:
    """Return when what ``begin`` puts on top of a run is answered, None where it isn't.

    ``begin`` is given a copy of the run, and what is to be done on the answer; it returns False where there is nothing to
    be put. An exploration has no answers to look at ahead of time: None there.
    """
    aside = getattr(run.ask, "aside", None)
    if aside is None:
        return None
    copy = run.copy()
    copy.ask = answers = aside(copy)
    found: list[float] = []
    depth = len(copy.levels)
    if not begin(copy, (_noted, found)):
        return None
    for _ in range(_MOST_STEPS):
        if found or len(copy.levels) <= depth:
            break
        copy.step()
    if not found:
        return None
    rang = any((one.question.kind, one.answer.partition(" ")[0]) in _RUNG for one in answers.asked)
    return First(found[0], int(rang))


def _noted(run: Run, level: Level, found: list[float], outcome: Result) -> Result:
    found.append(run.elapsed)
    return GO_ON


def lost(run: Run, ended: Level, data: tuple[Then, int], outcome: Result) -> Result:
    """Go on when the way of one who has lost is over. What it would have told besides its steps is left out, as in an
    exploration, which doesn't walk it.
    """
    (function, more), events = data
    del run.events[events:]
    return function(run, ended, more, outcome)


def is_late(run: Run) -> bool:
    """Return True on the way of one who has lost, at the moment of the answer: nobody picks up any more."""
    return run.left() <= 0 and any(level.verdict[:1] == (LOST,) for level in run.levels)
