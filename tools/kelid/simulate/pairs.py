"""Two dial plans walked together through one world: where their calls part, and under which conditions.

Both runs get the same number, caller, moment and answers. Each goes on until it does something that people notice; as
long as they do the same, they go on together. A pair of states from which everything that can still be read is the same
text is not walked any further: from there on they can't part.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from functools import partial

from kelid.model.behaviour import CallChange, WayIn
from kelid.model.call import Question
from kelid.model.pbx import Pbx
from kelid.model.trace import Event
from kelid.simulate.aligned import aligned
from kelid.simulate.alone import MATCHED, Alone
from kelid.simulate.carried import NoticedError, carry, is_carried, is_noticed, refuse, unload
from kelid.simulate.case import Case, in_order
from kelid.simulate.describe import named
from kelid.simulate.differing import differing
from kelid.simulate.explore import Explorer, plain_event
from kelid.simulate.firsts import ASKED, Firsts, Known, count_of_first
from kelid.simulate.functions.numbers import range_of
from kelid.simulate.languages import NOTHING, In, Node
from kelid.simulate.live import Key
from kelid.simulate.points import texts_elsewhere
from kelid.simulate.renamed import as_named_before
from kelid.simulate.run import Run
from kelid.simulate.settings import Equal, Settings
from kelid.simulate.symbolic import Explored
from kelid.simulate.symbols import Store
from kelid.simulate.telling import Telling, parting_of
from kelid.simulate.unknown import UnknownHere
from kelid.simulate.walked import Link, Point
from kelid.simulate.ways_in import Entrance, entrance, entrances

MOST_APART = 1_000
"""Points up to which calls are kept apart wherever they meet, and two runs are walked together until they part."""


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
        self._firsts = Firsts(self.shared.automaton, self._keys, self.points, self._point)
        self._alone = Alone(
            self.points, super()._point, self._first_noticed, self._firsts.compare, MOST_APART
        )
        self._drawn: tuple[str, str] | None = None
        """Of a run that draws a number by chance: from which range, and from which other one the other run drew."""
        self._parted: dict[Hashable, int] = {}
        """The points where calls part, of a large diff: one for all that part in the same way."""
        self._together: set[int] = set()
        """Points from which two runs go on together, as they may do the same."""
        self._alike = (before.asterisk, before.autofallthrough) == (after.asterisk, after.autofallthrough)

    def _marked(self) -> Sequence[Collection[Key]]:
        return self._differing.steps

    def walk_all(self, context: str = "", exten: str = "", only: str = "") -> tuple[list[WayIn], list[WayIn]]:
        """Walk from every way in that both sides have. Return the ways in that are new, and those that are gone."""
        self.ways: list[tuple[WayIn, int]] = []
        self._exten = exten
        added: list[WayIn] = []
        removed: list[WayIn] = []
        pairs = list(_paired(self.pbxs, context))
        self._phones = _alike_phones(self.pbxs, pairs)
        for pair, names in pairs:
            old, new = pair
            if old is None or new is None:
                one = new or old
                assert one is not None  # noqa: S101 - for type checkers: it can be nothing else
                (added if old is None else removed).append(_way(one, names))
                continue
            if only and only not in (new.name, *names):
                continue
            self.ways.append((_way(new, names), self.root(self.case((old, new), names, exten or None))))
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

    def _meets(self, case: Case) -> bool:
        return len(self.points) >= MOST_APART or super()._meets(case)

    def _point(self, case: Case) -> int:
        """Return the number of a case's point. One that stands for others, too, is walked when nothing else waits."""
        if case.parted is not None and len(self.points) >= MOST_APART:
            return self._parted_point(case)
        if case.asked is not None:
            case.hush()
        elif not case.joined and len(case.runs) > 1 and (number := self._alone.point(case)) is not None:
            return number
        if len(self.points) >= MOST_APART:
            self._meeting.open(case)
        return super()._point(case)

    def _next(self) -> tuple[int, Case] | None:
        while (following := self._next_waiting() or self._next_met(joined=False)) is None:
            if not self._firsts.settle(self._part):
                return self._next_met(joined=True)
        return following

    def _still_open(self) -> list[int]:
        return [*super()._still_open(), *self._firsts.waiting()]

    def _expand(self, number: int, case: Case) -> None:
        self._alone.here = number
        if len(self.points) >= MOST_APART and number not in self._together and self._is_asked(case):
            self._firsts.compare(number, case, (None, None), self._go_on)
        else:
            super()._expand(number, case)

    def _is_asked(self, case: Case) -> bool:
        """Return True if two runs are in two contexts, and nothing was noticed of either yet."""
        if case.joined or case.aside is not None or case.door is not None or any(case.heads):
            return False
        if case.parted is not None or not all(run.levels for run in case.runs):
            return case.parted is None
        one, other = (run.channel.context for run in case.runs)
        return one != other

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
        return self._with_settings(first, waiter, str.__eq__)

    def _part(self, number: int, case: Case, known: Known) -> None:
        """Let two runs part at a point, as they can't do the same next. What each does next is that of an ordinary day."""
        rows = [
            self._ordinary(case, side, most=1) if event is None else [event]
            for side, event in enumerate(known)
        ]
        if all(row and row[0].kind == "answered" for row in rows):
            rows = [row[1:] for row in rows]  # both are answered: what follows isn't the same
        case.parted = next(iter(rows[0]), None), next(iter(rows[1]), None)
        self.points[number].links.append(Link((), (), self._parted_point(case)))

    def _go_on(self, number: int, case: Case) -> None:
        """Let two runs go on together from a point: they may do the same."""
        self._together.add(number)
        self._waiting.append((number, case))

    def _parted_point(self, case: Case) -> int:
        """Return the number of the point of all calls that part in the same way and at the same place."""
        assert case.parted is not None  # noqa: S101 - for type checkers: it can be nothing else
        key = (parting_of(case), *(_place(run, case)[::2] for run in case.runs if run.levels))
        number = self._parted.get(key)
        if number is None:
            number = self._parted[key] = len(self.points)
            self.points.append(Point())
            self._over(case, self.points[number])
        return number

    def _ask(self, index: int, question: Question) -> str:
        case = self._case
        if (
            question.kind == "random"
            and range_of(question.subject)
            and case is not None
            and len(self.points) >= MOST_APART
            and case.is_quiet()
        ):
            others = (
                subject
                for (kind, subject), behind in case.behind.items()
                if kind == "random" and behind == index and subject != question.subject and range_of(subject)
            )
            if other := next(others, ""):
                self._drawn = question.subject, other
        return super()._ask(index, question)

    # --- together ------------------------------------------------------------------------------------

    def _advance(self, case: Case, side: int) -> list[Event]:
        """Take a step of one run. In a large diff, the other takes the same one with it where something is decided in it."""
        if len(self.points) < MOST_APART or not case.is_side_by_side():
            return self._step(case, side)
        here = _place(case.runs[side], case)
        made = self._step(case, side)
        if (
            any(len(options) > 1 for options, _ in self._chooser.taken)
            and (case.door, case.aside, case.parted) == (None, None, None)
            and case.runs[1 - side].levels
            and _place(case.runs[1 - side], case) == here
        ):
            self._step(case, 1 - side)
        return made

    def _step(self, case: Case, side: int) -> list[Event]:
        """Take one step of one run, and match what both did so far."""
        if case.joined and is_carried(case):
            return self._step_carrying(case, side)
        made = super()._step(case, side) if case.joined else self._step_apart(case, side)
        if case.joined:
            for event in made:
                self._tell_unknown(event)
            return made
        if case.asked is not None:
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
                case.parted = in_order(mine, heads[mine][0], None)
        if len(heads[0]) < len(case.heads[0]) and not any(heads):
            # Both did the same up to here: what one was asked of the time the other was asked, too, or won't be.
            for key in [key for key in case.answers if key[0] in ("clock", "limit")]:
                del case.answers[key], case.behind[key]
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
        if case.heads[side] and case.asked is None:
            return super()._step(case, side)
        waiting = case.door[1] if case.door is not None else next(iter(case.heads[1 - side]), None)
        before, prefix, taken = case.copy(), chooser.prefix, list(chooser.taken)
        noticed: list[tuple[list[Event], Store, bool]] = []

        def is_over() -> bool:
            if self._drawn is not None:
                return True
            count = min(len(events), 1) if case.asked is None else count_of_first(events)
            if count and not noticed:
                store = case.store.copy()
                first = [plain_event(event, store) for event in events[:count]]
                noticed.append((first, store, case.answers != before.answers))
            return count > 0

        chooser.is_over, self._drawn = is_over, None
        try:
            made = super()._step(case, side)
        finally:
            chooser.is_over = None
        if self._drawn is not None and not noticed:
            self._part_by_chance(case, before, side, self._drawn)
            return []
        if not noticed:
            if made and case.door is not None:
                if _is_other_event(made[0], case.door[1]):
                    case.parted = in_order(side, made[0], case.door[1])
                else:
                    case.door = None
            return made
        (first, *more), store, answered = noticed[0]
        case.become(before)
        if answered and case.aside is None:
            # Whoever took that step again would ask for other answers.
            chooser.prefix, chooser.taken = prefix, taken
            case.door = None
            return super()._step(case, side)
        case.store = store  # what was decided on the way to the event stays so
        if case.asked is not None:
            case.heads = in_order(side, (*case.heads[side], first, *more), ())
            return []
        if waiting is None:
            case.door = (side, first)
            return []
        self._case = case
        symbols = case.runs[side].symbols
        assert isinstance(symbols, Explored)  # noqa: S101 - for type checkers: it can be nothing else
        symbols.store = store
        if self._settings:
            first = self._with_settings(first, side, symbols.equal)
            if case.door is not None:
                waiting = self._with_settings(waiting, 1 - side, symbols.equal)
        if not _same_event(symbols, first, waiting):
            case.parted = in_order(side, first, waiting)
            return []
        if case.aside is not None:
            case.heads = in_order(side, (first,), case.heads[1 - side])
            return []
        case.door = None
        return super()._step(case, side)

    @staticmethod
    def _part_by_chance(case: Case, before: Case, side: int, ranges: tuple[str, str]) -> None:
        """Let two runs part that draw a number from other ranges, ``side`` last.

        Others are as likely now: what each number leads to would be held against what each of the others leads to.
        """
        case.become(before)
        one, other = (Event("chance", text) for text in ranges)
        case.parted = in_order(side, one, other)
        case.heads = in_order(side, (one,), (other,))

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
        row = heads[side]
        heads[side] = (
            *row[: len(row) - count],
            *(self._with_settings(event, side, symbols.equal) for event in row[len(row) - count :]),
        )
        case.heads = tuple(heads)

    def _with_settings(self, event: Event, side: int, equal: Equal) -> Event:
        """Return an event with what its objects have on that side alone."""
        more = self._settings.of(event, side, equal)
        return Event(event.kind, event.subject, (*event.details, *more)) if more else event

    def _over(self, case: Case, point: Point) -> bool:
        """Match what both sides did. Return True where the case has ended, the two have parted, or can't part any more."""
        if case.door is not None and case.parted is None and not case.runs[1 - case.door[0]].levels:
            side, first = case.door
            case.parted = in_order(side, first, None)
        if case.parted is not None:
            for event in case.parted:
                if event is not None:
                    self._tell_unknown(event)
            point.end = "parted"
            point.parted = (case, *case.parted)
            return True
        if case.asked is not None:
            if not count_of_first(case.heads[case.asked]) and case.runs[case.asked].levels:
                return False
            for event in case.heads[case.asked]:
                self._tell_unknown(event)
            self._firsts.note(self._alone.here, case)
            point.end = ASKED
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
        if case.asked is not None:
            self._firsts.note(self._alone.here, case)
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
            # From here on both get the same answers: what only one was asked on its way says nothing of the next one.
            case.answers, case.behind = {}, {}
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

    def changes(self) -> list[CallChange]:
        """Return where calls part, in words (``Telling.changes``); what there was no time for is in ``not_covered``."""
        telling = self.telling()
        made = telling.changes(self.seconds_to_tell)
        self.not_covered |= telling.left_out
        return made

    def telling(self) -> Telling:
        """Return what tells of the points that were walked."""
        return Telling(self.shared, self.times, self.points, self.ways, self._ordinary, exten=self._exten)

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
    for found, pbx in zip(sides, pbxs, strict=True):
        there = {context.name for context in pbx.contexts}
        for key, way in {**sides[0], **sides[1]}.items():
            if way.kind == "context" and way.context in there:
                found.setdefault(key, way)  # something leads there on this side, and nothing on the other
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


def _way(one: Entrance, names: tuple[str, ...]) -> WayIn:
    """Return a way in by those of its endpoints that are meant: lines of cards, and contexts, have none."""
    return WayIn(kind=one.kind, name=names[0] if names else one.name, names=names, context=one.context)


def ways_of(pbx: Pbx | None) -> tuple[WayIn, ...]:
    """Return the ways in of a PBX."""
    return tuple(_way(one, one.names) for one in (entrances(pbx) if pbx is not None else ()))
