"""What is not decided yet, inside ordinary texts: who calls, what was dialled, the moment, what astdb holds.

Each *variable* is a text that may be any of a set (``languages``). An *atom* is one private-use character of plane 15 that
stands for a variable, or for what a *view* makes of it: a part of it, the text of STRFTIME at that moment, its length. Texts
with atoms are cut, joined and handed on as any others. Who must know more asks here; if the set holds texts that make a
difference, the case splits, and goes on with the part of the set that was taken.

What no set can tell (two unknown texts compared by size, say) is decided freely, once for each pair of texts: so cases
that no world has may come up, but none that a world has is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from kelid.simulate.languages import (
    ANY,
    BIT,
    EMPTY_TEXT,
    NOTHING,
    OTHER,
    Around,
    Automaton,
    Counted,
    Cut,
    Equals,
    Filtered,
    In,
    Length,
    Machine,
    Node,
    Ranked,
    Sliced,
    mask_of,
    read_by,
)
from kelid.simulate.state import IN_ALL
from kelid.simulate.substitute import TABLE, substring
from kelid.simulate.unknown import UnknownHere

FIRST = 0xF0000
LAST = 0xFFFFD
ATOM = re.compile(f"[{chr(FIRST)}-{chr(LAST)}]")

LABELS = frozenset({"dialled", "caller", "time", "phone"})
"""Kinds of variables by which it is told which calls come to a point (``Pairs``): nothing else is one of these kinds."""

LISTED = 3000
"""Sets of up to so many texts are looked at text by text, so that any function can be asked of them."""

_DASH = mask_of("-")
_OTHER_LETTERS = mask_of(OTHER)

LONGEST = 79
"""The most characters of an extension (AST_MAX_EXTENSION less its end); callers' numbers are cut to less."""

View = tuple[tuple[Any, ...], ...]
"""What is made of a variable, step by step: ("slice", 2, None), ("filter", mask), ("call", made)."""

EVERYTHING = (1 << 31) - 1
"""The length of ``${VARIABLE:2}``: all that follows."""

WHOLE: View = ()

SUPPOSED = "supposed"
"""The answer of what goes without saying where another decision was taken: it is on the way like one."""


CARRIED = "carried"
"""The kind of a variable that stands for what two runs have otherwise (``carried.py``). Its subject is what both have."""


class Undecided(UnknownHere):
    """Raised where a text would have to be known that may be anything."""


class Piece(NamedTuple):
    """A part of a text: an atom resolved to its variable and view, or (``variable`` -1) constant text."""

    variable: int
    view: View
    text: str


class Variable(NamedTuple):
    """What a variable is about: ``kind`` and ``subject`` as in a Question, or "dialled", "caller", "endpoint", "moment"."""

    kind: str
    subject: str


class Chosen(NamedTuple):
    """One decision: what it was about, which answer was taken, of how many.

    For a variable ``node`` is the part of its set that was taken, ``before`` the set before; ``text`` what was looked at.
    """

    kind: str
    subject: Any
    answer: Any
    variable: int = -1
    node: Node = NOTHING
    before: Node = NOTHING
    about: Variable | None = None


class Base(NamedTuple):
    """What a variable's set was before something was decided by columns of its tables, and by which columns."""

    node: Node
    decided: frozenset[Hashable] = frozenset()


Function = Callable[[str], Hashable]


class Made:
    """What a view calls: a function of a text. There is one for each name and form, so it is compared as what it is."""

    __slots__ = ("form", "function", "name", "number")

    def __init__(
        self, number: int, name: Hashable, form: tuple[str | View, ...], function: Callable[[str], str]
    ) -> None:
        """Keep the name of the function, and the form of its argument: constants, and views of the variable."""
        self.number = number
        self.name = name
        self.form = form
        self.function = function

    def __repr__(self) -> str:
        """Return what tells it from all others of the exploration."""
        return f"#{self.number}"


class Shared:
    """What all cases of one exploration share: sets, atoms by number, functions that views name."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.automaton = Automaton()
        self.atoms: list[tuple[int, View]] = []
        self.index: dict[tuple[int, View], str] = {}
        self.made: dict[tuple[Hashable, tuple[str | View, ...]], Made] = {}
        self.tables: dict[Hashable, int] = {}
        """The numbers of tables of texts."""
        self._tables: dict[tuple[Node, View, Hashable], dict[Hashable, Node]] = {}
        self._views: dict[tuple[View, str], str] = {}
        self._alphabets: dict[tuple[Node, View], int] = {}
        self._alike: dict[tuple[Node, Node, tuple[View, ...]], Node] = {}
        self.alike_texts: dict[Hashable, dict[Hashable, Node] | None] = {}
        self.options: dict[Hashable, list[Chosen]] = {}

    def atom(self, variable: int, view: View) -> str:
        """Return the character of a view of a variable. Raise OverflowError if there are no more."""
        found = self.index.get((variable, view))
        if found is None:
            if FIRST + len(self.atoms) > LAST:
                raise OverflowError("more undecided texts than there are private-use characters")
            found = self.index[variable, view] = chr(FIRST + len(self.atoms))
            self.atoms.append((variable, view))
        return found

    def apply(self, view: View, text: str) -> str:
        """Return what the view makes of a text."""
        if not view:
            return text
        key = (view, text)
        found = self._views.get(key)
        if found is None:
            found = text
            for operation in view:
                found = self._apply(operation, found)
            self._views[key] = found
        return found

    def _apply(self, operation: tuple[Any, ...], text: str) -> str:
        kind = operation[0]
        if kind == "slice":
            return text[operation[1] : operation[2]]
        if kind == "filter":
            mask = operation[1]
            return "".join(character for character in text if mask_of(character) & mask)
        if kind == "len":
            return str(min(len(text), *operation[1:])) if operation[1:] else str(len(text))
        if kind == "cut":
            fields = text.split(operation[1])
            return fields[operation[2] - 1] if len(fields) >= operation[2] else ""
        made: Made = operation[1]
        return made.function(text)

    def machine(self, view: View, machine: Machine, length: int | None) -> Machine | None:
        """Return a machine that reads the variable and says what ``machine`` says of the view; None if none can.

        ``length`` is that of the variable's texts, where all have one: then parts can be counted from the end.
        """
        sizes: list[int | None] = [length]
        for operation in view:
            size = sizes[-1]
            if operation[0] == "slice":
                if size is None:
                    if (operation[1] or 0) < 0 or (operation[2] or 0) < 0:
                        return None
                    sizes.append(None)
                else:
                    sizes.append(len(range(*slice(operation[1], operation[2]).indices(size))))
            else:
                sizes.append(None)
        for operation, size in zip(reversed(view), reversed(sizes[:-1]), strict=True):
            if operation[0] == "slice":
                start, stop = operation[1] or 0, operation[2]
                if size is not None:
                    start, stop, _ = slice(start, stop).indices(size)
                machine = Sliced(machine, start, stop)
            elif operation[0] == "filter":
                machine = Filtered(machine, operation[1])
            elif operation[0] == "cut":
                machine = Cut(machine, operation[1], operation[2])
            elif operation[0] == "len":
                machine = Counted(machine, *operation[1:])
            else:
                return None
        return machine

    def alphabet(self, node: Node, view: View) -> int:
        """Return the characters that the view of a text of the set may have, as a mask: never too few."""
        known = self._alphabets.get((node, view))
        if known is None:
            known = self.automaton.alphabet(node)
            for operation in view:
                if operation[0] == "filter":
                    known &= operation[1]
                elif operation[0] == "len":
                    known = mask_of("0123456789")
                elif operation[0] == "call":
                    if self.automaton.count(node) <= LISTED:
                        known = 0
                        for value in self.tabled(node, view, "value", lambda text: text):
                            assert isinstance(value, str)  # noqa: S101 - for type checkers: it can be nothing else
                            known |= mask_of(value)
                    else:
                        known = ANY
                    break
            self._alphabets[node, view] = known
        return known

    def image(self, node: Node, view: View) -> Node | None:
        """Return what the view makes of the texts of a set; None where that can't be told without looking at too many."""
        automaton = self.automaton
        if automaton.count(node) <= LISTED:
            return automaton.texts(*map(str, self.tabled(node, view, "value", lambda text: text)))
        for operation in view:
            kind, *rest = operation
            if kind == "slice" and (rest[0] or 0) >= 0 and rest[1] is None:
                node = automaton.without_first(node, rest[0] or 0)
            elif kind == "filter":
                node = automaton.filtered(node, rest[0])
            elif kind == "cut" and rest[0] in BIT:
                node = automaton.field(node, *rest)
            else:
                return None
        return node

    def alike(self, base: Node, node: Node, columns: tuple[View, ...]) -> Node:
        """Return the texts of a set of which all views are those of one of its part ``node``."""
        key = (base, node, columns)
        found = self._alike.get(key)
        if found is None:
            apply, automaton = self.apply, self.automaton
            rows = {
                tuple([apply(view, text) for view in columns])
                for text in automaton.listed(node, LISTED) or ()
            }
            found = self._alike[key] = automaton.texts(
                *(
                    text
                    for text in automaton.listed(base, LISTED) or ()
                    if tuple([apply(view, text) for view in columns]) in rows
                )
            )
        return found

    def tabled(self, node: Node, view: View, key: Hashable, function: Function) -> dict[Hashable, Node]:
        """Return what the function says of the view of every text of a listed set: answer -> part of the set."""
        found = self._tables.get((node, view, key))
        if found is None:
            parts: dict[Hashable, list[str]] = {}
            for text in self.automaton.listed(node, LISTED) or ():
                parts.setdefault(function(self.apply(view, text)), []).append(text)
            found = {answer: self.automaton.texts(*texts) for answer, texts in parts.items()}
            self._tables[node, view, key] = found
        return found


class Store:
    """The variables of one case, and what was decided about them so far."""

    __slots__ = (
        "aliases",
        "asked",
        "bases",
        "decided",
        "domains",
        "facts",
        "phones",
        "shared",
        "unequal",
        "variables",
    )

    def __init__(self, shared: Shared) -> None:
        """Begin without a variable."""
        self.shared = shared
        self.variables: dict[int, Variable] = {}
        self.domains: dict[int, Node] = {}
        self.bases: dict[int, Base] = {}
        """Of extensions: what their sets were before something was decided by columns of their tables."""
        self.phones: dict[int, Node] = {}
        """Of the phone that calls: all phones that call alike."""
        self.aliases: dict[int, tuple[int, View]] = {}
        self.decided: dict[Any, Any] = {}
        self.unequal: set[tuple[int, int]] = set()
        self.facts: dict[tuple[str, str], str] = {}
        """What the world has answered that it will answer again: (kind, subject) -> answer."""
        self.asked: dict[tuple[str, str], tuple[str, frozenset[int]]] = {}
        """The context in which it was asked, and by which of the runs."""

    def copy(self) -> Store:
        """Return a store that can be changed without this one."""
        made = Store(self.shared)
        made.variables = dict(self.variables)
        made.domains = dict(self.domains)
        made.bases = dict(self.bases)
        made.phones = self.phones
        made.aliases = dict(self.aliases)
        made.decided = dict(self.decided)
        made.unequal = set(self.unequal)
        made.facts = dict(self.facts)
        made.asked = dict(self.asked)
        return made

    def new(self, kind: str, subject: str, domain: Node) -> str:
        """Make a variable that may be any text of the set, and return its atom."""
        number = 0
        while number in self.domains or number in self.aliases:
            number += 1
        self.variables[number] = Variable(kind, subject)
        self.domains[number] = domain
        return self.shared.atom(number, WHOLE)

    def size(self, text: str) -> int | None:
        """Return how long a text is, None if that isn't decided."""
        sizes = [self.length_of(piece) for piece in self.pieces(text)]
        return None if None in sizes else sum(size or 0 for size in sizes)

    def is_new(self, text: str, known: Collection[int]) -> bool:
        """Return True if a text is a variable that isn't one of those that were known, nor made of some."""
        pieces = self.pieces(text)
        variable = pieces[0].variable if len(pieces) == 1 else -1
        return variable >= 0 and variable not in known and self.variables[variable].subject != IN_ALL

    def resolve(self, variable: int, view: View) -> tuple[int, View]:
        """Return the variable that an atom really is about, and its view of that."""
        while variable in self.aliases:
            variable, before = self.aliases[variable]
            view = before + view
        return variable, view

    def knows(self, text: str) -> bool:
        """Return True unless the text has atoms of variables that are gone."""
        atoms = self.shared.atoms
        return all(self.resolve(*atoms[ord(one) - FIRST])[0] in self.domains for one in ATOM.findall(text))

    def carried(self, atom: str) -> tuple[str, View] | None:
        """Return what both sides have in an atom's place (a variable's subject), and the view; None if it is the same."""
        variable, view = self.resolve(*self.shared.atoms[ord(atom) - FIRST])
        about = self.variables.get(variable)
        return (about.subject, view) if about is not None and about.kind == CARRIED else None

    def carries(self, text: str) -> bool:
        """Return True if something stands in the text that isn't the same on both sides (``carried.py``)."""
        return not text.isascii() and any(self.carried(one) is not None for one in ATOM.findall(text))

    def known(self, variable: int) -> str | None:
        """Return the only text of the variable's set, None if there are several."""
        return self.shared.automaton.only(self.domains[variable])

    def pieces(self, text: str) -> list[Piece]:
        """Take a text apart: constants, and atoms of what is still open; neighbours are joined where they can be."""
        if text.isascii():
            return [Piece(-1, WHOLE, text)] if text else []
        found: list[Piece] = []
        at = 0
        for match in ATOM.finditer(text):
            if match.start() > at:
                _add(found, Piece(-1, WHOLE, text[at : match.start()]))
            at = match.end()
            variable, view = self.shared.atoms[ord(match[0]) - FIRST]
            variable, view = self.resolve(variable, view)
            known = self.known(variable)
            if known is not None:
                _add(found, Piece(-1, WHOLE, self.shared.apply(view, known)))
            else:
                piece = self._simple(variable, view)
                if found and (joined := _together(found[-1], piece)) is not None:
                    found[-1] = self._simple(variable, joined)
                else:
                    _add(found, piece)
        if at < len(text):
            _add(found, Piece(-1, WHOLE, text[at:]))
        return found

    def _simple(self, variable: int, view: View) -> Piece:
        view = _joined_slices(view)
        if len(view) == 1 and view[0][0] == "slice":
            start, stop = view[0][1] or 0, view[0][2]
            longest = max(self.shared.automaton.lengths(self.domains[variable]), default=0)
            if start >= longest > 0:
                return Piece(-1, WHOLE, "")  # there is nothing behind its end
            if start == 0 and (stop is None or longest <= stop):
                view = WHOLE
        return Piece(variable, view, self.shared.atom(variable, view))

    def plain(self, text: str) -> str:
        """Return the text with what is known by now put in, and each atom in its shortest form."""
        if text.isascii():
            return text
        if len(text) == 1 and ATOM.match(text):
            variable, view = self.resolve(*self.shared.atoms[ord(text) - FIRST])
            known = self.known(variable)
            return self._simple(variable, view).text if known is None else self.shared.apply(view, known)
        return "".join(piece.text for piece in self.pieces(text))

    def length_of(self, piece: Piece) -> int | None:
        """Return how long a piece is, None if that isn't decided."""
        if piece.variable < 0:
            return len(piece.text)
        automaton = self.shared.automaton
        node = self.domains[piece.variable]
        if not piece.view or (len(piece.view) == 1 and piece.view[0][0] == "slice"):
            lengths = automaton.lengths(node)
            if not piece.view:
                return next(iter(lengths)) if len(lengths) == 1 else None
            part = slice(piece.view[0][1], piece.view[0][2])
            sizes = {len(range(*part.indices(size))) for size in lengths}
            return next(iter(sizes)) if len(sizes) == 1 else None
        if automaton.count(node) <= LISTED:
            found = list(self.shared.tabled(node, piece.view, "len", len))
            if len(found) == 1:
                assert isinstance(found[0], int)  # noqa: S101 - for type checkers: it can be nothing else
                return found[0]
        return None

    def narrow(self, variable: int, node: Node) -> None:
        """Go on with a part of the variable's set."""
        self.domains[variable] = node

    def widen(self, variable: int, views: Iterable[View]) -> None:
        """Let a variable be all that goes on alike: its tables say the same where anybody will still look (``views``).

        What was decided by a column that nobody reads any more makes no difference.
        """
        base, node = self.bases.get(variable), self.domains[variable]
        if base is None or base.node == node or self.shared.automaton.count(node) == 1:
            return
        seen = {view for view in views if base.decided & (columns_of(view) or frozenset())}
        self.domains[variable] = self.shared.alike(base.node, node, tuple(sorted(seen, key=repr)))
        read = frozenset().union(*(columns_of(view) or () for view in seen))
        self.bases[variable] = Base(base.node, base.decided & read)

    def drop(self, live: Iterable[int]) -> None:
        """Forget the variables that are none of these, and what was decided about them."""
        keep: set[int] = set(live)
        for fact, answer in list(self.decided.items()):
            texts = (
                [part for part in (*fact, answer) if isinstance(part, str)] if isinstance(fact, tuple) else []
            )
            if any(
                self.resolve(*self.shared.atoms[ord(one) - FIRST])[0] not in keep
                for one in ATOM.findall("".join(texts))
            ):
                del self.decided[fact]
        gone = [number for number in self.domains if number not in keep]
        for number in gone:
            del self.domains[number], self.variables[number]
            self.bases.pop(number, None)
            if number in self.phones:
                self.phones = {}  # the number may be another variable's next
        for number in [n for n in self.aliases if self.resolve(n, WHOLE)[0] not in keep]:
            del self.aliases[number]
            self.variables.pop(number, None)
        self.unequal = {pair for pair in self.unequal if keep.issuperset(pair)}


def _together(one: Piece, other: Piece) -> View | None:
    """Return the view of two parts of a variable that follow each other, None where they don't."""
    if one.variable != other.variable or len(one.view) != 1 or len(other.view) != 1:
        return None
    before, after = one.view[0], other.view[0]
    if before[0] == after[0] == "slice" and before[2] is not None and before[2] == after[1]:
        return (("slice", before[1], after[2]),)
    return None


def _add(found: list[Piece], piece: Piece) -> None:
    """Add a piece; constants that follow each other are one."""
    if piece.variable < 0:
        if not piece.text:
            return
        if found and found[-1].variable < 0:
            found[-1] = Piece(-1, WHOLE, found[-1].text + piece.text)
            return
    found.append(piece)


def _joined_slices(view: View) -> View:
    """Return the view with parts of parts, counted from the front, as one part."""
    made: list[tuple[Any, ...]] = []
    for operation in view:
        if made and operation[0] == made[-1][0] == "slice" and _forward(operation) and _forward(made[-1]):
            _, first, stop = made[-1]
            start = first + operation[1]
            end = first + operation[2] if operation[2] is not None else None
            end = stop if end is None else end if stop is None else min(stop, end)
            made[-1] = ("slice", start, end if end is None else max(end, start))
        else:
            made.append(operation)
    return tuple(made)


def _forward(operation: tuple[Any, ...]) -> bool:
    return operation[1] >= 0 and (operation[2] is None or operation[2] >= 0)


class Symbols:
    """Answers what the interpreter asks about texts with atoms, for one case at a time.

    ``choose(options, what)`` is the explorer's: it says which of several ways this case takes. ``store`` is the case's own.
    """

    def __init__(self, store: Store, choose: Callable[[Sequence[Chosen]], int]) -> None:
        """Begin a case."""
        self.store = store
        self.choose = choose
        self.apart = False
        """True while two runs are walked together, each with its own dial plan."""

    @property
    def shared(self) -> Shared:
        """What all cases share."""
        return self.store.shared

    def within(self, text: str) -> bool:
        """Return True if the text has atoms."""
        return not text.isascii() and ATOM.search(text) is not None

    # --- splitting -----------------------------------------------------------------------------------

    def take(self, parts: dict[Hashable, Node], variable: int, what: Hashable) -> Hashable:
        """Given what is said of a variable's set (answer -> part), take one of the answers and go on with its part."""
        if len(parts) == 1:
            return next(iter(parts))
        before = self.store.domains[variable]
        about = self.store.variables[variable]
        # A step is taken once for each of its options, and all of them are told each time.
        key = (what, variable, before, about, tuple(parts.items()))
        options = self.shared.options.get(key)
        if options is None:
            alive = [(answer, node) for answer, node in parts.items() if node != NOTHING]
            alive.sort(key=_order)
            options = [Chosen("text", what, answer, variable, node, before, about) for answer, node in alive]
            self.shared.options[key] = options
        at = 0
        if len(options) > 1:
            at = self.choose(options)
            self.store.narrow(variable, options[at].node)
        answer: Hashable = options[at].answer
        return answer

    def classify(
        self, text: str, key: Hashable, function: Function, machine: Callable[[], Machine] | None = None
    ) -> Any:
        """Decide what the function says of the text. ``machine`` says the same of texts that are too many to list.

        Raise Undecided where neither can tell.
        """
        pieces = self.store.pieces(text)
        variables = {piece.variable for piece in pieces if piece.variable >= 0}
        if not variables:
            return function("".join(piece.text for piece in pieces))
        if len(variables) > 1:
            joined = self._join(pieces)
            if joined is None:
                return self._apart(text, variables, key, function, machine)
            pieces = joined
            variables = {piece.variable for piece in pieces if piece.variable >= 0}
        (variable,) = variables
        parts = self.parts(pieces, variable, key, function, machine)
        if parts is None:
            raise Undecided(f"what {self.shown(text)} is")
        answer = self.take(parts, variable, (key, text))
        base = self.store.bases.get(variable)
        if base is not None:
            columns = self._columns(pieces)
            if columns is not None:
                self.store.bases[variable] = Base(base.node, base.decided | columns)
            else:
                self._narrow_base(
                    base, variable, answer, lambda: self.parts(pieces, variable, key, function, machine)
                )
        return answer

    def part_of(self, text: str, key: Hashable, function: Function) -> Node:
        """Return the part of a text's set of which the function is true. Nothing is decided."""
        (piece,) = self.store.pieces(text)
        if piece.variable < 0:
            return self.shared.automaton.texts(piece.text) if function(piece.text) else NOTHING
        return (self.parts([piece], piece.variable, key, function) or {}).get(True, NOTHING)

    def part_said_by(self, text: str, machine: Machine, answer: Hashable) -> Node:
        """Return the part of what is open in a text with which a machine gives the answer. Nothing is decided."""
        pieces = self.store.pieces(text)
        variable = max(piece.variable for piece in pieces)
        parts = self.parts(pieces, variable, machine.key, partial(read_by, machine), lambda: machine)
        return (parts or {}).get(answer, NOTHING)

    def said_by(self, text: str, machine: Machine) -> Any:
        """Decide what a machine says of a text."""
        return self.classify(text, machine.key, partial(read_by, machine), lambda: machine)

    def suppose(self, text: str, node: Node) -> None:
        """Go on with a part of what is open in a text, as its rest goes without saying, or has been left to another way of
        the same decision.
        """
        variable = max(piece.variable for piece in self.store.pieces(text))
        if variable >= 0 and node != (before := self.store.domains[variable]):
            about = self.store.variables[variable]
            self.choose([Chosen("text", text, SUPPOSED, variable, node, before, about)])
            self.store.narrow(variable, node)

    @staticmethod
    def _columns(pieces: Sequence[Piece]) -> frozenset[Hashable] | None:
        """Return the tables of which columns a text is made, None if it is made of other things that are open, too."""
        found: frozenset[Hashable] = frozenset()
        for piece in pieces:
            if piece.variable >= 0:
                columns = columns_of(piece.view)
                if columns is None:
                    return None
                found |= columns
        return found

    def _narrow_base(
        self, base: Base, variable: int, answer: Hashable, parts: Callable[[], dict[Hashable, Node] | None]
    ) -> None:
        """Leave of what a variable's set was only that which gives the same answer."""
        store = self.store
        node = store.domains[variable]
        if base.decided:
            store.domains[variable] = base.node
            wider = (parts() or {}).get(answer, node)
            store.domains[variable] = node
            store.bases[variable] = Base(wider, base.decided)
        else:
            store.bases[variable] = Base(node)

    def parts(
        self,
        pieces: Sequence[Piece],
        variable: int,
        key: Hashable,
        function: Function,
        machine: Callable[[], Machine] | None = None,
    ) -> dict[Hashable, Node] | None:
        """Return what the function says of a text that hangs on one variable: answer -> part of its set."""
        shared = self.shared
        node = self.store.domains[variable]
        if machine is not None and len(pieces) == 1 and not pieces[0].view and not self._has_dash(node):
            return shared.automaton.split(node, machine())
        if shared.automaton.count(node) <= LISTED:
            form = tuple((piece.view if piece.variable >= 0 else piece.text) for piece in pieces)

            def whole(value: str) -> Hashable:
                return function(
                    "".join(
                        shared.apply(piece.view, value) if piece.variable >= 0 else piece.text
                        for piece in pieces
                    )
                )

            return shared.tabled(node, WHOLE, (key, form), whole)
        if machine is None:
            return None
        places = [index for index, piece in enumerate(pieces) if piece.variable >= 0]
        pieces = self._merged(pieces) if len(places) > 1 else list(pieces)
        places = [index for index, piece in enumerate(pieces) if piece.variable >= 0]
        if len(places) > 1:
            return None
        place = places[0]
        before = "".join(piece.text for piece in pieces[:place])
        after = "".join(piece.text for piece in pieces[place + 1 :])
        view = pieces[place].view
        reader: Machine = machine()
        if before or after:
            reader = (
                reader.within(before, after) if isinstance(reader, Ranked) else Around(reader, before, after)
            )
        whole_machine = shared.machine(view, reader, None)
        if whole_machine is not None:
            return shared.automaton.split(node, whole_machine)
        found: dict[Hashable, Node] = {}
        for length in sorted(shared.automaton.lengths(node)):
            part = self.of_length(node, length)
            sized = shared.machine(view, reader, length)
            if sized is None:
                return None
            for answer, some in shared.automaton.split(part, sized).items():
                found[answer] = shared.automaton.either(found.get(answer, NOTHING), some)
        return found

    def _has_dash(self, node: Node) -> bool:
        """Return True if a text of the set may have a dash, which a search passes over."""
        return bool(self.shared.alphabet(node, WHOLE) & _DASH)

    def _merged(self, pieces: Sequence[Piece]) -> list[Piece]:
        """Return the pieces with parts of one variable that follow each other as one."""
        made: list[Piece] = []
        for piece in pieces:
            last = made[-1] if made else None
            if (
                last is not None
                and last.variable == piece.variable >= 0
                and len(last.view) == 1
                and len(piece.view) == 1
                and last.view[0][0] == piece.view[0][0] == "slice"
                and last.view[0][2] == piece.view[0][1]
            ):
                view: View = (("slice", last.view[0][1], piece.view[0][2]),)
                made[-1] = self.store._simple(piece.variable, view)
            else:
                made.append(piece)
        return made

    def of_length(self, node: Node, length: int) -> Node:
        """Return the texts of a set that have a length."""
        return self.shared.automaton.split(node, Length(LONGEST + 1)).get(length, NOTHING)

    def joined(self, text: str, about: Variable) -> str:
        """Return the text with one variable, about that, for all that are open in it, where that can be done."""
        pieces = self.store.pieces(text)
        if sum(piece.variable >= 0 for piece in pieces) < 2:
            return text
        return _text(self._join(pieces, about) or pieces)

    def _join(self, pieces: Sequence[Piece], about: Variable | None = None) -> list[Piece] | None:
        """Make one variable of several that follow each other, as pressed keys do; None where that can't be done.

        All but the last must be whole and of one length each. ``about``: what it is about; without it, what the first is.
        """
        if not all(piece.variable < 0 or not piece.view for piece in pieces):
            return None
        inner = [piece for piece in pieces if piece.variable >= 0]
        if len({piece.variable for piece in inner}) != len(inner):
            return None
        sizes = [self.store.length_of(piece) for piece in inner]
        if any(size is None for size in sizes[:-1]):
            return None
        first = next(index for index, piece in enumerate(pieces) if piece.variable >= 0)
        last = max(index for index, piece in enumerate(pieces) if piece.variable >= 0)
        store, automaton = self.store, self.shared.automaton
        node = EMPTY_TEXT
        for piece in reversed(pieces[first : last + 1]):
            part = store.domains[piece.variable] if piece.variable >= 0 else automaton.texts(piece.text)
            node = automaton.concatenated(part, node)
        about = about or store.variables[inner[0].variable]
        if len(inner) > 1 and about.kind in LABELS:
            # It is more than the number that was dialled.
            about = Variable(" and ".join(store.variables[piece.variable].kind for piece in inner), "")
        atom = store.new(about.kind, about.subject, node)
        number = self.shared.atoms[ord(atom) - FIRST][0]
        at = 0
        for piece in pieces[first : last + 1]:
            size = store.length_of(piece)
            if piece.variable >= 0:
                view: View = (("slice", at, None if piece is pieces[last] else at + (size or 0)),)
                store.aliases[piece.variable] = (number, view)
                del store.domains[piece.variable]
                store.bases.pop(piece.variable, None)
            at += size or 0
        store.unequal = {
            pair for pair in store.unequal if pair[0] in store.domains and pair[1] in store.domains
        }
        return [*pieces[:first], Piece(number, WHOLE, atom), *pieces[last + 1 :]]

    def _apart(
        self,
        text: str,
        variables: set[int],
        key: Hashable,
        function: Function,
        machine: Callable[[], Machine] | None,
    ) -> Any:
        """Decide by taking the variable with the fewest texts one by one, if they are few; else raise Undecided."""
        automaton = self.shared.automaton
        counts = sorted((automaton.count(self.store.domains[number]), number) for number in variables)
        if counts[0][0] > 300:
            raise Undecided(f"what {self.shown(text)} is")
        number = counts[0][1]
        alike = self._alike(text, number, key, function, machine) if len(variables) == 2 else None
        if alike is None:
            self.settle(self.shared.atom(number, WHOLE))
            return self.classify(text, key, function, machine)
        self.take(alike, number, ("alike", text))
        self.store.bases.pop(number, None)
        value = automaton.shortest(self.store.domains[number])
        return self.classify(self._with(self.store.pieces(text), number, value), key, function, machine)

    def _alike(
        self,
        text: str,
        number: int,
        key: Hashable,
        function: Function,
        machine: Callable[[], Machine] | None,
    ) -> dict[Hashable, Node] | None:
        """Return the texts of a variable by what they leave to the other one of a text; None if that isn't known."""
        pieces = self.store.pieces(text)
        domains = self.store.domains
        form = tuple(
            (piece.variable == number, domains[piece.variable], piece.view)
            if piece.variable >= 0
            else piece.text
            for piece in pieces
        )
        if (form, key) not in self.shared.alike_texts:
            self.shared.alike_texts[form, key] = self._find_alike(pieces, number, key, function, machine)
        return self.shared.alike_texts[form, key]

    def _find_alike(
        self,
        pieces: Sequence[Piece],
        number: int,
        key: Hashable,
        function: Function,
        machine: Callable[[], Machine] | None,
    ) -> dict[Hashable, Node] | None:
        automaton = self.shared.automaton
        groups: dict[Hashable, list[str]] = {}
        for value in automaton.listed(self.store.domains[number], 300) or ():
            rest = self.store.pieces(self._with(pieces, number, value))
            other = next((piece.variable for piece in rest if piece.variable >= 0), -1)
            parts = self.parts(rest, other, key, function, machine) if other >= 0 else None
            if parts is None:
                return None
            groups.setdefault(tuple(sorted(parts.items(), key=_order)), []).append(value)
        return {values[0]: automaton.texts(*values) for values in groups.values()}

    def _with(self, pieces: Sequence[Piece], number: int, value: str) -> str:
        """Return a text with a value put in for a variable."""
        return "".join(
            self.shared.apply(piece.view, value) if piece.variable == number else piece.text
            for piece in pieces
        )

    def decide(
        self, key: Hashable, texts: Sequence[str], answers: Sequence[Hashable] = (False, True)
    ) -> Hashable:
        """Decide freely, but the same for the same texts: what no set can tell."""
        fact = (key, *(self.store.plain(text) for text in texts))
        found = self.store.decided.get(fact)
        if found is None:
            options = [Chosen("free", fact, answer) for answer in answers]
            found = self.store.decided[fact] = answers[self.choose(options)]
        return found

    # --- what the interpreter asks -------------------------------------------------------------------

    def settle(self, text: str) -> str:
        """Decide all that is open in the text and return it. Raise Undecided where it may be too many things."""
        pieces = self.store.pieces(text)
        for piece in pieces:
            if piece.variable >= 0:
                node = self.store.domains[piece.variable]
                if self.shared.automaton.count(node) > LISTED:
                    raise Undecided(f"what {self.shown(text)} is")
                parts = self.shared.tabled(node, piece.view, "value", lambda value: value)
                if len(parts) > 300:
                    raise Undecided(f"what {self.shown(text)} is, of {len(parts)} that it may be")
                value = self.take(parts, piece.variable, ("value", piece.text))
                base = self.store.bases.get(piece.variable)
                if base is not None:
                    columns = columns_of(piece.view)
                    if columns is None:
                        del self.store.bases[piece.variable]
                    else:
                        self.store.bases[piece.variable] = Base(base.node, base.decided | columns)
                assert isinstance(value, str)  # noqa: S101 - for type checkers: it can be nothing else
                return self.settle(
                    "".join(value if other.text == piece.text else other.text for other in pieces)
                )
        return "".join(piece.text for piece in pieces)

    def plain(self, text: str) -> str:
        """Return the text with what is known by now put in."""
        return self.store.plain(text)

    def every_item(self, text: str) -> str:
        """Return a text with each list in it that was gathered on the way as the longest that it may be."""
        made: list[str] = []
        for piece in self.store.pieces(text):
            if piece.variable >= 0 and self.store.variables[piece.variable].kind == "collected":
                longest = self.shared.automaton.longest(self.store.domains[piece.variable])
                made.append(self.shared.apply(piece.view, longest))
            else:
                made.append(piece.text)
        return "".join(made)

    def is_in(self, character: str, characters: frozenset[str]) -> bool:
        """Decide whether a text of one character is one of these."""
        if not self.within(character):
            return character in characters
        key = ("in", "".join(sorted(characters)))
        node = self.shared.automaton.repeated(mask_of(characters), 1, 1)
        return bool(
            self.classify(
                character, key, lambda text: text in characters, lambda: In(self.shared.automaton, node)
            )
        )

    def one_of(self, text: str, names: frozenset[str]) -> bool:
        """Decide whether a text is one of these, and not which."""
        automaton = self.shared.automaton
        node = automaton.texts(*sorted(names))
        return bool(
            self.classify(text, ("one of", node), lambda value: value in names, lambda: In(automaton, node))
        )

    def equal(self, one: str, other: str) -> bool:
        """Decide whether two texts are the same."""
        left, right = self.store.pieces(one), self.store.pieces(other)
        same = _strip_common(left, right)
        if same is not None:
            return same
        if not any(piece.variable >= 0 for piece in left):
            left, right = right, left
        left_text, right_text = _text(left), _text(right)
        if not any(piece.variable >= 0 for piece in right):
            if not right_text.isascii() and self._has_other_letters(left):
                return bool(self.decide("equal", (left_text, right_text)))
            try:
                return bool(
                    self.classify(
                        left_text,
                        ("equal", right_text),
                        lambda text: text == right_text,
                        lambda: Equals(right_text),
                    )
                )
            except Undecided:
                return bool(self.decide("equal", (left_text, right_text)))
        variables = {piece.variable for piece in (*left, *right) if piece.variable >= 0}
        automaton = self.shared.automaton
        if len(variables) == 1 and automaton.count(self.store.domains[next(iter(variables))]) <= LISTED:
            return bool(self.classify(f"{left_text}\0{right_text}", "same", _same))
        if len(left) == len(right) == 1 and not left[0].view and not right[0].view:
            return self._unify(left[0].variable, right[0].variable)
        return bool(self.decide("equal", sorted((left_text, right_text))))

    def _has_other_letters(self, pieces: Iterable[Piece]) -> bool:
        """Return True if there may be letters in a text that its set doesn't tell apart."""
        return any(
            piece.variable >= 0
            and self.shared.alphabet(self.store.domains[piece.variable], piece.view) & _OTHER_LETTERS
            for piece in pieces
        )

    def _unify(self, one: int, other: int) -> bool:
        store, automaton = self.store, self.shared.automaton
        pair = (min(one, other), max(one, other))
        common = automaton.both(store.domains[one], store.domains[other])
        if common == NOTHING or pair in store.unequal:
            return False
        options = [
            Chosen("same", (store.variables[one], store.variables[other]), answer) for answer in (False, True)
        ]
        if self.choose(options) == 0:
            store.unequal.add(pair)
            return False
        bases = [store.bases.pop(each, None) for each in (one, other)]
        kept = next(
            (
                base
                for base, each in zip(bases, (one, other), strict=True)
                if base and store.domains[each] == common
            ),
            None,
        )
        store.domains[one] = common
        del store.domains[other]
        if kept is not None:
            store.bases[one] = kept  # the other may be anything: it says nothing new
        store.aliases[other] = (one, WHOLE)
        store.unequal = {
            (min(a, b), max(a, b))
            for a, b in ((one if a == other else a, one if b == other else b) for a, b in store.unequal)
        }
        return True

    # --- making texts of texts -----------------------------------------------------------------------

    def derived(self, text: str, name: Hashable, function: Callable[[str], str]) -> str:
        """Return what a function makes of a text, without deciding more than must be.

        A variable of few texts gets a view, which is looked at when somebody asks; where all of its texts give the same,
        that is returned. Raise Undecided where the text may be anything.
        """
        pieces = self.store.pieces(text)
        variables = {piece.variable for piece in pieces if piece.variable >= 0}
        if not variables:
            return function(_text(pieces))
        if len(variables) > 1:
            joined = self._join(pieces)
            if joined is None:
                self._settle_one(text, variables)
                return self.derived(text, name, function)
            pieces = joined
        (variable,) = {piece.variable for piece in pieces if piece.variable >= 0}
        shared = self.shared
        node = self.store.domains[variable]
        if shared.automaton.count(node) > LISTED:
            raise Undecided(f"what {self.shown(text)} is")
        form = tuple((piece.view if piece.variable >= 0 else piece.text) for piece in pieces)
        made = shared.made.get((name, form))
        if made is None:

            def whole(value: str) -> str:
                return function(
                    "".join(shared.apply(part, value) if isinstance(part, tuple) else part for part in form)
                )

            made = shared.made[name, form] = Made(len(shared.made), name, form, whole)
        view: View = (("call", made),)
        parts = shared.tabled(node, view, "value", lambda value: value)
        if len(parts) == 1:
            value = next(iter(parts))
            assert isinstance(value, str)  # noqa: S101 - for type checkers: it can be nothing else
            return value
        return shared.atom(variable, view)

    def looked_up(
        self, text: str, name: Hashable, table: Mapping[str, str], otherwise: str | None = None
    ) -> str:
        """Return what a table has for a text; ``otherwise`` for one that isn't in it (None: it surely is one of them).

        Where the text is a part of one that may be too many things, it is decided which row it is.
        """

        def row(one: str) -> str | None:
            return table.get(one, table.get(one.replace("-", ""), otherwise))

        try:
            return self.derived(text, name, lambda one: row(one) or "")
        except Undecided:
            automaton = self.shared.automaton
            rows: dict[str | None, list[str]] = {}
            for key, found in table.items():
                rows.setdefault(found, []).append(key)
            texts = [*rows, otherwise]
            nodes = [automaton.texts(*keys) for keys in rows.values()]
            at: int = self.classify(
                text, (name, "row"), lambda one: texts.index(row(one)), lambda: Ranked(automaton, nodes)
            )
            made = texts[at]  # the last for -1: none of them
            if made is None:
                raise
            return made

    def _settle_one(self, text: str, variables: set[int]) -> None:
        automaton = self.shared.automaton
        count, number = min((automaton.count(self.store.domains[number]), number) for number in variables)
        if count > 40:
            raise Undecided(f"what {self.shown(text)} is")
        self.settle(self.shared.atom(number, WHOLE))

    def viewed(self, text: str, operation: tuple[Any, ...]) -> str | None:
        """Return the view of a text that is one atom alone; None for any other text."""
        pieces = self.store.pieces(text)
        if len(pieces) != 1 or pieces[0].variable < 0:
            return None
        piece = pieces[0]
        return self.store._simple(piece.variable, (*piece.view, operation)).text

    def substring(self, text: str, offset: int, length: int) -> str:
        """Return a part of the text as ``${NAME:offset:length}`` gives it (characters of atoms are one byte each)."""
        pieces = self.store.pieces(text)
        if not any(piece.variable >= 0 for piece in pieces):
            return substring(_text(pieces), offset, length)
        if len(pieces) == 1 and (made := self._part(text, offset, length)) is not None:
            return made
        last = pieces[-1]
        if offset >= 0 > length and last.variable < 0 and len(last.text) >= -length:
            # What is left out at the end is known.
            shorter = _text(pieces[:-1]) + last.text[:length]
            return shorter if offset == 0 else self.substring(shorter, offset, EVERYTHING)
        made = self._counted(pieces, offset, length, [self.store.length_of(piece) for piece in pieces])
        if made is not None:
            return made
        variables = {piece.variable for piece in pieces if piece.variable >= 0}
        automaton = self.shared.automaton
        if len(variables) == 1 and automaton.count(self.store.domains[next(iter(variables))]) <= LISTED:
            return self.derived(
                _text(pieces), ("substring", offset, length), lambda value: substring(value, offset, length)
            )
        # How long each atom is must be known.
        sizes: list[int | None] = [self.length(piece.text) for piece in pieces]
        return self._counted(pieces, offset, length, sizes) or ""

    def _part(self, text: str, offset: int, length: int) -> str | None:
        if length >= 0:
            if offset >= 0:
                return self.viewed(text, ("slice", offset, offset + length if length < 1 << 20 else None))
            if length >= -offset:
                return self.viewed(text, ("slice", offset, None))
            return self.viewed(text, ("slice", offset, offset + length))
        return self.viewed(text, ("slice", offset, length))

    def _counted(
        self, pieces: Sequence[Piece], offset: int, length: int, sizes: Sequence[int | None]
    ) -> str | None:
        """Return the part where every place can be counted from the front; None where it can't."""
        if offset < 0 or length < 0:
            if any(size is None for size in sizes):
                return None
            total = sum(size or 0 for size in sizes)
            offset = max(0, total + offset) if offset < 0 else offset
            stop = min(total, offset + length) if length >= 0 else total + length
        else:
            stop = offset + length
        made: list[str] = []
        at = 0
        for index, (piece, size) in enumerate(zip(pieces, sizes, strict=True)):
            if at >= stop:
                break
            if size is None and index < len(pieces) - 1:
                return None
            start, end = max(offset - at, 0), stop - at
            if piece.variable < 0:
                made.append(piece.text[start:end])
            elif size is None or start < size:
                view = ("slice", start, None if (size is None and end > 1 << 20) else end)
                if start == 0 and size is not None and end >= size:
                    made.append(piece.text)
                else:
                    made.append(self.store._simple(piece.variable, (*piece.view, view)).text)
            at += size or 0
        return "".join(made)

    def length(self, text: str) -> int:
        """Decide how long the text is."""
        total = 0
        for piece in self.store.pieces(text):
            size = self.store.length_of(piece)
            if size is None:
                found = self.classify(piece.text, "length", len, lambda: Length(LONGEST + 1))
                assert isinstance(found, int)  # noqa: S101 - for type checkers: it can be nothing else
                size = found
            total += size
        return total

    def shown(self, text: str) -> str:
        """Return the text for people: an atom as what it is about."""
        words = []
        for piece in self.store.pieces(text):
            if piece.variable < 0:
                words.append(piece.text)
            else:
                about = self.store.variables[piece.variable]
                words.append(f"<{about.kind}{' ' + about.subject if about.subject else ''}>")
        return "".join(words)


def columns_of(view: View) -> frozenset[Hashable] | None:
    """Return the tables of which a view of an extension is made, None if it is made of anything else."""
    if not view or view[0][0] != "call":
        return None
    made: Made = view[0][1]
    name, form = made.name, made.form
    if isinstance(name, tuple) and name and name[0] == TABLE:
        return frozenset((name,)) if form == (WHOLE,) else None
    found: frozenset[Hashable] = frozenset()
    for part in form:
        if isinstance(part, tuple):
            columns = columns_of(part)
            if columns is None:
                return None
            found |= columns
    return found or None


def _order(part: tuple[Hashable, Node]) -> tuple[str, str]:
    return (type(part[0]).__name__, str(part[0]))


def _text(pieces: Iterable[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def _same(text: str) -> bool:
    one, other = text.split("\0", 1)
    return one == other


def _strip_common(left: list[Piece], right: list[Piece]) -> bool | None:
    """Take away what both texts begin and end with. Return what is certain then, None if nothing is."""
    for end in (0, -1):
        while left and right:
            one, other = left[end], right[end]
            if one == other:
                del left[end], right[end]
            elif one.variable < 0 and other.variable < 0:
                size = min(len(one.text), len(other.text))
                if end == 0:
                    if one.text[:size] != other.text[:size]:
                        return False
                    rest = one.text[size:], other.text[size:]
                else:
                    if one.text[-size:] != other.text[-size:]:
                        return False
                    rest = one.text[:-size], other.text[:-size]
                for side, text in zip((left, right), rest, strict=True):
                    if text:
                        side[end] = Piece(-1, WHOLE, text)
                    else:
                        del side[end]
            else:
                break
    if not left and not right:
        return True
    if not any(piece.variable >= 0 for piece in (*left, *right)):
        return False
    return None


__all__ = ["ANY", "Chosen", "Piece", "Shared", "Store", "Symbols", "Undecided", "Variable"]
