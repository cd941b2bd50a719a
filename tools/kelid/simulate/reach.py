"""What the texts of a dial plan say about values: what variables are given, which keys of astdb are named, what is counted.

Told from the text alone, never too little: where a value can't be seen, it may be anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property

from kelid.model.pbx import Pbx, Step

_VARIABLE = re.compile(r"^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$")
_WRITES = re.compile(r"^DB\([^${}()]*\)=")
"""A key that is only given a value."""
_COLLECTS = re.compile(r"([A-Z_]+)=\$\{\1\}(&)(?:\$\{ARG([0-9]+)\}|([^${}()]*))")
"""What adds an item to a list: one that the subroutine's caller names, or a constant."""
_CALLS = re.compile(r"([^,?:()\s]+),[^,()]+,1\(((?:[^()]|\([^()]*\))*)\)")
_COUNTS = re.compile(r"__([A-Z_]+)=\$\[0?\$\{\1\} *\+ *1\]")
_INHERITS = re.compile(r"__([A-Za-z][A-Za-z0-9_]*)=")
_SET = re.compile(r"(?:LOCAL\(|_{0,2})([A-Za-z][A-Za-z0-9_]*)\)?=(.*)", re.DOTALL)
_TELLS = re.compile(r"\{TIMEOUT\((?!d|r)", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"(?:^|\(|,)(?:LOCAL\()?_{0,2}([A-Za-z][A-Za-z0-9_]*)\)?=([^,()]*(?:\([^()]*\)[^,()]*)*)"
)

_ASKS_NAME = re.compile(r"CALLERID\((?:name|all)", re.IGNORECASE)
_SHOWS = frozenset(
    {"noop", "verbose", "log", "userevent", "celgenuserevent", "queuelog", "dial", "saydigits"}
)
"""Applications in which a name is shown, and nothing is decided by it."""

_NAMES = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)")
_ARGUMENT_NAME = re.compile(r"ARG[0-9]+")
_GIVES = re.compile(r"[^()$]*(?:\$\{EXTEN\})?[^()$]*\((.*)\)", re.DOTALL)
"""Gosub's place, of which only the extension may be one that isn't written there, and what the subroutine is given."""

ALWAYS = frozenset(
    {
        "GOSUB_RESULT", "MACRO_RESULT", "EXITCONTEXT", "OUTBOUND_GROUP", "OUTBOUND_GROUP_ONCE", "PARKINGLOT",
        "MACRO_CONTEXT", "MACRO_EXTEN", "MACRO_PRIORITY", "MACRO_OFFSET", "MACRO_DEPTH", "MACRO_RECURSION",
    }
)  # fmt: skip
"""Variables that applications read by themselves, of those that the oracle knows to do it. What only a transfer reads
(TRANSFER_CONTEXT) or the sound of a call (PITCH_SHIFT) it doesn't follow."""

QUEUE = ("QUEUE_PRIO", "QUEUE_MAX_PENALTY", "QUEUE_MIN_PENALTY", "QUEUE_RAISE_PENALTY")
"""Variables that Queue reads by itself."""

HEARD = ("language", "musicclass")
"""What of a channel says how things are heard (``CHANNEL(language)``)."""


class Reach:
    """What the steps of a dial plan name."""

    def __init__(self, pbx: Pbx) -> None:
        """Look through the text once."""
        self._pbx = pbx
        self.contexts = frozenset(context.name for context in pbx.contexts)
        self._steps = [
            (step.app.lower(), step.data)
            for context in pbx.contexts
            for exten in context.extens
            for step in exten.steps
        ]
        self._brought: dict[frozenset[str], frozenset[str]] = {}
        self.assigned: dict[str, set[str]] = {}
        """What each variable is given anywhere, as it is written there."""
        for app, data in self._steps:
            plain = _SET.match(data) if app == "set" else None
            if plain:
                self.assigned.setdefault(plain[1], set()).add(plain[2])
            elif "=" in data:
                for found in _ASSIGNED.finditer(data):
                    self.assigned.setdefault(found[1], set()).add(found[2])

    @cached_property
    def follows_limits(self) -> bool:
        """Return True if a call goes on somewhere when its absolute time is over, or the dial plan asks for its times."""
        return any(
            exten.pattern in ("T", "e") for context in self._pbx.contexts for exten in context.extens
        ) or any("{TIMEOUT(" in data for _, data in self._steps)

    @cached_property
    def tells_limits(self) -> bool:
        """Return True if the dial plan asks how much time is left."""
        return any(_TELLS.search(data) for _, data in self._steps)

    @cached_property
    def goes_by_names(self) -> bool:
        """Return True if a step may go by the name that a caller shows, beyond showing it."""
        return any(
            _ASKS_NAME.search(data)
            for app, data in self._steps
            if app not in _SHOWS and not (app == "set" and data.startswith("CALLERID("))
        )

    def heard(self, name: str) -> set[str]:
        """Return what a channel is given of one of ``HEARD``, as it is written: by steps, by its endpoint, by default."""
        given = re.compile(rf"CHANNEL\({name}\)=([^,()]*)", re.IGNORECASE)
        found = {text[1] for _, data in self._steps for text in given.finditer(data)}
        if name == "language":
            for path in ("pjsip.conf", "iax.conf", "chan_dahdi.conf", "asterisk.conf"):
                for section in self._pbx.sections(path):
                    found |= {
                        option.value
                        for option in section.options
                        if option.key in ("language", "defaultlanguage")
                    }
            found.add("en")
        return found

    @cached_property
    def _keys(self) -> frozenset[str]:
        return frozenset(
            key.strip("/")
            for _, data in self._steps
            if "DB" in data
            for key in re.findall(r"DB(?:_EXISTS|_DELETE)?\(([^${}()]*)\)", _WRITES.sub("", data))
        )

    def names_key(self, key: str) -> bool:
        """Return True if the dial plan reads this very key of astdb: it is not made of what a call brings."""
        return key in self._keys

    @cached_property
    def counters(self) -> dict[str, int]:
        """Return variables that channels inherit and that only count (``__FORWARDS=$[0${FORWARDS} + 1]``), with a bound."""
        found = {
            count[1]: 9
            for app, data in self._steps
            if app == "set" and (count := _COUNTS.fullmatch(data)) is not None
        }
        for name in found:
            limits = [
                int(limit[1])
                for _, data in self._steps
                if f"{{{name}}}" in data
                for limit in re.finditer(rf"\{{{name}\}}[^0-9a-zA-Z]*[<>=]+ *([0-9]+)", data)
            ]
            found[name] = max(limits, default=9)
        return found

    @cached_property
    def handed_on(self) -> frozenset[str]:
        """Return variables that channels inherit and by which nothing is decided, but whether they are there: they become a
        part of other variables.
        """
        found = {
            inherits[1]
            for app, data in self._steps
            if app == "set" and (inherits := _INHERITS.match(data)) is not None
        } - ALWAYS
        for app, data in self._steps:
            for name in [name for name in found if name in data]:
                rest = re.sub(rf'\$\["\$\{{{name}\}}" !?= ""\]', "", data)
                if app == "set":
                    rest = rest.removeprefix(f"__{name}=")
                    rest = re.sub(rf"\$\{{FILTER\([0-9*#+-]*,\$\{{{name}\}}\)\}}", "", rest)
                if name in rest:
                    found.discard(name)
        return frozenset(found)

    @cached_property
    def _arguments(self) -> dict[str, set[str]]:
        """What subroutines are given, as it is written: each argument's name -> its texts; "": steps that may give any."""
        found: dict[str, set[str]] = {"": set()}
        for app, data in self._steps:
            if app == "gosub" and (call := _GIVES.fullmatch(data)):
                for number, text in enumerate(split_level(call[1], ","), 1):
                    found.setdefault(f"ARG{number}", set()).add(text)
            elif app == "macro":
                for number, text in enumerate(split_level(data, ",")[1:], 1):
                    found.setdefault(f"ARG{number}", set()).add(text)
            elif any(name in app or name in data.lower() for name in ("gosub", "macro")):
                found[""].add(data)
        return found

    @cached_property
    def _of_endpoints(self) -> dict[str, set[str]]:
        """What endpoints bring in variables."""
        found: dict[str, set[str]] = {}
        for path in ("pjsip.conf", "iax.conf", "chan_dahdi.conf", "sip.conf"):
            for section in self._pbx.sections(path):
                for option in section.options:
                    if option.key in ("set_var", "setvar"):
                        name, _, text = option.value.partition("=")
                        found.setdefault(name.lstrip("_"), set()).add(text)
        for option in self._pbx.globals:
            found.setdefault(option.key, set()).add(option.value)
        return found

    def brought(self, names: frozenset[str]) -> frozenset[str]:
        """Return the texts that variables may bring to a step: what they are given anywhere, and what that is made of."""
        found = self._brought.get(names)
        if found is None:
            waiting, seen, texts = list(names), set(names), set[str]()
            while waiting:
                name = waiting.pop()
                given = self.assigned.get(name, set())
                if _ARGUMENT_NAME.fullmatch(name):
                    given = self._arguments[""] | self._arguments.get(name, set())
                for text in given | self._of_endpoints.get(name, set()):
                    texts.add(text)
                    more = set(_NAMES.findall(text)) - seen
                    seen |= more
                    waiting += more
            found = self._brought[names] = frozenset(texts)
        return found

    @cached_property
    def collectors(self) -> dict[str, dict[str, tuple[str, int]]]:
        """Return lists that subroutines add to: variable -> context of the subroutine -> what stands before the item, and
        which of its arguments that is.
        """
        found: dict[str, dict[str, tuple[str, int]]] = {}
        for context in self._pbx.contexts:
            for exten in context.extens:
                for step in exten.steps:
                    adds = _COLLECTS.fullmatch(step.data) if step.app.lower() == "set" else None
                    if adds and adds[3]:
                        found.setdefault(adds[1], {})[context.name] = (adds[2], int(adds[3]))
        return found

    def collected(self, variable: str, steps: Iterable[Step]) -> list[tuple[str, bool]] | None:
        """Return what may be in a list after some steps: each item with what stands before it, and whether it surely is.

        None where that can't be told from the text.
        """
        items: list[tuple[str, bool]] | None = None
        for step in steps:
            app = step.app.lower()
            if app == "gosub":
                call = _CALLS.fullmatch(step.data)
                adds = self.collectors[variable].get(call[1]) if call else None
                if call and adds:
                    given = split_level(call[2], ",")
                    item = given[adds[1] - 1] if len(given) >= adds[1] else ""
                    if items is None or "$" in item:
                        return None
                    items.append((adds[0] + item, False))
            elif app == "set" and step.data.startswith(f"{variable}="):
                more = _COLLECTS.fullmatch(step.data)
                if more and not more[3] and items is not None:
                    items.append((more[2] + more[4], True))
                elif step.data == f"{variable}=":
                    items = []
                else:
                    return None
        return items

    def families(self, template: str) -> set[str]:
        """Return which families of astdb a text may name: "" among them where it may be any."""
        if "$" not in template:
            return {template.strip("/")}
        variable = re.fullmatch(r"\$\{([A-Za-z_]+)\}?", template)
        values = self.assigned.get(variable[1]) if variable else None
        families = {value.partition("/")[0] for value in values or ()}
        return families if families and not any("$" in family for family in families) else {""}

    def values(self, text: str, depth: int = 3) -> set[str] | None:
        """Return what a text may come to, None where that can't be told: a constant, a variable, a choice of two."""
        if "$" not in text:
            return {text}
        if depth == 0:
            return None
        choice = re.fullmatch(r"\$\{IF\((.*)\)\}", text, re.DOTALL)
        if choice:
            ways = split_level(_condition_off(choice[1]), ":")
        else:
            variable = _VARIABLE.match(text)
            if variable is None or variable[1] not in self.assigned:
                return None
            ways = list(self.assigned[variable[1]])
        made: set[str] = set()
        for way in ways:
            found = self.values(way, depth - 1)
            if found is None:
                return None
            made |= found
        return made

    def may_be(self, template: str, targets: set[str], depth: int) -> bool:
        """Add the contexts that a text may name to ``targets``. Return True if it may be any."""
        variable = _VARIABLE.match(template)
        if variable is not None:
            values = self.assigned.get(variable[1])
            if not values or depth == 0:
                return True
            everywhere = False
            for value in values:
                first = split_level(value, ",")[0]
                everywhere |= self.may_be(first, targets, depth - 1) if "$" in first else False
                if "$" not in first and first in self.contexts:
                    targets.add(first)
            return everywhere
        pattern = re.compile(
            "".join(".*" if part.startswith("$") else re.escape(part) for part in parts(template))
        )
        if pattern.pattern.replace(".*", "") == "":
            return True
        targets |= {name for name in self.contexts if pattern.fullmatch(name)}
        return False


def _condition_off(text: str) -> str:
    """Return what stands after the question mark of a condition."""
    return split_level(text, "?")[-1]


def without_braces(text: str) -> str:
    """Return the text without its variables."""
    return re.sub(r"\$\{[^{}]*\}", "", text)


def parts(template: str) -> list[str]:
    """Return constants, and variables (each beginning with a dollar sign)."""
    made: list[str] = []
    at = 0
    while at < len(template):
        start = template.find("${", at)
        if start < 0:
            made.append(template[at:])
            break
        if start > at:
            made.append(template[at:start])
        depth, end = 0, start
        while end < len(template):
            if template[end] == "{":
                depth += 1
            elif template[end] == "}":
                depth -= 1
                if depth == 0:
                    break
            end += 1
        made.append(template[start : end + 1])
        at = end + 1
    return made


def split_level(text: str, separator: str) -> list[str]:
    """Return the parts of a text between separators outside of all brackets."""
    made = [""]
    depth = 0
    for character in text:
        depth += character in "([{"
        depth -= character in ")]}"
        if character == separator and depth <= 0:
            made.append("")
        else:
            made[-1] += character
    return made


def branches(place: str) -> list[str]:
    """Return the places of a condition: those that aren't empty."""
    return [branch for branch in split_level(place, ":") if branch]
