"""What a call can still come to, and what it can still read there: told from the dial plan's text, never too little.

Two states that differ only in what nobody will read any more are one state to the explorer; two dial plans whose texts are
the same wherever a call can still come do the same from there on.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import NamedTuple

from kelid.model.pbx import Context, Exten, Pbx

_NAME = re.compile(r"[A-Za-z_~][A-Za-z0-9_~]*")
_SET = re.compile(r"^(?:LOCAL\()?_{0,2}([A-Za-z][A-Za-z0-9_]*)\)?=")
_VARIABLE = re.compile(r"^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$")
_FAMILY = re.compile(r"DB(?:_EXISTS|_DELETE|_KEYS|_KEYCOUNT)?\(([^/)]*)")
_WRITES = re.compile(r"^DB\([^${}()]*\)=")
"""A key that is only given a value."""
_COUNTS = re.compile(r"__([A-Z_]+)=\$\[0?\$\{\1\} *\+ *1\]")
_CALL = re.compile(
    r"(?:^|[?:,])([^,?:()\s]+),[^,()]*(?:\([^()]*\)[^,()]*)*,[0-9a-z-]+\(((?:[^()]|\([^()]*\))*)\)"
)
_WORD = re.compile(r"[^,()?:&@^\s=]+")
_CHANNEL_KIND = re.compile(
    r"CHANNEL\((?:channeltype|language|musicclass|tonezone|hangup_handler_(?:push|pop|wipe))\)", re.IGNORECASE
)
"""What is asked of a channel that doesn't tell which one it is."""
_ENDS = frozenset({"goto", "hangup", "return", "busy", "congestion", "gotoif", "gotoiftime", "macroexit"})


ALWAYS = frozenset(
    {
        "GOSUB_RESULT", "MACRO_RESULT", "QUEUE_PRIO", "QUEUE_MAX_PENALTY", "QUEUE_MIN_PENALTY",
        "QUEUE_RAISE_PENALTY", "EXITCONTEXT", "FORWARD_CONTEXT", "FORWARDERNAME", "TRANSFER_CONTEXT", "LIMIT_WARNING_FILE",
        "OUTBOUND_GROUP", "OUTBOUND_GROUP_ONCE", "PITCH_SHIFT", "SKIP_ARG", "VM_MESSAGEFILE", "GOTO_ON_BLINDXFR",
        "BLINDTRANSFER", "ATTENDEDTRANSFER", "DYNAMIC_FEATURES", "DYNAMIC_PEERNAME", "MONITOR_EXEC", "LOCAL_ARG",
        "MACRO_CONTEXT", "MACRO_EXTEN", "MACRO_PRIORITY", "MACRO_OFFSET", "PARKINGLOT", "PARKINGDYNAMIC",
    }
)  # fmt: skip
"""Variables that applications read by themselves."""

CALLER = "\0caller"
"""Stands among the names where something is decided by the caller's number: it isn't only handed on."""


def _decides(app: str, data: str) -> bool:
    """Return True if what the caller's number is makes a difference to the step, beyond being a part of a text."""
    lower = app.lower()
    if lower == "set":
        data = re.sub(r"\$\{FILTER\(0-9[*#+]*,\$\{CALLERID\(num(?:ber)?\)\}\)\}", "", data)
        return "CALLERID(" in data.partition("=")[2] and (
            "$[" in data
            or ":" in data.partition("=")[2]
            or "IF(" in data
            or "DIALPLAN_EXISTS" in data
            or "REGEX" in data
            or "LEN(" in data
        )
    return lower not in ("noop", "verbose", "log", "dial", "originate", "userevent", "queuelog", "saydigits")


def _statuses(exten: Exten) -> set[str]:
    """Return DIALSTATUS if the extension reads one that isn't of a Dial of its own right before."""
    fresh = False
    for step in exten.steps:
        if step.label:
            fresh = False
        if "DIALSTATUS" in step.data and not fresh:
            return {"DIALSTATUS"}
        if step.app.lower() in ("dial", "retrydial"):
            fresh = True
    last = exten.steps[-1].app.lower() if exten.steps else "hangup"
    return set() if last in _ENDS or fresh else {"DIALSTATUS"}


TIME = "\0time"
"""Stands among the names for the moment of the call."""

_STAMP = re.compile(r"\$\{STRFTIME\([^()]*%H:?%M:?%S[^()]*\)\}")
"""A moment to the second, which is part of a name: nobody decides by it."""


def _asks_the_time(app: str, data: str) -> bool:
    if app.lower() in ("gotoiftime", "execiftime") or "IFTIME(" in data:
        return True
    return "STRFTIME(" in data and "STRFTIME(" in _STAMP.sub("", data.replace("${EPOCH}", ""))


JUMPS = frozenset({"goto", "gotoif", "gotoiftime", "gosub", "gosubif", "macro", "macroif", "macroexclusive"})


class _Local(NamedTuple):
    names: frozenset[str]
    families: frozenset[str]
    targets: frozenset[str]
    everywhere: bool


class Beyond(NamedTuple):
    """What can still be read from some contexts on, and the digest of their text.

    ``families`` are beginnings of astdb keys; "" among them means any.
    """

    contexts: frozenset[str]
    names: frozenset[str]
    families: frozenset[str]
    digest: str


class Reach:
    """What is beyond each context of a dial plan."""

    def __init__(self, pbx: Pbx) -> None:
        """Look through the text once."""
        self._contexts: dict[str, list[Context]] = {}
        for context in pbx.contexts:
            self._contexts.setdefault(context.name, []).append(context)
        self._assigned: dict[str, set[str]] = {}
        for context in pbx.contexts:
            for exten in context.extens:
                for step in exten.steps:
                    self._assignments(step.app, step.data)
        self._local: dict[str, _Local] = {}
        self._known: dict[frozenset[str], Beyond] = {}
        self._below: dict[str, frozenset[str]] = {}
        self._digests: dict[str, str] = {}
        self._keys: frozenset[str] | None = None
        self._calls: dict[str, list[list[str]]] | None = None
        self._counters: dict[str, int] | None = None

    def _assignments(self, app: str, data: str) -> None:
        if "=" not in data:
            return
        for found in re.finditer(
            r"(?:^|\(|,)(?:LOCAL\()?_{0,2}([A-Za-z][A-Za-z0-9_]*)\)?=([^,()]*(?:\([^()]*\)[^,()]*)*)", data
        ):
            self._assigned.setdefault(found[1], set()).add(found[2])

    def names_key(self, key: str) -> bool:
        """Return True if the dial plan reads this very key of astdb: it is not made of what a call brings."""
        if self._keys is None:
            self._keys = frozenset(
                key.strip("/")
                for rows in self._contexts.values()
                for context in rows
                for exten in context.extens
                for step in exten.steps
                if "DB" in step.data
                for key in re.findall(r"DB(?:_EXISTS|_DELETE)?\(([^${}()]*)\)", _WRITES.sub("", step.data))
            )
        return key in self._keys

    @property
    def counters(self) -> dict[str, int]:
        """Return variables that channels inherit and that only count (``__FORWARDS=$[0${FORWARDS} + 1]``), with a bound."""
        if self._counters is None:
            self._counters = {}
            for rows in self._contexts.values():
                for context in rows:
                    for exten in context.extens:
                        for step in exten.steps:
                            found = _COUNTS.fullmatch(step.data)
                            if found and step.app.lower() == "set":
                                self._counters[found[1]] = 9
            for name in self._counters:
                limits = [
                    int(found[1])
                    for rows in self._contexts.values()
                    for context in rows
                    for exten in context.extens
                    for step in exten.steps
                    if f"{{{name}}}" in step.data
                    for found in re.finditer(rf"\{{{name}\}}[^0-9a-zA-Z]*[<>=]+ *([0-9]+)", step.data)
                ]
                self._counters[name] = max(limits, default=9)
        return self._counters

    def beyond(self, contexts: Iterable[str]) -> Beyond:
        """Return what a call that is in these contexts can still read."""
        key = frozenset(contexts)
        found = self._known.get(key)
        if found is None:
            every: set[str] = set()
            for name in key:
                every |= self.below(name)
            names: set[str] = set(ALWAYS)
            families: set[str] = set()
            digest = hashlib.sha256()
            for name in sorted(every):
                local = self._looked(name)
                names |= local.names
                families |= local.families
                digest.update(self._digest(name).encode())
            found = self._known[key] = Beyond(
                frozenset(every), frozenset(names), frozenset(families), digest.hexdigest()
            )
        return found

    def below(self, name: str) -> frozenset[str]:
        """Return every context that a call can come to from this one, itself too."""
        found = self._below.get(name)
        if found is None:
            seen = {name}
            waiting = [name]
            while waiting:
                local = self._looked(waiting.pop())
                targets = set(self._contexts) if local.everywhere else local.targets
                for target in targets - seen:
                    seen.add(target)
                    waiting.append(target)
            found = self._below[name] = frozenset(seen)
        return found

    def _digest(self, name: str) -> str:
        found = self._digests.get(name)
        if found is None:
            text = repr(
                [
                    (
                        context.name,
                        context.includes,
                        context.hints,
                        context.switches,
                        context.ignorepats,
                        [
                            (
                                exten.pattern,
                                exten.caller,
                                [(s.app, s.data, s.label, s.priority) for s in exten.steps],
                            )
                            for exten in context.extens
                        ],
                    )
                    for context in self._contexts.get(name, ())
                ]
            )
            found = self._digests[name] = hashlib.sha256(text.encode()).hexdigest()
        return found

    def _looked(self, name: str) -> _Local:
        found = self._local.get(name)
        if found is None:
            found = self._local[name] = self._look(name)
        return found

    def _look(self, name: str) -> _Local:
        names: set[str] = set()
        families: set[str] = set()
        targets: set[str] = set()
        everywhere = False
        for context in self._contexts.get(name, ()):
            targets |= {include.context for include in context.includes}
            if any(include.times for include in context.includes):
                names.add(TIME)
            for hint in context.hints:
                names |= set(_NAME.findall(hint.device))
            for exten in context.extens:
                names |= _statuses(exten)
                if exten.caller is not None:
                    names.add(CALLER)
                for step in exten.steps:
                    data = _CHANNEL_KIND.sub("", step.data)
                    if "CALLERID(" in data and _decides(step.app, data):
                        names.add(CALLER)
                    if _asks_the_time(step.app, data):
                        names.add(TIME)
                    if "=" in data and step.app.lower() == "set":
                        data = _SET.sub("", data)
                    names.update(name for name in _NAME.findall(data) if name != "DIALSTATUS")
                    for family in _FAMILY.findall(step.data):
                        families |= self._texts(family, name)
                    for word in _WORD.findall(step.data):
                        if word in self._contexts:
                            targets.add(word)
                    if step.app.lower() in JUMPS:
                        everywhere |= self._jumps(step.data, targets)
                    elif "${" in data and step.app.lower() in ("dial", "originate", "queue"):
                        everywhere |= self._jumps_of_local(data, targets)
        return _Local(frozenset(names), frozenset(families), frozenset(targets), everywhere)

    def _texts(self, template: str, context: str) -> set[str]:
        """Return what a family may be: itself where it is constant, "" for anything where it is not."""
        if "$" not in template:
            return {template.strip("/")}
        variable = re.fullmatch(r"\$\{(ARG[0-9]+|[A-Za-z_]+)\}?", template)
        if variable:
            values = (
                self._given(context, int(variable[1][3:]))
                if variable[1].startswith("ARG")
                else self._assigned.get(variable[1])
            )
            if values and not any("$" in value for value in values):
                return {value.partition("/")[0] for value in values}
        return {""}

    def _given(self, context: str, place: int) -> set[str] | None:
        """Return what Gosub hands to a context as its argument of that place; None where a call of it can't be seen."""
        if self._calls is None:
            self._calls = {}
            for rows in self._contexts.values():
                for one in rows:
                    for exten in one.extens:
                        for step in exten.steps:
                            if "osub" in step.app or "^" in step.data:
                                for found in _CALL.finditer(step.data.replace("^", ",")):
                                    self._calls.setdefault(found[1], []).append(_split(found[2]))
        calls = self._calls.get(context)
        if not calls or any("$" in name for name in self._calls):
            return None
        return {call[place - 1].strip() if len(call) >= place else "" for call in calls}

    def _jumps(self, data: str, targets: set[str]) -> bool:
        """Add the contexts that a jump whose place is made of variables may lead to; True if it may be any."""
        place = data.partition("?")[2] if "?" in _without_braces(data) else data
        everywhere = False
        for branch in _branches(place):
            parts = _split(branch)
            context = ""
            if len(parts) >= 3:
                context = parts[0]
            elif len(parts) == 1:
                variable = _VARIABLE.match(parts[0])
                if variable and variable[1] not in ("GOSUB_RETVAL",):
                    context = parts[0]
                elif "$" in parts[0] and not variable:
                    everywhere |= "," in parts[0] and "${IF(" not in parts[0]
            if "$" in context:
                everywhere |= self._may_be(context, targets, 3)
        return everywhere

    def _jumps_of_local(self, data: str, targets: set[str]) -> bool:
        return any(
            "$" in found[1] and self._may_be(found[1], targets, 3)
            for found in re.finditer(r"@([^/,()&]*)", data)
        )

    def _may_be(self, template: str, targets: set[str], depth: int) -> bool:
        variable = _VARIABLE.match(template)
        if variable is not None:
            values = self._assigned.get(variable[1])
            if not values or depth == 0:
                return True
            everywhere = False
            for value in values:
                first = _split(value)[0]
                everywhere |= self._may_be(first, targets, depth - 1) if "$" in first else False
                if "$" not in first and first in self._contexts:
                    targets.add(first)
            return everywhere
        pattern = re.compile(
            "".join(".*" if part.startswith("$") else re.escape(part) for part in _parts(template))
        )
        if pattern.pattern.replace(".*", "") == "":
            return True
        targets |= {name for name in self._contexts if pattern.fullmatch(name)}
        return False


def _without_braces(text: str) -> str:
    return re.sub(r"\$\{[^{}]*\}", "", text)


def _parts(template: str) -> list[str]:
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


def _level(text: str, separator: str) -> list[str]:
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


def _branches(place: str) -> list[str]:
    return [branch for branch in _level(place, ":") if branch]


def _split(text: str) -> list[str]:
    return _level(text, ",")
