"""Every call at once: each step is taken in every way that the world, the number, the caller and the moment allow.

A *case* is one run (or two, of two dial plans, which walk together through one world) with a store of what is still open.
A step that asks is taken again from a copy for each answer. Cases at the same point, with nothing left in which they differ
and that somebody could still read, are one node of a graph: it is walked once, however many calls come there.
"""

from __future__ import annotations

import re
import time
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from kelid.model.call import Call, Question
from kelid.model.pbx import Pbx
from kelid.model.trace import Event
from kelid.simulate.languages import ANY, NOTHING, Node, mask_of
from kelid.simulate.live import Live
from kelid.simulate.matching import SymbolicDialplan
from kelid.simulate.reach import CALLER, TIME, Beyond, Reach
from kelid.simulate.run import Run
from kelid.simulate.state import Channel, Level
from kelid.simulate.symbolic import Explored
from kelid.simulate.symbols import ATOM, FIRST, LONGEST, Chosen, Shared, Store
from kelid.simulate.times import Times, times_of
from kelid.simulate.ways_in import Entrance, entrances

MOST_NODES = 400_000
"""Points after which the rest is said to be left out."""

MOST_STRAIGHT = 3_000
"""Steps without a decision after which a call counts as one without an end."""

FRESH = frozenset(
    {"dial", "key", "queue", "voicemail", "password", "confirm", "conference", "pickup", "park", "page", "random", "box",
     "hangup", "originate", "directory", "read-file", "group"}
)  # fmt: skip
"""Questions whose answer may be another one each time that they are asked."""

DIGITS = mask_of("0123456789*#")
DIALLED = mask_of("0123456789*#+") | mask_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._-")
NUMBERS = mask_of("0123456789*#+")

_SUFFIX = re.compile(r"-[0-9a-f]{8}\b")


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

    def copy(self) -> Case:
        """Return a case that goes its own way."""
        return Case(
            [run.copy() for run in self.runs],
            self.store.copy(),
            self.heads,
            {key: list(row) for key, row in self.answers.items()},
            dict(self.behind),
            self.parted,
        )


class Link(NamedTuple):
    """The way from a node to another: the decisions that were taken in its step, and what happened in it."""

    chosen: tuple[Chosen, ...]
    events: tuple[Event, ...]
    target: int


@dataclass(slots=True)
class Point:
    """A node of the graph as it grows. ``events`` are those up to its decision; ``links`` follow; ``end`` where it ends.

    ``case`` is kept where the two runs part: what each does from there is looked at by itself.
    """

    events: tuple[Event, ...] = ()
    links: list[Link] = field(default_factory=list)
    end: str = ""
    parted: tuple[Case, Event | None, Event | None] | None = None


class _Chooser:
    """Which way is taken at each decision of a step: first those that were said, then the first of each."""

    def __init__(self) -> None:
        self.prefix: list[int] = []
        self.taken: list[tuple[Sequence[Chosen], int]] = []

    def __call__(self, options: Sequence[Chosen]) -> int:
        at = len(self.taken)
        choice = self.prefix[at] if at < len(self.prefix) else 0
        self.taken.append((options, choice))
        return choice


class Explorer:
    """Walks all calls of one dial plan, or of two together."""

    def __init__(self, pbxs: Sequence[Pbx], today: date, *, zone: str = "", seconds: float = 0.0) -> None:
        """Given the dial plans and the day from which on moments are looked at, prepare. ``seconds`` 0: no limit."""
        self.pbxs = tuple(pbxs)
        self.shared = Shared()
        self.times: Times = times_of(self.pbxs, today, zone)
        self.plans = [SymbolicDialplan(pbx, self.shared.automaton) for pbx in self.pbxs]
        for index, plan in enumerate(self.plans):
            plan.token = 0 if self.pbxs[index].files == self.pbxs[0].files else index
        self.reaches = [Reach(pbx) for pbx in self.pbxs]
        self.lives = [Live(pbx, reach) for pbx, reach in zip(self.pbxs, self.reaches, strict=True)]
        self.points: list[Point] = []
        self.not_covered: dict[str, None] = dict.fromkeys(self.times.left_out)
        self.steps = 0
        self._known: dict[Hashable, int] = {}
        self._waiting: list[tuple[int, Case]] = []
        self._chooser = _Chooser()
        self._forks: set[Hashable] = set()
        self._deadline = time.process_time() + seconds if seconds else 0.0
        self._case: Case | None = None
        self._only = -1

    # --- ways in -------------------------------------------------------------------------------------

    def case(self, entrances: Sequence[Entrance], names: Sequence[str], exten: str | None = None) -> Case:
        """Return the case in which all calls of a way in are still open; one entrance for each dial plan."""
        store = Store(self.shared)
        automaton = self.shared.automaton
        moment = store.new(
            "time", "", automaton.texts(*(f"{index:04}" for index in range(len(self.times.classes))))
        )
        first = entrances[0]
        endpoint = first.names[0] if first.names else ""
        if first.names:
            endpoint = store.new(
                "phone" if first.kind == "phone" else "endpoint", "", automaton.texts(*names)
            )
        if exten is None:
            exten = store.new("dialled", "", automaton.repeated(DIALLED, 1, LONGEST))
        caller = ""
        if first.any_caller:
            caller = store.new("caller", "", automaton.repeated(NUMBERS, 0, 40))
        runs: list[Run] = []
        case = Case(runs, store)
        symbols = Explored(store, self._chooser, self.times, moment)
        for index, (entrance, pbx) in enumerate(zip(entrances, self.pbxs, strict=True)):
            shown = {
                key: symbols.derived(endpoint, ("endpoint", key, tuple(table.items())), table.__getitem__)
                for key, table in entrance.tables(names).items()
            }
            call = Call(
                context=entrance.context,
                exten="s",
                at=datetime.fromtimestamp(self.times.classes[0].moment, UTC),
                technology=entrance.technology,
                endpoint=endpoint,
                caller=caller or shown.pop("caller", ""),
                caller_name=shown.pop("caller_name", ""),
                variables={
                    key.partition(" ")[2]: text for key, text in shown.items() if key.startswith("set ")
                },
                language=shown.get("language", ""),
                musicclass=shown.get("musicclass", ""),
                account=shown.get("account", ""),
            )
            run = Run(pbx, call, self._asker(index), symbols)
            run.dialplan = self.plans[index]
            run.channel.exten = exten
            run.channel.dnid = exten
            run.channel.unique_id = "1.1"
            runs.append(run)
        case.heads = ((),) * len(runs)
        return case

    def _asker(self, index: int) -> Any:
        def ask(question: Question) -> str:
            return self._ask(index, question)

        return ask

    # --- the world -----------------------------------------------------------------------------------

    def _ask(self, index: int, question: Question) -> str:
        """Answer a question of a run, in every way one after the other."""
        case = self._case
        assert case is not None  # noqa: S101 - for type checkers: it can be nothing else
        kind = question.kind
        subject = case.store.plain(question.subject)
        if kind == "key":
            subject = ""  # where in the dial plan keys are waited for has a name that nobody hears
        key = (kind, subject)
        if kind not in FRESH:
            known = case.store.facts.get(key)
            if known is None:
                known = self._new_answer(case, question, subject)
                case.store.facts[key] = known
            place = min(index, len(case.runs) - 1)
            context, askers = case.store.asked.get(key, (case.runs[place].channel.context, frozenset()))
            case.store.asked[key] = (context, askers | {place})
            return known
        if len(case.runs) == 1:
            return self._new_answer(case, question, subject)
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

    def _new_answer(self, case: Case, question: Question, subject: str) -> str:
        store = case.store
        automaton = self.shared.automaton
        if question.kind == "key" and len(question.answers) > 2:
            options = [Chosen("question", (question.kind, subject), answer) for answer in ("no key", "a key")]
            if self._chooser(options) == 0:
                return ""
            keys = [key for key in question.answers if key]
            return store.new("key", subject, automaton.texts(*keys))
        if not question.answers:
            most = question.limit or LONGEST
            return store.new(question.kind, subject, automaton.repeated(ANY, 0, most))
        if len(question.answers) == 1:
            return question.answers[0]
        options = [Chosen("question", (question.kind, subject), answer) for answer in question.answers]
        return question.answers[self._chooser(options)]

    # --- walking -------------------------------------------------------------------------------------

    def root(self, case: Case) -> int:
        """Begin with a case, and return the number of its point; ``walk`` goes on with it."""
        return self._point(case)

    def walk(self) -> None:
        """Go on until every case has been followed to its end, or a limit stops it (``not_covered`` says so)."""
        count = 0
        while self._waiting:
            count += 1
            late = bool(self._deadline) and count % 20 == 0 and time.process_time() > self._deadline
            if len(self.points) > MOST_NODES or late:
                why = (
                    f"more than {MOST_NODES} points" if len(self.points) > MOST_NODES else "the time is over"
                )
                self.not_covered[
                    f"{len(self._waiting)} ways that were still open after {self.steps} steps: {why}"
                ] = None
                for number, _ in self._waiting:
                    self.points[number].end = "open"
                self._waiting.clear()
                return
            number, case = self._waiting.pop()
            self._expand(number, case)

    def _point(self, case: Case) -> int:
        key = self._key(case)
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = len(self.points)
            self.points.append(Point())
            self._waiting.append((number, case))
        return number

    def _expand(self, number: int, case: Case) -> None:
        """Follow a case to its next decision, and take that in every way."""
        point = self.points[number]
        events: list[Event] = []
        straight = 0
        seen: set[Hashable] = set()
        while True:
            if self._over(case, point):
                point.events = tuple(events)
                return
            before = case.copy() if self._may_fork(case) else None
            side = self._side(case)
            at = self._at(case, side)
            chooser = self._chooser
            chooser.prefix, chooser.taken = [], []
            if before is None:
                # Never seen to decide anything: if it does now, the way here is walked again, with a copy this time.
                held = case.copy()
                before = held
            made = self._step(case, side)
            events += made if len(case.runs) == 1 else ()
            if not any(len(options) > 1 for options, _ in chooser.taken):
                straight += 1
                if straight % 200 == 0:
                    key = self._key(case)
                    if key in seen or straight > MOST_STRAIGHT:
                        point.end = "loop"
                        names = f"{case.runs[side].channel.context},{case.runs[side].channel.exten}"
                        events.append(Event("loop", case.store.plain(names)))
                        point.events = tuple(events)
                        return
                    seen.add(key)
                continue
            self._forks.add(at)
            if len(case.runs) == 1:
                del events[len(events) - len(made) :]
            point.events = tuple(events)
            self._branch(point, case, before, side, made)
            return

    def _branch(self, point: Point, first: Case, before: Case, side: int, made: list[Event]) -> None:
        """Take the step in all its other ways, too."""
        chooser = self._chooser
        case: Case | None = first
        while True:
            taken = list(chooser.taken)
            if case is None:
                case = before.copy()
                chooser.taken = []
                made = self._step(case, side)
                taken = list(chooser.taken)
            chosen = tuple(options[choice] for options, choice in taken if len(options) > 1)
            point.links.append(Link(chosen, tuple(made) if len(case.runs) == 1 else (), self._point(case)))
            case = None
            while taken and taken[-1][1] + 1 >= len(taken[-1][0]):
                taken.pop()
            if not taken:
                return
            chooser.prefix = [choice for _, choice in taken[:-1]] + [taken[-1][1] + 1]
            chooser.taken = []

    def _may_fork(self, case: Case) -> bool:
        return True

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
        symbols.store = case.store
        for other in case.runs:
            other.symbols = symbols
        run.step()
        self.steps += 1
        made = [_plain_event(event, case.store) for event in run.events]
        run.events.clear()
        run.steps.clear()
        if len(case.runs) > 1 and made:
            heads = list(case.heads)
            heads[side] = (*heads[side], *made)
            case.heads = tuple(heads)
        return made

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

    def _over(self, case: Case, point: Point) -> bool:
        """Match what both runs did. Return True if the case has ended, or the two have parted."""
        if len(case.runs) == 1:
            if not case.runs[0].levels:
                point.end = case.runs[0].end or "hangup"
                return True
            return False
        return self._over_both(case, point)

    def _over_both(self, case: Case, point: Point) -> bool:
        """Match what two runs did. Only ``pairs.Pairs`` makes cases of two runs, and it has its own way here."""
        raise NotImplementedError

    # --- keys ----------------------------------------------------------------------------------------

    def _key(self, case: Case) -> Hashable:
        """Return what tells this point from others: all that can still be read, with atoms numbered as they come."""
        self._widen(case)
        parts: list[str] = []
        hows: list[Hashable] = []
        for index, run in enumerate(case.runs):
            self._describe(run, index, parts, hows)
        if len(case.runs) > 1:
            for side in case.heads:
                parts += [repr(event[:3]) for event in side]
                parts.append("\x1c")
            for (kind, subject), row in sorted(case.answers.items()):
                parts += [kind, subject, *row, str(case.behind[kind, subject])]
        store = case.store
        symbols = case.runs[0].symbols
        assert isinstance(symbols, Explored)  # noqa: S101 - for type checkers: it can be nothing else
        beyond = [self._beyond(run, index) for index, run in enumerate(case.runs)]
        self._forget(case, beyond, parts)
        for index, run in enumerate(case.runs):
            for key, value in sorted(run.database.items()):
                parts += [str(index), key, "\x1d" if value is None else value]
        for (kind, subject), answer in sorted(store.facts.items()):
            parts += [kind, subject, answer]
        if any(TIME in one.names for one in beyond):
            parts.append(symbols.moment)
        quiet: set[int] = set()
        if not any(CALLER in one.names for one in beyond):
            quiet = self._quiet(case, parts)
        if len(case.runs) > 1:
            # What one run has made of an unknown text, the other makes of it, too.
            joined = "".join(part for part in parts if not part.isascii())
            for fact, answer in store.decided.items():
                if (
                    fact[0] == "number"
                    and isinstance(answer, str)
                    and all(one in joined for one in ATOM.findall("".join(map(str, fact[2:]))))
                ):
                    parts += [str(fact[1]), *map(str, fact[2:]), answer]
        if quiet:
            parts = [self._without(part, quiet, case) if not part.isascii() else part for part in parts]
        text = "\x1f".join(parts)
        numbers: dict[int, int] = {}
        settled: set[int] = set()
        atoms = self.shared.atoms

        def named(found: re.Match[str]) -> str:
            variable, view = store.resolve(*atoms[ord(found[0]) - FIRST])
            known = store.known(variable)
            if known is not None and variable not in quiet:
                settled.add(variable)
                return self.shared.apply(view, known)
            if variable in quiet:
                settled.add(variable)
                return "\x1ecaller\x1e"
            place = numbers.setdefault(variable, len(numbers))
            return f"\x1e{place}{view!r}\x1e" if view else f"\x1e{place}\x1e"

        text = ATOM.sub(named, text)
        decided: list[Hashable] = []
        for fact, answer in store.decided.items():
            if isinstance(fact, tuple) and fact[0] != "number":
                atoms_of = {
                    store.resolve(*atoms[ord(one) - FIRST])[0] for one in ATOM.findall("".join(fact[1:]))
                }
                if atoms_of and atoms_of <= numbers.keys():
                    decided.append((fact[0], tuple(ATOM.sub(named, str(part)) for part in fact[1:]), answer))
        moment = store.resolve(*atoms[ord(symbols.moment) - FIRST])[0]
        store.drop({*numbers.keys(), *settled, moment})
        unequal = tuple(
            sorted(
                tuple(sorted((numbers[a], numbers[b])))
                for a, b in store.unequal
                if a in numbers and b in numbers
            )
        )
        return (
            text,
            tuple(hows),
            tuple(store.domains[variable] for variable in numbers),
            unequal,
            tuple(sorted(decided, key=repr)),
        )

    def _widen(self, case: Case) -> None:
        """Let what only counts along a chain of calls (how often a call was forwarded) be any number from one on.

        So a chain comes back to where it was, and is walked once; every number that it can have is among them.
        """
        made: dict[tuple[str, str], str] = {}
        automaton = self.shared.automaton
        for index, run in enumerate(case.runs):
            names = self._beyond(run, index).names
            for name, most in self.reaches[index].counters.items():
                if name not in names or not self._is_counted_alike(case, name):
                    continue
                for level in run.levels:
                    text = level.channel.variables.get(name)
                    if not text or text == "0" or (text.isdecimal() and int(text) > most):
                        continue
                    text = case.store.plain(text)
                    if len(text) == 1 and ATOM.match(text) and (text, name) not in made:
                        variable, view = self.shared.atoms[ord(text) - FIRST]
                        if case.store.variables[variable].kind == "count" and not view:
                            made[text, name] = text  # nothing was added since
                    if (text, name) not in made:
                        made[text, name] = case.store.new(
                            "count", name, automaton.texts(*map(str, range(1, most + 1)))
                        )
                    level.channel.variables[name] = made[text, name]

    def _is_counted_alike(self, case: Case, name: str) -> bool:
        """Return True if both of two runs have counted as far: else they would be taken apart."""
        if len(case.runs) == 1:
            return True
        rows = []
        for index, run in enumerate(case.runs):
            if run.levels and name not in self._beyond(run, index).names:
                return False
            rows.append([case.store.plain(level.channel.variables.get(name, "")) for level in run.levels])
        return bool(rows[0] == rows[1])

    def _without(self, part: str, quiet: set[int], case: Case) -> str:
        """Return "caller" for a text that is made of nothing but the caller's number."""
        atoms = self.shared.atoms
        for one in ATOM.findall(part):
            if case.store.resolve(*atoms[ord(one) - FIRST])[0] in quiet:
                return str(one)
        return part

    def _quiet(self, case: Case, parts: Sequence[str]) -> set[int]:
        """Return the variables that stand for nothing but the caller's number, by which nothing is decided any more."""
        store, atoms = case.store, self.shared.atoms

        def variables(text: str) -> set[int]:
            return {store.resolve(*atoms[ord(one) - FIRST])[0] for one in ATOM.findall(text)}

        callers = {
            text
            for run in case.runs
            for level in run.levels
            for text in (
                level.channel.caller,
                level.channel.caller_name,
                level.channel.connected,
                level.channel.ani,
            )
            if not text.isascii()
        }
        mine: set[int] = set()
        for text in callers:
            mine |= variables(text)
        return mine - variables("".join(part for part in parts if part not in callers and not part.isascii()))

    def _forget(self, case: Case, beyond: Sequence[Beyond], parts: list[str]) -> None:
        """Forget what astdb was found to hold, or was given, where nobody reads it any more, or only by a long way round.

        A key that the dial plan makes of an extension's number is kept as long as that number is anywhere in the call. A
        call that comes back to the extension later may then find another value there: that is more than there is, not less.
        """
        for run in case.runs:
            if not all(key.isascii() for key in run.database):
                # What was given to a number that is known by now has its name: the same key isn't kept many times.
                run.database = {case.store.plain(key): value for key, value in run.database.items()}
        if not all(subject.isascii() for _, subject in case.store.facts):
            plain = case.store.plain
            # Asked before its number was known: the same question, by the name that it has now.
            case.store.asked = {(kind, plain(name)): row for (kind, name), row in case.store.asked.items()}
            case.store.facts = {(kind, plain(name)): row for (kind, name), row in case.store.facts.items()}
        here = {case.store.plain(part) for part in parts}
        kept = {
            subject
            for subject in {
                *(subject for _, subject in case.store.facts),
                *(key for run in case.runs for key in run.database),
            }
            if (rest := case.store.plain(subject).partition("/")[2]) in here
            or any(rest.startswith(f"{one}/") or rest.endswith(f"/{one}") for one in here if one)
            or any(reach.names_key(subject) for reach in self.reaches)
        }
        open_contexts = {
            name
            for run in case.runs
            for level in run.levels
            for name in (level.channel.context, *(frame.context for frame in level.channel.frames))
        }
        asked = case.store.asked
        count = len(case.runs)
        case.store.facts = {
            (kind, subject): answer
            for (kind, subject), answer in case.store.facts.items()
            if any(_is_read(kind, subject, one) for one in beyond)
            and (
                (
                    asked[kind, subject][0] in open_contexts
                    and (not kind.startswith("database") or subject in kept)
                )
                or len(asked[kind, subject][1]) < count
                or (kind.startswith("database") and any(reach.names_key(subject) for reach in self.reaches))
            )
        }
        case.store.asked = {key: asked[key] for key in case.store.facts}
        for run, one in zip(case.runs, beyond, strict=True):
            run.known.clear()
            for key in [key for key in run.database if key not in kept or not _is_read("database", key, one)]:
                del run.database[key]

    def _beyond(self, run: Run, index: int) -> Beyond:
        contexts: set[str] = set()
        for level in run.levels:
            channel = level.channel
            contexts.add(channel.context)
            contexts.update(frame.context for frame in channel.frames)
            if level.saved:
                contexts.add(level.saved[0])
            handlers = channel.hooks.get("CHANNEL/hangup_handlers", "")
            for line in handlers.split("\n"):
                if "," in line:
                    contexts.add(line.partition(",")[0])
            _contexts_in(level.then, contexts, self.reaches[index])
        return self.reaches[index].beyond(contexts)

    def _describe(self, run: Run, index: int, parts: list[str], hows: list[Hashable]) -> None:
        """Add what of the run can still be read."""
        beyond = self._beyond(run, index)
        names = beyond.names
        parts.append(run.end)
        seen: dict[int, int] = {}
        for level in run.levels:
            channel = level.channel
            hows.append((level.kind, _how(level.then), _how(level.on_answer), _how(level.verdict)))
            parts.append(level.again or "")
            left = "" if level.deadline is None else f"{level.deadline - run.elapsed:g}"
            absolute = channel.timeouts.get("absolute-at")
            parts.append(left)
            parts.append("" if absolute is None else f"{absolute - run.elapsed:g}")
            parts += [str(part) for part in level.saved]
            _texts(level.then, parts)
            _texts(level.verdict, parts)
            if id(channel) in seen:
                parts.append(f"as {seen[id(channel)]}")
                continue
            seen[id(channel)] = len(seen)
            self._describe_channel(channel, names, self._alive(run, index, channel), parts)
        parts.append("\x1d")
        for name, text in sorted(run.globals.items()):
            if name in names:
                parts += [name, text]
        for name, text in sorted(run.shared.items()):
            parts += [name, text]

    def _alive(self, run: Run, index: int, channel: Channel) -> tuple[frozenset[str], ...]:
        """Return the names that are live for a channel: in all, then by frame, the innermost last."""
        live = self.lives[index]
        # Coming back sets GOSUB_RETVAL: what it holds now is not what is read there.
        back = ~live.bit("GOSUB_RETVAL")
        masks = [live.mask(frame.context, frame.exten, frame.priority) & back for frame in channel.frames]
        for level in run.levels:
            if level.channel is channel and level.saved:
                masks.append(live.mask(*level.saved))
        now = live.mask(channel.context, channel.exten, max(channel.priority, 1))
        if run.levels[-1].channel is not channel or run.levels[-1].again is not None:
            now |= live.mask(channel.context, channel.exten, channel.priority + 1)
        for frame in channel.frames:
            if frame.predial:
                # What an application goes on with when its subroutine is over.
                now |= live.mask(frame.context, frame.exten, frame.priority + 1)
        every = now
        for mask in masks:
            every |= mask
        if channel.number or any(level.channel is not channel for level in run.levels):
            # Channels that this one makes, and those that wait for it, read what they inherit or get back.
            for level in run.levels:
                every |= live.mask(level.channel.context, level.channel.exten, level.channel.priority + 1)
        return (live.names(every), *(live.names(mask) for mask in [*masks[1 : len(channel.frames)], now]))

    @staticmethod
    def _describe_channel(
        channel: Channel, names: frozenset[str], alive: Sequence[frozenset[str]], parts: list[str]
    ) -> None:
        parts += [
            _SUFFIX.sub("", channel.name) if "channel" in names or "CHANNEL" in names else channel.technology,
            channel.endpoint if "CHANNEL" in names or "CHANNEL" in names else "",
            channel.context,
            channel.exten,
            str(channel.priority),
            channel.caller,
            channel.caller_name,
            channel.caller_pres,
            channel.language,
            channel.musicclass,
            "1" if channel.answered else "0",
            "1" if channel.hungup else "0",
            str(channel.hangup_cause),
        ]
        if "CONNECTEDLINE" in names:
            parts += [channel.connected, channel.connected_name]
        if "ani" in names:
            parts.append(channel.ani)
        if "dnid" in names:
            parts.append(channel.dnid)
        if "rdnis" in names:
            parts.append(channel.rdnis)
        if channel.account:
            parts.append(channel.account)
        for name, text in sorted(channel.variables.items()):
            if name in alive[0]:
                parts += [name, text, str(channel.inherited.get(name, 0))]
        parts.append("\x1d")
        for frame, own in zip(channel.frames, alive[1:], strict=False):
            parts += [frame.context, frame.exten, str(frame.priority), str(frame.predial)]
            for name, text in sorted(frame.variables.items()):
                if name in (own if name.startswith("ARG") else alive[0]):
                    parts += [name, text]
            parts.append("\x1d")
        for name, text in sorted(channel.groups.items()):
            if name in names or "GROUP_COUNT" in names or "GROUP_MATCH_COUNT" in names:
                parts += [name, text]
        for name, seconds in sorted(channel.timeouts.items()):
            if name != "absolute-at":
                parts += [name, f"{seconds:g}"]
        for name, text in sorted(channel.hooks.items()):
            if text and (name.partition("/")[0] in names or name.startswith("CHANNEL/")):
                parts += [name, text]


def _is_read(kind: str, subject: str, beyond: Any) -> bool:
    if kind in ("database", "database-has"):
        return "" in beyond.families or subject.partition("/")[0] in beyond.families
    return True


def _how(then: Any) -> Hashable:
    """Return the functions of what is to be done later, without their texts."""
    if callable(then):
        return getattr(then, "__qualname__", repr(then))
    if isinstance(then, tuple | list):
        return tuple(_how(part) for part in then)
    if isinstance(then, int | float | bool):
        return then
    return None


def _texts(then: Any, parts: list[str]) -> None:
    if isinstance(then, str):
        parts.append(then)
    elif isinstance(then, tuple | list):
        for part in then:
            _texts(part, parts)


def _contexts_in(then: Any, contexts: set[str], reach: Reach) -> None:
    if isinstance(then, str):
        for word in re.split(r"[,^()@|]", then):
            if word in reach._contexts:
                contexts.add(word)
    elif isinstance(then, tuple | list):
        for part in then:
            _contexts_in(part, contexts, reach)


def _plain_event(event: Event, store: Store) -> Event:
    """Return the event without the number of its step, and with what is known put in."""
    subject = store.plain(event.subject) if not event.subject.isascii() else event.subject
    details = event.details
    if any(not value.isascii() for _, value in details):
        details = tuple((key, store.plain(value)) for key, value in details)
    return Event(event.kind, subject, details)


__all__ = ["NOTHING", "Explorer", "Iterable", "Level", "Node", "entrances"]
