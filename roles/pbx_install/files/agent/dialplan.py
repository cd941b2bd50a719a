"""The dial plan that an Asterisk has loaded, and the faults in it that Asterisk passes over without a word.

``core show applications`` and ``core show functions`` say what there is, ``dialplan show`` what was loaded, with the line of
each step.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Callable

from .faults import fault
from .live import Asterisk
from .tables import parse_applications, parse_functions

LOOK_UPS = 500
"""Places that Asterisk is asked for at most, where no extension of that very name is there: a pattern may fit."""

STEP = re.compile(
    r"^(?:  '(?P<exten>.*?)' (?:\(CID match '(?P<caller>.*?)'\) )?=>|     \[(?P<label>[^\]]*)\]|)\s+"
    r"(?:(?P<priority>\d+)\. (?P<app>[A-Za-z_]\w*)\((?P<data>.*)\)|hint: .*?)\s+\[(?P<file>[^\]:]+)(?::(?P<line>\d+))?\]$"
)
"""A line of ``dialplan show``. Extensions and labels stand before the step that bears them."""
FUNCTION = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\(")
WRITTEN = re.compile(r"\s*([A-Z][A-Z0-9_]*)\(.*?\)\s*=")
NAME = 20
"""Characters of a function's name that Asterisk 16 prints."""


@dataclass
class Step:
    """One priority: its application, arguments, and the line where it was written."""

    priority: int
    app: str
    data: str
    file: str
    line: int


@dataclass
class Exten:
    """An extension of a context with its steps by priority, and the labels that lead to them."""

    name: str
    caller: str = ""
    steps: dict[int, Step] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)


@dataclass
class Context:
    """Extensions by name and caller, and whether it includes other contexts."""

    extens: dict[tuple[str, str], Exten] = field(default_factory=dict)
    includes: bool = False


def parse_plan(text: str) -> dict[str, Context]:
    """Return what ``dialplan show`` tells, by context. Contexts that modules made (parking) are there too."""
    plan: dict[str, Context] = {}
    context = Context()
    exten = Exten("")
    for row in text.splitlines():
        head = re.match(r"\[ (?:Context|Included context) '(.*)' created by '.*' \]", row)
        if head:
            context = plan.setdefault(head.group(1), Context())
            continue
        if re.match(r"  (?:Include|Alt\. Switch) +=>", row):
            context.includes = True
            continue
        found = STEP.match(row)
        if not found:
            continue
        if found["exten"] is not None:
            key = (found["exten"], found["caller"] or "")
            exten = context.extens.setdefault(key, Exten(*key))
        if found["priority"] is None:
            continue
        number = int(found["priority"])
        exten.steps[number] = Step(number, found["app"], found["data"], found["file"], int(found["line"] or 0))
        if found["label"]:
            exten.labels[found["label"]] = number
    return plan


def faults(told: Mapping[str, str], asterisk: Asterisk) -> Iterator[dict[str, Any]]:
    """Given what the command line told, yield what is wrong with the dial plan that was loaded, without a word in the log."""
    applications = parse_applications(told["core show applications"])
    functions = {name[:NAME] for name in parse_functions(told["core show functions"])}
    plan = parse_plan(told["dialplan show"])
    asked: dict[tuple[str, str], bool] = {}

    def there(context: str, exten: str) -> bool:
        if (context, exten) not in asked and len(asked) < LOOK_UPS and not re.search(r"[\s\"'\\]", exten + context):
            told = asterisk.ask(f"dialplan show {exten}@{context}")
            asked[context, exten] = "There is no existence of" not in told
        return asked.get((context, exten), True)

    for context, inside in plan.items():
        for exten in inside.extens.values():
            yield from gaps(context, exten)
            for step in exten.steps.values():
                if step.line:
                    yield from unknown(step, applications, functions)
                    yield from lost_jumps(plan, context, exten, step, there)


def gaps(context: str, exten: Exten) -> Iterator[dict[str, Any]]:
    """Yield a gap in an extension's priorities: a call that comes to it ends there."""
    numbers = sorted(exten.steps)
    for before, after in zip([0, *numbers], numbers):
        if after != before + 1:
            step = exten.steps[after]
            what = f"extension {exten.name} of context {context} has no priority {before + 1}, but {after}"
            yield fault(step.file, step.line, "priority", exten.name, what)


def unknown(step: Step, applications: set[str], functions: set[str]) -> Iterator[dict[str, Any]]:
    """Yield applications and functions that nobody knows: a step of the one ends the call, the other is empty."""
    if step.app.lower() not in applications:
        what = f"no application is called {step.app}"
        yield fault(step.file, step.line, "application", step.app, what)
    names = set(FUNCTION.findall(step.data))
    if step.app.lower() in ("set", "mset"):
        written = WRITTEN.match(step.data)
        names.update(written.groups() if written else ())
    for name in sorted(names):
        if name[:NAME] not in functions:
            yield fault(step.file, step.line, "function", name, f"no function is called {name}")


def lost_jumps(
    plan: Mapping[str, Context], context: str, exten: Exten, step: Step, there: Callable[[str, str], bool]
) -> Iterator[dict[str, Any]]:
    """Yield jumps to a context, extension, priority or label that isn't there, where the step says which."""
    for place in places(step.app.lower(), step.data):
        parts = [part.strip() for part in place.split(",")]
        if len(parts) > 3 or "$" in place:
            continue
        to, number, priority = (*(context, exten.name)[: 3 - len(parts)], *parts)
        what = f"{step.app} to {place}: "
        if to not in plan:
            yield fault(step.file, step.line, "context", to, f"{what}there is no context {to}")
            continue
        inside = plan[to].extens
        same = [one for one in inside.values() if one.name == number]
        # A call that jumps past everything goes on at "i"; a subroutine doesn't begin.
        caught = ("i", "") in inside and not step.app.lower().startswith("gosub")
        if not same and not caught and not there(to, number):
            yield fault(step.file, step.line, "extension", number, f"{what}context {to} has no extension {number}")
        # Where the extension lacks a priority, Asterisk goes on to patterns and included contexts that fit too.
        patterns = [name for name, _ in inside if name.startswith("_") and name != number]
        if same and not (patterns or plan[to].includes) and not any(_has(one, priority) for one in same):
            kind = "priority" if priority.isdigit() else "label"
            missing = f"{what}extension {number} of context {to} has no {kind} {priority}"
            yield fault(step.file, step.line, "priority", priority, missing)


def _has(exten: Exten, priority: str) -> bool:
    """Return whether an extension has a priority or label; ``+2`` and ``-1`` are not looked at."""
    if priority.isdigit():
        return int(priority) in exten.steps
    return priority in exten.labels or not re.fullmatch(r"[\w.-]+", priority) or priority[:1] in "+-"


def places(app: str, data: str) -> Iterator[str]:
    """Yield the places that a step jumps to, as they are written, without the arguments of subroutines."""
    if app in ("goto", "gosub"):
        yield _bare(data)
    elif app in ("gotoif", "gosubif", "gotoiftime", "gosubiftime"):
        rest = _after_condition(data)
        if rest is not None:
            for branch in _branches(rest):
                if branch.strip():
                    yield _bare(branch)


def _bare(place: str) -> str:
    """Return a place without arguments: ``ring,101,1(a,b)`` is ``ring,101,1``."""
    return place.split("(", 1)[0].strip()


def _after_condition(data: str) -> str | None:
    """Return what stands behind the question mark of a condition; None where there is none outside of brackets."""
    depth = 0
    for number, one in enumerate(data):
        if one in "([{":
            depth += 1
        elif one in ")]}":
            depth -= 1
        elif one == "?" and depth == 0:
            return data[number + 1 :]
    return None


def _branches(rest: str) -> list[str]:
    """Return what stands before and behind the colon that no bracket holds."""
    depth = 0
    for number, one in enumerate(rest):
        if one in "([{":
            depth += 1
        elif one in ")]}":
            depth -= 1
        elif one == ":" and depth == 0:
            return [rest[:number], rest[number + 1 :]]
    return [rest]
