"""What tells the points of all calls apart: all that can still be read there, and nothing else.

What nobody reads any more is forgotten, also in the state itself: the cause of an answered call, the caller's number where
it is only handed on, what astdb was found to hold for an extension that the call has left. So a call that comes to
a place by one way goes on as one that came by another. Where this forgets what could matter after all (a call that is
forwarded back to the extension it left), more calls are looked at than there are, never fewer.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

from kelid.simulate.applications.dial import STATUSES, Dialling
from kelid.simulate.case import Case
from kelid.simulate.languages import EMPTY_TEXT, Node, mask_of
from kelid.simulate.live import CALLER, CAUSE, GROUP, LIMITED, TIME, TIMEOUTS, Before, Live
from kelid.simulate.live import Key as Place
from kelid.simulate.matching import SymbolicDialplan
from kelid.simulate.reach import Reach
from kelid.simulate.run import Run
from kelid.simulate.state import ANY_CAUSE, LEFT_BEHIND, Channel, EitherWay, Frame, Moment
from kelid.simulate.symbolic import ANSWERED, Explored
from kelid.simulate.symbols import ATOM, FIRST, LISTED, Shared, Store, View

NUMBERS = mask_of("0123456789*#+")

_SUFFIX = re.compile(r"-[0-9a-f]{8}\b")
_WORDS = re.compile(r"[,^()@|]")


class _Alive(NamedTuple):
    """Names that can still be read of a channel.

    ``frames`` has those of each Gosub's own variables, the innermost last: its arguments, and the others, which subroutines
    of it see too.
    """

    names: frozenset[str]
    frames: tuple[tuple[frozenset[str], frozenset[str]], ...]


class _Ahead(NamedTuple):
    """What of a run can still be read.

    ``far`` and ``near`` are masks of Live, with the families of astdb that arguments name put in; ``alive`` by the identity
    of the channel, as ``nears``: what of ``near`` is its own.
    """

    far: int
    near: int
    names: frozenset[str]
    alive: dict[int, _Alive]
    nears: dict[int, int]


def is_arrival(run: Run) -> bool:
    """Return True where the call has just come to an extension, and waits for nothing."""
    channel = run.channel
    return len(run.levels) == 1 and channel.priority == 1 and not channel.frames and run.step_count > 0


class Points:
    """Makes the key of a case: equal keys go equal ways."""

    def __init__(
        self,
        shared: Shared,
        plans: Sequence[SymbolicDialplan],
        lives: Sequence[Live],
        reaches: Sequence[Reach],
    ) -> None:
        """Given what is known of the dial plans, prepare."""
        self._shared = shared
        self._plans = plans
        self._lives = lives
        self._reaches = reaches
        self._any_number = shared.automaton.repeated(NUMBERS, 0, 40)
        self._named: list[dict[str, int]] = [{} for _ in lives]
        self._before: dict[Hashable, Before] = {}
        self._listed: dict[Hashable, Node | None] = {}

    def key(self, case: Case) -> Hashable:
        """Return what tells this point from others: all that can still be read, with atoms numbered as they come."""
        ahead = self.normal(case)
        parts: list[str] = ["joined" if case.joined else ""]
        hows: list[Hashable] = []
        for run, one in zip(case.runs, ahead, strict=True):
            self.describe(run, one, parts, hows)
        if len(case.runs) > 1:
            for side in case.heads:
                for event in side:
                    parts += [
                        event.kind,
                        event.subject,
                        *(part for detail in event.details for part in detail),
                    ]
                    parts.append("\x1c")
                parts.append("\x1d")
            for (kind, subject), row in sorted(case.answers.items()):
                parts += [kind, subject, *row, str(case.behind[kind, subject])]
        store = case.store
        self._forget(case, ahead)
        for index, run in enumerate(case.runs):
            for name, value in sorted(run.database.items()):
                parts += [str(index), name, "\x1d" if value is None else value]
        for (kind, subject), answer in sorted(store.facts.items()):
            parts += [kind, subject, answer]
        symbols = case.runs[0].symbols
        assert isinstance(symbols, Explored)  # noqa: S101 - for type checkers: it can be nothing else
        if any(one.far & live.bit(TIME) for one, live in zip(ahead, self._lives, strict=False)):
            parts.append(symbols.moment)
        if len(case.runs) > 1:
            parts += self._made_by_one(store, parts)
        return (*self._numbered(case, symbols, "\x1f".join(parts)), tuple(hows))

    def normal(self, case: Case) -> list[_Ahead]:
        """Take away from a case what makes no difference any more, and return what is ahead of its runs."""
        _settle_answered(case)
        ahead = [self.ahead(case, run, index) for index, run in enumerate(case.runs)]
        for run, one, live in zip(case.runs, ahead, self._lives, strict=False):
            _drop(run, one, live)
        self._collect(case, ahead)
        self._hush(case, ahead)
        self._widen(case, ahead)
        if all(map(is_arrival, case.runs)):
            # Both of two runs are as far as the other here: what one has found out, the other knows.
            self._widen_status(case, ahead)
            self._widen_answered(case, ahead)
            self._widen_cause(case, ahead)
            self._widen_phone(case)
            self._widen_caller(case)
            self._widen_connected(case, ahead)
        return ahead

    @staticmethod
    def _made_by_one(store: Store, parts: Sequence[str]) -> list[str]:
        """Return what one run has made of unknown texts that are still there: the other makes the same of them."""
        joined = "".join(part for part in parts if not part.isascii())
        made: list[str] = []
        for fact, answer in store.decided.items():
            if (
                fact[0] == "number"
                and isinstance(answer, str)
                and all(one in joined for one in ATOM.findall("".join(map(str, fact[2:]))))
            ):
                made += [str(fact[1]), *map(str, fact[2:]), answer]
        return made

    def _numbered(self, case: Case, symbols: Explored, text: str) -> tuple[Hashable, ...]:
        """Return the text with its variables numbered as they come, and what is known of them; the others are dropped."""
        store = case.store
        atoms = self._shared.atoms
        numbers: dict[int, int] = {}
        settled: set[int] = set()
        names: dict[str, str] = {}
        if store.bases and _are_together(case):
            aside = _aside(case)
            self._widen_tables(store, text if aside is None else aside)

        def named(found: re.Match[str]) -> str:
            made = names.get(found[0])
            if made is None:
                variable, view = store.resolve(*atoms[ord(found[0]) - FIRST])
                known = store.known(variable)
                if known is not None:
                    settled.add(variable)
                    made = self._shared.apply(view, known)
                else:
                    place = numbers.setdefault(variable, len(numbers))
                    made = f"\x1e{place}{view!r}\x1e" if view else f"\x1e{place}\x1e"
                names[found[0]] = made
            return made

        text = ATOM.sub(named, text)
        decided: list[Hashable] = []
        for fact, answer in store.decided.items():
            if isinstance(fact, tuple) and fact[0] != "number":
                about = {
                    store.resolve(*atoms[ord(one) - FIRST])[0] for one in ATOM.findall("".join(fact[1:]))
                }
                if about and about <= numbers.keys():
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
        domains = tuple(store.domains[variable] for variable in numbers)
        return text, domains, unequal, tuple(sorted(decided, key=repr))

    def _widen_tables(self, store: Store, text: str) -> None:
        """Let extensions that differ only in columns of their tables that nobody reads any more go on as one.

        In a subroutine, so do those that differ in what only its callers read: what was decided in another one before.
        """
        views: dict[int, set[View]] = {}
        facts = [
            part
            for fact in store.decided
            if isinstance(fact, tuple)
            for part in fact
            if isinstance(part, str)
        ]
        for one in set(ATOM.findall("".join((text, *facts)))):
            variable, view = store.resolve(*self._shared.atoms[ord(one) - FIRST])
            views.setdefault(variable, set()).add(view)
        for variable, seen in views.items():
            store.widen(variable, seen)

    # --- what is ahead -------------------------------------------------------------------------------

    def ahead(self, case: Case, run: Run, index: int) -> _Ahead:
        """Return what of a run can still be read."""
        live = self._lives[index]
        back = ~live.bit("GOSUB_RETVAL")  # coming back sets it: what it holds now is not what is read there
        far = near = 0
        top = run.levels[-1] if run.levels else None
        masks: dict[int, list[int]] = {}
        nears: dict[int, int] = {}
        for level in run.levels:
            channel = level.channel
            others, near = near, 0
            row = masks.get(id(channel))
            if row is None:
                row = masks[id(channel)] = []
                resumed = 0
                for at, frame in enumerate(channel.frames):
                    there = self.before(case, run, index, (frame.context, frame.exten, frame.priority))
                    if frame.predial:
                        # What an application goes on with when its subroutine is over.
                        resumed |= self.before(
                            case, run, index, (frame.context, frame.exten, frame.priority + 1)
                        ).far
                    given = channel.frames[at - 1].variables if at else {}
                    row.append(self._resolved(live, there.far & back, given))
                    near |= self._resolved(live, there.near, given)
                place = (channel.context, channel.exten, max(channel.priority, 1))
                here = self.before(case, run, index, place)
                if top is None or top.channel is not channel or top.again is not None:
                    following = self.before(case, run, index, (*place[:2], place[2] + 1))
                    here = live.joined((here, following))
                given = channel.frames[-1].variables if channel.frames else {}
                row.append(self._resolved(live, here.far | resumed, given))
                near |= self._resolved(live, here.near, given)
                far |= self._of_later(
                    channel.hooks.get("CHANNEL/hangup_handlers", "").replace("\n", ","), index
                )
            if level.saved:
                there = self.before(case, run, index, level.saved)
                far |= there.far
                near |= there.near
            far |= self._of_later(level.then, index)
            nears[id(channel)] = nears.get(id(channel), 0) | near
            near |= others
        for row in masks.values():
            for mask in row:
                far |= mask
        alive: dict[int, _Alive] = {}
        for number, row in masks.items():
            # Channels that it makes inherit from it, and it from them.
            every = far if len(run.levels) > 1 else 0
            for mask in row:
                every |= mask
            frames: list[tuple[frozenset[str], frozenset[str]]] = []
            inner = 0
            for mask in reversed(row[1:]):
                inner |= mask
                frames.append((live.names(mask), live.names(inner)))
            alive[number] = _Alive(live.names(every), tuple(reversed(frames)))
        far = live.whole(far)
        return _Ahead(far, near, live.names(far), alive, nears)

    def before(self, case: Case, run: Run, index: int, place: Place) -> Before:
        """Return what is live before a step; of an extension that isn't decided, before those that it may be.

        Where one run stands for both sides, that is what is live on either.
        """
        if not case.joined:
            return self._before_of(case, run, index, place)
        both = [self._before_of(case, run, side, place) for side in (0, 1)]
        return both[0] if both[0] == both[1] else self._lives[0].joined(both)

    def _before_of(self, case: Case, run: Run, index: int, place: Place) -> Before:
        live = self._lives[index]
        context, exten, priority = place
        if exten.isascii():
            return live.look(context, exten, priority)
        node = self._texts_of(case, exten)
        found = self._plans[index].found_for(run, context, node) if node is not None else None
        if found is None:
            return live.look(context, "", priority)
        key = (index, context, found, priority)
        made = self._before.get(key)
        if made is None:
            made = self._before[key] = live.joined(
                live.at(context, one, name, priority) for one, name in found
            )
        return made

    def _texts_of(self, case: Case, text: str) -> Node | None:
        """Return the set of what a text may be, None where that isn't simple: one whole variable, and constants."""
        automaton = self._shared.automaton
        made: Node | None = None
        pieces = case.store.pieces(text)
        if sum(piece.variable >= 0 for piece in pieces) > 1 or any(piece.view for piece in pieces):
            return None
        for piece in reversed(pieces):
            part = case.store.domains[piece.variable] if piece.variable >= 0 else automaton.texts(piece.text)
            made = part if made is None else automaton.concatenated(part, made)
        return made

    @staticmethod
    def _resolved(live: Live, mask: int, given: dict[str, str]) -> int:
        """Put in the families of astdb that the arguments of the subroutine name."""
        if not mask & live.arguments:
            return mask
        for name, bit in live.argument_bits:
            if mask & bit:
                text = given.get(name, "")
                mask = mask & ~bit | live.family_bit(text.partition("/")[0] if text.isascii() else "")
        return mask

    def _of_later(self, then: Any, index: int) -> int:
        """Return what is live in the contexts that the texts of what is to be done later name."""
        if isinstance(then, str):
            found = self._named[index].get(then)
            if found is None:
                found = 0
                for word in _WORDS.split(then):
                    for live, reach in zip(self._lives, self._reaches, strict=True):
                        if word in reach.contexts:
                            found |= live.anywhere(word)
                self._named[index][then] = found
            return found
        mask = 0
        if isinstance(then, tuple | list):
            for part in then:
                mask |= self._of_later(part, index)
        return mask

    # --- what is forgotten ---------------------------------------------------------------------------

    def _widen(self, case: Case, ahead: Sequence[_Ahead]) -> None:
        """Let what only counts along a chain of calls (how often a call was forwarded) be any number from one on.

        So a chain comes back to where it was, and is walked once; every number that it can have is among them. That is done
        where a call comes to an extension, and in each subroutine that doesn't ask for the number, whatever another one
        has found out about it before.
        """
        arrived = all(map(is_arrival, case.runs))
        aside = _aside(case) is not None
        made: dict[tuple[str, str], str] = {}
        automaton = self._shared.automaton
        for run, one, reach in zip(case.runs, ahead, self._reaches, strict=False):
            for name, most in reach.counters.items():
                if (
                    name not in one.names
                    or not (arrived or (aside and self._is_aside(run, one, name)))
                    or not self._is_counted_alike(case, ahead, name)
                ):
                    continue
                every = automaton.texts(*map(str, range(1, most + 1)))
                for level in run.levels:
                    text = level.channel.variables.get(name)
                    if not text or text == "0" or (text.isdecimal() and int(text) > most):
                        continue
                    text = case.store.plain(text)
                    if len(text) == 1 and ATOM.match(text) and (text, name) not in made:
                        variable, view = case.store.resolve(*self._shared.atoms[ord(text) - FIRST])
                        if (
                            case.store.variables[variable].kind == "count"
                            and not view
                            and case.store.domains[variable] == every
                        ):
                            made[text, name] = text  # nothing was added since
                    if (text, name) not in made:
                        made[text, name] = case.store.new("count", name, every)
                    level.channel.variables[name] = made[text, name]

    def _widen_status(self, case: Case, ahead: Sequence[_Ahead]) -> None:
        """Let the end of the last Dial be any, where a call comes to another extension: hardly anybody asks for it there.

        A call that was forwarded may have had one, too, if it has none now.
        """
        forwarded = self._was_forwarded(case)
        texts = [
            run.channel.variables.get("DIALSTATUS")
            or ("" if forwarded and "DIALSTATUS" in one.names else None)
            for run, one in zip(case.runs, ahead, strict=True)
        ]
        if texts[0] is not None and texts.count(texts[0]) == len(texts):
            atom = case.store.new("status", "DIALSTATUS", self._shared.automaton.texts("", *STATUSES))
            for run in case.runs:
                run.channel.variables["DIALSTATUS"] = atom

    def _widen_answered(self, case: Case, ahead: Sequence[_Ahead]) -> None:
        """Let a forwarded call be one that was answered before, or not, where it comes to another extension: a menu may have
        answered it, and until it ends hardly anything goes by that.
        """
        symbols = case.runs[0].symbols
        assert isinstance(symbols, Explored)  # noqa: S101 - for type checkers: it can be nothing else
        if (
            len({run.channel.answered for run in case.runs}) == 1
            and self._was_forwarded(case)
            and not any(
                one.far & live.bit("HANGUPCAUSE") for one, live in zip(ahead, self._lives, strict=False)
            )
        ):
            for run in case.runs:
                if run.channel.answered is True:
                    run.channel.hangup_cause = ANY_CAUSE  # as one that wasn't answered has
                run.channel.answered = symbols.answered

    def _widen_cause(self, case: Case, ahead: Sequence[_Ahead]) -> None:
        """Let the cause with which a forwarded call would end be any, where it comes to another extension."""
        causes = {run.channel.hangup_cause for run in case.runs}
        if (
            len(causes) == 1
            and causes <= {*LEFT_BEHIND, ANY_CAUSE}
            and self._was_forwarded(case)
            and all(
                run.channel.answered is not True
                and one.far & live.bit(CAUSE)
                and not one.far & live.bit("HANGUPCAUSE")
                for run, one, live in zip(case.runs, ahead, self._lives, strict=False)
            )
        ):
            case.store.decided.pop(("cause",), None)
            for run in case.runs:
                run.channel.hangup_cause = ANY_CAUSE

    def _was_forwarded(self, case: Case) -> bool:
        """Return True if the call was at another extension before: whatever counts that on the way has a value."""
        return all(
            reach.counters.keys() & run.channel.variables.keys()
            for run, reach in zip(case.runs, self._reaches, strict=False)
        )

    def _widen_phone(self, case: Case) -> None:
        """Let the phone that made a forwarded call be any of those that call alike, where it comes to another extension.

        What was done for one of them on the way (his own number, a boss and his secretary) is over there.
        """
        store = case.store
        for variable, node in store.phones.items():
            exten = ATOM.findall(case.runs[0].channel.exten)
            if (
                variable in store.domains
                and store.domains[variable] != node
                and self._was_forwarded(case)
                and all(store.resolve(*self._shared.atoms[ord(one) - FIRST])[0] != variable for one in exten)
            ):
                store.domains[variable] = node
                store.unequal = {pair for pair in store.unequal if variable not in pair}

    def _widen_caller(self, case: Case) -> None:
        """Let the number of a caller who may be many be any number again, where the call comes to another extension.

        Each way to write it (00 for +), and each route for some callers, would be walked to its end by itself otherwise.
        Both of two runs must have the same.
        """
        store = case.store
        rows = [
            {name: store.plain(getattr(run.channel, name)) for name in ("caller", "ani", "connected")}
            for run in case.runs
        ]
        if any(row != rows[0] for row in rows):
            return
        made: dict[str, str] = {}
        for name in rows[0]:
            text = getattr(case.runs[0].channel, name)
            variables = {store.resolve(*self._shared.atoms[ord(one) - FIRST]) for one in ATOM.findall(text)}
            if not any(store.variables[variable].kind == "caller" for variable, _ in variables):
                continue
            if len(text) == 1 and all(
                not view and store.domains[variable] == self._any_number for variable, view in variables
            ):
                continue  # as it is
            instead = self._anybody(store, made, "caller", rows[0][name])
            for run in case.runs:
                setattr(run.channel, name, instead)

    def _widen_connected(self, case: Case, ahead: Sequence[_Ahead]) -> None:
        """Let it be anybody with whom a forwarded call was connected last, where it comes to another extension."""
        rows = {
            tuple(map(case.store.plain, (run.channel.connected_name, run.channel.connected)))
            for run in case.runs
        }
        if len(rows) > 1 or not self._was_forwarded(case):
            return
        if all("CONNECTEDLINE" in one.names for one in ahead):
            name, number = (
                case.store.new(kind, "", self._any_number) for kind in ("caller-name", "connected")
            )
            for run in case.runs:
                run.channel.connected_name, run.channel.connected = name, number

    @staticmethod
    def _is_aside(run: Run, ahead: _Ahead, name: str) -> bool:
        """Return True in a subroutine that doesn't read the variable."""
        return name not in ahead.alive[id(run.channel)].frames[-1][1]

    @staticmethod
    def _is_counted_alike(case: Case, ahead: Sequence[_Ahead], name: str) -> bool:
        """Return True if both of two runs have counted as far: else they would be taken apart."""
        if len(case.runs) == 1:
            return True
        rows = []
        for run, one in zip(case.runs, ahead, strict=True):
            if run.levels and name not in one.names:
                return False
            rows.append([case.store.plain(level.channel.variables.get(name, "")) for level in run.levels])
        return bool(rows[0] == rows[1])

    def _collect(self, case: Case, ahead: Sequence[_Ahead]) -> None:
        """Let a list of whom a call may ring be any that it can be at this step, so that not each of them is walked.

        Ten members of a ring group, each of whom is free or not, are one way and not a thousand.
        """
        for name in self._reaches[0].collectors:
            if not all(name in one.names for one in ahead):
                continue
            for rows in zip(*(run.levels for run in case.runs), strict=False):
                channels = [level.channel for level in rows]
                texts = {case.store.plain(channel.variables.get(name, "\0")) for channel in channels}
                text = texts.pop()
                if texts or text == "\0":
                    continue  # one of two runs is ahead of the other: it would go on with a list of its own
                rows_of = {self._lists(index, name, channel) for index, channel in enumerate(channels)}
                nodes = rows_of.pop()
                mine = self._texts_of(case, text) if nodes and not rows_of else None
                if mine is None:
                    continue
                node = next((node for node in nodes if not self._shared.automaton.less(mine, node)), None)
                if node is None or node == EMPTY_TEXT:
                    continue
                if mine == node and len(text) == 1 and ATOM.match(text):
                    continue  # as it is after the last step
                atom = case.store.new("collected", name, node)
                for channel in channels:
                    channel.variables[name] = atom

    def _lists(self, index: int, name: str, channel: Channel) -> tuple[Node, ...]:
        """Return every list that the variable may hold where the channel is, as sets; none where that can't be told.

        In a subroutine that adds to it there are two: before it has added, and after.
        """
        here = (channel.context, channel.exten, channel.priority)
        if (node := self._list_at(index, name, here)) is not None:
            return (node,)
        for frame in reversed(channel.frames):
            places = [(frame.context, frame.exten, frame.priority - back) for back in (1, 0)]
            nodes = [self._list_at(index, name, place) for place in places]
            if nodes[1] is not None:
                return tuple(node for node in nodes if node is not None)
        return ()

    def _list_at(self, index: int, name: str, place: Place) -> Node | None:
        """Return every list that the variable may hold before a step; None where that can't be told."""
        key = (index, name, place)
        if key not in self._listed:
            steps = self._lives[index].steps_before(*place)
            items = self._reaches[index].collected(name, steps) if steps is not None else None
            self._listed[key] = self._every_list(items) if items is not None else None
        return self._listed[key]

    def _every_list(self, items: Sequence[tuple[str, bool]]) -> Node:
        automaton = self._shared.automaton
        node = EMPTY_TEXT
        for item, surely in reversed(items):
            with_it = automaton.concatenated(automaton.texts(item), node)
            node = with_it if surely else automaton.either(with_it, node)
        return node

    def _hush(self, case: Case, ahead: Sequence[_Ahead]) -> None:
        """Let go of what makes no difference any more: causes, times for digits, and who it is that calls."""
        about_caller = False
        for run, one, live in zip(case.runs, ahead, self._lives, strict=False):
            cause, ends = live.bit("HANGUPCAUSE"), live.bit(CAUSE)
            about_caller |= bool(one.far & live.bit(CALLER))
            for level in run.levels:
                channel = level.channel
                if not one.far & cause:
                    if channel.answered is True:
                        channel.hangup_cause = 16
                    elif not one.far & ends:
                        channel.hangup_cause = 0
                for name, what in TIMEOUTS.items():
                    if not one.far & live.bit(what) or (
                        channel is run.levels[0].channel
                        and "absolute-at" not in channel.timeouts
                        and not one.far & live.bit(LIMITED[name])
                    ):
                        channel.timeouts.pop(name, None)
        arrived = all(map(is_arrival, case.runs))
        if not about_caller and not any(case.heads):
            self._hush_caller(case, constants=arrived)
        if arrived:
            self._widen_name(case)
            self._hush_handed_on(case)

    def _hush_caller(self, case: Case, *, constants: bool) -> None:
        """Put any number in the place of the caller's where nothing is decided by it, and both of two runs have the same.

        ``constants``: also in the place of numbers that are known, or that the dial plan has given.
        """
        store = case.store
        rows: list[list[tuple[Channel, str, str]]] = []
        for run in case.runs:
            row: list[tuple[Channel, str, str]] = []
            seen: set[int] = set()
            for level in run.levels:
                channel = level.channel
                if id(channel) not in seen:
                    seen.add(id(channel))
                    row += [
                        (channel, name, store.plain(text))
                        for name in ("caller", "ani", "connected", "caller_name", "connected_name")
                        if (text := getattr(channel, name)) or (constants and name == "caller_name")
                    ]
            rows.append(row)
        texts = [[(name, text) for _, name, text in row] for row in rows]
        if texts.count(texts[0]) != len(texts):
            return
        own = {
            text
            for run in case.runs
            for text in (run.call.caller, run.call.caller_name)
            if text and not ATOM.search(text)
        }
        made: dict[str, str] = {}
        for row in rows:
            for channel, name, text in row:
                if (
                    text
                    and text not in own
                    and not ATOM.search(text)
                    and (not constants or name.endswith("_name"))
                ):
                    continue
                if name.endswith("_name"):
                    anybody = text in own or not text
                    instead = (
                        self._anybody(store, made, "caller-name", "")
                        if anybody
                        else ATOM.sub(lambda _: self._anybody(store, made, "caller-name", ""), text)
                    )
                else:
                    instead = self._anybody(store, made, "caller", text)
                setattr(channel, name, instead)

    def _hush_handed_on(self, case: Case) -> None:
        """Put any text in the place of a variable that is only handed on, such as the number that is shown outside.

        Where there is none, none it stays. Both of two runs must have the same.
        """
        store, automaton = case.store, self._shared.automaton
        for name in self._reaches[0].handed_on.intersection(*(reach.handed_on for reach in self._reaches)):
            texts = {store.plain(run.channel.variables.get(name, "")) for run in case.runs}
            text = texts.pop()
            if texts or not text or not all(len(run.levels) == 1 for run in case.runs):
                continue
            pieces = store.pieces(text)
            if pieces[0].variable >= 0:
                variable = pieces[0].variable
                kind = store.variables[variable].kind
                if len(pieces) > 1 or kind == "shown" or (kind == "phone" and self._was_dialled(case)):
                    continue
                if automaton.count(store.domains[variable]) > LISTED:
                    continue
                if "" in self._shared.tabled(
                    store.domains[variable], pieces[0].view, "value", lambda one: one
                ):
                    continue
            instead = store.new("shown", "", automaton.repeated(NUMBERS, 1, 40))
            for run in case.runs:
                run.channel.variables[name] = instead

    @staticmethod
    def _was_dialled(case: Case) -> bool:
        """Return True where a call is still with the number that was dialled, or what a filter makes of it."""
        store = case.store
        return any(
            piece.variable >= 0 and store.variables[piece.variable].kind == "dialled"
            for piece in store.pieces(case.runs[0].channel.exten)
        )

    def _widen_name(self, case: Case) -> None:
        """Let the name of a forwarded caller be any name: who rings sees it, and nothing is decided by it.

        So is one before which something was put twice: a call in a circle would make it ever longer.
        """
        names = {case.store.plain(run.channel.caller_name) for run in case.runs}
        if len(names) == 1 and (self._was_forwarded(case) or _is_twice(names.pop())):
            atom = case.store.new("caller-name", "", self._any_number)
            for run in case.runs:
                run.channel.caller_name = atom

    def _anybody(self, store: Store, made: dict[str, str], kind: str, text: str) -> str:
        """Return the atom of any number, the same one for the same text."""
        found = made.get(kind + text)
        if found is None:
            found = made[kind + text] = store.new(kind, "", self._any_number)
        return found

    def _forget(self, case: Case, ahead: Sequence[_Ahead]) -> None:
        """Forget what astdb was found to hold, or was given, where nobody reads it any more, or only by a long way round.

        A key that the dial plan makes of a number is kept as long as the call is with the same extension and the key may be
        read there. A call that comes back to the extension later may then find another value there: that is more
        than there is, not less.
        """
        store, plain = case.store, case.store.plain
        for run in case.runs:
            if not all(key.isascii() for key in run.database):
                # What was given to a number that is known by now has its name: the same key isn't kept many times.
                run.database = {plain(key): value for key, value in run.database.items()}
        case.rename()
        if store.facts or any(run.database for run in case.runs):
            there: set[str] = set()
            nears: list[dict[str, int]] = []
            for run, one in zip(case.runs, ahead, strict=True):
                near: dict[str, int] = {}
                for level in run.levels:
                    places: list[Channel | Frame] = [level.channel, *level.channel.frames]
                    for place in places:
                        exten = plain(place.exten)
                        there.add(f"{place.context},{exten}")
                        near[exten] = near.get(exten, 0) | one.nears[id(level.channel)]
                nears.append(near)
            asked, count = store.asked, len(case.runs)
            arrived = all(map(is_arrival, case.runs))
            kept = {
                key: answer
                for key, answer in store.facts.items()
                if len(asked[key][1]) < count
                or (
                    any(
                        self._is_kept(key[1], at, one, nears[at], arrived=arrived)
                        for at, one in enumerate(ahead)
                    )
                    if key[0].startswith("database")
                    else plain(asked[key][0]) in there
                )
            }
            store.asked = {key: asked[key] for key in kept}
            store.facts = kept
            for at, (run, one) in enumerate(zip(case.runs, ahead, strict=True)):
                for key in list(run.database):
                    if not self._is_kept(key, at, one, nears[at], arrived=arrived):
                        del run.database[key]
        for run in case.runs:
            run.known.clear()

    def _is_kept(self, key: str, index: int, ahead: _Ahead, nears: dict[str, int], *, arrived: bool) -> bool:
        """Return True if somebody may read the key of astdb before the call goes on to another extension.

        ``nears`` says for each extension at which a channel is what that channel may still read.
        """
        live = self._lives[index]
        family, _, rest = key.partition("/")
        families = live.family_bit(family) | live.family_bit("")
        if nears.get(rest, 0) & families:
            return True
        # The key of another extension is forgotten like those that are made of its number.
        named = self._reaches[index].names_key(key) and not (arrived and rest.isdecimal())
        return named and bool(ahead.near & families)

    # --- what there is -------------------------------------------------------------------------------

    def describe(self, run: Run, ahead: _Ahead, parts: list[str], hows: list[Hashable]) -> None:
        """Add what of the run can still be read."""
        names = ahead.names
        parts.append(run.end)
        seen: dict[int, int] = {}
        for level in run.levels:
            channel = level.channel
            at = run.elapsed
            hows.append(
                (level.kind, _how(level.then, at), _how(level.on_answer, at), _how(level.verdict, at))
            )
            parts.append(level.again or "")
            absolute = channel.timeouts.get("absolute-at")
            parts.append("" if level.deadline is None else f"{level.deadline - run.elapsed:g}")
            parts.append("" if absolute is None else f"{absolute - run.elapsed:g}")
            parts += [str(part) for part in level.saved]
            _texts(level.then, parts)
            _texts(level.verdict, parts)
            if id(channel) in seen:
                parts.append(f"as {seen[id(channel)]}")
                continue
            seen[id(channel)] = len(seen)
            _describe_channel(channel, names, parts)
        parts.append("\x1d")
        for name, text in sorted(run.globals.items()):
            if name in names:
                parts += [name, text]
        for name, text in sorted(run.shared.items()):
            parts += [name, text]


def _settle_answered(case: Case) -> None:
    """Say at all channels what was decided: whether the caller had been answered before."""
    answered = case.store.decided.pop((ANSWERED[0],), None)
    if answered is not None:
        for run in case.runs:
            for level in run.levels:
                if isinstance(level.channel.answered, EitherWay):
                    level.channel.answered = bool(answered)


def _are_together(case: Case) -> bool:
    """Return True for one run, or two at the same place of which neither has done anything that the other hasn't yet.

    What one of two has decided is kept until the other has passed there, too: it would decide it otherwise.
    """
    if len(case.runs) == 1:
        return True
    places = set()
    for run in case.runs:
        rows: list[Hashable] = [len(run.levels)]
        for level in run.levels:
            spots: list[Channel | Frame] = [level.channel, *level.channel.frames]
            rows += [(spot.context, case.store.plain(spot.exten), spot.priority) for spot in spots]
        places.add(tuple(rows))
    return len(places) == 1 and not any(case.heads)


def _aside(case: Case) -> str | None:
    """Return the texts of the subroutine where a call is; None where it is in none, or there are two runs.

    Two runs that aren't joined have each found out something of their own, by which they may part later.
    """
    run = case.runs[0]
    if len(case.runs) > 1 or len(run.levels) != 1 or not run.channel.frames:
        return None
    return "".join((run.channel.exten, *run.channel.frames[-1].variables.values()))


def _describe_channel(channel: Channel, names: frozenset[str], parts: list[str]) -> None:
    known = "channel" in names or "CHANNEL" in names
    parts += [
        _SUFFIX.sub("", channel.name) if known else channel.technology,
        channel.endpoint if known else "",
        channel.context,
        channel.exten,
        str(channel.priority),
        channel.caller,
        channel.caller_name,
        channel.caller_pres,
        channel.language,
        channel.musicclass,
        str(channel.answered) if isinstance(channel.answered, bool) else "either way",
        "1" if channel.hungup else "0",
        str(channel.hangup_cause),
    ]
    parts += [channel.connected, channel.connected_name, channel.ani, channel.dnid, channel.rdnis]
    parts.append(channel.account)
    for name, text in sorted(channel.variables.items()):
        parts += [name, text, str(channel.inherited.get(name, 0))]
    parts.append("\x1d")
    for frame in channel.frames:
        parts += [frame.context, frame.exten, str(frame.priority), str(frame.predial)]
        for name, text in sorted(frame.variables.items()):
            parts += [name, text]
        parts.append("\x1d")
    for name, text in sorted(channel.groups.items()):
        parts += [name, text]
    for name, seconds in sorted(channel.timeouts.items()):
        if name != "absolute-at":
            parts += [name, f"{seconds:g}"]
    for name, text in sorted(channel.hooks.items()):
        parts += [name, text]


def _drop(run: Run, ahead: _Ahead, live: Live) -> None:
    """Take away what nobody reads any more."""
    for level in run.levels:
        channel = level.channel
        alive = ahead.alive[id(channel)]
        _drop_of(channel, alive.names, ahead, live)
        for frame, (own, inner) in zip(channel.frames, alive.frames, strict=True):
            for name in [
                name for name in frame.variables if name not in (own if name.startswith("ARG") else inner)
            ]:
                frame.variables[name] = ""  # it stays its own: what is set later is set there
        if any(_waits_for_dial(then) for then in (*level.then, level.on_answer)):
            level.then = _dropped(level.then, ahead, live)
            level.on_answer = _dropped(level.on_answer, ahead, live)


def _drop_of(channel: Channel, alive: frozenset[str], ahead: _Ahead, live: Live) -> None:
    """Take away of a channel what nobody reads any more; ``alive`` are the names that can still be read of it."""
    names = ahead.names
    if "channel" not in names and "CHANNEL" not in names and not channel.name.isascii():
        channel.name = ATOM.sub("", channel.name)
        channel.endpoint = ""
    if "CONNECTEDLINE" not in names:
        channel.connected = channel.connected_name = ""
    if "ani" not in names:
        channel.ani = ""
    if "dnid" not in names:
        channel.dnid = ""
    if "rdnis" not in names:
        channel.rdnis = ""
    if "accountcode" not in names and "CDR" not in names:
        channel.account = ""
    if channel.groups and not ahead.far & live.bit(GROUP):
        channel.groups = {
            name: text for name, text in channel.groups.items() if ahead.far & live.bit(GROUP + name.lower())
        }
    for name in [name for name in channel.variables if name not in alive]:
        del channel.variables[name]
        channel.inherited.pop(name, None)
    channel.hooks = {
        name: text
        for name, text in channel.hooks.items()
        if text
        and (name.partition("/")[0] in names or name.startswith("CHANNEL/"))
        and not (name.endswith("-valid") and names.isdisjoint(("valid", "pres", "CALLERPRES")))
    }


def _waits_for_dial(then: Any) -> bool:
    """Return True if a Dial that holds channels is among what is to be done later."""
    if isinstance(then, Dialling):
        return bool(then.local or then.peers)
    return isinstance(then, tuple) and any(map(_waits_for_dial, then))


def _dropped(then: Any, ahead: _Ahead, live: Live) -> Any:
    """Return what is to be done later with what can still be read of the channels that a Dial holds."""
    if isinstance(then, Dialling):
        local = _dropped_channel(then.local, ahead, live, called="CONNECTEDLINE" in ahead.names)
        peers = tuple((one, _dropped_channel(key, ahead, live)) for one, key in then.peers)
        return then._replace(local=local, peers=peers)
    if type(then) is tuple:
        return tuple([_dropped(part, ahead, live) for part in then])
    return then


def _dropped_channel(
    key: tuple[Any, ...], ahead: _Ahead, live: Live, *, called: bool = True
) -> tuple[Any, ...]:
    """Return the key of a channel without what nobody reads any more; ``called`` is False where nobody asks who it is."""
    if not key:
        return key
    channel = Channel.of(key)
    _drop_of(channel, ahead.names, ahead, live)
    if not called:
        channel.caller = channel.caller_name = ""
    return channel.key()


def _is_twice(name: str) -> bool:
    """Return True if a word stands twice in a name: what the dial plan puts before names was put there more than once."""
    words = name.split()
    return len(set(words)) < len(words)


def _how(then: Any, now: float) -> Hashable:
    """Return the functions of what is to be done later, without their texts. ``now``: the seconds of the run."""
    if callable(then):
        return getattr(then, "__qualname__", repr(then))
    if isinstance(then, tuple | list):
        return tuple(_how(part, now) for part in then)
    if isinstance(then, Moment):
        return then - now
    if isinstance(then, int | float | bool):
        return then
    return None


def _texts(then: Any, parts: list[str]) -> None:
    if isinstance(then, str):
        parts.append(then)
    elif isinstance(then, tuple | list):
        for part in then:
            _texts(part, parts)
