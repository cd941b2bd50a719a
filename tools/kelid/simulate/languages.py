"""Sets of texts that may be infinite in practice (any number of up to 79 characters), kept small and compared at once.

A set is a node of an acyclic automaton: whether a text may end here, and for each character where it goes on. Equal sets
are the same node (an int), because nodes are made once and kept. So a set can stand in a key, and what was worked out
about it is remembered. Characters are ASCII's printable ones; one more, OTHER, stands for all the rest.

A *machine* reads a text from left to right and says something about it at the end (equal or not, which extension matches);
``split`` tells which part of a set gets which answer.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from typing import Any, Protocol

OTHER = "\u00b7"
"""Stands for every character that isn't printable ASCII (Persian letters, say): dial plans name none of them in patterns."""
CHARACTERS = "".join(map(chr, range(0x20, 0x7F))) + OTHER
BIT = {character: 1 << index for index, character in enumerate(CHARACTERS)}
ANY = (1 << len(CHARACTERS)) - 1

NOTHING, EMPTY_TEXT = 0, 1
"""The set without a text, and the set that holds only the empty one."""

Node = int
Edges = tuple[tuple[int, Node], ...]


def mask_of(characters: Iterable[str]) -> int:
    """Return the set of characters as bits. Characters that have none of their own count as OTHER."""
    mask = 0
    for character in characters:
        mask |= BIT.get(character, BIT[OTHER])
    return mask


def characters_of(mask: int) -> str:
    """Return the characters of a mask, in ASCII's order."""
    return "".join(character for character in CHARACTERS if mask & BIT[character])


class Machine(Protocol):
    """Reads a text and says something about it. States and answers are hashable; equal machines have equal keys."""

    @property
    def key(self) -> Hashable:
        """Return what tells this machine from others."""

    @property
    def start(self) -> Hashable:
        """Return the state before the first character."""

    def moves(self, state: Any, mask: int) -> Iterable[tuple[int, Hashable]]:
        """Given characters that may come, yield parts of them with the state after each."""

    def end(self, state: Any) -> Hashable:
        """Return what it says of a text that ends in this state."""

    def settled(self, state: Any) -> bool:
        """Return True if it says the same whatever else comes."""


def read_by(machine: Machine, text: str) -> Hashable:
    """Return what a machine says of one text."""
    state = machine.start
    for character in text:
        ((_, state),) = machine.moves(state, mask_of(character))
    return machine.end(state)


class Automaton:
    """All nodes of one exploration, and what is known of them."""

    def __init__(self) -> None:
        """Begin with the two sets that every other is made of."""
        self._made: dict[tuple[bool, Edges], Node] = {(False, ()): NOTHING, (True, ()): EMPTY_TEXT}
        self.nodes: list[tuple[bool, Edges]] = [(False, ()), (True, ())]
        self._split: dict[Hashable, dict[tuple[Node, Hashable], dict[Hashable, Node]]] = {}
        self._both: dict[tuple[Node, Node], Node] = {}
        self._either: dict[tuple[Node, Node], Node] = {}
        self._less: dict[tuple[Node, Node], Node] = {}
        self._concatenated: dict[tuple[Node, Node], Node] = {}
        self._filtered: dict[tuple[Node, int], Node] = {}
        self._unfiltered: dict[tuple[Node, int, Node], Node] = {}
        self._before: dict[tuple[Node, str], Node] = {}
        self._fields: dict[tuple[Node, str, int], Node] = {}
        self._count: dict[Node, int] = {NOTHING: 0, EMPTY_TEXT: 1}
        self._texts: dict[Node, tuple[str, ...]] = {}
        self._lengths: dict[Node, frozenset[int]] = {}
        self._alphabets: dict[Node, int] = {}
        self._only: dict[Node, str | None] = {}
        self._named: dict[tuple[str, ...], Node] = {}
        self._repeated: dict[tuple[int, int, int], Node] = {}
        self.ranks = _Ranks()

    def node(self, accepts: bool, edges: Collection[tuple[int, Node]]) -> Node:
        """Return the node with these edges: masks that lead to one child are joined, those to nothing left out."""
        if len(edges) > 1:
            joined: dict[Node, int] = {}
            for mask, child in edges:
                joined[child] = joined.get(child, 0) | mask
            edges = sorted((mask, child) for child, mask in joined.items())
        form = (accepts, tuple(edge for edge in edges if edge[0] and edge[1] != NOTHING))
        found = self._made.get(form)
        if found is None:
            found = self._made[form] = len(self.nodes)
            self.nodes.append(form)
        return found

    def texts(self, *texts: str) -> Node:
        """Return the set of these texts."""
        found = self._named.get(texts)
        if found is None:
            found = self._named[texts] = self._set_of(texts)
        return found

    def _set_of(self, texts: Sequence[str]) -> Node:
        ends = "" in texts
        follow: dict[str, list[str]] = {}
        for text in texts:
            if text:
                first = text[0] if text[0] in BIT else OTHER
                follow.setdefault(first, []).append(text[1:])
        return self.node(ends, [(BIT[first], self._set_of(rest)) for first, rest in follow.items()])

    def repeated(self, mask: int, least: int, most: int) -> Node:
        """Return all texts of ``least`` to ``most`` characters of the mask."""
        key = (mask, least, most)
        found = self._repeated.get(key)
        if found is None:
            found = EMPTY_TEXT
            for length in range(most - 1, -1, -1):
                found = self.node(length >= least, [(mask, found)])
            self._repeated[key] = found
        return found

    def sequence(self, masks: Sequence[int], then: Node = EMPTY_TEXT) -> Node:
        """Return all texts with one character of each mask, followed by a text of ``then``."""
        found = then
        for mask in reversed(masks):
            found = self.node(False, [(mask, found)])
        return found

    def concatenated(self, one: Node, other: Node) -> Node:
        """Return every text of the first set followed by one of the second."""
        key = (one, other)
        found = self._concatenated.get(key)
        if found is None:
            ends, edges = self.nodes[one]
            found = self.node(False, [(mask, self.concatenated(child, other)) for mask, child in edges])
            if ends:
                found = self.either(found, other)
            self._concatenated[key] = found
        return found

    # --- two sets ------------------------------------------------------------------------------------

    def both(self, one: Node, other: Node) -> Node:
        """Return what is in both sets."""
        if one == other:
            return one
        if NOTHING in (one, other):
            return NOTHING
        if one > other:
            one, other = other, one
        found = self._both.get((one, other))
        if found is None:
            (ends, edges), (others_end, other_edges) = self.nodes[one], self.nodes[other]
            found = self.node(
                ends and others_end,
                [
                    (mask & second, self.both(child, other_child))
                    for mask, child in edges
                    for second, other_child in other_edges
                    if mask & second
                ],
            )
            self._both[one, other] = found
        return found

    def either(self, one: Node, other: Node) -> Node:
        """Return what is in one of the sets."""
        if other in (one, NOTHING):
            return one
        if one == NOTHING:
            return other
        if one > other:
            one, other = other, one
        found = self._either.get((one, other))
        if found is None:
            (ends, edges), (others_end, other_edges) = self.nodes[one], self.nodes[other]
            parts: list[tuple[int, Node]] = []
            left = {index: mask for index, (mask, _) in enumerate(other_edges)}
            for mask, child in edges:
                rest = mask
                for index, (second, other_child) in enumerate(other_edges):
                    if common := mask & second:
                        parts.append((common, self.either(child, other_child)))
                        rest &= ~common
                        left[index] &= ~common
                parts.append((rest, child))
            parts += [(mask, other_edges[index][1]) for index, mask in left.items()]
            # Parts that lead to one child may come from different edges: node() joins them.
            found = self._either[one, other] = self.node(ends or others_end, parts)
        return found

    def less(self, one: Node, other: Node) -> Node:
        """Return what is in the first set and not in the second."""
        if one in (other, NOTHING):
            return NOTHING
        if other == NOTHING:
            return one
        found = self._less.get((one, other))
        if found is None:
            (ends, edges), (others_end, other_edges) = self.nodes[one], self.nodes[other]
            parts: list[tuple[int, Node]] = []
            for mask, child in edges:
                rest = mask
                for second, other_child in other_edges:
                    if common := mask & second:
                        parts.append((common, self.less(child, other_child)))
                        rest &= ~common
                parts.append((rest, child))
            found = self._less[one, other] = self.node(ends and not others_end, parts)
        return found

    def filtered(self, node: Node, mask: int) -> Node:
        """Return what is left of the texts of a set without all characters but those of the mask (Asterisk's FILTER)."""
        found = self._filtered.get((node, mask))
        if found is None:
            ends, edges = self.nodes[node]
            found = self.node(ends, [(part & mask, self.filtered(child, mask)) for part, child in edges])
            for part, child in edges:
                if part & ~mask:
                    found = self.either(found, self.filtered(child, mask))
            self._filtered[node, mask] = found
        return found

    def unfiltered(self, node: Node, mask: int, wanted: Node) -> Node:
        """Return the texts of a set of which ``filtered`` leaves a text that is wanted."""
        key = (node, mask, wanted)
        found = self._unfiltered.get(key)
        if found is None:
            left = self.filtered(node, mask)
            if self.both(left, wanted) == NOTHING:
                found = NOTHING
            elif self.less(left, wanted) == NOTHING:
                found = node
            else:
                ends, edges = self.nodes[node]
                wanted_ends, wanted_edges = self.nodes[wanted]
                parts = [(part & ~mask, self.unfiltered(child, mask, wanted)) for part, child in edges]
                for part, child in edges:
                    for other, rest in wanted_edges:
                        if common := part & mask & other:
                            parts.append((common, self.unfiltered(child, mask, rest)))
                found = self.node(ends and wanted_ends, parts)
            self._unfiltered[key] = found
        return found

    def without_first(self, node: Node, count: int) -> Node:
        """Return what is left of the texts of a set without their first characters."""
        for _ in range(count):
            ends, edges = self.nodes[node]
            node = EMPTY_TEXT if ends else NOTHING
            for _, child in edges:
                node = self.either(node, child)
        return node

    def field(self, node: Node, delimiter: str, number: int) -> Node:
        """Return a field, counted from 1, of the texts of a set (Asterisk's CUT): empty where there is none."""
        key = (node, delimiter, number)
        found = self._fields.get(key)
        if found is None:
            ends, edges = self.nodes[node]
            bit = BIT[delimiter]
            if number == 1:
                first = [(mask & ~bit, self.field(child, delimiter, 1)) for mask, child in edges]
                found = self.node(ends or any(mask & bit for mask, _ in edges), first)
            else:
                found = EMPTY_TEXT if ends else NOTHING
                for mask, child in edges:
                    if mask & bit:
                        found = self.either(found, self.field(child, delimiter, number - 1))
                    if mask & ~bit:
                        found = self.either(found, self.field(child, delimiter, number))
            self._fields[key] = found
        return found

    def after(self, node: Node, text: str) -> Node:
        """Return what follows in the texts of a set that begin with this one."""
        for character in text:
            bit = BIT.get(character, BIT[OTHER])
            node = next((child for mask, child in self.nodes[node][1] if mask & bit), NOTHING)
        return node

    def before(self, node: Node, text: str) -> Node:
        """Return what comes first in the texts of a set that end with this one."""
        if not text or node == NOTHING:
            return node
        found = self._before.get((node, text))
        if found is None:
            edges = [(mask, self.before(child, text)) for mask, child in self.nodes[node][1]]
            found = self._before[node, text] = self.node(self.has(node, text), edges)
        return found

    # --- what is in a set ----------------------------------------------------------------------------

    def has(self, node: Node, text: str) -> bool:
        """Return True if the text is in the set."""
        return self.nodes[self.after(node, text)][0]

    def count(self, node: Node) -> int:
        """Return how many texts the set has (OTHER counts as one character)."""
        found = self._count.get(node)
        if found is None:
            ends, edges = self.nodes[node]
            found = ends + sum(mask.bit_count() * self.count(child) for mask, child in edges)
            self._count[node] = found
        return found

    def only(self, node: Node) -> str | None:
        """Return the only text of the set; None if there are several, or none."""
        try:
            return self._only[node]
        except KeyError:
            texts = self.listed(node, 1)
            found = self._only[node] = texts[0] if texts else None
            return found

    def listed(self, node: Node, limit: int) -> tuple[str, ...] | None:
        """Return all texts of the set in order, or None if there are more than the limit."""
        if self.count(node) > limit:
            return None
        found = self._texts.get(node)
        if found is None:
            found = self._texts[node] = tuple(sorted(self._walk(node)))
        return found

    def _walk(self, node: Node) -> Iterator[str]:
        ends, edges = self.nodes[node]
        if ends:
            yield ""
        for mask, child in edges:
            rests = list(self._walk(child))
            for character in characters_of(mask):
                for rest in rests:
                    yield character + rest

    def shortest(self, node: Node) -> str:
        """Return one text of the set: a short one, of characters as people dial them. Raise ValueError if it has none."""
        if node == NOTHING:
            raise ValueError("no text is in the set")
        row: list[tuple[Node, str]] = [(node, "")]
        while True:
            below: dict[Node, str] = {}
            for at, text in row:
                ends, edges = self.nodes[at]
                if ends:
                    return text
                for mask, child in edges:
                    below.setdefault(child, text + _usual(mask))
            row = list(below.items())

    def longest(self, node: Node) -> str:
        """Return one of the longest texts of the set, "" if it has none."""
        lengths: dict[Node, int] = {}
        order: list[Node] = []
        waiting = [(node, False)]
        while waiting:
            at, seen = waiting.pop()
            if seen:
                order.append(at)
            elif at not in lengths:
                lengths[at] = 0
                waiting.append((at, True))
                waiting += [(child, False) for _, child in self.nodes[at][1]]
        for at in order:
            lengths[at] = max((1 + lengths[child] for _, child in self.nodes[at][1]), default=0)
        made: list[str] = []
        while self.nodes[node][1]:
            mask, node = max(self.nodes[node][1], key=lambda edge: lengths[edge[1]])
            made.append(_usual(mask))
        return "".join(made)

    def alphabet(self, node: Node) -> int:
        """Return the characters that the texts of the set have, as a mask."""
        known = self._alphabets.get(node)
        if known is None:
            known = 0
            for mask, child in self.nodes[node][1]:
                known |= mask | self.alphabet(child)
            self._alphabets[node] = known
        return known

    def lengths(self, node: Node) -> frozenset[int]:
        """Return how long the texts of the set are."""
        known = self._lengths.get(node)
        if known is None:
            known = self._lengths[node] = self._find_lengths(node)
        return known

    def _find_lengths(self, node: Node) -> frozenset[int]:
        found: set[int] = set()
        row, length = {node}, 0
        while row:
            if any(self.nodes[at][0] for at in row):
                found.add(length)
            row = {child for at in row for _, child in self.nodes[at][1]}
            length += 1
        return frozenset(found)

    # --- machines ------------------------------------------------------------------------------------

    def split(self, node: Node, machine: Machine) -> dict[Hashable, Node]:
        """Return what the machine says of the texts of the set: answer -> the part of the set that gets it."""
        known = self._split.setdefault(machine.key, {})
        return self._walk_machine(node, machine, machine.start, known)

    def _walk_machine(
        self,
        node: Node,
        machine: Machine,
        state: Hashable,
        known: dict[tuple[Node, Hashable], dict[Hashable, Node]],
    ) -> dict[Hashable, Node]:
        if node == NOTHING:
            return {}
        if machine.settled(state):
            return {machine.end(state): node}
        at = (node, state)
        found = known.get(at)
        if found is None:
            ends, edges = self.nodes[node]
            parts: dict[Hashable, list[tuple[int, Node]]] = {}
            for mask, child in edges:
                for part, after in machine.moves(state, mask):
                    for answer, rest in self._walk_machine(child, machine, after, known).items():
                        parts.setdefault(answer, []).append((part, rest))
            here = machine.end(state) if ends else None
            if ends:
                parts.setdefault(here, [])
            found = {
                answer: self.node(bool(ends and answer == here), edges) for answer, edges in parts.items()
            }
            known[at] = found
        return found


def _usual(mask: int) -> str:
    for character in "0123456789*#+":
        if mask & BIT[character]:
            return character
    letters = characters_of(mask)
    return next((letter for letter in letters if letter.isalpha()), letters[0])


# --- machines --------------------------------------------------------------------------------------------


class Equals:
    """Whether the text is this one."""

    def __init__(self, text: str) -> None:
        """Keep the text."""
        self.text = text
        self.key = ("equals", text)
        self.start = 0

    def moves(self, state: int, mask: int) -> Iterator[tuple[int, int]]:
        """Go one character on, or out."""
        bit = BIT.get(self.text[state], BIT[OTHER]) if state < len(self.text) else 0
        if mask & bit:
            yield mask & bit, state + 1
        if mask & ~bit:
            yield mask & ~bit, -1

    def end(self, state: int) -> bool:
        """Return True if all of the text was there."""
        return state == len(self.text)

    def settled(self, state: int) -> bool:
        """Return True once a character differs."""
        return state < 0


class Length:
    """How long the text is, up to a most."""

    def __init__(self, most: int) -> None:
        """Keep the most: all that are longer are counted as that."""
        self.most = most
        self.key = ("length", most)
        self.start = 0

    def moves(self, state: int, mask: int) -> Iterator[tuple[int, int]]:
        """Count."""
        yield mask, min(state + 1, self.most)

    def end(self, state: int) -> int:
        """Return the count."""
        return state

    def settled(self, state: int) -> bool:
        """Return True from the most on."""
        return state == self.most


class In:
    """Whether the text is in a set of the same automaton."""

    def __init__(self, automaton: Automaton, node: Node) -> None:
        """Keep the set."""
        self.nodes = automaton.nodes
        self.key = "in"
        self.start = node

    def moves(self, state: Node, mask: int) -> Iterator[tuple[int, Node]]:
        """Follow the edges."""
        for edge, child in self.nodes[state][1]:
            if common := mask & edge:
                yield common, child
                mask &= ~common
        if mask:
            yield mask, NOTHING

    def end(self, state: Node) -> bool:
        """Return True if the text may end here."""
        return self.nodes[state][0]

    def settled(self, state: Node) -> bool:
        """Return True where nothing can follow."""
        return state == NOTHING


Row = tuple[tuple[int, Node], ...]


class _Ranks:
    """The states of all ``Ranked`` of an automaton, by number, and what was worked out about them. 0: no set is left."""

    def __init__(self) -> None:
        self.rows: list[Row] = [()]
        self._numbers: dict[Row, int] = {(): 0}
        self.moves: dict[tuple[int, int], list[tuple[int, int]]] = {}
        self.within: dict[tuple[int, str, str], int] = {}

    def number(self, row: Row) -> int:
        """Return the number of a state."""
        found = self._numbers.get(row)
        if found is None:
            found = self._numbers[row] = len(self.rows)
            self.rows.append(row)
        return found


class Ranked:
    """Which of several sets has the text: the first in their order; -1 for none.

    Its states are numbers: the sets of a large dial plan would be compared one by one at every look into a table.
    """

    key = "ranked"

    def __init__(self, automaton: Automaton, sets: Sequence[Node]) -> None:
        """Keep the sets, the most wanted first."""
        self._automaton, self._ranks = automaton, automaton.ranks
        self.start = self._ranks.number(
            tuple((index, node) for index, node in enumerate(sets) if node != NOTHING)
        )

    def moves(self, state: int, mask: int) -> Iterable[tuple[int, int]]:
        """Follow the edges of all at once."""
        ranks = self._ranks
        found = ranks.moves.get((state, mask))
        if found is None:
            nodes = self._automaton.nodes
            parts: list[tuple[int, Row]] = [(mask, ())]
            for index, node in ranks.rows[state]:
                for edge, child in nodes[node][1]:
                    if not edge & mask:
                        continue
                    cut: list[tuple[int, Row]] = []
                    for part, alive in parts:
                        if common := part & edge:
                            cut.append((common, (*alive, (index, child))))
                        if rest := part & ~edge:
                            cut.append((rest, alive))
                    parts = cut
            found = ranks.moves[state, mask] = [(part, ranks.number(alive)) for part, alive in parts]
        return found

    def within(self, before: str, after: str) -> Ranked:
        """Return what says of a text what this one says of it between two fixed ones: sets that can't match are gone."""
        ranks, key = self._ranks, (self.start, before, after)
        found = Ranked(self._automaton, ())
        if key not in ranks.within:
            left, right = self._automaton.after, self._automaton.before
            ranks.within[key] = ranks.number(
                tuple(
                    (index, inner)
                    for index, node in ranks.rows[self.start]
                    if (inner := right(left(node, before), after)) != NOTHING
                )
            )
        found.start = ranks.within[key]
        return found

    def end(self, state: int) -> int:
        """Return the first that may end here."""
        nodes = self._automaton.nodes
        return next((index for index, node in self._ranks.rows[state] if nodes[node][0]), -1)

    def settled(self, state: int) -> bool:
        """Return True where none is left."""
        return not state


class Filtered:
    """A machine that sees only some characters of the text (Asterisk's FILTER)."""

    def __init__(self, machine: Machine, mask: int) -> None:
        """Keep the machine, and which characters it sees."""
        self.machine, self.mask = machine, mask
        self.key = ("filtered", mask, machine.key)
        self.start = machine.start

    def moves(self, state: Hashable, mask: int) -> Iterator[tuple[int, Hashable]]:
        """Skip what isn't seen."""
        if unseen := mask & ~self.mask:
            yield unseen, state
        if seen := mask & self.mask:
            yield from self.machine.moves(state, seen)

    def end(self, state: Hashable) -> Hashable:
        """Return what the machine says."""
        return self.machine.end(state)

    def settled(self, state: Hashable) -> bool:
        """Return True if the machine is."""
        return self.machine.settled(state)


class Sliced:
    """A machine that sees the characters from ``start`` up to ``stop`` (None: all that follow), counted from the front."""

    def __init__(self, machine: Machine, start: int, stop: int | None) -> None:
        """Keep the machine and the place."""
        self.machine, self.first, self.stop = machine, start, stop
        self.key = ("sliced", start, stop, machine.key)
        self.start = (0, machine.start)

    def moves(self, state: tuple[int, Hashable], mask: int) -> Iterator[tuple[int, Hashable]]:
        """Count, and hand on what is seen."""
        at, inner = state
        if at < self.first:
            yield mask, (at + 1, inner)
        elif self.stop is not None and at >= self.stop:
            yield mask, state
        else:
            follows = at if self.stop is None else at + 1
            for part, after in self.machine.moves(inner, mask):
                yield part, (follows, after)

    def end(self, state: tuple[int, Hashable]) -> Hashable:
        """Return what the machine says."""
        return self.machine.end(state[1])

    def settled(self, state: tuple[int, Hashable]) -> bool:
        """Return True if the machine is, or sees nothing more."""
        at, inner = state
        return self.machine.settled(inner) or (self.stop is not None and at >= self.stop)


class Cut:
    """A machine that sees one field of the text (Asterisk's CUT with a single field, counted from 1)."""

    def __init__(self, machine: Machine, delimiter: str, field: int) -> None:
        """Keep the machine and the field."""
        self.machine, self.delimiter, self.field = machine, BIT.get(delimiter, BIT[OTHER]), field
        self.key = ("cut", delimiter, field, machine.key)
        self.start = (1, machine.start)

    def moves(self, state: tuple[int, Hashable], mask: int) -> Iterator[tuple[int, Hashable]]:
        """Count the delimiters, and hand on what is in the field."""
        at, inner = state
        if cut := mask & self.delimiter:
            yield cut, (min(at + 1, self.field + 1), inner)
        if rest := mask & ~self.delimiter:
            if at == self.field:
                for part, after in self.machine.moves(inner, rest):
                    yield part, (at, after)
            else:
                yield rest, state

    def end(self, state: tuple[int, Hashable]) -> Hashable:
        """Return what the machine says."""
        return self.machine.end(state[1])

    def settled(self, state: tuple[int, Hashable]) -> bool:
        """Return True if the machine is, or the field is over."""
        return self.machine.settled(state[1]) or state[0] > self.field


class Around:
    """A machine that also sees fixed text before and after the text."""

    def __init__(self, machine: Machine, before: str, after: str) -> None:
        """Keep the machine and both texts."""
        self.machine, self.before, self.after = machine, before, after
        self.key = ("around", before, after, machine.key)
        self.start = self._read(machine.start, before)

    def _read(self, state: Hashable, text: str) -> Hashable:
        for character in text:
            if self.machine.settled(state):
                return state
            state = next(iter(self.machine.moves(state, BIT.get(character, BIT[OTHER]))))[1]
        return state

    def end_of_nothing(self) -> Hashable:
        """Return what the machine says of the fixed text alone."""
        return self.end(self.start)

    def moves(self, state: Hashable, mask: int) -> Iterable[tuple[int, Hashable]]:
        """Do as the machine does."""
        return self.machine.moves(state, mask)

    def end(self, state: Hashable) -> Hashable:
        """Return what the machine says after the text that follows."""
        return self.machine.end(self._read(state, self.after))

    def settled(self, state: Hashable) -> bool:
        """Return True if the machine is."""
        return self.machine.settled(state)


class Counted:
    """A machine that reads how long the text is, in digits (Asterisk's LEN)."""

    def __init__(self, machine: Machine, most: int | None = None) -> None:
        """Keep the machine; with ``most`` longer texts count as that long."""
        self.machine, self.most = machine, most
        self.key = ("counted", machine.key, machine.start, most)
        self.start = 0

    def moves(self, state: int, mask: int) -> Iterator[tuple[int, int]]:
        """Count."""
        yield mask, state if state == self.most else state + 1

    def end(self, state: int) -> Hashable:
        """Return what the machine says of the number."""
        return Around(self.machine, str(state), "").end_of_nothing()

    def settled(self, state: int) -> bool:
        """Return False: every length may differ."""
        return False
