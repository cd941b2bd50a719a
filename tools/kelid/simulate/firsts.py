"""What people may notice first of each of two runs that are apart: where that can't be the same, they part.

That a call is answered says little: what follows it is a part of what is noticed first.

Two runs that are apart find things out by themselves until people notice something of each: one is looking for a free line,
the other asks who may be paged. Walked together, all that one finds out comes with all that the other does. So each is asked
alone what people may notice first of it, in any world (``Firsts.compare``); that is walked once for all that wait for the
same. Where nothing of the one may be anything of the other, the two part there. Else they go on, one step further.

More may be noticed so than in a world with both: what only one has found out is open to the other. So two go on that
would have parted, and none part that would have gone on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from kelid.model.trace import Event
from kelid.simulate.case import Case
from kelid.simulate.languages import NOTHING, Automaton, Node
from kelid.simulate.points import Points
from kelid.simulate.walked import Point

ASKED = "asked"
"""The end of a point where it is known what people notice first of a run."""

Known = tuple[Event | None, Event | None]
"""What was noticed of each of two runs; None where that isn't known."""


class Noticed(NamedTuple):
    """What an event may be: each text as a set of texts, None where it may be any."""

    kind: str
    texts: tuple[tuple[str, Node | None], ...]


_NOTHING = Noticed("", ())
"""The end of a run of which people notice nothing any more."""

_First = tuple[Noticed, ...]
"""What people notice first of a run, in order; what follows may be more."""


def count_of_first(events: Sequence[Event]) -> int:
    """Return how many of the events are what people notice first of a run; 0 if that isn't known yet."""
    return next((at for at, event in enumerate(events, 1) if event.kind != "answered"), 0)


class _Question(NamedTuple):
    """Two runs at a point: what was noticed of each, or at which point it is asked what may be, and how they go on."""

    number: int
    case: Case
    known: Known
    asked: tuple[int, int]
    go_on: Callable[[int, Case], None]


class Firsts:
    """Finds out what people may notice first of runs."""

    def __init__(
        self, automaton: Automaton, keys: Points, points: list[Point], point: Callable[[Case], int]
    ) -> None:
        """Given all points, and what makes the point of a case."""
        self._automaton = automaton
        self._keys = keys
        self._points = points
        self._point = point
        self._questions: list[_Question] = []
        self._found: dict[int, _First] = {}

    def compare(self, number: int, case: Case, known: Known, go_on: Callable[[int, Case], None]) -> None:
        """Ask what people may notice first of each run of which it isn't known; ``settle`` lets them part or go on."""
        asked = [-1, -1]
        for side in (0, 1):
            if known[side] is None:
                one = case.copy()
                one.put_aside(1 - side, None)
                asked[side] = self._point(one)
        self._questions.append(_Question(number, case, known, (asked[0], asked[1]), go_on))

    def note(self, number: int, case: Case) -> None:
        """Note at a point what people notice first of the run that was asked."""
        assert case.asked is not None  # noqa: S101 - for type checkers: it can be nothing else
        heads = case.heads[case.asked]
        count = count_of_first(heads)
        found = tuple(self._noticed(case, event) for event in heads[: count or None])
        self._found[number] = found if count else (*found, _NOTHING)

    def settle(self, part: Callable[[int, Case, Known], None]) -> bool:
        """Once all that was asked is known, let those part that can't do the same next; the others go on.

        Return False if nothing was asked.
        """
        questions, self._questions = self._questions, []
        found: dict[int, dict[_First, None]] = {}
        for one in questions:
            sides: list[dict[_First, None]] = []
            for event, asked in zip(one.known, one.asked, strict=True):
                if event is not None:
                    sides.append({(self._noticed(one.case, event),): None})
                else:
                    if asked not in found:
                        found[asked] = self._from(asked)
                    sides.append(found[asked])
            if any(all(map(self._may_be_same, mine, theirs)) for mine in sides[0] for theirs in sides[1]):
                one.go_on(one.number, one.case)
            else:
                part(one.number, one.case, one.known)
        return bool(questions)

    def waiting(self) -> Iterator[int]:
        """Yield the points of which it isn't known yet."""
        return (one.number for one in self._questions)

    def _noticed(self, case: Case, event: Event) -> Noticed:
        texts = (("", event.subject), *event.details)
        return Noticed(event.kind, tuple((key, self._keys.image_of(case, text)) for key, text in texts))

    def _from(self, number: int) -> dict[_First, None]:
        """Return all that people may notice first from a point on."""
        seen = {number}
        waiting = [number]
        found: dict[_First, None] = {}
        while waiting:
            one = waiting.pop()
            if one in self._found:
                found[self._found[one]] = None
            more = {link.target for link in self._points[one].links} - seen
            seen |= more
            waiting += more
        return found

    def _may_be_same(self, one: Noticed, other: Noticed) -> bool:
        """Return False if the two are surely something else to people. What only one of them has is not looked at."""
        if one.kind != other.kind:
            return False
        for (key, node), (other_key, other_node) in zip(one.texts, other.texts, strict=False):
            if not (key.isascii() and other_key.isascii()):
                return True  # options that aren't decided: any letters, and any number of them
            if key != other_key:
                return False
            if key == "at" or node is None or other_node is None or node == other_node:
                continue
            if self._automaton.both(node, other_node) == NOTHING:
                return False
        return True
