"""Calls of a large diff that come to a step in the same form go on as one that may be any of them.

Until a step comes that isn't the same, one run stands for both of two dial plans. All that a call has found out on its way
there (who is free, which key was pressed, what astdb holds) makes points of their own: more than can be walked at a large
site. So the second that comes to a step in the same form is made one that may be either, the third one that may be any of
the three: what wasn't the same for all may be each of theirs, and what not all have found out is open again. What was the
same text in two places of each stays the same in both (the least general generalization of terms, by G. D. Plotkin,
1970, on texts).

That makes calls that there are not, of texts that never come together. It hides none: each that came is one of these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from kelid.simulate.applications.dial import Dialling
from kelid.simulate.carried import is_carried
from kelid.simulate.case import Case, is_arrival
from kelid.simulate.firsts import count_of_first
from kelid.simulate.languages import ANY, OTHER, Node, mask_of
from kelid.simulate.limits import are_among, keep, spans, widen
from kelid.simulate.live import Live
from kelid.simulate.matching import SymbolicDialplan
from kelid.simulate.octets import to_octets
from kelid.simulate.points import MET, Points
from kelid.simulate.run import Run
from kelid.simulate.state import ANY_CAUSE, LEFT_BEHIND, Channel, Frame
from kelid.simulate.symbolic import Explored
from kelid.simulate.symbols import FIRST, LABELS, LISTED, WHOLE, Piece, Shared, Store

_OTHER = mask_of(OTHER)
_LONGEST = 511
"""Octets of a text that may be any."""

MOST_GROWTHS = 200
"""How often a form grows before its texts are any that have the same characters."""

MOST_OF_LOOPS = 5
"""The same for calls that have gone round more often than that: what a loop counts."""


@dataclass(slots=True)
class Form:
    """All that came to a step in one form. ``every`` may be each of them; ``number`` is the point at which it goes on.

    ``fixed`` is what stays as it is, as ``every`` has it. ``growths`` says how often it has become more.
    """

    every: Case
    fixed: str
    number: int = -1
    growths: int = 0


class Meeting:
    """Lets calls meet at steps that are the same for two dial plans."""

    def __init__(
        self, shared: Shared, plans: Sequence[SymbolicDialplan], lives: Sequence[Live], keys: Points
    ):
        """Begin with no call."""
        self._shared = shared
        self._plans = plans
        self._lives = lives
        self._keys = keys
        self._forms: dict[Hashable, Form] = {}
        self._inherited: dict[str, int] = {}
        """How far variables are handed on, as they were met first."""

    def open(self, case: Case) -> None:
        """Let it be any moment, and any phone that calls alike: the ways to a point tell who comes there, and when."""
        run, store = case.active, case.store
        if not _may_meet(case) or is_arrival(run):
            return
        symbols = run.symbols
        assert isinstance(symbols, Explored)  # noqa: S101 - for type checkers: it can be nothing else
        opened = {_moment(case): symbols.every_moment}
        named = {piece.variable for piece in store.pieces(run.channel.exten)}
        opened |= {
            one: node for one, node in store.phones.items() if one in store.domains and one not in named
        }
        for variable, node in opened.items():
            if store.domains[variable] != node:
                store.domains[variable] = node
                store.unequal = {pair for pair in store.unequal if variable not in pair}

    def meet(self, case: Case) -> tuple[Form | None, bool]:
        """Note the case. Return its form, and whether the case was made one that may be more than those that came before.

        Where it wasn't, it is the first of its form, or may be left: it is one of those. None: it doesn't meet others.
        """
        run = case.active
        if not _may_meet(case):
            return None, False
        if is_arrival(run) and not run.channel.exten.isascii():
            return None, False  # which extension it is, is decided next: it would be open again
        fixed, key = self._form_of(case)
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = Form(case.copy(), fixed)
            return form, False
        grown = _Union(self._shared, form, case, fixed).make()
        if grown:
            form.every, form.fixed = case.copy(), fixed
            form.growths += 1
        return form, grown

    def _form_of(self, case: Case) -> tuple[str, Hashable]:
        """Return what stays as it is where cases meet, and with its variables numbered and all else what makes a form."""
        store = case.store
        parts: list[str] = list(map(str, case.noticed or ()))
        hows: list[Hashable] = [case.asked, *(len(row) for row in case.heads)]
        for side, run in case.going.items():
            ahead = self._keys.ahead(case, run, side)
            self._keys.describe(run, ahead, parts, hows, whole=False, limits=self._keys.tells_limits)
            several = len({id(level.channel) for level in run.levels}) > 1
            causes = any(ahead.far & live.bit("HANGUPCAUSE") for live in self._lives)
            for channel in _channels(run):
                hows.append(self._extension(case, run, channel))
                hows += [self._extension(case, run, frame) for frame in channel.frames]
                usual = {*LEFT_BEHIND, ANY_CAUSE} if channel.answered is not True else {ANY_CAUSE, 16}
                if several or causes or channel.hangup_cause not in usual:
                    parts += [
                        str(channel.hangup_cause),
                        str(channel.answered is True),
                        str(channel.answered is False),
                    ]
                for name in sorted(channel.variables):
                    reach = channel.inherited.get(name, 0)
                    if self._inherited.setdefault(name, reach) != reach or name in run.globals:
                        hows.append((name, reach))
        if len(case.going) > 1:
            parts += _of_one_side(case)
        fixed = "\x1f".join(parts)
        return fixed, (_numbered(store, fixed, {}), tuple(hows))

    def _extension(self, case: Case, run: Run, spot: Channel | Frame) -> Hashable:
        """Return where in the dial plan a channel is, or comes back to: the same for all numbers that are found there."""
        exten = case.store.plain(spot.exten)
        node = self._keys.texts_of(case, exten)
        classes = [None if node is None else plan.meant(run, spot.context, node) for plan in self._plans]
        if None not in classes:
            return tuple(classes)
        return exten if exten.isascii() else node


class _Union:
    """Makes a case one that may be what it is, or what another one of its form is."""

    def __init__(self, shared: Shared, form: Form, case: Case, fixed: str) -> None:
        self._shared = shared
        self._old, self._case = form.every, case
        self._before, self._store = form.every.store, case.store
        self._fixed = (form.fixed, fixed)
        self._goes_on = form.growths >= (MOST_OF_LOOPS if case.goes_round(MOST_OF_LOOPS) else MOST_GROWTHS)
        self._pairs: dict[tuple[int, int], int] = {}
        self._sets: dict[int, Node] = {}
        self._texts: dict[tuple[str, str], str] = {}
        self._made: dict[tuple[str, str], str] = {}
        """What was made of two texts, as they stood there."""
        self._partners: dict[int, Hashable] = {}
        self._grown = False

    def make(self) -> bool:
        """Do so, and return whether it may be more now than the other one."""
        numbers: tuple[dict[int, int], dict[int, int]] = ({}, {})
        for store, text, row in zip((self._before, self._store), self._fixed, numbers, strict=True):
            _numbered(store, text, row)
        for one, other in zip(*numbers, strict=True):
            self._variable(one, other)
        self._variable(_moment(self._old), _moment(self._case))
        before, now = (list(case.going.values()) for case in (self._old, self._case))
        for old, run in zip(before, now, strict=True):
            self._run(old, run)
        known = spans(before)
        if are_among(spans(now), known):
            keep(now, known)
        else:
            widen(now, known)
            self._grown = True
        self._keep_common()
        for variable, node in self._sets.items():
            if self._store.domains[variable] != node:
                self._store.domains[variable] = node
                self._store.bases.pop(variable, None)
        return self._grown

    def _run(self, old: Run, run: Run) -> None:
        """Let a run be what it is, or what the other case's is."""
        for was, channel in zip(_channels(old), _channels(run), strict=True):
            channel.exten = self._text(was.exten, channel.exten)
            for name in MET:
                setattr(channel, name, self._text(getattr(was, name), getattr(channel, name)))
            for name in sorted({*was.variables, *channel.variables}):
                given = self._text(was.variables.get(name, ""), channel.variables.get(name, ""))
                channel.variables[name] = given
                if most := max(was.inherited.get(name, 0), channel.inherited.get(name, 0)):
                    channel.inherited[name] = most
            for outer, frame in zip(was.frames, channel.frames, strict=True):
                frame.exten = self._text(outer.exten, frame.exten)
                for name in sorted(frame.variables):
                    frame.variables[name] = self._text(outer.variables[name], frame.variables[name])
            same = (was.answered, was.hangup_cause) == (channel.answered, channel.hangup_cause)
            if not same:
                symbols = run.symbols
                assert isinstance(symbols, Explored)  # noqa: S101 - for type checkers: it can be nothing else
                channel.answered, channel.hangup_cause = symbols.answered, ANY_CAUSE
                self._grown |= isinstance(was.answered, bool) or was.hangup_cause != ANY_CAUSE
        for before, level in zip(old.levels, run.levels, strict=True):
            level.then = self._later(before.then, level.then)
            level.on_answer = self._later(before.on_answer, level.on_answer)
            if level.kind == "macro":
                level.saved = self._saved(before.saved, level.saved)

    def _partner(self, one: int, other: Hashable, node: Node) -> None:
        """Note what stands in the new case where the other one has a variable: it may be that already, or it grows."""
        same = self._partners.setdefault(one, other) == other
        self._grown |= not same or node != self._before.domains[one]

    def _later(self, old: Any, new: Any) -> Any:
        """Return what is to be done later, with channels that a Dial holds as either has them."""
        if isinstance(new, Dialling):
            peers = tuple(
                (name, self._held(was, key))
                for (_, was), (name, key) in zip(old.peers, new.peers, strict=True)
            )
            return new._replace(local=self._held(old.local, new.local), peers=peers)
        if type(new) is tuple:
            return tuple(map(self._later, old, new))
        return new

    def _saved(self, old: Any, new: Any) -> Any:
        """Return what a macro puts back: what either has."""
        if isinstance(new, tuple):
            return tuple(map(self._saved, old, new))
        return self._text(old, new) if isinstance(new, str) else new

    def _held(self, old: tuple[Any, ...], new: tuple[Any, ...]) -> tuple[Any, ...]:
        if not new:
            return new
        was, channel = Channel.of(old), Channel.of(new)
        for name in MET:
            setattr(channel, name, self._text(getattr(was, name), getattr(channel, name)))
        for name in channel.variables:
            channel.variables[name] = self._text(was.variables[name], channel.variables[name])
        return channel.key()

    def _text(self, one: str, other: str) -> str:
        """Return a text that may be either."""
        if one == other and other.isascii():
            return other
        made = self._made.get((one, other))
        if made is None:
            made = self._made[one, other] = self._either(self._before.pieces(one), self._store.pieces(other))
        return made

    def _either(self, old: Sequence[Piece], new: Sequence[Piece]) -> str:
        if len(old) == len(new) and all(map(self._is_alike, old, new)):
            return "".join(
                after.text
                if after.variable < 0
                else self._shared.atom(self._variable(before.variable, after.variable), after.view)
                for before, after in zip(old, new, strict=True)
            )
        rows, others = _fields(old), _fields(new)
        if len(rows) == len(others) > 1:
            # A place to go to, say: which context it may be is told apart from which number.
            return ",".join(map(self._either, rows, others))
        key = ("".join(piece.text for piece in old), "".join(piece.text for piece in new))
        if key not in self._texts:
            node = self._both(self._set_of(self._before, old), self._set_of(self._store, new))
            self._texts[key] = self._store.new("met", "", node)
            if len(old) == 1 and old[0].variable >= 0 and old[0].view == WHOLE:
                self._partner(old[0].variable, key[1], node)
            else:
                self._grown = True
        return self._texts[key]

    def _is_alike(self, one: Piece, other: Piece) -> bool:
        """Return True if two pieces are the same text, or the same view of variables that tell the same of calls."""
        if one.variable < 0 or other.variable < 0:
            return one == other
        labels = {
            kind if kind in LABELS else ""
            for kind in (
                self._before.variables[one.variable].kind,
                self._store.variables[other.variable].kind,
            )
        }
        return one.view == other.view and len(labels) == 1

    def _variable(self, one: int, other: int) -> int:
        """Return the variable that may be what either is: the new one's, unless that stands for something else already."""
        found = self._pairs.get((one, other))
        if found is None:
            node = self._both(self._before.domains[one], self._store.domains[other])
            found = other
            if other in self._sets:
                atom = self._store.new("met", "", node)
                found = self._shared.atoms[ord(atom) - FIRST][0]
            self._partner(one, other, node)
            self._pairs[one, other] = found
            self._sets[found] = node
        return found

    def _both(self, old: Node, new: Node) -> Node:
        """Return a set that has both. One that has grown again and again (what a loop counts) is of any length at once."""
        automaton = self._shared.automaton
        node = automaton.either(old, new)
        if node != old and self._goes_on:
            node = automaton.repeated(automaton.alphabet(node), 0, _LONGEST)
        return node

    def _keep_common(self) -> None:
        """Let go of what only one of them has found out."""
        single = [Counter(pair[at] for pair in self._pairs) for at in (0, 1)]
        rows: tuple[dict[int, int], dict[int, int]] = ({}, {})
        for number, pair in enumerate(self._pairs):
            if all(count[one] == 1 for count, one in zip(single, pair, strict=True)):
                for row, one in zip(rows, pair, strict=True):
                    row[one] = number
        before, now = (
            {found for found, _ in _found(case, row)}
            for case, row in zip((self._old, self._case), rows, strict=True)
        )
        self._grown |= not before <= now
        _keep(self._case, rows[1], before)

    def _set_of(self, store: Store, pieces: Sequence[Piece]) -> Node:
        """Return what a text may be: never too little."""
        automaton = self._shared.automaton
        made = automaton.texts("")
        for piece in reversed(pieces):
            made = automaton.concatenated(self._set_of_piece(store, piece), made)
        return made

    def _set_of_piece(self, store: Store, piece: Piece) -> Node:
        shared, automaton = self._shared, self._shared.automaton
        if piece.variable < 0:
            if piece.text.isascii():
                return automaton.texts(piece.text)
            return automaton.repeated(ANY, 0, max(_LONGEST, len(to_octets(piece.text))))
        node = store.domains[piece.variable]
        if piece.view == WHOLE:
            return node
        letters = shared.alphabet(node, piece.view)
        if automaton.count(node) <= LISTED:
            texts = list(map(str, shared.tabled(node, piece.view, "value", lambda one: one)))
            if not letters & _OTHER:
                return automaton.texts(*texts)
            longest = max(map(len, map(to_octets, texts)))
            return automaton.repeated(ANY, 0, max(_LONGEST, longest))
        return automaton.repeated(ANY if letters & _OTHER else letters, 0, _LONGEST)


def _channels(run: Run) -> list[Channel]:
    return list({id(level.channel): level.channel for level in run.levels}.values())


def _numbered(store: Store, text: str, numbers: dict[int, int]) -> str:
    """Return the text with its variables numbered as they come."""
    if text.isascii():
        return text
    made: list[str] = []
    for piece in store.pieces(text):
        if piece.variable < 0:
            made.append(piece.text)
            continue
        number = numbers.setdefault(piece.variable, len(numbers))
        kind = store.variables[piece.variable].kind
        made.append(f"\x1e{number}{kind if kind in LABELS else ''}{piece.view or ''!r}\x1e")
    return "".join(made)


def _found(case: Case, numbers: dict[int, int]) -> Iterator[tuple[Hashable, Callable[[], object]]]:
    """Yield what a case has found out, in words that are the same for all of a form, and what forgets that."""
    store = case.store

    def said(*parts: object) -> Hashable:
        every = dict(numbers)
        text = _numbered(store, "\x1f".join(map(str, parts)), every)
        told = len(every) == len(numbers) and all(
            part is None or isinstance(part, str | int) for part in parts
        )
        return text if told else object()  # it is about what the other hasn't

    def forget_fact(key: tuple[str, str]) -> None:
        del store.facts[key]
        store.asked.pop(key, None)

    for key, answer in store.facts.items():
        yield ("fact", said(*key, answer)), partial(forget_fact, key)
    for side, run in case.going.items():
        for name, value in run.database.items():
            yield ("database", side, said(name, value)), partial(run.database.pop, name)
    for fact, answer in store.decided.items():
        yield ("decided", said(*fact, answer)), partial(store.decided.pop, fact)
    for pair in store.unequal:
        known = all(one in numbers for one in pair)
        row = tuple(sorted(numbers[one] for one in pair)) if known else object()
        yield ("unequal", row), partial(store.unequal.discard, pair)


def _keep(case: Case, numbers: dict[int, int], common: Collection[Hashable]) -> None:
    """Let go of what a case has found out that isn't among what is common."""
    for found, forget in list(_found(case, numbers)):
        if found not in common:
            forget()


def _of_one_side(case: Case) -> list[str]:
    """Return what only one of two runs has been asked: where the other will be asked it, too, it gets the same answer."""
    parts: list[str] = []
    for (kind, subject), answer in sorted(case.store.facts.items()):
        _, askers = case.store.asked[kind, subject]
        if len(askers) == 1:
            parts += [kind, subject, answer, *map(str, askers)]
    for (kind, subject), row in sorted(case.answers.items()):
        parts += [kind, subject, *row, str(case.behind[kind, subject])]
    return parts


def _may_meet(case: Case) -> bool:
    """Return True if one run stands for both sides, both are at the same step, or one is asked by itself and has no answer
    yet, and nothing is carried that isn't the same.
    """
    is_asked = case.asked is not None and not count_of_first(case.heads[case.asked])
    return (
        (len(case.runs) == 1 or is_asked or case.is_in_step())
        and not is_carried(case)
        and bool(case.active.levels)
    )


def _moment(case: Case) -> int:
    """Return the variable of the moment."""
    symbols = case.active.symbols
    assert isinstance(symbols, Explored)  # noqa: S101 - for type checkers: it can be nothing else
    return case.store.resolve(*case.store.shared.atoms[ord(symbols.moment) - FIRST])[0]


def _fields(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Return a text between its commas, but those in what is still open."""
    made: list[list[Piece]] = [[]]
    for piece in pieces:
        if piece.variable >= 0:
            made[-1].append(piece)
            continue
        for at, part in enumerate(piece.text.split(",")):
            if at:
                made.append([])
            if part:
                made[-1].append(piece._replace(text=part))
    return made
