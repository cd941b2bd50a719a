"""Which variables can still be read at each step: those whose values make a difference, never too few.

Live variables as compilers know them, over all steps of a dial plan at once: what a step reads, and what the steps after it
may read before they set it. Names are bits of one number, so that thousands of steps take moments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kelid.model.pbx import Pbx, Step
from kelid.simulate.reach import ALWAYS, Reach, _branches, _split, _without_braces

_NAME = re.compile(r"[A-Za-z_~][A-Za-z0-9_~]*")
_SETS = re.compile(r"_{0,2}([A-Za-z][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_LOCAL = re.compile(r"LOCAL\(([A-Za-z][A-Za-z0-9_]*)\)=(.*)", re.DOTALL)
_STANDARD = ("h", "i", "t", "T", "e", "o", "a", "fax", "failed")
_JUMPS = {"goto", "gotoif", "gotoiftime"}
_SUBS = {"gosub", "gosubif"}
_STOPS = {"return", "hangup", "busy", "congestion", "goto"}
_DIGITS = {"waitexten", "background", "backgrounddetect", "incomplete"}

Key = tuple[str, str, int]


class Live:
    """Which names are live before each step."""

    def __init__(self, pbx: Pbx, reach: Reach) -> None:
        """Work it out for the whole dial plan."""
        self._reach = reach
        self._bits: dict[str, int] = {}
        self._nodes: dict[Key, int] = {}
        self._extens: dict[str, dict[str, dict[int, Step]]] = {}
        self._includes: dict[str, tuple[str, ...]] = {}
        self._all = 0
        self._everything = False
        for context in pbx.contexts:
            extens = self._extens.setdefault(context.name, {})
            self._includes[context.name] = (
                *self._includes.get(context.name, ()),
                *(include.context for include in context.includes),
            )
            for exten in context.extens:
                steps = extens.setdefault(exten.pattern, {})
                priority = 0
                for step in exten.steps:
                    priority = step.priority or priority + 1
                    if exten.caller is None:
                        steps.setdefault(priority, step)
                    else:
                        # For some callers only: one more extension that may be meant.
                        extens.setdefault(f"{exten.pattern}/{exten.caller}", {}).setdefault(priority, step)
        self._values: list[int] = []
        self._solve()
        self._sets: dict[int, frozenset[str]] = {}
        self._known: dict[tuple[str, str, int], int] = {}

    def _bit(self, name: str) -> int:
        found = self._bits.get(name)
        if found is None:
            found = self._bits[name] = 1 << len(self._bits)
        return found

    def _mask(self, names: Iterable[str]) -> int:
        mask = 0
        for name in names:
            mask |= self._bit(name)
        return mask

    def _solve(self) -> None:
        keys: list[Key] = []
        for context, extens in self._extens.items():
            for exten, steps in extens.items():
                for priority in sorted(steps):
                    self._nodes[context, exten, priority] = len(keys)
                    keys.append((context, exten, priority))
        reads: list[int] = []
        kills: list[int] = []
        after: list[list[int]] = []
        for key in keys:
            step = self._extens[key[0]][key[1]][key[2]]
            read, kill = self._reads(step)
            reads.append(read)
            kills.append(kill)
            after.append(sorted(set(self._after(key, step))))
        before: list[list[int]] = [[] for _ in keys]
        for index, following in enumerate(after):
            for one in following:
                before[one].append(index)
        values = list(reads)
        waiting = list(range(len(keys)))
        queued = [True] * len(keys)
        while waiting:
            index = waiting.pop()
            queued[index] = False
            out = 0
            for one in after[index]:
                out |= values[one]
            made = reads[index] | (out & ~kills[index])
            if made != values[index]:
                values[index] = made
                for one in before[index]:
                    if not queued[one]:
                        queued[one] = True
                        waiting.append(one)
        self._values = values
        for value in values:
            self._all |= value

    def _reads(self, step: Step) -> tuple[int, int]:
        app, data = step.app.lower(), step.data
        kill = 0
        if app == "set":
            local, plain = _LOCAL.match(data), _SETS.match(data)
            found = local or plain
            if found:
                kill = self._bit(found[1])
                data = found[2]
        elif app in ("dial", "retrydial"):
            kill = self._bit("DIALSTATUS")
        elif app == "gosub":
            kill = self._bit("GOSUB_RETVAL")
        elif app == "read":
            name = data.partition(",")[0]
            if _NAME.fullmatch(name):
                kill = self._bit(name)
                data = data.partition(",")[2]
        elif app == "macro":
            self._everything = True
        return self._mask(_NAME.findall(data)), kill

    def _entries(self, context: str, exten: str, priority: str, here: Key, seen: set[str]) -> Iterator[int]:
        """Yield the steps that a place may be: of the context, and of those that it includes."""
        if context in seen:
            return
        seen.add(context)
        extens = self._extens.get(context, {})
        exact = extens.get(exten)
        chosen = {exten: exact} if exact is not None else extens
        for name, steps in chosen.items():
            if exact is None and "$" not in exten and exten and not name.startswith("_") and "/" not in name:
                continue
            yield from self._priorities(context, name, steps, priority)
        if exact is not None:
            for name, steps in extens.items():
                if name.startswith(f"{exten}/"):
                    yield from self._priorities(context, name, steps, priority)
        for included in self._includes.get(context, ()):
            yield from self._entries(included, exten, priority, here, seen)

    def _priorities(self, context: str, exten: str, steps: dict[int, Step], priority: str) -> Iterator[int]:
        if priority.isdecimal():
            number = int(priority)
            if number in steps:
                yield self._nodes[context, exten, number]
            return
        for number, step in steps.items():
            if step.label and (step.label == priority or "$" in priority):
                yield self._nodes[context, exten, number]
        if "$" in priority and 1 in steps:
            yield self._nodes[context, exten, 1]

    def _place(self, key: Key, text: str) -> Iterator[int]:
        """Yield the steps that ``[[context,]exten,]priority`` may be."""
        parts = [part.strip() for part in _split(text)]
        if len(parts) == 1:
            variable = parts[0]
            yield from self._priorities(key[0], key[1], self._extens[key[0]][key[1]], variable)
            if "$" in variable:
                yield from self._somewhere(key, variable)
        elif len(parts) == 2:
            yield from self._entries(key[0], parts[0], parts[1], key, set())
        else:
            contexts: set[str] = {parts[0]}
            if "$" in parts[0]:
                contexts = set()
                if self._reach._may_be(parts[0], contexts, 3):
                    contexts = set(self._extens)
            for context in contexts:
                yield from self._entries(context, parts[1], parts[2], key, set())

    def _somewhere(self, key: Key, text: str) -> Iterator[int]:
        """Yield where ``Goto(${WHERE})`` may go: every value that the dial plan gives the variable."""
        found = re.fullmatch(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", text)
        if found and found[1] == "GOSUB_RETVAL":
            return
        values = self._reach._assigned.get(found[1]) if found else None
        if not values:
            if "${IF(" not in text:
                self._everything = True
            for word in re.split(r"[,:?(){}]", text):
                if word:
                    yield from self._priorities(key[0], key[1], self._extens[key[0]][key[1]], word)
                    yield from self._entries(key[0], word, "1", key, set())
            return
        for value in values:
            if value.count(",") >= 1:
                yield from self._place(key, value)

    def _after(self, key: Key, step: Step) -> Iterator[int]:
        context, exten, priority = key
        app, data = step.app.lower(), step.data
        steps = self._extens[context][exten]
        for standard in _STANDARD:
            other = self._extens[context].get(standard)
            if other and 1 in other:
                yield self._nodes[context, standard, 1]
        following = (context, exten, priority + 1)
        if app not in _STOPS and following in self._nodes:
            yield self._nodes[following]
        if app in _JUMPS or app in _SUBS:
            conditional = app in ("gotoif", "gotoiftime", "gosubif")
            place = _after_question(data) if conditional else data
            for branch in _branches(place) if conditional else [place]:
                yield from self._place(key, _before_arguments(branch) if app in _SUBS else branch)
            return
        if app in _DIGITS:
            yield from self._entries(context, "${ANY}", "1", key, set())
        if "(" in data or "^" in data or "@" in data or "," in data:
            for word in re.split(r"[,()?:&@^\s=/]", data):
                if word in self._extens:
                    yield from self._entries(word, "${ANY}", "1", key, set())
                if word and any(step.label == word for step in steps.values()):
                    yield from self._priorities(context, exten, steps, word)
            if "@" in data:
                for found in re.findall(r"@([^/,()&^]*)", data):
                    if "$" in found:
                        contexts: set[str] = set()
                        if self._reach._may_be(found, contexts, 3):
                            contexts = set(self._extens)
                        for one in contexts:
                            yield from self._entries(one, "${ANY}", "1", key, set())

    def bit(self, name: str) -> int:
        """Return the bit of a name."""
        return self._bits.get(name, 0)

    # --- asking --------------------------------------------------------------------------------------

    def mask(self, context: str, exten: str, priority: int) -> int:
        """Return the live names before a step, as bits; where the extension isn't decided, those of all that it may be."""
        key = (context, exten if exten.isascii() else "", priority)
        found = self._known.get(key)
        if found is None:
            found = 0
            extens = self._extens.get(context, {})
            exact = (context, exten, priority)
            if exact in self._nodes and not any(name.startswith(f"{exten}/") for name in extens):
                found = self._values[self._nodes[exact]]
            else:
                seen: set[str] = set()
                waiting = [context]
                while waiting:
                    one = waiting.pop()
                    if one in seen:
                        continue
                    seen.add(one)
                    waiting += self._includes.get(one, ())
                    for name, steps in self._extens.get(one, {}).items():
                        for number in (priority, 1):
                            if number in steps:
                                found |= self._values[self._nodes[one, name, number]]
            self._known[key] = found
        return found

    def names(self, mask: int) -> frozenset[str]:
        """Return the names of a mask, and those that applications read by themselves."""
        if self._everything:
            mask = self._all
        found = self._sets.get(mask)
        if found is None:
            found = self._sets[mask] = (
                frozenset(name for name, bit in self._bits.items() if bit & mask) | ALWAYS
            )
        return found


def _after_question(data: str) -> str:
    """Return what stands after the question mark of a condition."""
    depth = 0
    for at, character in enumerate(data):
        depth += character in "([{"
        depth -= character in ")]}"
        if character == "?" and depth == 0:
            return data[at + 1 :]
    return _without_braces(data).partition("?")[2]


def _before_arguments(place: str) -> str:
    """Return a subroutine's place without its arguments."""
    depth = 0
    for at, character in enumerate(place):
        if character == "(" and depth == 0:
            return place[:at]
        depth += character in "([{"
        depth -= character in ")]}"
    return place
