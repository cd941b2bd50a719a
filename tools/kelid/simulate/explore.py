"""Every call at once: each step is taken in every way that the world, the number, the caller and the moment allow.

A *case* is one run (or two, of two dial plans, which walk together through one world) with a store of what is still open.
A step that asks is taken again from a copy for each answer. Cases at the same point, with nothing left in which they differ
and that somebody could still read, are one node of a graph: it is walked once, however many calls come there.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Collection, Hashable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from kelid.model.call import MADE, Call, Question
from kelid.model.pbx import Pbx
from kelid.model.trace import Event
from kelid.simulate.case import Case, is_arrival
from kelid.simulate.describe import named
from kelid.simulate.languages import ANY, NOTHING, Node, mask_of
from kelid.simulate.limits import Span, are_among, spans, widen
from kelid.simulate.live import Key, Live
from kelid.simulate.matching import SymbolicDialplan
from kelid.simulate.meeting import Form, Meeting
from kelid.simulate.points import Points
from kelid.simulate.pressed import Pressed
from kelid.simulate.reach import Reach
from kelid.simulate.run import Run
from kelid.simulate.state import Frame
from kelid.simulate.symbolic import Explored
from kelid.simulate.symbols import ATOM, FIRST, LISTED, LONGEST, SUPPOSED, WHOLE, Base, Chosen, Shared, Store
from kelid.simulate.times import Times, times_of
from kelid.simulate.unknown import UnknownHere
from kelid.simulate.walked import Link, Point
from kelid.simulate.ways_in import Entrance
from kelid.simulate.widening import NUMBERS

MOST_NODES = 400_000
"""Points after which the rest is said to be left out."""

MOST_EXACT = 1_000
"""Points up to which calls are told apart by how much time is left to them, and whether any has passed."""

MOST_ALONE = 100_000
"""Points up to which all calls of one dial plan are kept apart wherever they meet."""

MOST_ROUNDS, FEW_ROUNDS = 20, 5
"""How often a call goes back to the same step before it goes on as one with all others that come there; and where these are
many."""

MOST_CROWDED = 50
"""How many calls that have gone round a few times are kept apart at a step."""

MOST_REPEATED = 3
"""How often a call comes back to the same place, one time within another, before once more makes no difference."""

MOST_STRAIGHT = 3_000
"""Steps without a decision after which a call counts as one without an end."""

DEEPEST = 20_000
"""Calls of functions within each other: a set of texts is walked by its characters, and lists of phones are long texts."""

FRESH = frozenset(
    {"dial", "key", "keys", "digits", "queue", "voicemail", "password", "confirm", "conference", "pickup", "park", "page",
     "random", "box", "hangup", "reached", "originate", "directory", "read-file", "group", "limit", "clock"}
)  # fmt: skip
"""Questions whose answer may be another one each time that they are asked."""

DIGITS = mask_of("0123456789*#")
DIALLED = mask_of("0123456789*#+") | mask_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._-")


class ClosedError(Exception):
    """Raised where something is to be decided while a case is only looked at: a defect of the walk."""


class _Chooser:
    """Which way is taken at each decision of a step: first those that were said, then the first of each.

    Once ``is_over`` says that what follows makes no difference, one way stands for all.
    """

    def __init__(self) -> None:
        self.prefix: list[int] = []
        self.taken: list[tuple[Sequence[Chosen], int]] = []
        self.is_over: Callable[[], bool] | None = None
        self.closed = False
        """True while a case is only looked at: nothing may be decided then, as no way would go on with the other answer."""
        self.refuse: Callable[[Sequence[Chosen]], None] | None = None
        """Is shown each decision, and raises an error where it must not be taken."""

    def __call__(self, options: Sequence[Chosen]) -> int:
        at = len(self.taken)
        if self.closed and len(options) > 1:
            raise ClosedError(
                f"a decision where no way branches: {options[0].kind} {named(options[0].subject)}"
            )
        if self.refuse is not None:
            self.refuse(options)
        if self.is_over is not None and self.is_over():
            options = options[:1]
        choice = self.prefix[at] if at < len(self.prefix) else 0
        self.taken.append((options, choice))
        return choice


class Explorer:
    """Walks all calls of one dial plan, or of two together."""

    def __init__(self, pbxs: Sequence[Pbx], today: date, *, zone: str = "", seconds: float = 0.0) -> None:
        """Given the dial plans and the day from which on moments are looked at, prepare. ``seconds`` 0: no limit."""
        sys.setrecursionlimit(max(sys.getrecursionlimit(), DEEPEST))
        self.pbxs = tuple(pbxs)
        self.shared = Shared()
        self.times: Times = times_of(self.pbxs, today, zone)
        self.plans = [SymbolicDialplan(pbx, self.shared.automaton, self.shared.tables) for pbx in self.pbxs]
        for index, plan in enumerate(self.plans):
            plan.token = 0 if self.pbxs[index].files == self.pbxs[0].files else index
        self.reaches = [Reach(pbx) for pbx in self.pbxs]
        bits: dict[str, int] = {}
        marked = self._marked()
        self.lives = [
            Live(pbx, reach, marks, bits)
            for pbx, reach, marks in zip(self.pbxs, self.reaches, marked, strict=True)
        ]
        self._keys = Points(self.shared, self.plans, self.lives, self.reaches)
        self.points: list[Point] = []
        self.not_covered: dict[str, None] = dict.fromkeys(self.times.left_out)
        self.steps = 0
        self._known: dict[Hashable, int] = {}
        self._limited: dict[Hashable, list[tuple[tuple[Span, ...], int]]] = {}
        """Of calls with a limit of time: those that have come, by how much was left to them."""
        self._waiting: list[tuple[int, Case]] = []
        self._meeting = Meeting(self.shared, self.plans, self.lives, self._keys)
        self._form: tuple[Form | None, bool] = (None, False)
        self._crowds: dict[Hashable, int] = {}
        """How many calls that had gone round a few times have come to each step."""
        self._met: dict[bool, deque[tuple[int, Case, Form]]] = {True: deque(), False: deque()}
        """Points of calls that met, joined and asked: each with the call that stands for all of them, and their form."""
        self._chooser = _Chooser()
        self._forks: set[Hashable] = set()
        self._deadline = time.process_time() + seconds if seconds else 0.0
        self._case: Case | None = None

    def _marked(self) -> Sequence[Collection[Key]]:
        """Return the steps of each dial plan that another one has otherwise."""
        return [()] * len(self.pbxs)

    # --- ways in -------------------------------------------------------------------------------------

    def case(self, entrances: Sequence[Entrance], names: Sequence[str], exten: str | None = None) -> Case:
        """Return the case in which all calls of a way in are still open; one entrance for each dial plan."""
        store = Store(self.shared)
        automaton = self.shared.automaton
        moment = store.new(
            "time", "", automaton.texts(*(f"{index:04}" for index in range(len(self.times.classes))))
        )
        entrances, everyone = self._with_others(entrances, names)
        first = entrances[0]
        endpoint = first.names[0] if first.names else ""
        if first.names:
            phone = first.kind == "phone"
            endpoint = store.new("phone" if phone else "endpoint", "", automaton.texts(*everyone))
            variable = self.shared.atoms[ord(endpoint) - FIRST][0]
            if phone:
                store.phones = {variable: store.domains[variable]}
        if exten is None:
            exten = store.new("dialled", "", automaton.repeated(DIALLED, 1, LONGEST))
        caller = name = ""
        if first.any_caller:
            caller = store.new("caller", "", automaton.repeated(NUMBERS, 0, 40))
            if any(reach.goes_by_names for reach in self.reaches):
                name = store.new("caller-name", "", automaton.repeated(ANY, 0, 40))
        runs: list[Run] = []
        case = Case(runs, store)
        symbols = Explored(store, self._chooser, self.times, moment)
        for index, (entrance, pbx) in enumerate(zip(entrances, self.pbxs, strict=True)):
            shown = {
                key: symbols.derived(endpoint, ("endpoint", key, tuple(table.items())), table.__getitem__)
                for key, table in entrance.tables(everyone, self.plans[index].language).items()
            }
            call = Call(
                context=entrance.context,
                exten="s",
                at=datetime.fromtimestamp(self.times.classes[0].moment, UTC),
                technology=entrance.technology,
                endpoint=endpoint,
                caller=caller or shown.pop("caller", ""),
                caller_name=shown.pop("caller_name", "") or name,
                variables={
                    key.partition(" ")[2]: text for key, text in shown.items() if key.startswith("set ")
                },
                language=shown.get("language", ""),
                account=shown.get("account", ""),
            )
            run = Run(pbx, call, self._asker(index), symbols)
            run.dialplan = self.plans[index]
            run.channel.exten = exten
            run.channel.dnid = exten
            run.channel.unique_id = "1.1"
            runs.append(run)
        if first.names:
            store.narrow(variable, automaton.texts(*names))
        case.heads = ((),) * len(runs)
        return case

    def _with_others(
        self, entrances: Sequence[Entrance], names: Sequence[str]
    ) -> tuple[Sequence[Entrance], Sequence[str]]:
        """Return the ways in, and of which endpoints their calls may be once they go on as the calls of others do."""
        return entrances, names

    def _asker(self, index: int) -> Any:
        def ask(question: Question) -> str:
            return self._ask(index, question)

        return ask

    # --- the world -----------------------------------------------------------------------------------

    def _ask(self, index: int, question: Question) -> str:
        """Answer a question of a run, in every way one after the other."""
        case = self._case
        assert case is not None  # noqa: S101 - for type checkers: it can be nothing else
        case.rename()
        kind = question.kind
        subject = case.store.plain(question.subject)
        if kind in ("key", "keys", "digits"):
            subject = ""  # where in the dial plan keys are waited for has a name that nobody hears
        key = (kind, subject)
        if kind not in FRESH:
            known = case.store.facts.get(key)
            if known is None:
                known = self._new_answer(case, question, subject)
                case.store.facts[key] = known
            place = min(index, len(case.runs) - 1)
            channel = case.runs[place].channel
            there, askers = case.store.asked.get(key, (f"{channel.context},{channel.exten}", frozenset()))
            case.store.asked[key] = (there, askers | {place})
            return known
        if len(case.runs) == 1:
            return self._new_answer(case, question, subject)
        if kind in ("key", "digits"):
            return Pressed(case, index, lambda one: self._new_answer(case, one, "")).answer(question)
        if kind == "clock":
            key = self._border_of(case, index, key)
        row = case.answers.get(key)
        if row and case.behind[key] == index:
            answer = row.pop(0)
            if not row:
                del case.answers[key], case.behind[key]
            if not question.answers or answer in question.answers or ATOM.search(answer):
                return answer
            return self._new_answer(case, question, subject)
        answer = self._new_answer(case, question, subject)
        case.answers.setdefault(key, []).append(answer)
        case.behind[key] = 1 - index
        return answer

    def _border_of(self, case: Case, index: int, key: tuple[str, str]) -> tuple[str, str]:
        """Return of which moments before a border the other run was asked whether it is over: more than this one, maybe."""
        others = (one for one, behind in case.behind.items() if one[0] == "clock" and behind == index)
        less = self.shared.automaton.less
        return next((one for one in others if less(int(key[1]), int(one[1])) == NOTHING), key)

    def _new_answer(self, case: Case, question: Question, subject: str) -> str:
        store = case.store
        automaton = self.shared.automaton
        if question.kind == "key" and len(question.answers) > 2:
            options = [Chosen("question", (question.kind, subject), answer) for answer in ("no key", "a key")]
            if self._chooser(options) == 0:
                return ""
            keys = [key for key in question.answers if key]
            return store.new("key", subject, automaton.texts(*keys))
        if question.kind == "digits":
            pressed = DIGITS if "#" in question.answers else DIGITS & ~mask_of("#")
            return store.new("digits", "", automaton.repeated(pressed, 0, question.limit))
        if question.kind == "keys":
            rest = automaton.repeated(DIGITS & ~mask_of("#"), 0, question.limit - 1)
            first = automaton.repeated(DIGITS, 0, 1)
            return store.new("keys", subject, automaton.concatenated(first, rest))
        if not question.answers:
            most = question.limit or LONGEST
            return store.new(question.kind, subject, automaton.repeated(ANY, 0, most))
        if len(question.answers) == 1:
            return question.answers[0]
        if question.kind in ("device", "group"):
            return store.new(question.kind, subject, automaton.texts(*question.answers))
        if question.kind == "reached":
            # Nobody but the walk asks so: in a call it is one of the ends of the Dial.
            ends = [Chosen("question", ("dial", subject), end) for end in (MADE, "CHANUNAVAIL")]
            return question.answers[self._chooser(ends)]
        none = "no key" if question.kind == "key" else ""
        options = [
            Chosen("question", (question.kind, subject), answer or none) for answer in question.answers
        ]
        return question.answers[self._chooser(options)]

    # --- walking -------------------------------------------------------------------------------------

    def root(self, case: Case) -> int:
        """Begin with a case, and return the number of its point; ``walk`` goes on with it."""
        return self._point(case)

    def walk(self) -> None:
        """Go on until every case has been followed to its end, or a limit stops it (``not_covered`` says so)."""
        count = 0
        while (following := self._next()) is not None:
            count += 1
            if len(self.points) > MOST_NODES or (count % 20 == 0 and self._is_over()):
                why = (
                    f"more than {MOST_NODES} points" if len(self.points) > MOST_NODES else "the time is over"
                )
                left = [following[0], *self._still_open()]
                self.not_covered[f"{len(left)} ways that were still open after {self.steps} steps: {why}"] = (
                    None
                )
                for number in left:
                    self.points[number].end = "open"
                return
            try:
                self._expand(*following)
            except ClosedError as error:
                self.not_covered[str(error)] = None
                self.points[following[0]].end = "open"
            except OverflowError as error:
                self.not_covered[str(error)] = None
                for number in (following[0], *self._still_open()):
                    self.points[number].end = "open"
                return

    def _is_over(self) -> bool:
        """Return True if there are too many points, or if it took too long."""
        late = bool(self._deadline) and time.process_time() > self._deadline
        return late or len(self.points) > MOST_NODES

    def _next(self) -> tuple[int, Case] | None:
        """Return a point that wasn't walked yet, and its case; None if there is none."""
        return self._next_waiting() or self._next_met(joined=True)

    def _next_waiting(self) -> tuple[int, Case] | None:
        return self._waiting.pop() if self._waiting else None

    def _next_met(self, *, joined: bool) -> tuple[int, Case] | None:
        """Return a point at which calls met, and the one that stands for all of them; None if there is none."""
        while self._met[joined]:
            number, case, form = self._met[joined].popleft()
            if form.number == number:
                return number, case
            self.points[number].links.append(Link((), (), form.number))  # more came since: theirs goes on
        return None

    def _still_open(self) -> list[int]:
        """Return the points that still wait."""
        met = (number for row in self._met.values() for number, _, _ in row)
        return [*(number for number, _ in self._waiting), *met]

    def _point(self, case: Case) -> int:
        """Return the number of a case's point. One that stands for others, too, is walked when nothing else waits."""
        chooser = self._chooser
        was, chooser.closed = chooser.closed, True
        count = len(self.points)
        try:
            number = self._find_point(case)
        finally:
            chooser.closed = was
        (form, grown), self._form = self._form, (None, False)
        if form is not None:
            form.number = number
            if grown and len(self.points) > count:
                self._met[case.joined or case.aside is None].append((*self._waiting.pop(), form))
        return number

    def _find_point(self, case: Case) -> int:
        if self._is_arrival(case):
            self._widen_extension(case)
        key = self._keys.key(case)
        if self._forget_repeated(case):
            key = self._keys.key(case)
        number = self._number_of(key, case)
        if number is None:
            number, changed = self._meet(case)
            if changed:
                key = self._keys.key(case)
                number = self._number_of(key, case)
        if number is None:
            number = len(self.points)
            self._remember(key, case, number)
            self.points.append(Point())
            self._waiting.append((number, case))
        return number

    def _forget_repeated(self, case: Case) -> bool:
        """Take away what calls come back to once more, where they come back to it again and again; return whether any do.

        Who leaves a subroutine by a jump, and comes to it anew, never comes back: each time there is one place more.
        """
        found = False
        for channel in {
            id(level.channel): level.channel for run in case.runs for level in run.levels
        }.values():
            if len(channel.frames) <= MOST_REPEATED + 1:
                continue
            *frames, newest, _ = channel.frames  # the last one's variables are read where the call is
            same = [at for at, one in enumerate(frames) if self._is_same(case, one, newest)]
            if len(same) >= MOST_REPEATED and not any(one.predial for one in channel.frames[same[-1] :]):
                del channel.frames[same[-1] + 1 : -1]
                found = True
        return found

    def _is_same(self, case: Case, one: Frame, other: Frame) -> bool:
        """Return True if two calls of subroutines come back to the same place, with the same texts there."""
        if (one.context, one.priority, one.variables) != (other.context, other.priority, other.variables):
            return False
        node = self._keys.texts_of(case, one.exten)
        return one.exten == other.exten or (
            node is not None and node == self._keys.texts_of(case, other.exten)
        )

    def _number_of(self, key: Hashable, case: Case) -> int | None:
        """Return the point of a case, if there is one that has its key, and may have as much time left."""
        left = spans(case.runs)
        if not left:
            return self._known.get(key)
        rows = self._limited.get(key, ())
        return next((number for others, number in rows if are_among(left, others)), None)

    def _remember(self, key: Hashable, case: Case, number: int) -> None:
        """Note the point of a case. In a large walk, the second of those with a limit stands for all that may come."""
        left = spans(case.runs)
        if not left:
            self._known[key] = number
            return
        rows = self._limited.setdefault(key, [])
        if rows and len(self.points) >= MOST_EXACT and not self._keys.tells_limits:
            for others, _ in rows:
                widen(case.runs, others)
            rows.clear()
            left = spans(case.runs)
        rows.append((left, number))

    def _meet(self, case: Case) -> tuple[int | None, bool]:
        """Let a new case meet others: return the point at which it goes on as one of them, and whether it was changed."""
        if not self._meets(case):
            return None, False
        form, grown = self._meeting.meet(case)
        if form is not None and not grown and form.number >= 0:
            return form.number, False
        self._form = form, grown
        return None, grown

    def _meets(self, case: Case) -> bool:
        """Return True for a case that goes on as one with others: of too many, or one that goes round and round."""
        if len(self.points) >= MOST_ALONE:
            return True
        if not case.rounds or not case.goes_round(FEW_ROUNDS):
            return False
        if case.goes_round(MOST_ROUNDS):
            return True
        channel = case.runs[0].channel
        place = (channel.context, channel.priority, len(channel.frames))
        self._crowds[place] = self._crowds.get(place, 0) + 1
        return self._crowds[place] > MOST_CROWDED

    def _expand(self, number: int, case: Case) -> None:
        """Follow a case to its next decision, and take that in every way."""
        point = self.points[number]
        events: list[Event] = []
        straight = 0
        seen: set[Hashable] = set()
        first = case.copy()
        walked: list[int] = []
        while True:
            together = len(case.runs)
            if self._over(case, point):
                point.events = tuple(events)
                return
            if self._is_arrival(case):
                if straight or len(case.runs) != together:
                    # Whoever comes to an extension goes on as all others that come to it.
                    target = self._point(case)
                    if target != number or len(case.runs) == 1 or len(set(walked)) > 1:
                        point.events = tuple(events)
                        point.links.append(Link((), (), target))
                        return
                    # One of two has gone round to where both were: now it is the other's turn.
                context = case.runs[0].channel.context
                if self._branches_into(point, case, self._search):
                    if all(link.target == number for link in point.links):
                        # What was decided was taken for open again: nobody may be told that these calls do nothing.
                        self.not_covered[
                            f"calls that come to {context}: who comes where isn't told apart"
                        ] = None
                    return
            self._ready(case)
            if len(case.runs) != together:
                first, walked = case.copy(), []
            side = self._side(case)
            at = self._at(case, side)
            before = case.copy() if at in self._forks else None
            chooser = self._chooser
            chooser.prefix, chooser.taken = [], []
            made = self._advance(case, side)
            if not any(len(options) > 1 for options, _ in chooser.taken):
                events += made if len(case.runs) == 1 else ()
                walked.append(side)
                straight += 1
                if straight % 200 == 0:
                    key = (self._keys.key(case), spans(case.runs))
                    if key in seen or straight > MOST_STRAIGHT:
                        names = f"{case.runs[side].channel.context},{case.runs[side].channel.exten}"
                        events.append(Event("loop", case.store.plain(names)))
                        point.events = tuple(events)
                        self._goes_round(case, point, side, events[-1])
                        return
                    seen.add(key)
                    first, walked = case.copy(), []
                continue
            if before is None:
                # Never seen to decide anything: the way here is walked again, to a copy from before it.
                self._forks.add(at)
                before = self._again(first, walked)
            point.events = tuple(events)
            self._branch(point, case, before, partial(self._advance, side=side), made)
            return

    def _goes_round(self, case: Case, point: Point, side: int, event: Event) -> None:
        """End a point whose run goes round without an end and without a decision."""
        point.end = "loop"

    def _again(self, case: Case, sides: Sequence[int]) -> Case:
        """Take steps again that decide nothing."""
        taken = self._chooser.taken
        for side in sides:
            self._chooser.prefix, self._chooser.taken = [], []
            self._step(case, side)
        self._chooser.taken = taken
        return case

    def _branches_into(self, point: Point, case: Case, take: Callable[[Case], list[Event]]) -> bool:
        """Do what may decide something, and branch where it does. Return False where it decides nothing."""
        if case.runs[0].channel.exten.isascii():
            return False
        before = case.copy()
        chooser = self._chooser
        chooser.prefix, chooser.taken = [], []
        made = take(case)
        if not any(len(options) > 1 for options, _ in chooser.taken):
            return False
        self._branch(point, case, before, take, made)
        return True

    def _branch(
        self, point: Point, first: Case, before: Case, take: Callable[[Case], list[Event]], made: list[Event]
    ) -> None:
        """Take the step in all its other ways, too."""
        chooser = self._chooser
        case: Case | None = first
        while True:
            if (len(point.links) + 1) % 100 == 0 and self._is_over():
                channel = before.runs[0].channel
                place = before.store.plain(f"{channel.context},{channel.exten},{channel.priority}")
                self.not_covered[f"ways of the step {named(place)}, of which there are too many"] = None
                point.end = "open"
                return
            taken = list(chooser.taken)
            if case is None:
                case = before.copy()
                chooser.taken = []
                made = take(case)
                taken = list(chooser.taken)
            chosen = tuple(
                options[choice]
                for options, choice in taken
                if len(options) > 1 or options[0].answer == SUPPOSED
            )
            point.links.append(Link(chosen, tuple(made) if len(case.runs) == 1 else (), self._point(case)))
            case = None
            while taken and taken[-1][1] + 1 >= len(taken[-1][0]):
                taken.pop()
            if not taken:
                return
            chooser.prefix = [choice for _, choice in taken[:-1]] + [taken[-1][1] + 1]
            chooser.taken = []

    # --- extensions ----------------------------------------------------------------------------------

    @staticmethod
    def _is_arrival(case: Case) -> bool:
        """Return True where a call has just come to an extension, and waits for nothing."""
        if case.door is not None or case.found or not all(map(is_arrival, case.runs)):
            return False
        if len(case.runs) == 1:
            return True
        places = {(run.channel.context, case.store.plain(run.channel.exten)) for run in case.runs}
        return len(places) == 1 and not any(case.heads)

    def _search(self, case: Case) -> list[Event]:
        """Decide which extension it is that a call has come to.

        Where its number is a part of another text (a filter of what was dialled, what stands in a table), any number that
        comes there takes its place: the same for all of them happens there.
        """
        self._case = case
        classes: set[Node | None] = set()
        for run in case.runs:
            symbols = run.symbols
            assert isinstance(symbols, Explored)  # noqa: S101 - for type checkers: it can be nothing else
            symbols.store = case.store
            channel = run.channel
            plan = run.dialplan
            assert isinstance(plan, SymbolicDialplan)  # noqa: S101 - for type checkers: it can be nothing else
            with suppress(UnknownHere):  # the step itself says so
                classes.add(plan.class_of(run, channel.context, channel.exten, channel.caller))
            case.found |= plan.is_timed(channel.context)
        exten = case.runs[0].channel.exten
        node = classes.pop() if len(classes) == 1 else None
        automaton = self.shared.automaton
        if node and automaton.count(node) <= LISTED and self._is_hidden(case, exten):
            atom = case.store.new("extension", "", node)
            case.store.bases[self.shared.atoms[ord(atom) - FIRST][0]] = Base(node)
            for run in case.runs:
                run.channel.exten = atom
        return []

    def _is_hidden(self, case: Case, text: str) -> bool:
        """Return True if a text is a part of something, or made of several: its number can't be widened by itself."""
        pieces = case.store.pieces(text)
        return any(piece.variable >= 0 for piece in pieces) and (len(pieces) > 1 or pieces[0].view != WHOLE)

    def _widen_extension(self, case: Case) -> None:
        """Let a number that has come to an extension be any that comes to it: the same for all of them happens there."""
        store = case.store
        channel = case.runs[0].channel
        if channel.exten.isascii():
            return
        pieces = store.pieces(channel.exten)
        if len(pieces) != 1 or pieces[0].variable < 0 or pieces[0].view != WHOLE:
            return
        variable = pieces[0].variable
        wider = {
            run.dialplan.meant(run, run.channel.context, store.domains[variable])
            for run in case.runs
            if isinstance(run.dialplan, SymbolicDialplan)
        }
        if len(wider) == 1 and (node := wider.pop()) is not None:
            store.narrow(variable, self._class_of(channel.context, store.domains[variable], node))
            store.bases.pop(variable, None)
            if self.shared.automaton.count(store.domains[variable]) <= LISTED:
                store.bases[variable] = Base(store.domains[variable])

    def _class_of(self, context: str, node: Node, wider: Node) -> Node:
        """Return what of a set is alike for this exploration: as much of ``wider`` as goes on like ``node``."""
        return wider

    # --- steps ---------------------------------------------------------------------------------------

    @staticmethod
    def _at(case: Case, side: int) -> Hashable:
        channel = case.runs[side].channel
        return (side, channel.context, channel.exten, channel.priority)

    def _step(self, case: Case, side: int) -> list[Event]:
        """Take one step of one run, and return what happened in it."""
        run = case.runs[side]
        self._case = case
        symbols = run.symbols
        assert isinstance(symbols, Explored)  # noqa: S101 - for type checkers: it can be nothing else
        symbols.store, symbols.apart = case.store, len(case.runs) > 1
        for other in case.runs:
            other.symbols = symbols
        case.found = False
        depth, before = _depth(run), run.channel
        here = (before.context, before.exten, before.priority)
        run.step()
        self.steps += 1
        channel = run.channel
        if channel.priority <= here[2] and _depth(run) == depth and run.levels:
            back = (side, channel.context, channel.exten, channel.priority)
            case.rounds[back] = case.rounds.get(back, 0) + 1
        if len(self.points) >= MOST_EXACT and is_arrival(run):
            run.may_have_waited()
        made = [plain_event(event, case.store) for event in run.events]
        run.events.clear()
        run.steps.clear()
        if len(case.runs) > 1 and made:
            heads = list(case.heads)
            heads[side] = (*heads[side], *made)
            case.heads = tuple(heads)
        return made

    def _advance(self, case: Case, side: int) -> list[Event]:
        """Take a step of one run, and what goes with it before others may come to where it leads."""
        return self._step(case, side)

    def _side(self, case: Case) -> int:
        """Return which run goes on: of two, the one that is behind."""
        if len(case.runs) == 1:
            return 0
        for side in (0, 1):
            if not case.heads[side] and case.runs[side].levels and case.heads[1 - side]:
                return side
        if not case.runs[0].levels:
            return 1
        if not case.runs[1].levels:
            return 0
        return 1 if case.runs[1].step_count < case.runs[0].step_count else 0

    def _ready(self, case: Case) -> None:
        """Do what must be done before the next step."""

    def _over(self, case: Case, point: Point) -> bool:
        """Return True if the case has ended."""
        if case.runs[0].levels:
            return False
        point.end = case.runs[0].end or "hangup"
        return True


def _depth(run: Run) -> tuple[int, int]:
    return len(run.levels), len(run.channel.frames)


def plain_event(event: Event, store: Store) -> Event:
    """Return the event without the number of its step, and with what is known put in."""
    subject = store.plain(event.subject) if not event.subject.isascii() else event.subject
    details = event.details
    if any(not value.isascii() for _, value in details):
        details = tuple((key, store.plain(value)) for key, value in details)
    return Event(event.kind, subject, details)
