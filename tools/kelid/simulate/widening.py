"""What may be anything where a call comes to an extension, so that it goes on as all others that come there.

That makes more cases than there are, never fewer. Of two runs it is done only where both have the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

from kelid.simulate.ahead import Ahead, Reading
from kelid.simulate.applications.dial import STATUSES
from kelid.simulate.case import Case, is_arrival
from kelid.simulate.languages import ANY, EMPTY_TEXT, Node, mask_of
from kelid.simulate.live import CAUSE, Live
from kelid.simulate.live import Key as Place
from kelid.simulate.matching import SymbolicDialplan
from kelid.simulate.reach import Reach
from kelid.simulate.run import Run
from kelid.simulate.state import ANY_CAUSE, CAUSE_DECIDED, LEFT_BEHIND, Channel
from kelid.simulate.symbolic import Explored
from kelid.simulate.symbols import ATOM, FIRST, LISTED, WHOLE, Shared, Store, View

NUMBERS = mask_of("0123456789*#+")
SHOWN = "shown"
"""The kind of a number that is only handed on, such as the one that is shown outside."""

MADE = "made"
"""The subject of a caller's number that isn't the one he calls from, but what was made of it."""


class Widening:
    """Puts what may be anything in the place of what hardly anybody asks for."""

    def __init__(
        self, shared: Shared, lives: Sequence[Live], reaches: Sequence[Reach], reading: Reading
    ) -> None:
        """Given what is known of the dial plans, prepare."""
        self._shared = shared
        self._lives = lives
        self._reaches = reaches
        self._reading = reading
        self._any_number = shared.automaton.repeated(NUMBERS, 0, 40)
        by_name = any(reach.goes_by_names for reach in reaches)
        self._any_name = shared.automaton.repeated(ANY if by_name else NUMBERS, 0, 40)
        """What a name may be: where nothing is decided by names, what they are made of makes no difference."""
        self._any_shown = shared.automaton.repeated(NUMBERS, 1, 40)
        self._listed: dict[Hashable, Node | None] = {}

    def arrive(self, case: Case, ahead: Sequence[Ahead]) -> None:
        """Widen what calls bring along to an extension. None of two runs is ahead: each knows what the other does."""
        self._widen_status(case, ahead)
        self._widen_answered(case, ahead)
        self._widen_cause(case, ahead)
        self._widen_phone(case)
        self._widen_caller(case)
        self._widen_connected(case, ahead)

    def hush(self, case: Case, *, about_caller: bool) -> None:
        """Put anybody in the caller's place where nothing is decided by it, and any text where one is only handed on."""
        waits = case.is_waiting()
        arrived = not waits and all(map(is_arrival, case.runs))
        if not about_caller and not waits:
            self._hush_caller(case, constants=arrived)
        if arrived:
            self._widen_name(case)
            self._hush_handed_on(case)

    def count(self, case: Case, ahead: Sequence[Ahead]) -> None:
        """Let what only counts along a chain of calls (how often a call was forwarded) be any number from one on.

        So a chain comes back to where it was, and is walked once; every number that it can have is among them. That is done
        where a call comes to an extension, and in each subroutine that doesn't ask for the number, whatever another one
        has found out about it before.
        """
        arrived = not case.is_waiting() and all(map(is_arrival, case.runs))
        aside = _aside(case) is not None
        made: dict[tuple[str, str], str] = {}
        automaton = self._shared.automaton
        # Told before either is changed: after the first of two is, they look different.
        names = {name for reach in self._reaches for name in reach.counters}
        alike = {name for name in names if self._is_counted_alike(case, ahead, name)}
        for run, one, reach in zip(case.runs, ahead, self._reaches, strict=False):
            for name, most in reach.counters.items():
                if (
                    name not in one.names
                    or not (arrived or (aside and self._is_aside(run, one, name)))
                    or name not in alike
                ):
                    continue
                every = automaton.texts(*map(str, range(1, most + 1)))
                for level in run.levels:
                    text = level.channel.variables.get(name)
                    if not text or text == "0" or (text.isdecimal() and int(text) > most):
                        continue
                    if case.store.carries(text):
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

    def collect(self, case: Case, ahead: Sequence[Ahead]) -> None:
        """Let a list of whom a call may ring be any that it can be at this step, so that not each of them is walked.

        Ten members of a ring group, each of whom is free or not, are one way and not a thousand.
        """
        if case.is_waiting():
            return
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
                mine = self._reading.texts_of(case, text) if nodes and not rows_of else None
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

    def tables(self, case: Case, text: str) -> None:
        """Let extensions that differ only in columns of their tables that nobody reads any more go on as one.

        In a subroutine, so do those that differ in what only its callers read: what was decided in another one before.
        """
        store = case.store
        if not case.is_together():
            return  # what one of two has decided is kept until the other has passed there: it would decide it otherwise
        aside = _aside(case)
        views: dict[int, set[View]] = {}
        facts = [
            part
            for fact in store.decided
            if isinstance(fact, tuple)
            for part in fact
            if isinstance(part, str)
        ]
        for one in set(ATOM.findall("".join((text if aside is None else aside, *facts)))):
            variable, view = store.resolve(*self._shared.atoms[ord(one) - FIRST])
            views.setdefault(variable, set()).add(view)
        if aside is not None:  # what the subroutine itself has let go of is read by its callers alone
            for one in set(ATOM.findall(text)):
                views.setdefault(store.resolve(*self._shared.atoms[ord(one) - FIRST])[0], set())
        for variable, seen in views.items():
            store.widen(variable, seen)

    def shown(self, case: Case, text: str) -> None:
        """Let a number that is only handed on be any again, when what was made of it for one trunk is over.

        The next trunk shows it in a form of its own. ``text``: all that may still be read.
        """
        store = case.store
        narrowed = {
            variable
            for variable, about in store.variables.items()
            if about.kind == SHOWN and store.domains.get(variable, self._any_shown) != self._any_shown
        }
        if not narrowed or not case.is_together():
            return
        resolve, atoms = store.resolve, self._shared.atoms
        names = self._reaches[0].handed_on.intersection(*(reach.handed_on for reach in self._reaches))
        carried = [
            channel.variables[name]
            for run in case.runs
            for channel in {id(level.channel): level.channel for level in run.levels}.values()
            for name in names & channel.variables.keys()
        ]
        facts = "".join(part for fact in store.decided if isinstance(fact, tuple) for part in map(str, fact))
        everywhere = Counter(resolve(*atoms[ord(one) - FIRST])[0] for one in ATOM.findall(text + facts))
        there = Counter(resolve(*atoms[ord(one) - FIRST]) for one in carried if ATOM.fullmatch(one))
        for variable in narrowed:
            if everywhere[variable] == there[variable, WHOLE] and not any(
                variable in pair for pair in store.unequal
            ):
                store.domains[variable] = self._any_shown

    def _widen_status(self, case: Case, ahead: Sequence[Ahead]) -> None:
        """Let the end of the last Dial be any, where a call comes to another extension: hardly anybody asks for it there.

        A call that was forwarded may have had one, too, if it has none now.
        """
        forwarded = self._goes_on(case)
        texts = [
            run.channel.variables.get("DIALSTATUS")
            or ("" if forwarded and "DIALSTATUS" in one.names else None)
            for run, one in zip(case.runs, ahead, strict=True)
        ]
        if texts[0] is not None and texts.count(texts[0]) == len(texts) and not case.store.carries(texts[0]):
            atom = case.store.new("status", "DIALSTATUS", self._shared.automaton.texts("", *STATUSES))
            for run in case.runs:
                run.channel.variables["DIALSTATUS"] = atom

    def _widen_answered(self, case: Case, ahead: Sequence[Ahead]) -> None:
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

    def _widen_cause(self, case: Case, ahead: Sequence[Ahead]) -> None:
        """Let the cause with which a forwarded call would end be any, where it comes to another extension."""
        causes = {run.channel.hangup_cause for run in case.runs}
        if (
            len(causes) == 1
            and causes <= {*LEFT_BEHIND, ANY_CAUSE}
            and self._goes_on(case)
            and all(
                run.channel.answered is not True
                and one.far & live.bit(CAUSE)
                and not one.far & live.bit("HANGUPCAUSE")
                for run, one, live in zip(case.runs, ahead, self._lives, strict=False)
            )
        ):
            case.store.decided.pop(CAUSE_DECIDED, None)
            for run in case.runs:
                run.channel.hangup_cause = ANY_CAUSE

    def _goes_on(self, case: Case) -> bool:
        """Return True where what a call brings along makes hardly a difference: it was at another extension before, or one
        run stands for both sides.
        """
        return case.joined or self._was_forwarded(case)

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
                and self._goes_on(case)
                and all(store.resolve(*self._shared.atoms[ord(one) - FIRST])[0] != variable for one in exten)
            ):
                store.domains[variable] = node
                store.unequal = {pair for pair in store.unequal if variable not in pair}

    def _widen_caller(self, case: Case) -> None:
        """Let the number of a caller who may be many be any number again, where the call comes to another extension.

        Each way to write it (00 for +), and each route for some callers, would be walked to its end by itself otherwise.
        Both of two runs must have the same. Where callers have a say in which extension it is, that is what is decided next.
        """
        store = case.store
        if any(
            isinstance(run.dialplan, SymbolicDialplan) and run.dialplan.asks_callers(run, run.channel.context)
            for run in case.runs
        ):
            return
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

    def _widen_connected(self, case: Case, ahead: Sequence[Ahead]) -> None:
        """Let it be anybody with whom a forwarded call was connected last, where it comes to another extension."""
        rows = {
            tuple(map(case.store.plain, (run.channel.connected_name, run.channel.connected)))
            for run in case.runs
        }
        if len(rows) > 1 or not self._goes_on(case):
            return
        if all("CONNECTEDLINE" in one.names for one in ahead):
            name, number = (
                case.store.new(kind, "", node)
                for kind, node in (("caller-name", self._any_name), ("connected", self._any_number))
            )
            for run in case.runs:
                run.channel.connected_name, run.channel.connected = name, number

    @staticmethod
    def _is_aside(run: Run, ahead: Ahead, name: str) -> bool:
        """Return True in a subroutine that doesn't read the variable."""
        return name not in ahead.alive[id(run.channel)].frames[-1][1]

    @staticmethod
    def _is_counted_alike(case: Case, ahead: Sequence[Ahead], name: str) -> bool:
        """Return True if both of two runs have counted as far: else they would be taken apart."""
        if len(case.runs) == 1:
            return True
        rows = []
        for run, one in zip(case.runs, ahead, strict=True):
            if run.levels and name not in one.names:
                return False
            rows.append([case.store.plain(level.channel.variables.get(name, "")) for level in run.levels])
        return bool(rows[0] == rows[1])

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
                if store.carries(text):
                    continue
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
            if store.carries(text):
                continue
            pieces = store.pieces(text)
            if pieces[0].variable >= 0:
                variable = pieces[0].variable
                kind = store.variables[variable].kind
                if len(pieces) > 1 or kind == SHOWN or (kind == "phone" and self._was_dialled(case)):
                    continue
                if automaton.count(store.domains[variable]) > LISTED:
                    continue
                if "" in self._shared.tabled(
                    store.domains[variable], pieces[0].view, "value", lambda one: one
                ):
                    continue
            instead = store.new(SHOWN, "", self._any_shown)
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
        if any(map(case.store.carries, names)):
            return
        if len(names) == 1 and (self._goes_on(case) or _is_twice(names.pop())):
            atom = case.store.new("caller-name", "", self._any_name)
            for run in case.runs:
                run.channel.caller_name = atom

    def _anybody(self, store: Store, made: dict[str, str], kind: str, text: str) -> str:
        """Return the atom of any number, the same one for the same text.

        What the dial plan has made of the caller's number is another number than the one that he calls from.
        """
        found = made.get(kind + text)
        if found is None:
            own = kind != "caller" or (len(text) == 1 and self._is_callers_own(store, text))
            node = self._any_name if kind == "caller-name" else self._any_number
            found = made[kind + text] = store.new(kind, "" if own else MADE, node)
        return found

    def _is_callers_own(self, store: Store, atom: str) -> bool:
        if not ATOM.match(atom):
            return False
        variable, view = store.resolve(*self._shared.atoms[ord(atom) - FIRST])
        about = store.variables[variable]
        return not view and about.kind == "caller" and not about.subject


def _aside(case: Case) -> str | None:
    """Return the texts of the subroutine where a call is; None where it is in none, or there are two runs.

    Two runs that aren't joined have each found out something of their own, by which they may part later.
    """
    run = case.runs[0]
    if len(case.runs) > 1 or len(run.levels) != 1 or not run.channel.frames:
        return None
    return "".join((run.channel.exten, *run.channel.frames[-1].variables.values()))


def _is_twice(name: str) -> bool:
    """Return True if a word stands twice in a name: what the dial plan puts before names was put there more than once."""
    words = name.split()
    return len(set(words)) < len(words)
