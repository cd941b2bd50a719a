"""Where one of two runs waits, the other goes on alone, and as all others that are held against the same event.

Two runs that are apart go on until it is known what people notice next of each. The one that is there first waits. How it
got there, and how it goes on, matters only if the other does the same: else they part, and nothing follows. So it is put
aside but for that event, and calls that differ in nothing else have one point. Where the other does the same after all
(*matched*), those that came there are walked once more, with both runs; and from such places nobody goes alone again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from kelid.model.trace import Event
from kelid.simulate.case import Case, in_order
from kelid.simulate.describe import named
from kelid.simulate.firsts import Known
from kelid.simulate.walked import Link, Point

MATCHED = "matched"
"""The end of a point where a run that goes alone does what was noticed of the other."""


class Alone:
    """The points from which one of two runs goes on alone."""

    def __init__(
        self,
        points: list[Point],
        point: Callable[[Case], int],
        first: Callable[[Case, int], Event | None],
        compare: Callable[[int, Case, Known, Callable[[int, Case], None]], None],
        exactly: int,
    ) -> None:
        """Given all points, what makes the point of a case, what says what people notice first of a run that waits, and
        what asks whether the other may do the same (``Firsts.compare``), once there are ``exactly`` so many points.
        """
        self._points = points
        self._point = point
        self._first = first
        self._compare = compare
        self._exactly = exactly
        self.here = -1
        """The point that is walked from."""
        self._above: dict[int, set[int]] = {}
        """From where calls come to each point of a run that goes alone."""
        self._came: dict[int, Case] = {}
        """At the points at which they begin to: both runs."""
        self._place: dict[int, Hashable] = {}
        self._matched: set[int] = set()
        self._never: set[Hashable] = set()

    def point(self, case: Case) -> int | None:
        """Return the number of the point of a case of which one run goes alone, None where both go on."""
        if case.aside is not None:
            return self._following(case)
        waiter = case.waiter()
        if waiter is None or not case.runs[1 - waiter].levels:
            return None
        first = self._first(case, waiter)
        if first is None or _place(case, waiter, first) in self._never:
            return None
        begin = len(self._points)
        self._points.append(Point())
        if begin >= self._exactly:
            self._compare(begin, case, in_order(waiter, first, None), self._hold)
        else:
            self._hold(begin, case)
        return begin

    def _hold(self, begin: int, case: Case) -> None:
        """Let one go on alone from a point, held against what people notice first of the one that waits."""
        waiter = case.waiter()
        assert waiter is not None  # noqa: S101 - for type checkers: it can be nothing else
        first = self._first(case, waiter)
        assert first is not None  # noqa: S101 - for type checkers: it can be nothing else
        place = _place(case, waiter, first)
        if place in self._never:  # since it was asked
            self._points[begin].links = [Link((), (), self._point(case))]
            return
        alone = case.copy()
        alone.put_aside(waiter, first)
        number = self._point(alone)
        self._place[begin] = place
        if number in self._matched:
            self._together(begin, case)
        else:
            self._points[begin].links.append(Link((), (), number))
            self._came[begin] = case
            self._above.setdefault(number, set()).add(begin)

    def _following(self, case: Case) -> int:
        if case.is_matched():
            self.match(self.here)
            self._points.append(Point(end=MATCHED))
            return len(self._points) - 1
        case.hush()
        number = self._point(case)
        if number in self._matched:
            self.match(self.here)
        else:
            self._above.setdefault(number, set()).add(self.here)
        return number

    def match(self, number: int) -> None:
        """Let both runs go on of all calls that came to a point, for there they may do the same."""
        waiting = [number]
        while waiting:
            one = waiting.pop()
            if one in self._matched:
                continue
            self._matched.add(one)
            for above in self._above.pop(one, ()):
                if above in self._came:
                    self._together(above, self._came.pop(above))
                else:
                    waiting.append(above)

    def _together(self, begin: int, case: Case) -> None:
        self._never.add(self._place.pop(begin))
        here = self.here
        self._points[begin].links = [Link((), (), self._point(case))]
        self.here = here


def _place(case: Case, waiter: int, first: Event) -> Hashable:
    """Return where in the dial plan both runs are, and what is waited for."""
    places = ((run.channel.context, run.channel.priority) if run.levels else None for run in case.runs)
    return waiter, first.kind, named(first.subject), *places
