"""Two dial plans walked together through one world: where their calls part, and under which conditions.

Both runs get the same number, caller, moment and answers. Each goes on until it does something that people notice; as
long as they do the same, they go on together. A pair of states from which everything that can still be read is the same
text is not walked any further: from there on they can't part.
"""

from __future__ import annotations

import heapq
import math
import time
from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from functools import cached_property, partial
from typing import NamedTuple

from kelid.model.behaviour import CallChange, WayIn
from kelid.model.pbx import Pbx
from kelid.model.trace import Event
from kelid.simulate.aligned import aligned
from kelid.simulate.alone import MATCHED, Alone
from kelid.simulate.carried import NoticedError, carry, is_carried, is_noticed, refuse, unload
from kelid.simulate.case import Case
from kelid.simulate.describe import Words, named
from kelid.simulate.differing import differing
from kelid.simulate.explore import DIALLED, Explorer, Link, Point, plain_event
from kelid.simulate.languages import NOTHING, Automaton, In, Node, mask_of
from kelid.simulate.live import Key
from kelid.simulate.meeting import Form, Meeting
from kelid.simulate.points import texts_elsewhere
from kelid.simulate.renamed import as_named_before
from kelid.simulate.run import Run
from kelid.simulate.settings import Settings
from kelid.simulate.symbolic import Explored
from kelid.simulate.symbols import LABELS, LONGEST, Chosen
from kelid.simulate.unknown import UnknownHere
from kelid.simulate.ways_in import Entrance, entrance, entrances
from kelid.simulate.widening import NUMBERS

MOST_LABELS = 48
"""Sets of dialled numbers that are kept apart at one point; more are joined."""

MOST_APART = 1_000
"""Points up to which calls are kept apart wherever they meet."""

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


class Pairs(Explorer):
    """Walks the calls of two dial plans together."""

    def __init__(self, before: Pbx, after: Pbx, today: date, *, zone: str = "", seconds: float = 0.0) -> None:
        """Given both sides, prepare."""
        after = as_named_before(before, after)
        sides = aligned(before, after)
        self._prepare(*sides, today, zone=zone, seconds=seconds)
        if sides[0] is not before and any(live.counted for live in self.lives):
            self._prepare(before, after, today, zone=zone, seconds=seconds)
        elif sides[0] is not before:
            for plan in self.plans:
                plan.aligned = True

    def _prepare(self, before: Pbx, after: Pbx, today: date, *, zone: str, seconds: float) -> None:
        self._settings = Settings(before, after)
        self._differing = differing(before, after, self._settings)
        super().__init__((before, after), today, zone=zone, seconds=seconds)
        for plan in self.plans:
            plan.hints_apart = self._differing.hints
            plan.searched_apart = self._differing.searched
        self.seconds_to_tell = seconds
        """Of processor time for ``changes``: walking and telling have as much each. 0: no limit."""
        self.undecided: dict[str, None] = {}
        for path in self._settings.unknown:
            self.undecided[f"what calls make of {path}, which is another one"] = None
        self._numbers: dict[str, Node] = {}
        self._phones: dict[str, dict[str, str]] = {}
        self._told_of: dict[Hashable, tuple[Event, ...]] = {}
        self._ways_of: dict[Hashable, dict[int, tuple[tuple[Chosen, ...], tuple[Node, Label]]]] = {}
        self._meeting = Meeting(self.shared, self.plans, self.lives, self._keys)
        self._form: tuple[Form | None, bool] = (None, False)
        self._alone = Alone(self.points, super()._point, self._first_noticed)
        self._met: deque[tuple[int, Case, Form]] = deque()
        self._alike = (before.asterisk, before.autofallthrough) == (after.asterisk, after.autofallthrough)

    def _marked(self) -> Sequence[Collection[Key]]:
        return self._differing.steps

    def walk_all(self, context: str = "", exten: str = "", only: str = "") -> tuple[list[WayIn], list[WayIn]]:
        """Walk from every way in that both sides have. Return the ways in that are new, and those that are gone."""
        self.ways: list[tuple[WayIn, int]] = []
        added: list[WayIn] = []
        removed: list[WayIn] = []
        pairs = list(_paired(self.pbxs, context))
        self._phones = _alike_phones(self.pbxs, pairs)
        for pair, names in pairs:
            old, new = pair
            if old is None or new is None:
                one = new or old
                assert one is not None  # noqa: S101 - for type checkers: it can be nothing else
                (added if old is None else removed).append(
                    WayIn(kind=one.kind, name=names[0], names=names, context=one.context)
                )
                continue
            if only and only not in (new.name, *names):
                continue
            way = WayIn(kind=new.kind, name=names[0] if names else new.name, names=names, context=new.context)
            self.ways.append((way, self.root(self.case((old, new), names, exten or None))))
        self.walk()
        return added, removed

    def _with_others(
        self, entrances: Sequence[Entrance], names: Sequence[str]
    ) -> tuple[Sequence[Entrance], Sequence[str]]:
        """Let calls of phones be those of any phone, where it makes no difference any more which class the phone has: what
        differs among phones is in tables of all of them.
        """
        if entrances[0].kind != "phone" or not self._phones.keys() >= set(names):
            return entrances, names
        return [one._replace(sets=self._phones) for one in entrances], tuple(self._phones)

    def _meet(self, case: Case) -> tuple[int | None, bool]:
        if len(self.points) < MOST_APART:
            return None, False
        form, grown = self._meeting.meet(case)
        if form is not None and not grown and form.number >= 0:
            return form.number, False
        self._form = form, grown
        return None, grown

    def _point(self, case: Case) -> int:
        """Return the number of a case's point. One that stands for others, too, is walked when nothing else waits."""
        if not case.joined and len(case.runs) > 1 and (number := self._alone.point(case)) is not None:
            return number
        count = len(self.points)
        if count >= MOST_APART:
            self._meeting.open(case)
        number = super()._point(case)
        (form, grown), self._form = self._form, (None, False)
        if form is not None:
            form.number = number
            if grown and len(self.points) > count:
                self._met.append((*self._waiting.pop(), form))
        return number

    def _next(self) -> tuple[int, Case] | None:
        following = super()._next()
        while following is None and self._met:
            number, case, form = self._met.popleft()
            if form.number == number:
                following = number, case
            else:  # more came since: the one that stands for all of them goes on
                self.points[number].links.append(Link((), (), form.number))
        return following

    def _expand(self, number: int, case: Case) -> None:
        self._alone.here = number
        super()._expand(number, case)

    def _first_noticed(self, case: Case, waiter: int) -> Event | None:
        """Return what people notice first of a run that waits, with what its objects have on that side alone.

        None where it would have to be decided which objects those are.
        """
        if case.door is None:
            return case.heads[waiter][0]
        first = case.door[1]
        if not self._settings:
            return first
        if not all(text.isascii() for text in (first.subject, *(text for _, text in first.details))):
            return None
        return first._replace(details=(*first.details, *self._settings.of(first, waiter, str.__eq__)))

    # --- together ------------------------------------------------------------------------------------

    def _step(self, case: Case, side: int) -> list[Event]:
        """Take one step of one run, and match what both did so far."""
        if case.joined and is_carried(case):
            return self._step_carrying(case, side)
        made = super()._step(case, side) if case.joined else self._step_apart(case, side)
        if case.joined:
            for event in made:
                self._tell_unknown(event)
            return made
        if made and self._settings:
            self._tell_settings(case, side, len(made))
        symbols = case.runs[0].symbols
        assert isinstance(symbols, Explored)  # noqa: S101 - for type checkers: it can be nothing else
        heads = [list(row) for row in case.heads]
        while heads[0] and heads[1] and case.parted is None:
            one, other = heads[0][0], heads[1][0]
            if _same_event(symbols, one, other):
                if case.aside is not None:
                    break  # how the other goes on isn't known here (``alone.py``)
                self._tell_unknown(one)
                del heads[0][0], heads[1][0]
                for run in case.runs:
                    run.step_count = 1
            else:
                case.parted = (one, other)
        for mine in (0, 1):
            if heads[mine] and not heads[1 - mine] and not case.runs[1 - mine].levels and case.parted is None:
                case.parted = (heads[0][0], None) if mine == 0 else (None, heads[1][0])
        case.heads = tuple(tuple(row) for row in heads)
        return made

    def _step_carrying(self, case: Case, side: int) -> list[Event]:
        """Take one step of a run that carries what isn't the same; where that is noticed, each side takes it by itself."""
        chooser = self._chooser
        before, prefix, taken = case.copy(), chooser.prefix, list(chooser.taken)
        chooser.refuse = partial(refuse, case.store)
        try:
            made = super()._step(case, side)
            noticed = is_noticed(case, before.store, made, texts_elsewhere(case.runs[0]))
        except NoticedError:
            made, noticed = [], True
        finally:
            chooser.refuse = None
        if noticed:
            case.become(before)
            chooser.prefix, chooser.taken = prefix, taken
            case.noticed = _place(case.runs[0], case)
            self._take_apart(case)
            return self._step(case, side)
        for event in made:
            self._tell_unknown(event)
        return made

    def _step_apart(self, case: Case, side: int) -> list[Event]:
        """Take one step of one run as far as it matters for whether the two part.

        What is decided after the event by which they do makes no difference to that. So a run that comes to a step of which
        people notice something first waits at its door until it is known what they notice next of the other.
        """
        chooser, events = self._chooser, case.runs[side].events
        waiting = case.heads[1 - side][:1]
        if case.aside is not None:
            with self._until(lambda: bool(events)):
                return super()._step(case, side)
        if waiting:
            with self._until(lambda: bool(events) and _is_other_event(events[0], waiting[0])):
                return super()._step(case, side)
        if case.heads[side]:
            return super()._step(case, side)
        before, prefix, taken = case.copy(), chooser.prefix, list(chooser.taken)
        put_aside: list[bool] = []

        def is_over() -> bool:
            if events:
                put_aside.append(True)
            return bool(events)

        with self._until(is_over):
            made = super()._step(case, side)
        if made and case.door is not None and _is_other_event(made[0], case.door[1]):
            case.parted = (made[0], case.door[1]) if side == 0 else (case.door[1], made[0])
        elif put_aside:
            decided = any(len(options) > 1 for options, _ in chooser.taken[len(taken) :])
            at_door = case.door is None and not decided
            case.become(before)
            chooser.prefix, chooser.taken = prefix, taken
            case.door = (side, made[0]) if at_door else None
            return [] if at_door else super()._step(case, side)
        elif made:
            case.door = None
        return made

    @contextmanager
    def _until(self, is_over: Callable[[], bool]) -> Iterator[None]:
        """Decide nothing any more in a step once that is so."""
        self._chooser.is_over = is_over
        try:
            yield
        finally:
            self._chooser.is_over = None

    def _side(self, case: Case) -> int:
        return super()._side(case) if case.door is None else 1 - case.door[0]

    def _tell_unknown(self, event: Event) -> None:
        if event.kind == "unknown":
            self.undecided[named(f"{event.subject} ({dict(event.details).get('at', '')})")] = None

    def _tell_settings(self, case: Case, side: int, count: int) -> None:
        """Add to the last events of one run what their objects have on that side alone."""
        symbols = case.runs[side].symbols
        assert isinstance(symbols, Explored)  # noqa: S101 - for type checkers: it can be nothing else
        heads = list(case.heads)
        row = list(heads[side])
        for at in range(len(row) - count, len(row)):
            event = row[at]
            more = self._settings.of(event, side, symbols.equal)
            if more:
                row[at] = Event(event.kind, event.subject, (*event.details, *more))
        heads[side] = tuple(row)
        case.heads = tuple(heads)

    def _over(self, case: Case, point: Point) -> bool:
        """Match what both sides did. Return True where the case has ended, the two have parted, or can't part any more."""
        if case.door is not None and case.parted is None and not case.runs[1 - case.door[0]].levels:
            side, first = case.door
            case.parted = (first, None) if side == 0 else (None, first)
        if case.parted is not None:
            for event in case.parted:
                if event is not None:
                    self._tell_unknown(event)
            point.end = "parted"
            point.parted = (case, *case.parted)
            return True
        if case.is_matched():
            self._alone.match(self._alone.here)
            point.end = MATCHED
            return True
        if not any(run.levels for run in case.runs):
            point.end = "same"
            return True
        if not case.joined and case.aside is None:
            self._join(case)
        if case.joined and not self._may_part(case):
            point.end = "same"
            return True
        return False

    def _goes_round(self, case: Case, point: Point, side: int, event: Event) -> None:
        """Let two part where one goes round for ever and the other does something that people notice."""
        super()._goes_round(case, point, side, event)
        other = 1 - side
        if len(case.runs) < 2 or case.heads[side]:
            return
        waiting = case.heads[other][:1] or ((case.door[1],) if case.door and case.door[0] == other else ())
        if waiting:
            heads = [waiting, waiting]
            heads[side] = (event,)
            case.heads = tuple(heads)
            case.parted = (heads[0][0], heads[1][0])
            point.end, point.parted = "parted", (case, *case.parted)

    def _ready(self, case: Case) -> None:
        """Let each side take the next step by itself where it isn't the same for both."""
        if case.joined and self._is_other(case):
            self._take_apart(case)

    def _may_part(self, case: Case) -> bool:
        """Return True if a step that isn't the same on both sides may still be come to."""
        if not self._alike or is_carried(case):
            return True
        run, channel = case.runs[0], case.runs[0].channel
        here = self._keys.before(case, run, 0, (channel.context, channel.exten, max(channel.priority, 1)))
        if any(live.may_differ(here.far) for live in self.lives):
            return True
        far = self._keys.ahead(case, run, 0).far
        return any(live.may_differ(far) for live in self.lives)

    def _is_other(self, case: Case) -> bool:
        """Return True if the next step, or one that waits for it, may not be the same on both sides."""
        return any(
            level.channel.context in self._differing.searched
            or self._keys.before(
                case,
                case.runs[0],
                0,
                (level.channel.context, level.channel.exten, level.channel.priority),
            ).marked
            for level in case.runs[0].levels
        )

    def _join(self, case: Case) -> None:
        """Go on with one run where both are at the same point, and the next step is the same for both."""
        one, other = case.runs
        if (
            not self._alike
            or any(case.heads)
            or case.answers
            or len(one.levels) != len(other.levels)
            or not one.levels
            or (one.channel.context, one.channel.priority) != (other.channel.context, other.channel.priority)
            or len(one.channel.frames) != len(other.channel.frames)
        ):
            return
        case.joined = True
        if self._is_other(case):
            case.joined = False
            return
        case.joined = False
        ahead = self._keys.normal(case)
        if case.noticed not in {_place(run, case) for run in case.runs}:
            case.noticed = None
        let_go = carry(case) if case.noticed is None and case.door is None else None
        rows: list[tuple[list[str], list[Hashable]]] = []
        for run, mine in zip(case.runs, ahead, strict=True):
            parts: list[str] = []
            hows: list[Hashable] = []
            self._keys.describe(run, mine, parts, hows)
            rows.append(([case.store.plain(part) for part in parts], hows))
        plain = case.store.plain
        kept = [
            {plain(key): value and plain(value) for key, value in run.database.items()} for run in case.runs
        ]
        if rows[0] == rows[1] and kept[0] == kept[1]:
            case.runs.pop()
            case.heads = ((),)
            case.door = None
            case.joined = True
            one.step_count = 1  # the first extension of a call is one that it has come to, too
        elif let_go is not None:
            let_go()

    def _search(self, case: Case) -> list[Event]:
        """Decide which extension it is, and whether it is one that isn't the same on both sides."""
        made = super()._search(case)
        channel = case.runs[0].channel
        symbols = case.runs[0].symbols
        assert isinstance(symbols, Explored)  # noqa: S101 - for type checkers: it can be nothing else
        if symbols.within(channel.exten):
            marked = self._marked_numbers(channel.context)
            automaton = self.shared.automaton
            with suppress(UnknownHere):
                symbols.classify(
                    channel.exten,
                    ("marked", channel.context),
                    lambda text: automaton.has(marked, text),
                    lambda: In(automaton, marked),
                )
        return made

    def _class_of(self, context: str, node: Node, wider: Node) -> Node:
        automaton = self.shared.automaton
        marked = self._marked_numbers(context)
        if automaton.less(node, marked) == NOTHING:
            return automaton.both(wider, marked)
        return automaton.less(wider, marked) if automaton.both(node, marked) == NOTHING else node

    def _marked_numbers(self, context: str) -> Node:
        """Return the numbers that can be found in a context, and that have steps that aren't the same on both sides."""
        found = self._numbers.get(context)
        if found is None:
            found = self._numbers[context] = self.shared.automaton.texts(
                *dict.fromkeys(
                    exten
                    for live, marks in zip(self.lives, self._differing.steps, strict=True)
                    for one, exten, _ in marks
                    if exten[:1] != "_" and "/" not in exten and one in live.closure(context)
                )
            )
        return found

    def _take_apart(self, case: Case) -> None:
        """Let each side go on by itself, with its own dial plan."""
        run = case.runs[0]
        other = run.copy()
        other.pbx, other.dialplan, other.ask = self.pbxs[1], self.plans[1], self._asker(1)
        old, new = ({option.key: option.value for option in pbx.globals} for pbx in self.pbxs)
        for name in {*old, *new}:
            if old.get(name) != new.get(name) and other.globals.get(name) == old.get(name):
                if name in new:
                    other.globals[name] = new[name]
                else:
                    del other.globals[name]
        case.runs.append(other)
        case.heads = ((), ())
        case.joined = False
        unload(case)
        everybody = frozenset((0, 1))
        case.store.asked = {key: (place, everybody) for key, (place, _) in case.store.asked.items()}

    # --- in words ------------------------------------------------------------------------------------

    def changes(self) -> list[CallChange]:
        """Return where calls part, in words: of places that part in the same way, for the same calls, the one with the
        shortest way there. At least one is told; what there was no time for is counted in ``not_covered``.
        """
        parted = [number for number, point in enumerate(self.points) if point.parted is not None]
        if not parted:
            return []
        end = time.process_time() + self.seconds_to_tell if self.seconds_to_tell else math.inf
        groups: dict[Hashable, _Parting] = {}
        for count, (way, root) in enumerate(self.ways):
            if groups and time.process_time() > end:
                left = ", ".join(f"{one.kind} {one.name}" for one, _ in self.ways[count:])
                self.not_covered[f"which calls of {left} go another way: the time to tell is over"] = None
                break
            labels = self._labels(way, root)
            paths = self._paths(root)
            for number in parted:
                path = paths.get(number, ())
                for dialled, label in labels.get(number, {}).items():
                    key = (way, dialled, label, self._parting(number))
                    known = groups.get(key)
                    if known is None or len(path) < len(known.path):
                        groups[key] = _Parting(way, path, number, dialled, label)
        words = Words(self.shared.automaton, self.times)
        changes: list[CallChange] = []
        for one in groups.values():
            if changes and time.process_time() > end:
                self.not_covered[
                    f"{len(groups) - len(changes)} of {len(groups)} places where calls part: the time to tell is over"
                ] = None
                break
            changes.append(self._change(words, self._on_its_way(one)))
        return changes

    def _on_its_way(self, one: _Parting) -> _Parting:
        """Return the parting with a way that calls of its own numbers, times and callers go, and with what is left of those.

        The shortest way to a point may be one of other numbers. Where none is found so, nothing is changed.
        """
        automaton = self.shared.automaton
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
        root = next(root for way, root in self.ways if way is one.way)
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
                for link in self.points[number].links:
                    if link.target not in paths:
                        left = self._left(numbers, rest, link.chosen)
                        if left is not None:
                            paths[link.target] = ((*path, *link.chosen), left)
                            following.append(link.target)
            row = following
        return paths

    def _left(self, dialled: Node, label: Label, chosen: Sequence[Chosen]) -> tuple[Node, Label] | None:
        """Return which numbers, times and callers are left after some decisions; None where there are none."""
        automaton = self.shared.automaton
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
        automaton = self.shared.automaton
        if chosen.about is None or not chosen.about.subject:
            return automaton.both(dialled, chosen.node)
        return automaton.unfiltered(dialled, int(chosen.about.subject), chosen.node)

    def _parting(self, number: int) -> Hashable:
        """Return what two runs did otherwise at a point, without what isn't decided in it."""
        parting = self.points[number].parted
        assert parting is not None  # noqa: S101 - for type checkers: it can be nothing else
        return tuple(
            (event.kind, named(event.subject), *(named(text) for _, text in event.details))
            if event is not None
            else ()
            for event in parting[1:]
        )

    def _change(self, words: Words, one: _Parting) -> CallChange:
        dialled, label = one.dialled, one.label
        number, (times, callers, phones) = one.first or (dialled, label)
        return CallChange(
            way_in=one.way,
            dialled=words.numbers(dialled, self._any_number),
            caller=words.numbers(label.callers, self._any_caller),
            time=words.times(label.times),
            conditions=tuple(words.conditions(one.path)),
            before=self._told(one.number, 0, phones),
            after=self._told(one.number, 1, phones),
            example=(
                ("dialled", self.shared.automaton.shortest(number)),
                ("caller", self._somebody(callers)),
                ("at", str(words.moment(times))),
                *self._answers(words, one.path, phones),
            ),
        )

    def _answers(self, words: Words, path: Sequence[Chosen], phones: Node) -> Iterator[tuple[str, str]]:
        """Yield the answers on a way. Which phone it is has been told of all phones there."""
        for kind, answer in words.answers(path):
            yield kind, self.shared.automaton.shortest(phones) if kind == "phone:" else answer

    def _somebody(self, callers: Node) -> str:
        """Return one of some callers: an ordinary one if there is one."""
        automaton = self.shared.automaton
        plain = automaton.both(callers, automaton.repeated(_DIGITS, 0, LONGEST))
        lengths = sorted(automaton.lengths(plain)) if plain != NOTHING else []
        some = (SOMEBODY, *(_SHORTER[:length] for length in lengths if length <= len(_SHORTER)))
        ordinary = next((text for text in some if automaton.has(plain, text)), None)
        return automaton.shortest(callers if plain == NOTHING else plain) if ordinary is None else ordinary

    @cached_property
    def _any_number(self) -> Node:
        return self.shared.automaton.repeated(DIALLED, 1, LONGEST)

    @cached_property
    def _any_caller(self) -> Node:
        return self.shared.automaton.repeated(NUMBERS, 0, 40)

    def _labels(self, way: WayIn, root: int) -> dict[int, dict[Node, Label]]:
        """Return with which numbers, at which times and from which callers calls of a way in come to each point.

        Only to points from which calls come to one where they part. Each comes after those before it, but in a circle.
        """
        automaton = self.shared.automaton
        start = Label((1 << len(self.times.classes)) - 1, self._any_caller, automaton.texts("", *way.names))
        labels: dict[int, dict[Node, Label]] = {root: {self._any_number: start}}
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
        before: list[list[int]] = [[] for _ in self.points]
        for number, point in enumerate(self.points):
            for link in point.links:
                before[link.target].append(number)
        waiting = [number for number, point in enumerate(self.points) if point.parted is not None]
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
            for point in self.points
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
        for text in self.shared.automaton.listed(node, 100_000) or ():
            bits |= 1 << int(text)
        return bits

    def _paths(self, root: int) -> dict[int, tuple[Chosen, ...]]:
        """Return the decisions on a shortest way to each point."""
        paths: dict[int, tuple[Chosen, ...]] = {root: ()}
        row = [root]
        while row:
            following: list[int] = []
            for number in row:
                for link in self.points[number].links:
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
            parting = self.points[number].parted
            assert parting is not None  # noqa: S101 - for type checkers: it can be nothing else
            case = parting[0].copy()
            first: tuple[Event, ...] = ()
            if case.aside is not None and side == case.aside[1]:
                first, case = case.heads[side][:1], case.aside[0].copy()
            for variable in case.store.phones.keys() & case.store.domains.keys():
                left = self.shared.automaton.both(case.store.domains[variable], phones)
                case.store.narrow(variable, left if left != NOTHING else case.store.domains[variable])
            events = self._ordinary(case, side)
            events[: len(first)] = [plain_event(event, case.store) for event in first]
            found = self._told_of[key] = tuple(events)
        return found

    def _ordinary(self, case: Case, side: int, most: int = 60) -> list[Event]:
        """Return what one side does from where they part on an ordinary day, up to the end of the call."""
        alone = case.copy()
        events = [plain_event(event, case.store) for event in alone.heads[side]]
        run = alone.runs[side]
        alone.runs = [run]
        alone.heads = ((),)
        alone.answers.clear()
        alone.behind.clear()
        chooser = self._chooser
        for _ in range(2000):
            if not run.levels or len(events) > most:
                break
            chooser.prefix, chooser.taken = [], []
            events += Explorer._step(self, alone, 0)
        return events


def _joined(automaton: Automaton, one: Label | None, other: Label) -> Label:
    if one is None or one == other:
        return other
    return Label(
        one.times | other.times,
        automaton.either(one.callers, other.callers),
        automaton.either(one.phones, other.phones),
    )


def _place(run: Run, case: Case) -> tuple[str, str, int]:
    channel = run.channel
    return channel.context, case.store.plain(channel.exten), channel.priority


def _is_other_event(one: Event, other: Event) -> bool:
    """Return True if two events surely aren't the same, whatever is decided of them."""
    return one.kind != other.kind or (
        one.subject != other.subject and one.subject.isascii() and other.subject.isascii()
    )


def _same_event(symbols: Explored, one: Event, other: Event) -> bool:
    """Decide whether two events are the same to people."""
    if one.kind != other.kind or len(one.details) != len(other.details):
        return False
    if one.subject != other.subject and not symbols.equal(one.subject, other.subject):
        return False
    for (key, value), (other_key, other_value) in zip(one.details, other.details, strict=True):
        if key != other_key:
            return False
        if key == "at" or value == other_value:
            continue
        if not symbols.equal(value, other_value):
            return False
    return True


def _paired(
    pbxs: Sequence[Pbx], context: str
) -> Iterator[tuple[tuple[Entrance | None, Entrance | None], tuple[str, ...]]]:
    """Yield the ways in of both sides: those of the same endpoints together, with the endpoints' names."""
    if context:
        one = entrance(context)
        yield (one, one), ()
        return
    sides: list[dict[tuple[str, str], Entrance]] = []
    for pbx in pbxs:
        found: dict[tuple[str, str], Entrance] = {}
        for way in entrances(pbx):
            for name in way.names or (way.name,):
                found[way.kind if way.kind != "phone" else "phone", f"{way.technology}/{name}"] = way
        sides.append(found)
    rows: dict[Hashable, tuple[Entrance | None, Entrance | None, list[str]]] = {}
    for key in dict.fromkeys([*sides[1], *sides[0]]):
        old, new = sides[0].get(key), sides[1].get(key)
        alike = (old.alike if old else None, new.alike if new else None)
        row = rows.setdefault(alike, (old, new, []))
        if (new or old or entrance("")).names:
            row[2].append(key[1].partition("/")[2])
    for old, new, names in rows.values():
        yield (old, new), tuple(names)


def _alike_phones(
    pbxs: Sequence[Pbx],
    pairs: Sequence[tuple[tuple[Entrance | None, Entrance | None], tuple[str, ...]]],
) -> dict[str, dict[str, str]]:
    """Return what phones have of their own, of those that have the same on both sides; none where it isn't the same to
    have nothing and not to have it.
    """
    found: dict[str, dict[str, str]] = {}
    for (old, new), names in pairs:
        if old is not None and new is not None and new.kind == "phone":
            found |= {name: new.sets[name] for name in names if old.sets.get(name) == new.sets.get(name)}
    given = {option.key for pbx in pbxs for option in pbx.globals}
    for key in {key for own in found.values() for key in own if key.startswith("set ")}:
        if key.removeprefix("set ").lstrip("_") in given and not all(key in own for own in found.values()):
            return {}
    return found


def ways_of(pbx: Pbx | None) -> tuple[WayIn, ...]:
    """Return the ways in of a PBX."""
    return tuple(
        WayIn(kind=one.kind, name=one.name, names=one.names, context=one.context)
        for one in (entrances(pbx) if pbx is not None else ())
    )
