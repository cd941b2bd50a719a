"""Dial plan text -> contexts, as pbx/pbx_config.c reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from kelid.findings import Finding, Where
from kelid.model.pbx import Context, Exten, Hint, Include, Step
from kelid.readback.lines import Kind, Line, read_conf

_PRIORITY = re.compile(r"(?P<number>[0-9]+|n|hint)(?P<plus>\+[0-9]+)?(?:\((?P<label>[^)]*)\))?\Z")
_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\Z")
_APP = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


def read_dialplan(path: str, text: str) -> tuple[tuple[Context, ...], list[Finding]]:
    """Given dial plan text, return its contexts in order, and a finding for every line that can't be read.

    ``path`` is how findings and each Where name the file. Contexts that repeat are refused: say a thing in one place.
    The sections ``general`` and ``globals`` belong to the site's own files and are refused here.
    """
    conf = read_conf(path, text)
    findings = []
    contexts: list[Context] = []
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
        if head.name in {"general", "globals"}:
            findings.append(
                Finding(head.where, "C003", f"[{head.name}] is not for a site's own dial plan", "take it out")
            )
        elif head.templates is not None:
            findings.append(
                Finding(head.where, "C004", f"[{head.name}] uses a template", "write the context out in full")
            )
        elif any(context.name == head.name for context in contexts):
            findings.append(
                Finding(head.where, "C005", f"context {head.name!r} stands here twice", "join the two")
            )
        else:
            reader = _ContextReader(head)
            contexts.append(reader.read(body))
            findings += reader.findings
    return tuple(contexts), sorted(findings, key=lambda finding: finding.sort_key)


@dataclass(slots=True)
class _Extension:
    """An extension while its lines come in."""

    pattern: str
    where: Where
    steps: list[Step] = field(default_factory=list)


class _ContextReader:
    """Reads the lines of one context."""

    def __init__(self, head: Line) -> None:
        self.head = head
        self.findings: list[Finding] = []
        self.extens: dict[str, _Extension] = {}
        self.includes: list[Include] = []
        self.hints: list[Hint] = []
        self.last = ""
        """The extension that ``same`` stands for."""

    def read(self, body: tuple[Line, ...]) -> Context:
        """Return the context with all that could be read; the rest is in ``findings``."""
        for line in body:
            if line.kind is Kind.GARBAGE:
                continue
            if line.kind is Kind.DIRECTIVE:
                self.refuse(line, "C006", f"#{line.name} is not followed here", "write the lines themselves")
            elif line.name.lower() == "exten":
                pattern, comma, rest = line.value.partition(",")
                if not comma:
                    self.refuse(
                        line, "C001", f"Asterisk can't read {_short(line.value)}", "exten => number,1,App()"
                    )
                    continue
                self.last = pattern.strip()
                if fault := _pattern_fault(self.last):
                    self.refuse(line, "C012", f"{_short(self.last)} {fault}", "correct the pattern")
                self.priority(line, rest)
            elif line.name.lower() == "same":
                if not self.last:
                    self.refuse(line, "C007", "same has no extension before it", "write exten => first")
                    continue
                self.priority(line, line.value)
            elif line.name.lower() == "include":
                context, _, times = line.value.replace("|", ",").partition(",")
                self.includes.append(Include(context.strip(), times.strip(), line.where))
            else:
                self.refuse(
                    line, "C006", f"{line.name!r} is not followed here", "use exten, same and include"
                )
        return Context(
            self.head.name,
            tuple(Exten(item.pattern, tuple(item.steps), item.where) for item in self.extens.values()),
            tuple(self.includes),
            tuple(self.hints),
            self.head.where,
        )

    def refuse(self, line: Line, code: str, message: str, fix: str) -> None:
        self.findings.append(Finding(line.where, code, message, fix))

    def priority(self, line: Line, text: str) -> None:
        priority, comma, call = text.partition(",")
        found = _PRIORITY.match(priority.strip())
        if not found or not comma:
            self.refuse(line, "C008", f"{priority.strip()!r} is no priority", "write 1, n, n(label) or hint")
            return
        if found["number"] == "hint":
            self.hints.append(Hint(self.last, call.strip(), line.where))
            return
        steps = self.extens[self.last].steps if self.last in self.extens else []
        if found["number"] == "n":
            number = len(steps) + 1 + int(found["plus"] or "0") if steps else 0
        else:
            number = int(found["number"])
        if number != len(steps) + 1:
            self.refuse(
                line,
                "C009",
                f"extension {self.last!r} has {len(steps)} steps before priority {priority.strip()!r}",
                "start at 1 and go on without a gap, or write n",
            )
            return
        if found["label"] and not _LABEL.match(found["label"]):
            self.refuse(line, "C008", f"{found['label']!r} can't be a label", "use letters, digits, - and _")
            return
        step = self.step(line, call.strip(), found["label"] or "")
        if step is not None:
            self.extens.setdefault(self.last, _Extension(self.last, line.where)).steps.append(step)

    def step(self, line: Line, call: str, label: str) -> Step | None:
        app, opened, rest = call.partition("(")
        if opened and not rest.endswith(")"):
            self.refuse(line, "C010", f"{_short(call)} does not end in a parenthesis", "close what is open")
            return None
        if not _APP.match(app.strip()):
            self.refuse(line, "C010", f"{_short(app)} is no application", "write App(arguments)")
            return None
        return Step(app.strip(), rest[:-1] if opened else "", label, line.where)


def _pattern_fault(text: str) -> str:
    """Return what Asterisk warns of in a pattern (pbx/pbx_config.c, main/pbx.c); "" for nothing."""
    if text in {"_.", "_!"}:
        return "takes s, t, i and h too"
    if text.startswith("_") and text.count("[") != text.count("]"):
        return "has a bracket that is not closed"
    return ""


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
