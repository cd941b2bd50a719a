"""Sets of numbers, of moments and decisions in words that people use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kelid.model.behaviour import Condition
from kelid.model.call import MADE, QUESTIONS
from kelid.simulate.languages import NOTHING, Automaton, Node, characters_of, mask_of
from kelid.simulate.symbols import ATOM, Chosen, Variable
from kelid.simulate.times import Times, words

MOST_NUMBERS = 6
"""Numbers that are listed; of more, one is named with how many there are."""

_KEYS = mask_of("0123456789*#+")
_DIGITS = mask_of("0123456789")
_ORDINARY = frozenset({"ANSWER", "no key", "SUCCESS", "ANSWERED", "0", "no", "right", MADE})


def free(chosen: Chosen) -> Condition:
    """Return a decision that no set of texts can tell: two texts that are the same, or what was taken to be so."""
    parts = chosen.subject if isinstance(chosen.subject, tuple) else (chosen.subject,)
    words = [
        named(" ".join(filter(None, part)) if isinstance(part, Variable) else str(part)) for part in parts
    ]
    subject = " is ".join(words) if chosen.kind == "same" else " ".join(words)
    return Condition("free", subject, str(chosen.answer))


class Words:
    """Puts what one exploration has found into words."""

    def __init__(self, automaton: Automaton, times: Times) -> None:
        """Given the sets and the classes of time of the exploration, begin."""
        self._automaton = automaton
        self._times = times
        self._when: dict[int, str] = {}
        self._numbers: dict[tuple[Node, Node], str] = {}

    def numbers(self, node: Node, every: Node) -> str:
        """Return which numbers are in a set; "" for all of them."""
        found = self._numbers.get((node, every))
        if found is None:
            found = self._numbers[node, every] = self._words_of(node, every)
        return found

    def _words_of(self, node: Node, every: Node) -> str:
        if node == every:
            return ""
        automaton = self._automaton
        count = automaton.count(node)
        if count <= MOST_NUMBERS:
            return ", ".join(text or "(none)" for text in automaton.listed(node, MOST_NUMBERS) or ())
        rest = NOTHING if automaton.count(every) - count > MOST_NUMBERS else automaton.less(every, node)
        if rest != NOTHING and automaton.count(rest) <= MOST_NUMBERS:
            return "any but " + ", ".join(
                text or "(none)" for text in automaton.listed(rest, MOST_NUMBERS) or ()
            )
        pattern = self._pattern(node)
        if pattern:
            return pattern
        for mask in (_KEYS, _DIGITS):
            plain = self._plain(node, mask)
            if plain not in (node, NOTHING):
                return self.numbers(plain, every)  # what else is filtered out: letters, say
        if count < 2000:
            return f"{count} numbers such as {automaton.shortest(node)}"
        return f"numbers such as {automaton.shortest(node)}"

    def _plain(self, node: Node, mask: int) -> Node:
        """Return the numbers of a set that have nothing but these characters."""
        if not self._automaton.alphabet(node) & ~mask:
            return node
        longest = max(self._automaton.lengths(node), default=0)
        return self._automaton.both(node, self._automaton.repeated(mask, 0, longest))

    def _pattern(self, node: Node) -> str:
        """Return the set as one pattern of the dial plan, "" if it is none: ``09XXXXXXXXX``, ``00X.``"""
        nodes = self._automaton.nodes
        made: list[str] = []
        while True:
            ends, edges = nodes[node]
            if not edges:
                return "".join(made)
            if ends:
                lengths = self._automaton.lengths(node)
                mask = self._automaton.alphabet(node)
                full = self._automaton.repeated(mask, 0, max(lengths))
                return "".join(made) + "..." if node == full else ""
            if len(edges) != 1:
                return ""
            mask, node = edges[0]
            made.append(_position(mask))

    def times(self, bits: int) -> str:
        """Return when the classes of time are, "" for always."""
        found = self._when.get(bits)
        if found is None:
            whole = (1 << self._times.whole) - 1
            chosen = [index for index in range(len(self._times.classes)) if bits >> index & 1]
            found = self._when[bits] = "" if bits & whole == whole else words(self._times, chosen)
        return found

    def moment(self, bits: int) -> int:
        """Return a moment of the classes, in seconds since 1970."""
        index = next(index for index in range(len(self._times.classes)) if bits >> index & 1)
        return self._times.classes[index].moment

    def conditions(self, path: Iterable[Chosen]) -> Iterator[Condition]:
        """Yield what isn't ordinary on a way: answers of the world, and values that only it knows.

        Of what is narrowed step by step (a key, a value of astdb), what is left of it in the end.
        """
        steps = list(path)
        last = {(one.variable, one.about): at for at, one in enumerate(steps) if one.kind == "text"}
        for at, chosen in enumerate(steps):
            follows = at + 1 < len(steps) and steps[at + 1].about is not None
            if chosen.answer == "a key" and follows:
                continue  # which one it is comes next
            if chosen.kind != "text" or last[chosen.variable, chosen.about] == at:
                yield from self.condition(chosen, ordinary_too=False)

    def condition(self, chosen: Chosen, *, ordinary_too: bool = True) -> Iterator[Condition]:
        """Yield a decision as a condition."""
        if chosen.kind == "question":
            kind, subject = chosen.subject
            if kind == "limit":
                kind, subject = "TIMEOUT(absolute)", ""  # how much may be left is no condition
            answer = str(chosen.answer)
            if ordinary_too or answer not in _ORDINARY:
                if kind == "clock":
                    kind, subject, answer = "the clock", "", "past the next border by then"
                yield Condition("answer", f"{kind} {named(subject)}".strip(), answer)
        elif chosen.kind == "text" and chosen.about is not None:
            about = chosen.about
            if about.kind == "time":
                if ordinary_too:
                    yield Condition("time", "", self.times(self._bits(chosen.node)))
            elif about.kind in ("dialled", "caller", "phone"):
                if ordinary_too or about.kind == "phone":
                    yield Condition(about.kind, "", self.numbers(chosen.node, chosen.before))
            elif about.kind not in ("count", "number", "met"):
                yield Condition(
                    "value",
                    f"{about.kind} {named(about.subject)}".strip(),
                    self.numbers(chosen.node, chosen.before),
                )
        elif ordinary_too:
            yield free(chosen)

    def answers(self, path: Iterable[Chosen]) -> Iterator[tuple[str, str]]:
        """Yield the answers on a way, so that the call can be made again.

        Of what is narrowed step by step, what is left of it in the end, where it was asked for.
        """
        steps = list(path)
        left = {(one.variable, one.about): one.node for one in steps if one.kind == "text"}
        for chosen in steps:
            about = chosen.about
            if chosen.kind == "question":
                kind, subject = chosen.subject
                if chosen.answer != MADE:
                    yield f"{kind}:{named(subject) if kind != 'clock' else ''}", str(chosen.answer)
            elif about is not None and (about.kind in ("phone", "caller-name") or about.kind in QUESTIONS):
                node = left.pop((chosen.variable, about), None)
                if node is not None:
                    yield f"{about.kind}:{named(about.subject)}", self._automaton.shortest(node)

    def _bits(self, node: Node) -> int:
        bits = 0
        for text in self._automaton.listed(node, 100_000) or ():
            bits |= 1 << int(text)
        return bits


def _position(mask: int) -> str:
    if mask == _DIGITS:
        return "X"
    letters = characters_of(mask)
    if len(letters) == 1:
        return letters
    if letters == "123456789":
        return "Z"
    if letters == "23456789":
        return "N"
    return f"[{_ranges(letters)}]" if len(letters) < 30 else "?"


def _ranges(letters: str) -> str:
    made: list[str] = []
    at = 0
    while at < len(letters):
        end = at
        while (
            end + 1 < len(letters)
            and ord(letters[end + 1]) == ord(letters[end]) + 1
            and letters[end + 1].isdigit()
        ):
            end += 1
        made.append(
            letters[at]
            if end == at
            else f"{letters[at]}-{letters[end]}"
            if end > at + 1
            else letters[at : end + 1]
        )
        at = end + 1
    return "".join(made)


def named(text: str) -> str:
    """Return the text with something readable for what isn't decided in it."""
    return ATOM.sub("…", str(text))
