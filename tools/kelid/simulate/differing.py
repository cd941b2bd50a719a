"""Which steps of two dial plans are not the same: those where calls that went alike so far may part.

Told from the texts, never too little: a step is marked where it reads otherwise, where it is there on one side only, where
it looks for extensions in a context in which others are found now, where it reads a global variable that has another value,
where it looks for the end of a loop among other steps, and where it uses an object (a queue, a phone, a mailbox) that has
other settings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from kelid.model.pbx import Context, Pbx, Step
from kelid.simulate.continuing import closure, includes_of, steps_of
from kelid.simulate.live import LOOPING
from kelid.simulate.reach import parts
from kelid.simulate.settings import Settings

_SEARCHES = re.compile(r"(?:DIALPLAN_EXISTS|VALID_EXTEN|EVAL_EXTEN|ISEXTEN)\((\$\{[^{}]*\}[^,(){}]*|[^,()]*)")

_LOCAL = re.compile(r"Local/[^@,()&]*@([^/,()&^\s]*)", re.IGNORECASE)
"""Where a Local channel comes to."""
_CALLS = frozenset(("dial", "retrydial", "originate", "page", "chanisavail", "queue", "followme"))
"""Applications that make channels of what a variable may name."""

Place = tuple[str, str, int]
"""Context, extension (with the callers that it is for behind a slash), priority."""


class Differing(NamedTuple):
    """Marked steps of each side, contexts in which a search may find something else, and extensions with other hints."""

    steps: tuple[frozenset[Place], frozenset[Place]]
    searched: frozenset[str]
    hints: frozenset[tuple[str, str]]


class _Plan:
    """The steps of one side by their places."""

    def __init__(self, pbx: Pbx) -> None:
        self.steps = steps_of(pbx)
        self._includes = includes_of(pbx)
        self.contexts: dict[str, list[Context]] = {}
        for context in pbx.contexts:
            self.contexts.setdefault(context.name, []).append(context)

    def around(self, name: str) -> tuple[object, ...]:
        """Return all of a context but its extensions."""
        return tuple((one.includes, one.switches, one.ignorepats) for one in self.contexts.get(name, ()))

    def shape(self, name: str) -> object:
        """Return what a search in the context alone looks at: extensions, priorities and labels."""
        return {
            exten: {priority: step.label for priority, step in steps.items()}
            for exten, steps in self.steps.get(name, {}).items()
        }

    def hints(self, name: str) -> dict[str, str]:
        """Return what is watched by extension: of the hints of one, the first is."""
        made: dict[str, str] = {}
        for one in self.contexts.get(name, ()):
            for hint in one.hints:
                made.setdefault(hint.exten, hint.device)
        return made

    def closure(self, name: str) -> set[str]:
        """Return the context and all that it includes."""
        return closure(name, self._includes)


def differing(before: Pbx, after: Pbx, settings: Settings) -> Differing:
    """Compare two dial plans step by step."""
    plans = (_Plan(before), _Plan(after))
    names = dict.fromkeys((*plans[0].contexts, *plans[1].contexts))
    changed = {
        name
        for name in names
        if plans[0].around(name) != plans[1].around(name) or plans[0].shape(name) != plans[1].shape(name)
    }
    searched = frozenset(name for name in names if any(plan.closure(name) & changed for plan in plans))
    values = [{option.key: option.value for option in pbx.globals} for pbx in (before, after)]
    globals_ = {key for key in (*values[0], *values[1]) if values[0].get(key) != values[1].get(key)}
    hints = frozenset(
        (name, exten)
        for name in names
        for rows in ([plan.hints(name) for plan in plans],)
        for exten in {**rows[0], **rows[1]}
        if rows[0].get(exten) != rows[1].get(exten) or _names(rows[0][exten], globals_)
    )
    marked: tuple[set[Place], set[Place]] = (set(), set())
    channels = any(
        _may_name(found, searched)
        for pbx in (before, after)
        for context in pbx.contexts
        for exten in context.extens
        for step in exten.steps
        for found in _LOCAL.findall(step.data)
    )
    for side, plan in enumerate(plans):
        other = plans[1 - side]
        for context, extens in plan.steps.items():
            # ${CONTEXT} is this one, or one that includes it.
            at_home = any(context in plan.closure(name) for name in searched)
            for exten, steps in extens.items():
                theirs = other.steps.get(context, {}).get(exten, {})
                rounds = _loops(steps) != _loops(theirs)
                for priority, step in steps.items():
                    if (
                        step != theirs.get(priority)
                        or _is_touched(
                            step, searched, globals_, hints=bool(hints), channels=channels, at_home=at_home
                        )
                        or settings.touches(step)
                        or (rounds and _is_of_loop(step))
                    ):
                        marked[side].add((context, exten, priority))
    return Differing((frozenset(marked[0]), frozenset(marked[1])), searched, hints)


def _loops(steps: Mapping[int, Step]) -> list[tuple[int, str]]:
    """Return the steps of loops: each looks for another one of them, behind which it goes on (app_while.c)."""
    return [(number, step.app.lower()) for number, step in sorted(steps.items()) if _is_of_loop(step)]


def _is_of_loop(step: Step) -> bool:
    return step.app.lower() in LOOPING or "while" in step.data.lower()  # ExecIf calls it, too


def _names(text: str, globals_: set[str]) -> bool:
    """Return True if one of these global variables is named in a text."""
    return any(re.search(rf"\b{re.escape(name)}\b", text) for name in globals_)


def _is_touched(
    step: Step,
    searched: frozenset[str],
    globals_: set[str],
    *,
    hints: bool,
    channels: bool,
    at_home: bool,
) -> bool:
    """Return True if the step finds other extensions, other hints or other values though it reads alike.

    ``channels``: somewhere a Local channel comes to one of the searched contexts; ``at_home``: so may ``${CONTEXT}`` here.
    """
    data = step.data
    if hints and ("EXTENSION_STATE" in data or "HINT(" in data):
        return True
    if _names(data, globals_):
        return True
    if not searched:
        return False
    if any(word in searched for word in re.split(r"[,()?:&@^\s=/]", data)):
        return True
    if channels and "$" in data and step.app.lower() in _CALLS:
        return True
    return any(
        at_home if place == "${CONTEXT}" else _may_name(place, searched)
        for place in (*_SEARCHES.findall(data), *_contexts_of(step))
    )


def _contexts_of(step: Step) -> list[str]:
    """Return the contexts of a step's places that are made of variables."""
    if "$" not in step.data:
        return []
    if step.app.lower() == "originate":
        return [part for part in step.data.split(",")[2:3] if "$" in part]
    if step.app.lower() in _CALLS:
        return [found[1] for found in re.finditer(r"@([^,?:@()]*\$\{[^{}]*\}[^,?:@()]*),", step.data)]
    if step.app.lower() not in ("goto", "gotoif", "gosub", "gosubif"):
        return []
    return [found[1] for found in re.finditer(r"(?:^|[?:])([^,?:@()]*\$\{[^{}]*\}[^,?:@()]*),", step.data)]


def _may_name(template: str, searched: frozenset[str]) -> bool:
    """Return True if a text with variables may be one of these contexts."""
    if "$" not in template:
        return template in searched
    pattern = re.compile(
        "".join(".*" if part.startswith("$") else re.escape(part) for part in parts(template))
    )
    return any(pattern.fullmatch(name) for name in searched)
