"""The dial plan as it is searched for texts that aren't decided yet: which extensions they may be, each with its part.

Extensions of a context whose steps are the same but for their own number, and for numbers that hang on it (a ring time, a
DID), are one *group*: a case goes through them once, with the number still open. What differs inside of a group is a table
from the extension to the text, which is looked up where somebody looks.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kelid.model.pbx import Hint, Pbx, Step
from kelid.simulate.collecting import Dialled, May, Names, collect
from kelid.simulate.dialplan import HINT, Dialplan, Entry, ReadyStep, Searched, positions
from kelid.simulate.languages import ANY, EMPTY_TEXT, NOTHING, Automaton, Machine, Node, Ranked, mask_of
from kelid.simulate.substitute import TABLE
from kelid.simulate.symbols import LONGEST, Symbols
from kelid.simulate.unknown import UnknownHere

if TYPE_CHECKING:
    from kelid.simulate.run import Run

_TOKENS = re.compile(r"\$\{|\$\[|[{}\[\]()]|[A-Za-z0-9_+*#]+|[^A-Za-z0-9_+*#{}\[\]()$]+|\$")
_WORDS = re.compile(r"[A-Za-z0-9_]+")
_DIGITS = re.compile(r"[0-9]+")
_NUMBER = re.compile(r"[0-9*#]+")
_WORDED = re.compile(r"([A-Z_]+=)([^$]*[^\d$][^$]*)")
"""A variable and what it is given, where that is no number."""


class Rank(NamedTuple):
    """One place in the order in which extensions are tried: an extension or a group, and the texts that it matches."""

    node: Node
    entry: Entry
    caller: str | None
    switch: str = ""
    context: str = ""


class _Search:
    """A search through ranks, ready to be asked which of them has a text: ``key`` tells it from others."""

    def __init__(
        self, automaton: Automaton, context: str, wanted: Hashable, places: Sequence[tuple[int, Rank]]
    ) -> None:
        self.places = places
        self._automaton = automaton
        self._nodes = tuple(rank.node for _, rank in places)
        self.key = ("extension", context, wanted, self._nodes)
        self._machine = Ranked(automaton, self._nodes)
        self._known: dict[str, int] = {}

    def which(self, text: str) -> int:
        """Return the first place that has the text, -1 without one."""
        found = self._known.get(text)
        if found is None:
            plain, has = text.replace("-", ""), self._automaton.has
            found = next((index for index, node in enumerate(self._nodes) if has(node, plain)), -1)
            self._known[text] = found
        return found

    def machine(self) -> Machine:
        """Return what says the same of many texts."""
        return self._machine


class GroupEntry(Entry):
    """A group as one extension. ``members`` are their numbers."""

    __slots__ = ("members",)

    members: tuple[str, ...]


class SymbolicDialplan(Dialplan):
    """A dial plan that is searched for texts with atoms too."""

    def __init__(self, pbx: Pbx, automaton: Automaton, numbers: dict[Hashable, int] | None = None) -> None:
        """Index the contexts; ``automaton`` is that of the exploration, and ``numbers`` are those of its tables."""
        super().__init__(pbx)
        self.automaton = automaton
        self._numbers: dict[Hashable, int] = {} if numbers is None else numbers
        self.token = 0
        """Equal for dial plans whose other files are the same: functions that look into those give the same there."""
        self.tables: list[dict[str, str]] = []
        self._names: list[int] = []
        self._ranks: dict[Hashable, tuple[Rank, ...]] = {}
        self._nodes: dict[str, Node] = {}
        self._for: dict[Hashable, tuple[tuple[str, str], ...] | None] = {}
        self._home: dict[tuple[str, Node], str | None] = {}
        self._searches: dict[Hashable, _Search] = {}
        self._groups: dict[tuple[str, bool], list[tuple[Entry, tuple[Entry, ...]]]] = {}
        self.hints_apart: frozenset[tuple[str, str]] = frozenset()
        """Contexts and extensions whose hints another dial plan, which is walked with this one, has otherwise."""
        self.searched_apart: frozenset[str] = frozenset()
        """Contexts in which that one finds other extensions."""

    # --- sets of texts -------------------------------------------------------------------------------

    def node(self, pattern: str) -> Node:
        """Return the texts that a pattern matches."""
        found = self._nodes.get(pattern)
        if found is None:
            automaton = self.automaton
            if pattern[:1] != "_":
                found = automaton.texts(pattern.replace("-", ""))
            else:
                masks: list[int] = []
                rest = EMPTY_TEXT
                for position in positions(pattern):
                    if isinstance(position, str):
                        least = 1 if position == "." else 0
                        rest = automaton.repeated(ANY, least, LONGEST)
                        break
                    masks.append(mask_of(position - {"-"}))  # no text has one when it is compared
                found = automaton.sequence(masks, rest)
            self._nodes[pattern] = found
        return found

    def ranks(self, run: Run, context: str, wanted: Hashable) -> tuple[Rank, ...]:
        """Return what a search goes through, in order: of those that have the priority, the label or the hint."""
        timed = self.is_timed(context)
        key = (context, wanted)
        found = None if timed else self._ranks.get(key)
        if found is None:
            made: list[Rank] = []
            for one in self.searched(run, context):
                made += self._of(one, wanted)
                made += [
                    Rank(
                        self.automaton.repeated(ANY, 0, LONGEST),
                        Entry("", None, self.asterisk),
                        None,
                        f"{switch.keyword} => {switch.text} of context {one.name}",
                    )
                    for switch in one.switches
                ]
            found = tuple(made)
            if not timed:
                self._ranks[key] = found
        return found

    def asks_callers(self, run: Run, context: str) -> bool:
        """Return True if who calls has a say in which extension of the context a call comes to, at whatever time."""
        if self.is_timed(context):
            return self._asks_callers(context)
        return any(rank.caller is not None for rank in self.ranks(run, context, 1))

    def meant(self, run: Run, context: str, node: Node) -> Node | None:
        """Return all texts that come to the extension to which all of a set do.

        None where the set comes to several, or where the time, callers or other machines have a say for one of them.
        """
        if self.is_timed(context):
            return None
        automaton = self.automaton
        before = NOTHING
        for rank in self.ranks(run, context, 1):
            mine = automaton.both(node, rank.node)
            if rank.switch or (rank.caller is not None and mine != NOTHING):
                return None
            if mine == node:
                return automaton.less(rank.node, before)
            if mine != NOTHING:
                return None
            before = automaton.either(before, rank.node)
        return None

    def class_of(self, run: Run, context: str, exten: str, caller: str) -> Node | None:
        """Return all texts that come to the extension to which this one comes; None where others have a say.

        May decide which it is, as a search does.
        """
        entry = self.entry(run, context, exten, 1, caller)
        before = NOTHING
        for rank in self.ranks(run, context, 1):
            if rank.switch or rank.caller is not None:
                return None
            if rank.entry is entry:
                return self.automaton.less(rank.node, before)
            before = self.automaton.either(before, rank.node)
        return None

    def found_for(
        self, run: Run, context: str, node: Node, wanted: Hashable = 1
    ) -> tuple[tuple[str, str], ...] | None:
        """Return the extensions, with their contexts, that texts of a set may come to, and "" for none.

        None where the time, callers or other machines have a say. ``wanted`` is the priority, or the label.
        """
        if self.is_timed(context):
            return None
        key = (context, node, wanted)
        if key not in self._for:
            automaton = self.automaton
            made: list[tuple[str, str]] = []
            simple = True
            for rank in self.ranks(run, context, wanted):
                if rank.switch or rank.caller is not None:
                    simple = False
                    break
                if automaton.both(node, rank.node) != NOTHING:
                    entry = rank.entry
                    names = entry.members if isinstance(entry, GroupEntry) else (entry.pattern,)
                    made += [(rank.context, name) for name in names]
                    node = automaton.less(node, rank.node)
                    if node == NOTHING:
                        break
            else:
                made.append((context, ""))
            self._for[key] = tuple(made) if simple else None
        return self._for[key]

    def home_of(self, run: Run, context: str, node: Node) -> str | None:
        """Return the context in which the extension is that all texts of a set come to, where a search from there finds what
        one from this context finds: each of its steps, and the standard extensions. None where there is none.
        """
        key = (context, node)
        if key not in self._home:
            self._home[key] = self._find_home(run, context, node)
        return self._home[key]

    def _find_home(self, run: Run, context: str, node: Node) -> str | None:
        found = self.found_for(run, context, node)
        if not found or len({where for where, _ in found}) > 1 or any(not name for _, name in found):
            return None
        home = found[0][0]
        if home == context:
            return None
        ranks = [rank for rank in self.ranks(run, home, 1) if self.automaton.both(node, rank.node) != NOTHING]
        if not ranks:
            return None
        entry = ranks[0].entry
        wanted = [*entry.raw(), *(("label", label) for label in entry.labels)]
        texts = self.automaton.texts
        searches = [(node, one) for one in wanted] + [(texts(name), 1) for name in STANDARD]
        for some, one in searches:
            rows = [self.found_for(run, where, some, one) for where in (context, home)]
            if None in rows:
                return None
            first, second = ([row for row in found_ if row[1]] for found_ in rows if found_ is not None)
            if first != second:
                return None
        return home

    def _of(self, one: Searched, wanted: Hashable) -> Iterator[Rank]:
        for entry, members in self._grouped(one, hints=wanted == HINT):
            if _has(entry, wanted):
                node = (
                    self.node(entry.pattern)
                    if len(members) == 1
                    else self.automaton.texts(*(member.pattern.replace("-", "") for member in members))
                )
                yield Rank(node, entry, entry.caller, context=one.name)

    def _grouped(self, one: Searched, *, hints: bool) -> list[tuple[Entry, tuple[Entry, ...]]]:
        """Return the extensions of a context, as one those that have the same steps, or hints, but for numbers."""
        key = (one.name, hints)
        found = self._groups.get(key)
        if found is None:
            rows: dict[Hashable, list[Entry]] = {}
            for entry in one.entries:
                alike: Hashable = id(entry)
                if _may_group(entry) and not (hints and (one.name, entry.pattern) in self.hints_apart):
                    alike = _shape(entry, hints=hints)
                rows.setdefault(alike, []).append(entry)
            found = self._groups[key] = [
                (self._hinted(row) if hints else self._group(row), tuple(row)) for row in rows.values()
            ]
        return found

    def _group(self, members: Sequence[Entry]) -> Entry:
        first = members[0]
        if len(members) == 1:
            return first
        made = GroupEntry(first.pattern, None, self.asterisk)
        for priority, step in first.raw().items():
            data = self._column(
                members, [_pieces(member.raw()[priority], member.pattern) for member in members]
            )
            made._raw[priority] = Step(step.app, data, step.label, step.where, step.priority)
        made.members = tuple(member.pattern for member in members)
        made.labels = dict(first.labels)
        made.has_first = first.has_first
        return made

    def _hinted(self, members: Sequence[Entry]) -> Entry:
        """Return extensions as one that has the hint of each."""
        first = members[0]
        if len(members) == 1 or first.hint is None:
            return first
        made = GroupEntry(first.pattern, None, self.asterisk)
        watched = [_tokens(member.hint.device, member.pattern) for member in members if member.hint]
        made.hint = Hint(first.pattern, self._column(members, watched), first.hint.where)
        made.members = tuple(member.pattern for member in members)
        return made

    def _column(self, members: Sequence[Entry], rows: Sequence[Sequence[str]]) -> str:
        """Return what stands for the texts of all members, which are given in pieces: tables where they are not the same."""
        data: list[str] = []
        for tokens in zip(*rows, strict=True):
            if len(set(tokens)) == 1:
                data.append(tokens[0] if tokens[0] != OWN else "${EXTEN}")
            else:
                table = {
                    member.pattern: member.pattern if token == OWN else token
                    for member, token in zip(members, tokens, strict=True)
                }
                data.append(f"${{{TABLE}({self._table(table)})}}")
        return "".join(data)

    def _table(self, table: dict[str, str]) -> int:
        if table in self.tables:
            return self.tables.index(table)
        self.tables.append(table)
        self._names.append(self._numbers.setdefault(tuple(sorted(table.items())), len(self._numbers)))
        return len(self.tables) - 1

    def table_text(self, run: Run, arguments: str) -> str:
        """Return what stands in the table of that number for the channel's extension."""
        table = self.tables[int(arguments)]
        symbols = run.symbols
        if symbols is None or not symbols.within(run.channel.exten):
            return table[run.channel.exten.replace("-", "")]
        assert isinstance(symbols, Symbols)  # noqa: S101 - the text has atoms
        name = (TABLE, self._names[int(arguments)])
        return symbols.looked_up(run.channel.exten, name, table)

    def hints_otherwise(self, context: str) -> frozenset[str] | None:
        """Return of which numbers another dial plan has other hints; None: of patterns, or it finds other extensions."""
        if context in self.searched_apart:
            return None
        apart: set[str] = set()
        waiting, seen = [context], set()
        while waiting and self.hints_apart:
            name = waiting.pop()
            if name not in seen and (found := self.contexts.get(name)) is not None:
                seen.add(name)
                apart |= {exten.replace("-", "") for where, exten in self.hints_apart if where == name}
                waiting += [included for included, _ in found.includes]
        return None if any(exten.startswith("_") for exten in apart) else frozenset(apart)

    # --- searching -----------------------------------------------------------------------------------

    def _search(self, run: Run, context: str, exten: str, caller: str, wanted: Hashable) -> Entry | None:
        """Return the first extension that the text matches and that has what is wanted; None without one."""
        symbols = run.symbols
        assert isinstance(symbols, Symbols)  # noqa: S101 - for type checkers: it can be nothing else
        timed, open_caller = self.is_timed(context), symbols.within(caller)
        passed: frozenset[int] = frozenset()
        while True:
            key = (context, wanted, open_caller or bool(caller), open_caller, passed)
            search = None if timed else self._searches.get(key)
            if search is None:
                places = [
                    (index, rank)
                    for index, rank in enumerate(self.ranks(run, context, wanted))
                    if index not in passed
                    and (rank.caller is None or open_caller or bool(rank.caller) == bool(caller))
                ]
                search = self._searches[key] = _Search(self.automaton, context, wanted, places)
            found = symbols.classify(exten, search.key, search.which, search.machine)
            assert isinstance(found, int)  # noqa: S101 - for type checkers: it can be nothing else
            if found < 0:
                return None
            place, rank = search.places[found]
            if rank.switch:
                if wanted == HINT:
                    passed |= {place}
                    continue
                raise UnknownHere(rank.switch)
            if rank.caller is not None and not self._is_caller(run, rank.caller, caller):
                passed |= {place}
                continue
            return rank.entry

    def _is_caller(self, run: Run, pattern: str, caller: str) -> bool:
        symbols = run.symbols
        if symbols is None or not symbols.within(caller):
            return super()._is_caller(run, pattern, caller)
        assert isinstance(symbols, Symbols)  # noqa: S101 - for type checkers: it can be nothing else
        node = self.node(pattern) if pattern else EMPTY_TEXT
        automaton = self.automaton

        def machine() -> Machine:
            return Ranked(automaton, [node])

        found = symbols.classify(
            caller, ("caller", pattern), lambda text: 0 if automaton.has(node, text) else -1, machine
        )
        return bool(found == 0)

    def _is_open(self, run: Run, exten: str, caller: str) -> bool:
        symbols = run.symbols
        return symbols is not None and (symbols.within(exten) or symbols.within(caller))

    def find(self, run: Run, context: str, exten: str, priority: int, caller: str) -> ReadyStep | None:
        """Return the step there, as Dialplan does."""
        if not self._is_open(run, exten, caller):
            return super().find(run, context, exten, priority, caller)
        entry = self._search(run, context, exten, caller, priority)
        return entry.step(priority) if entry is not None else None

    def entry(self, run: Run, context: str, exten: str, priority: int, caller: str) -> Entry | None:
        """Return the extension that has the priority, as Dialplan does."""
        if not self._is_open(run, exten, caller):
            return super().entry(run, context, exten, priority, caller)
        return self._search(run, context, exten, caller, priority)

    def exists(
        self, run: Run, context: str, exten: str, priority: int = 1, caller: str | None = None
    ) -> bool:
        """Return True if the dial plan has the step, without a decision about which of several it is."""
        caller = run.channel.caller if caller is None else caller
        symbols = run.symbols
        if symbols is None or not symbols.within(exten):
            return super().exists(run, context, exten, priority, caller)
        ranks = self.ranks(run, context, priority)
        if any(rank.switch or rank.caller is not None for rank in ranks):
            return self.entry(run, context, exten, priority, caller) is not None
        assert isinstance(symbols, Symbols)  # noqa: S101 - for type checkers: it can be nothing else
        key = ("exists", context, priority, ranks)
        automaton = self.automaton
        union = 0
        for rank in ranks:
            union = automaton.either(union, rank.node)
        found = symbols.classify(
            exten,
            (*key[:3], union),
            lambda text: 0 if automaton.has(union, text.replace("-", "")) else -1,
            lambda: Ranked(automaton, [union]),
        )
        return bool(found == 0)

    def label(self, run: Run, context: str, exten: str, label: str, caller: str | None = None) -> int | None:
        """Return the priority of a label, as Dialplan does."""
        caller = run.channel.caller if caller is None else caller
        if not self._is_open(run, exten, caller):
            return super().label(run, context, exten, label, caller)
        if any(rank.switch for rank in self.ranks(run, context, ("label", label))):
            return None
        entry = self._search(run, context, exten, caller, ("label", label))
        return entry.labels[label] if entry is not None else None

    def partly(self, run: Run, context: str, text: str, mode: str, caller: str | None = None) -> bool:
        """Return True if the text can be or become an extension, as Dialplan does."""
        symbols = run.symbols
        if symbols is None or not symbols.within(text):
            return super().partly(run, context, text, mode, caller)
        assert isinstance(symbols, Symbols)  # noqa: S101 - for type checkers: it can be nothing else
        caller = run.channel.caller if caller is None else caller
        return bool(symbols.said_by(text, May(self._dialled(run, context, caller), mode)))

    def collect(self, run: Run, context: str, digits: str, place: int) -> tuple[str, bool] | None:
        """Return what is dialled as one number, but for where other machines have a say in it."""
        return collect(run, self._dialled(run, context, run.channel.caller), digits, place)

    def _dialled(self, run: Run, context: str, caller: str) -> Dialled:
        """Return what may be dialled in a context: at this time, by this caller. Raise UnknownHere for other machines."""
        names: list[Names] = []
        for one in self.searched(run, context):
            for switch in one.switches:
                raise UnknownHere(f"{switch.keyword} => {switch.text} of context {one.name}")
            names.append(
                tuple(
                    (entry.pattern, entry.has_first)
                    for entry in one.entries
                    if entry.caller is None or self._is_caller(run, entry.caller, caller)
                )
            )
        key = ("dialled", tuple(names))
        found = self.memo.get(key)
        if found is None:
            found = self.memo[key] = Dialled(names)
        assert isinstance(found, Dialled)  # noqa: S101 - for type checkers: it can be nothing else
        return found


def _has(entry: Entry, wanted: Hashable) -> bool:
    if isinstance(wanted, tuple):
        return wanted[1] in entry.labels
    assert isinstance(wanted, int)  # noqa: S101 - for type checkers: it can be nothing else
    return entry.has(wanted)


STANDARD = ("h", "i", "t", "T", "e", "o", "a", "fax", "failed")
"""Standard extensions, which a call comes to without a jump."""

OWN = "\0own"
"""Stands among tokens for the extension's own number."""


def _may_group(entry: Entry) -> bool:
    return entry.caller is None and len(entry.pattern) > 1 and _NUMBER.fullmatch(entry.pattern) is not None


def _tokens(data: str, own: str) -> list[str]:
    """Return the text in pieces: words, and what stands between; the own number is OWN."""
    return [OWN if token == own else token for token in _TOKENS.findall(data)]


def _shape(entry: Entry, *, hints: bool) -> Hashable:
    """Return what all of a group have in common: everything but numbers outside of expressions and variables."""
    if hints:
        return entry.hint and _skeleton(_tokens(entry.hint.device, entry.pattern), words=False)
    return tuple(
        (
            priority,
            step.app,
            step.label,
            step.priority,
            _skeleton(_pieces(step, entry.pattern), words=step.app.lower() == "gosub"),
        )
        for priority, step in entry.raw().items()
    )


def _pieces(step: Step, own: str) -> list[str]:
    """Return the text of a step in pieces; what a variable is given in words, without the own number, is one."""
    found = _WORDED.fullmatch(step.data) if step.app.lower() == "set" else None
    if found and own not in found[2]:
        return [found[1], found[2]]
    return _tokens(step.data, own)


def _skeleton(pieces: Sequence[str], *, words: bool) -> tuple[str, ...]:
    """Return a text's pieces but what may differ in a group: numbers, Gosub's plain arguments, what a variable is given."""
    made: list[str] = []
    depth = parentheses = 0
    if len(pieces) == 2 and pieces[0].endswith("="):
        return (pieces[0], "\0number")
    for piece in pieces:
        token = piece
        if token in ("${", "$[") or (depth and token in ("{", "[")):
            depth += 1
        elif depth and token in ("}", "]"):
            depth -= 1
        elif (
            token == OWN
            or (not depth and len(token) > 1 and _DIGITS.fullmatch(token))
            or (words and not depth and parentheses == 1 and _WORDS.fullmatch(token))
        ):
            token = "\0number"  # noqa: S105 - a piece of text
        elif not depth and token == "(":  # noqa: S105 - a piece of text
            parentheses += 1
        elif not depth and token == ")":  # noqa: S105 - a piece of text
            parentheses -= 1
        made.append(token)
    return tuple(made)
