"""Sections of extensions.conf -> contexts, as pbx/pbx_config.c reads them (``pbx_load_config``) and main/pbx.c keeps them.

There is one reader. What it meets is a fault of some kind; a dialect says by which code a kind is told: a site's own dial
plan (``CUSTOM``) is held to stricter rules than a configuration that somebody else wrote (``TREE``).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from kelid.findings import Finding, Severity, Where
from kelid.model.pbx import Context, Exten, Hint, Include, Option, Step, Switch
from kelid.model.specificity import sort_key
from kelid.readback.lines import BLANKS, Kind, read_conf
from kelid.readback.told import SHOWN, Told

_NUMBER = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]{1,29})")
_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\Z")
_APP = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_VARIABLE = re.compile(r"\$\{([A-Za-z0-9_]+)(?::(-?[0-9]+)(?::(-?[0-9]+))?)?\}")
_HIGHEST = 2**31 - 1

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING


class Dialect(NamedTuple):
    """Which codes kinds of faults have, and how much each matters. A kind without a code is no fault there."""

    codes: Mapping[str, tuple[str, Severity]]
    strict: bool = False


TREE = Dialect(
    {
        "keyword": ("Z020", _WARNING),
        "same": ("Z021", _ERROR),
        "priority": ("Z022", _ERROR),
        "pattern": ("Z022", _ERROR),
        "hint-next": ("Z023", _ERROR),
        "duplicate": ("Z024", _ERROR),
        "label": ("Z025", _ERROR),
        "parenthesis": ("Z026", _WARNING),
        "variable": ("Z027", _WARNING),
        "again": ("Z028", _WARNING),
        "bar": ("Z029", _ERROR),
    }
)

CUSTOM = Dialect(
    {
        "keyword": ("C006", _ERROR),
        "other": ("C006", _ERROR),
        "same": ("C007", _ERROR),
        "no-priority": ("C001", _ERROR),
        "priority": ("C008", _ERROR),
        "label": ("C008", _ERROR),
        "label-shape": ("C008", _ERROR),
        "hint-next": ("C009", _ERROR),
        "first-next": ("C009", _ERROR),
        "duplicate": ("C009", _ERROR),
        "gap": ("C009", _ERROR),
        "parenthesis": ("C010", _ERROR),
        "application": ("C010", _ERROR),
        "pattern": ("C012", _ERROR),
        "variable": ("C012", _ERROR),
        "again": ("C001", _ERROR),
        "bar": ("C001", _ERROR),
    },
    strict=True,
)


def read_dialplan(path: str, text: str) -> tuple[tuple[Context, ...], list[Finding]]:
    """Given a site's own dial plan, return its contexts in order, and a finding for every line that can't be read.

    ``path`` is how findings and each Where name the file. Contexts that repeat are refused: say a thing in one place.
    The sections ``general`` and ``globals`` belong to the site's own files and are refused here.
    """
    conf = read_conf(path, text)
    findings = []
    reader = DialplanReader(CUSTOM)
    before = True
    for line in conf.lines:
        if line.kind is Kind.SECTION:
            before = False
        elif line.kind is Kind.GARBAGE:
            findings.append(
                Finding(line.where, "C001", f"Asterisk can't read {_short(line.value)}", "correct it")
            )
        elif before and line.kind is Kind.OPTION:
            findings.append(
                Finding(line.where, "C002", "this line stands in no context", "write [context] before it")
            )
        elif before and line.kind is Kind.DIRECTIVE:
            findings.append(
                Finding(
                    line.where, "C006", f"#{line.name} is not followed here", "write the lines themselves"
                )
            )
    for head, body in conf.sections():
        if head.name.lower() in {"general", "globals"}:
            findings.append(
                Finding(head.where, "C003", f"[{head.name}] is not for a site's own dial plan", "take it out")
            )
        elif head.templates is not None:
            findings.append(
                Finding(head.where, "C004", f"[{head.name}] uses a template", "write the context out in full")
            )
        elif head.name in reader.contexts:
            findings.append(
                Finding(head.where, "C005", f"context {head.name!r} stands here twice", "join the two")
            )
        else:
            if head.value:
                what = f"Asterisk passes over {_short(head.value)} behind the section's name"
                findings.append(Finding(head.where, "C001", what, "take it out"))
            options = []
            for line in body:
                if line.kind is Kind.DIRECTIVE:
                    what = f"#{line.name} is not followed here"
                    findings.append(Finding(line.where, "C006", what, "write the lines themselves"))
                elif line.append:
                    what = f"{line.name!r} is added to with +="
                    findings.append(Finding(line.where, "C006", what, "write the line out in full"))
                elif line.kind is Kind.OPTION:
                    options.append(Option(line.name, line.value, line.where))
            reader.read(head.name, head.where, options)
    findings += reader.findings
    return reader.result(), sorted(findings, key=lambda finding: finding.sort_key)


@dataclass(slots=True)
class _Extension:
    """An extension while its lines come in: ``steps`` by priority, ``labels`` with the priority of each."""

    pattern: str
    caller: str | None
    where: Where
    steps: dict[int, Step] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    last: int = 0
    """The highest priority so far."""

    def exten(self) -> Exten:
        """Return it with its steps in order, a priority only where it doesn't follow from the step before."""
        steps = []
        before = 0
        for priority in sorted(self.steps):
            step = self.steps[priority]
            if priority != before + 1:
                step = Step(step.app, step.data, step.label, step.where, priority)
            steps.append(step)
            before = priority
        return Exten(self.pattern, tuple(steps), self.where, self.caller)


_Key = tuple[object, object]


@dataclass(slots=True)
class _Context:
    """A context while its lines come in; sections of one name are one context."""

    name: str
    where: Where
    extens: dict[_Key, _Extension] = field(default_factory=dict)
    exact: dict[tuple[str, str | None], _Extension] = field(default_factory=dict)
    includes: dict[str, Include] = field(default_factory=dict)
    hints: dict[object, Hint] = field(default_factory=dict)
    switches: dict[tuple[str, str], Switch] = field(default_factory=dict)
    ignorepats: dict[str, str] = field(default_factory=dict)

    def context(self) -> Context:
        return Context(
            self.name,
            tuple(item.exten() for item in self.extens.values()),
            tuple(self.includes.values()),
            tuple(self.hints.values()),
            self.where,
            tuple(self.switches.values()),
            tuple(self.ignorepats.values()),
        )


class DialplanReader:
    """Takes one section after the other. ``globals`` are the values of global variables when the sections are read."""

    def __init__(self, dialect: Dialect, globals_: Mapping[str, str] | None = None) -> None:
        """Begin with nothing."""
        self.dialect = dialect
        self.globals = {} if globals_ is None else globals_
        self.told = Told(sys.maxsize if dialect.strict else SHOWN)
        self.contexts: dict[str, _Context] = {}
        self.context = _Context("", Where(""))
        self.last_exten = ""
        """The extension that ``same`` stands for."""
        self.last_priority: int | None = None
        """That of the line before, which ``n`` follows: also over extensions, and -1 behind a hint."""

    def result(self) -> tuple[Context, ...]:
        """Return all contexts, in the order in which they first came."""
        return tuple(context.context() for context in self.contexts.values())

    def read(self, name: str, where: Where, options: Iterable[Option]) -> None:
        """Take the lines of one section."""
        self.context = self.contexts.setdefault(name, _Context(name, where))
        self.last_exten = ""
        self.last_priority = None
        for option in options:
            keyword = option.key.lower()
            if keyword.startswith("same"):
                if not self.last_exten:
                    self.fault("same", option, "same has no extension before it", "write exten => first")
                else:
                    self.step(option, self.last_exten, option.value)
            elif keyword == "exten":
                self.exten(option)
            elif keyword == "include":
                self.include(option)
            elif keyword == "ignorepat":
                self.other(option)
                pattern = self.expand(option, option.value)
                self.context.ignorepats.setdefault(pattern.lower(), pattern)
            elif keyword in {"switch", "lswitch", "eswitch"}:
                self.other(option)
                text = self.expand(option, option.value) if keyword == "switch" else option.value
                driver, _, data = text.partition("/")
                key = (driver.lower(), data.lower())
                self.context.switches.setdefault(key, Switch(keyword, text, option.where))
            else:
                fix = "use exten, same and include"
                self.fault("keyword", option, f"{option.key!r} is not followed here", fix)

    def fault(self, kind: str, option: Option, message: str, fix: str) -> None:
        """Keep a finding, if this kind of fault has a code."""
        known = self.dialect.codes.get(kind)
        if known is not None:
            self.told.add(option.where, known[0], message, fix, known[1])

    @property
    def findings(self) -> list[Finding]:
        """Return what was found on the way."""
        return self.told.findings()

    def other(self, option: Option) -> None:
        self.fault("other", option, f"{option.key!r} is not followed here", "use exten, same and include")

    def expand(self, option: Option, text: str, more: Mapping[str, str] | None = None) -> str:
        """Return the text with the values of global variables, as Asterisk has them when it reads the file."""
        if "$" not in text or ("${" not in text and "$[" not in text):
            return text
        values = {**self.globals, **(more or {})}
        told = _VARIABLE.sub(lambda found: _part(values.get(found[1], ""), found[2], found[3]), text)
        if "${" in told or "$[" in told:
            what = f"{_short(text)} can't be told without a running Asterisk; it is read as it stands"
            self.fault("variable", option, what, "write the value itself")
            return text
        return told

    def include(self, option: Option) -> None:
        text = self.expand(option, option.value)
        context, _, times = text.partition(",")
        if "|" in context:
            what = f"| doesn't separate a context from its times any more: {_short(text)} is the name of a context"
            self.fault("bar", option, what, "write a comma")
        if text.lower() in self.context.includes:
            what = f"{_short(text)} is included here already, by {self.context.includes[text.lower()].where}"
            self.fault("again", option, what, "take the line out")
            return
        if self.dialect.strict:
            context, times = context.strip(BLANKS), times.strip(BLANKS)
        self.context.includes[text.lower()] = Include(context, times, option.where)

    # --- extensions ------------------------------------------------------------------------------

    def exten(self, option: Option) -> None:
        text, rest = _first(option.value)
        if rest is None:
            if text.startswith("_") and text.count("[") > text.count("]"):
                what = f"{_short(text)} has a bracket that is not closed"
                self.fault("pattern", option, what, "close it")
            elif "no-priority" in self.dialect.codes:
                what = f"Asterisk can't read {_short(option.value)}"
                self.fault("no-priority", option, what, "exten => number,1,App()")
            else:
                what = f"{_short(option.value)} has no priority; Asterisk leaves the line out"
                self.fault("priority", option, what, "exten => number,1,App()")
            self.last_exten = text
            return
        self.last_exten = self.expand(option, text)
        if self.dialect.strict and self.last_exten.strip(BLANKS) in {"_.", "_!"}:
            self.fault("pattern", option, f"{text!r} takes s, t, i and h too", "correct the pattern")
        self.step(option, self.last_exten, rest)

    def step(self, option: Option, exten: str, text: str) -> None:
        """Take what follows the extension: priority, label, application."""
        pattern, slash, caller = exten.partition("/")
        cid = _shrink(caller) if slash else None
        # A name loses its blanks, but for those in brackets (main/pbx.c: ext_strncpy).
        pattern = _without_blanks(pattern)
        priority, comma, call = text.partition(",")
        label = ""
        priority = priority.strip(BLANKS)
        before, opened, rest = priority.partition("(")
        if opened:
            label, closed, _ = rest.partition(")")
            if not closed:
                what = f"the label in {priority!r} is not closed; Asterisk leaves the line out"
                self.fault("priority", option, what, "write n(label)")
                return
        word, plus, more = before.partition("+")
        if self.dialect.strict and not comma:
            self.fault("priority", option, f"{priority!r} is no priority", "write 1, n, n(label) or hint")
            return
        if word == "hint":
            self.last_priority = -1
            self.hint(option, pattern, call)
            return
        number = self.number(option, word, pattern, cid)
        if number is None:
            return
        number += _int(more) if plus else 0
        self.last_priority = number
        if not pattern:
            self.fault(
                "priority", option, "the extension has no name; Asterisk leaves the line out", "name it"
            )
            return
        if not 0 < number <= _HIGHEST:
            what = f"{priority!r} is no priority; Asterisk can't reach the step"
            self.fault("priority", option, what, "write 1, n, n(label) or hint")
            return
        app, data = self.call(option, call)
        self.add(option, pattern, cid, number, Step(app, data, label, option.where))

    def number(self, option: Option, word: str, pattern: str, caller: str | None) -> int | None:
        """Return what a priority's word means; None where Asterisk leaves the line out."""
        if word in {"n", "next", "s", "same"}:
            if self.last_priority is None:
                kind = "first-next" if self.dialect.strict else "priority"
                what = f"{word!r} follows no priority; Asterisk leaves the line out"
                self.fault(kind, option, what, "start at 1 and go on without a gap, or write n")
                return None
            number = self.last_priority + (word in {"n", "next"})
            if number <= 0:
                what = (
                    f"{word!r} behind a hint is no priority, and Asterisk leaves the line out without a word"
                )
                self.fault("hint-next", option, what, "write the number")
                return None
            return number
        found = _NUMBER.match(word)
        if found:
            number = int(found[1])
            if number < 1:
                self.fault("priority", option, f"{word!r} is no priority", "write 1, n, n(label) or hint")
                return None
            if self.dialect.strict and found.end() != len(word):
                self.fault("priority", option, f"{word!r} is no priority", "write 1, n, n(label) or hint")
                return None
            return number
        known = self.context.extens.get((sort_key(pattern), caller if caller is None else sort_key(caller)))
        if known is not None and word in known.labels and not self.dialect.strict:
            return known.labels[word]
        what = f"{word!r} is no priority; Asterisk leaves the line out"
        self.fault("priority", option, what, "write 1, n, n(label) or hint")
        return None

    def call(self, option: Option, text: str) -> tuple[str, str]:
        """Return application and arguments."""
        app, opened, rest = text.partition("(")
        if not opened or "${" in app or "$[" in app:
            app, data = text, ""
        else:
            data, closed, after = rest.rpartition(")")
            if not closed:
                data = after
                what = f"{_short(text)} does not end in a parenthesis"
                self.fault("parenthesis", option, what, "close what is open")
            elif after.strip(BLANKS):
                what = f"Asterisk passes over {_short(after)} behind the last parenthesis"
                self.fault("parenthesis", option, what, "take it out, or move the parenthesis")
        app = app.lstrip(BLANKS)
        if self.dialect.strict:
            app = app.strip(BLANKS)
            if not _APP.match(app):
                self.fault("application", option, f"{_short(app)} is no application", "write App(arguments)")
        return app, data

    def hint(self, option: Option, pattern: str, text: str) -> None:
        device = text.partition("(")[0] if "(" in text and "${" not in text.partition("(")[0] else text
        device = device.lstrip(BLANKS)
        if not pattern:
            self.fault(
                "priority", option, "the extension has no name; Asterisk leaves the line out", "name it"
            )
            return
        if "${" in device and not pattern.startswith("_"):
            device = self.expand(option, device, {"EXTEN": pattern, "CONTEXT": self.context.name})
        key = sort_key(pattern)
        if key in self.context.hints:
            what = f"{pattern!r} has a hint already, in {self.context.hints[key].where}; this one is left out"
            self.fault("duplicate", option, what, "join the two with &")
            return
        self.context.hints[key] = Hint(pattern, device.strip(BLANKS), option.where)

    def add(self, option: Option, pattern: str, caller: str | None, number: int, step: Step) -> None:
        """Add a step as main/pbx.c does (``ast_add_extension2``, ``add_priority``): the first of a priority stays."""
        context = self.context
        extension = context.exact.get((pattern, caller))
        if extension is None:
            key = (sort_key(pattern), caller if caller is None else sort_key(caller))
            extension = context.extens.get(key)
            if extension is None:
                extension = context.extens[key] = _Extension(pattern, caller, option.where)
            context.exact[pattern, caller] = extension
        steps = extension.steps
        if number in steps:
            what = f"{pattern!r} has a step {number} already, in {steps[number].where}; Asterisk leaves this one out"
            self.fault("duplicate", option, what, "start at 1 and go on without a gap, or write n")
            return
        if number != extension.last + 1:
            what = f"extension {pattern!r} has {extension.last} steps before priority {number}"
            self.fault("gap", option, what, "start at 1 and go on without a gap, or write n")
        label = step.label
        if label:
            if self.dialect.strict and not _LABEL.match(label):
                what = f"{label!r} can't be a label"
                self.fault("label-shape", option, what, "use letters, digits, - and _")
            other = extension.labels.get(label)
            if other is not None and (
                other < number or not any(number < priority < other for priority in steps)
            ):
                what = (
                    f"the label {label!r} stands at priority {other} of {pattern!r} already; it stays there"
                )
                self.fault("label", option, what, "give one of the two another name")
                step = Step(step.app, step.data, "", step.where)
            else:
                extension.labels[label] = number
        extension.last = max(extension.last, number)
        steps[number] = step


def _first(text: str) -> tuple[str, str | None]:
    """Return what stands before the first comma outside of brackets, and what follows (pbx_config.c: ``pbx_strsep``)."""
    if "[" not in text and "\\" not in text:
        head, comma, rest = text.partition(",")
        return head, rest if comma else None
    depth = 0
    position = 0
    while position < len(text):
        character = text[position]
        if character == "[":
            depth += 1
        elif character == "]":
            depth -= depth > 0
        elif character == "\\":
            position += 1
        elif character == "," and not depth:
            return text[:position], text[position + 1 :]
        position += 1
    return text, None


def _without_blanks(text: str) -> str:
    if " " not in text:
        return text
    kept = []
    inside = False
    for character in text:
        inside = character == "[" or (inside and character != "]")
        if character != " " or inside:
            kept.append(character)
    return "".join(kept)


def _shrink(text: str) -> str:
    """Return a caller's number without blanks, parentheses and dashes (main/callerid.c: ``ast_shrink_phone_number``)."""
    kept = []
    inside = 0
    for position, character in enumerate(text):
        if character == "[":
            inside += 1
        elif character == "]":
            inside -= 1
        if character == "-":
            keep = bool(inside)
        elif character == ".":
            keep = position == len(text) - 1
        else:
            keep = character not in "( )"
        if keep:
            kept.append(character)
    return "".join(kept)


def _part(text: str, start: str | None, length: str | None) -> str:
    """Return ``${NAME:start:length}`` of a value (main/pbx_variables.c: ``substring``)."""
    if start is None:
        return text
    begin = int(start)
    begin = max(len(text) + begin, 0) if begin < 0 else begin
    if length is None:
        return text[begin:]
    count = int(length)
    return text[begin : begin + count] if count >= 0 else text[begin : max(len(text) + count, begin)]


def _int(text: str) -> int:
    found = _NUMBER.match(text)
    return int(found[1]) if found else 0


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
