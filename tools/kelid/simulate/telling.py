"""Where calls of two dial plans part, in words: for which numbers, from where and when, what is done before and after.

Numbers, moments, callers and phones are labels of the ways to a point, narrowed by each decision on the way.
"""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from kelid.model.behaviour import CallChange, WayIn
from kelid.model.trace import Event
from kelid.simulate.case import Case
from kelid.simulate.describe import Words, named
from kelid.simulate.explore import DIALLED, plain_event
from kelid.simulate.functions.numbers import range_of
from kelid.simulate.languages import NOTHING, Automaton, Node, mask_of
from kelid.simulate.symbols import LABELS, LONGEST, Chosen, Shared
from kelid.simulate.times import Times
from kelid.simulate.walked import Point
from kelid.simulate.widening import NUMBERS

MOST_LABELS = 48
"""Sets of dialled numbers that are kept apart at one point; more are joined."""

MOST_TOLD = 400
"""Changes that are told for each set of numbers by itself; of more, those of a way in that part alike are one."""

MOST_WAYS = 40
"""Sets of calls for which the shortest ways to all points are looked for by themselves."""

SOMEBODY = "09121234567"
"""A caller in an example, where it doesn't matter which."""

_SHORTER = "23456789012345"
"""Callers of other lengths are made of its beginning."""

_DIGITS = mask_of("0123456789")


class Label(NamedTuple):
    """Under which conditions calls come to a point: times as bits, callers and phones (by their endpoints) as sets."""

    times: int
    callers: Node
    phones: Node


class _Parting(NamedTuple):
    """A point where calls of a way in part, the decisions on a way there, and for which numbers and labels."""

    way: WayIn
    path: tuple[Chosen, ...]
    number: int
    dialled: Node
    label: Label
    first: tuple[Node, Label] | None = None
    """Which of those numbers, times and callers go that way."""


class Telling:
    """Tells of points that were walked."""

    def __init__(
        self,
        shared: Shared,
        times: Times,
        points: Sequence[Point],
        ways: Sequence[tuple[WayIn, int]],
        ordinary: Callable[[Case, int], list[Event]],
        *,
        exten: str = "",
    ) -> None:
        """Given the points, at which of them each way in begins, and what says what one side does on an ordinary day.

        ``exten``: the only number that was called; any number without it.
        """
        self._automaton = shared.automaton
        self._times = times
        self._points = points
        self._ways = ways
        self._ordinary = ordinary
        self._called = self._automaton.texts(exten) if exten else self._any_number
        self.left_out: dict[str, None] = {}
        """What there was no time to tell."""
        self._told_of: dict[Hashable, tuple[Event, ...]] = {}
        self._ways_of: dict[Hashable, dict[int, tuple[tuple[Chosen, ...], tuple[Node, Label]]]] = {}

    def changes(self, seconds: float) -> list[CallChange]:
        """Return where calls part, in words: of places that part in the same way, for the same calls, the one with the
        shortest way there. At least one is told; what there was no time for is counted in ``left_out``.
        """
        parted = [number for number, point in enumerate(self._points) if point.parted is not None]
        if not parted:
            return []
        end = time.process_time() + seconds if seconds else math.inf
        groups: dict[Hashable, _Parting] = {}
        for count, (way, root) in enumerate(self._ways):
            if groups and time.process_time() > end:
                left = ", ".join(f"{one.kind} {one.name}" for one, _ in self._ways[count:])
                self.left_out[f"which calls of {left} go another way: the time to tell is over"] = None
                break
            labels = self.labels(way, root)
            paths = self._paths(root)
            for number in parted:
                path = paths.get(number, ())
                for dialled, label in labels.get(number, {}).items():
                    key = (way, dialled, label, self._parting(number))
                    known = groups.get(key)
                    if known is None or len(path) < len(known.path):
                        groups[key] = _Parting(way, path, number, dialled, label)
        if len(groups) > MOST_TOLD:
            groups = self._with_all_numbers(groups)
        words = Words(self._automaton, self._times)
        changes: list[CallChange] = []
        for one in groups.values():
            if changes and time.process_time() > end:
                self.left_out[
                    f"{len(groups) - len(changes)} of {len(groups)} places where calls part: the time to tell is over"
                ] = None
                break
            changes.append(self._change(words, self._on_its_way(one)))
        return changes

    def _with_all_numbers(self, groups: dict[Hashable, _Parting]) -> dict[Hashable, _Parting]:
        """Return the partings with those of one way in that part in the same way as one, for all their numbers."""
        automaton = self._automaton
        made: dict[Hashable, _Parting] = {}
        for one in groups.values():
            key = (one.way, self._parting(one.number))
            known = made.get(key)
            if known is None:
                made[key] = one
                continue
            shorter = min(known, one, key=lambda parting: len(parting.path))
            made[key] = shorter._replace(
                dialled=automaton.either(known.dialled, one.dialled),
                label=_joined(automaton, known.label, one.label),
            )
        return made

    def _on_its_way(self, one: _Parting) -> _Parting:
        """Return the parting with a way that calls of its own numbers, times and callers go, and with what is left of those.

        The shortest way to a point may be one of other numbers. Where none is found so, nothing is changed.
        """
        automaton = self._automaton
        left = self._left(one.dialled, one.label, one.path)
        ordinary = one.way.kind != "phone" and automaton.has(one.label.callers, SOMEBODY)
        if ordinary and not (left is not None and automaton.has(left[1].callers, SOMEBODY)):
            found = self._found(one, one.label._replace(callers=automaton.texts(SOMEBODY)))
            if found is not None:
                return found
        if left is not None:
            return one._replace(first=left)
        return self._found(one, one.label) or one

    def _found(self, one: _Parting, label: Label) -> _Parting | None:
        """Return the parting with a way of calls of its number and that label, None where none was found."""
        root = next(root for way, root in self._ways if way is one.way)
        key = (root, one.dialled, label)
        if key not in self._ways_of:
            if len(self._ways_of) >= MOST_WAYS:
                return None
            self._ways_of[key] = self._paths_for(*key)
        found = self._ways_of[key].get(one.number)
        return None if found is None else one._replace(path=found[0], first=found[1])

    def _paths_for(
        self, root: int, dialled: Node, label: Label
    ) -> dict[int, tuple[tuple[Chosen, ...], tuple[Node, Label]]]:
        """Return the decisions on a shortest way of such calls to each point, with which of them go there so."""
        paths: dict[int, tuple[tuple[Chosen, ...], tuple[Node, Label]]] = {root: ((), (dialled, label))}
        row = [root]
        while row:
            following: list[int] = []
            for number in row:
                path, (numbers, rest) = paths[number]
                for link in self._points[number].links:
                    if link.target not in paths:
                        left = self._left(numbers, rest, link.chosen)
                        if left is not None:
                            paths[link.target] = ((*path, *link.chosen), left)
                            following.append(link.target)
            row = following
        return paths

    def _left(self, dialled: Node, label: Label, chosen: Sequence[Chosen]) -> tuple[Node, Label] | None:
        """Return which numbers, times and callers are left after some decisions; None where there are none."""
        automaton = self._automaton
        times, callers, phones = label
        for one in chosen:
            kind = one.about.kind if one.about is not None else ""
            if kind == "dialled":
                dialled = self._dialled(dialled, one)
            elif kind == "time":
                times &= self._bits(one.node)
            elif kind == "caller" and one.about is not None and not one.about.subject:
                callers = automaton.both(callers, one.node)
            elif kind == "phone":
                phones = automaton.both(phones, one.node)
        if not times or NOTHING in (dialled, callers, phones):
            return None
        return dialled, Label(times, callers, phones)

    def _dialled(self, dialled: Node, chosen: Chosen) -> Node:
        """Return which of the numbers dialled are left after a decision about one, or about what a filter leaves of it."""
        automaton = self._automaton
        if chosen.about is None or not chosen.about.subject:
            return automaton.both(dialled, chosen.node)
        return automaton.unfiltered(dialled, int(chosen.about.subject), chosen.node)

    def _parting(self, number: int) -> Hashable:
        """Return what two runs did otherwise at a point, without what isn't decided in it."""
        parting = self._points[number].parted
        assert parting is not None  # noqa: S101 - for type checkers: it can be nothing else
        return parting_of(parting[0])

    def _change(self, words: Words, one: _Parting) -> CallChange:
        dialled, label = one.dialled, one.label
        number, (times, callers, phones) = one.first or (dialled, label)
        parting = self._points[one.number].parted
        assert parting is not None  # noqa: S101 - for type checkers: it can be nothing else
        ranges = [event.subject for event in parting[1:] if event is not None and event.kind == "chance"]
        drawn = set(ranges)
        path = [step for step in one.path if step.kind != "question" or step.subject[1] not in drawn]
        sides = [self._told(one.number, side, phones) for side in (0, 1)]
        if all(events and events[0].kind == "answered" for events in sides):
            sides = [events[1:] for events in sides]  # what follows is what isn't the same
        return CallChange(
            way_in=one.way,
            dialled=words.numbers(dialled, self._any_number),
            caller=words.numbers(label.callers, self._any_caller),
            time=words.times(label.times),
            conditions=tuple(words.conditions(path)),
            before=sides[0],
            after=sides[1],
            example=(
                ("dialled", self._automaton.shortest(number)),
                ("caller", self._somebody(callers)),
                ("at", str(words.moment(times))),
                *self._answers(words, path, phones),
                *_draws(ranges),
            ),
        )

    def _answers(self, words: Words, path: Sequence[Chosen], phones: Node) -> Iterator[tuple[str, str]]:
        """Yield the answers on a way. Which phone it is has been told of all phones there."""
        for kind, answer in words.answers(path):
            yield kind, self._automaton.shortest(phones) if kind == "phone:" else answer

    def _somebody(self, callers: Node) -> str:
        """Return one of some callers: an ordinary one if there is one."""
        automaton = self._automaton
        plain = automaton.both(callers, automaton.repeated(_DIGITS, 0, LONGEST))
        lengths = sorted(automaton.lengths(plain)) if plain != NOTHING else []
        some = (SOMEBODY, *(_SHORTER[:length] for length in lengths if length <= len(_SHORTER)))
        ordinary = next((text for text in some if automaton.has(plain, text)), None)
        return automaton.shortest(callers if plain == NOTHING else plain) if ordinary is None else ordinary

    @cached_property
    def _any_number(self) -> Node:
        return self._automaton.repeated(DIALLED, 1, LONGEST)

    @cached_property
    def _any_caller(self) -> Node:
        return self._automaton.repeated(NUMBERS, 0, 40)

    def labels(self, way: WayIn, root: int) -> dict[int, dict[Node, Label]]:
        """Return with which numbers, at which times and from which callers calls of a way in come to each point.

        Only to points from which calls come to one where they part. Each comes after those before it, but in a circle.
        """
        automaton = self._automaton
        start = Label((1 << len(self._times.classes)) - 1, self._any_caller, automaton.texts("", *way.names))
        labels: dict[int, dict[Node, Label]] = {root: {self._called: start}}
        order = self._in_order(root)
        waiting = [(order[root], root)]
        queued = {root}
        while waiting:
            _, number = heapq.heappop(waiting)
            queued.discard(number)
            here = labels[number]
            for target, chosen in self._links[number]:
                if chosen:
                    made: dict[Node, Label] = {}
                    for reached, label in here.items():
                        left = self._left(reached, label, chosen)
                        if left is not None:
                            made[left[0]] = _joined(automaton, made.get(left[0]), left[1])
                else:
                    made = here
                if not made:
                    continue
                there = labels.get(target)
                grown = dict(there) if there is not None else {}
                for dialled, label in made.items():
                    grown[dialled] = _joined(automaton, grown.get(dialled), label)
                if len(grown) > MOST_LABELS:
                    every, one = NOTHING, None
                    for dialled, label in grown.items():
                        every = automaton.either(every, dialled)
                        one = _joined(automaton, one, label)
                    assert one is not None  # noqa: S101 - for type checkers: it can be nothing else
                    grown = {every: one}
                if grown != there:
                    labels[target] = grown
                    if target not in queued:
                        queued.add(target)
                        heapq.heappush(waiting, (order[target], target))
        return labels

    @cached_property
    def _links(self) -> list[list[tuple[int, tuple[Chosen, ...]]]]:
        """Of each point, the ways on to points from which calls come to one where they part; of what is decided there, only
        what says which calls go that way.
        """
        before: list[list[int]] = [[] for _ in self._points]
        for number, point in enumerate(self._points):
            for link in point.links:
                before[link.target].append(number)
        waiting = [number for number, point in enumerate(self._points) if point.parted is not None]
        leading = set(waiting)
        while waiting:
            for number in before[waiting.pop()]:
                if number not in leading:
                    leading.add(number)
                    waiting.append(number)
        return [
            [
                (
                    link.target,
                    tuple(one for one in link.chosen if one.about is not None and one.about.kind in LABELS),
                )
                for link in point.links
                if link.target in leading
            ]
            for point in self._points
        ]

    def _in_order(self, root: int) -> dict[int, int]:
        """Return the points after one, each numbered after all that lead to it but by a circle."""
        ended: list[int] = []
        seen = {root}
        waiting = [(root, iter(self._links[root]))]
        while waiting:
            number, links = waiting[-1]
            target = next((target for target, _ in links if target not in seen), None)
            if target is None:
                ended.append(number)
                waiting.pop()
            else:
                seen.add(target)
                waiting.append((target, iter(self._links[target])))
        return {number: at for at, number in enumerate(reversed(ended))}

    def _bits(self, node: Node) -> int:
        bits = 0
        for text in self._automaton.listed(node, 100_000) or ():
            bits |= 1 << int(text)
        return bits

    def _paths(self, root: int) -> dict[int, tuple[Chosen, ...]]:
        """Return the decisions on a shortest way to each point."""
        paths: dict[int, tuple[Chosen, ...]] = {root: ()}
        row = [root]
        while row:
            following: list[int] = []
            for number in row:
                for link in self._points[number].links:
                    if link.target not in paths:
                        paths[link.target] = (*paths[number], *link.chosen)
                        following.append(link.target)
            row = following
        return paths

    def _told(self, number: int, side: int, phones: Node) -> tuple[Event, ...]:
        """Return what one side does from a point where they part, of calls from one of these phones."""
        key = (number, side, phones)
        found = self._told_of.get(key)
        if found is None:
            parting = self._points[number].parted
            assert parting is not None  # noqa: S101 - for type checkers: it can be nothing else
            case, first = parting[0].copy(), parting[1:][side]
            if case.aside is not None and side == case.aside[1]:
                case = case.aside[0].copy()
            for variable in case.store.phones.keys() & case.store.domains.keys():
                left = self._automaton.both(case.store.domains[variable], phones)
                case.store.narrow(variable, left if left != NOTHING else case.store.domains[variable])
            events = self._ordinary(case, side)
            if first is not None:  # with the settings of its objects; that a call is answered may come before
                at = int(first.kind != "answered" and events[0].kind == "answered") if events else 0
                texts = (first.subject, *(text for _, text in first.details))
                if all(map(case.store.knows, texts)):
                    events[at : at + 1] = [plain_event(first, case.store)]
                elif [event.kind for event in events[at : at + 1]] != [first.kind]:
                    details = tuple((name, named(text)) for name, text in first.details)
                    events[at : at + 1] = [Event(first.kind, named(first.subject), details)]
            found = self._told_of[key] = tuple(events)
        return found


def _draws(ranges: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield an answer for each side's number by chance: of the wider range one that the other may not have."""
    rows = [(text, *(range_of(text) or (0, 0))) for text in ranges]
    widest = max(rows, key=lambda row: row[2] - row[1], default=None)
    for row in rows:
        text, low, high = row
        yield f"random:{text}", str(high if row is widest else low)


def parting_of(case: Case) -> Hashable:
    """Return what two runs did otherwise where they part, without what isn't decided in it."""
    assert case.parted is not None  # noqa: S101 - for type checkers: it can be nothing else
    return tuple(
        (event.kind, named(event.subject), *(named(text) for _, text in event.details))
        if event is not None
        else ()
        for event in case.parted
    )


def _joined(automaton: Automaton, one: Label | None, other: Label) -> Label:
    if one is None or one == other:
        return other
    return Label(
        one.times | other.times,
        automaton.either(one.callers, other.callers),
        automaton.either(one.phones, other.phones),
    )
