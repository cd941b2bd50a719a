"""Two dial plans with the same steps at the same priorities: where one has a step more, the other gets one of no effect.

Asterisk counts steps. One that is put into an extension moves all that follow, and two runs would be at other places there
though they do the same. A ``NoOp`` in the place of what the other side has more changes nothing that a call does, unless
somebody goes to a step by its number or asks for it. Where the texts say so, or a variable that is followed does
(``Live.counted``), nothing is aligned; should a call show it after all, it ends as unknown (``jumps.goto``). Extensions that
go on with each other's steps by their numbers (``continuing.py``) stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

from kelid.model.pbx import Exten, Pbx, Step
from kelid.model.record import replace
from kelid.model.value import changed
from kelid.simulate.continuing import continued

NOTHING = Step("NoOp")
"""What stands where the other side has a step more."""

_OPEN = re.compile(r"\$\{[^{}]*\}|\$\[[^\[\]]*\]")
_JUMPS = re.compile(r"\b((?:goto|gosub)(?:iftime|if)?)\(([^()]*(?:\([^()]*\))?[^()]*)\)", re.IGNORECASE)
"""A jump within another application (ExecIf, say), with what it is given."""
_PLACE = re.compile(r"([\w-]+)[,^]([^,^()&?:]*)[,^]\s*([1-9]\d*|\0)")
_VALUE = re.compile(r"\w+=(?:[^,]*,){1,2}\s*([1-9]\d*)\s*")
"""A variable that gets what may be a place: it ends with a number."""
_ASKED = re.compile(r"(?:DIALPLAN_EXISTS|VALID_EXTEN)\([^,()]*,[^,()]*,\s*([^,()]*)\)")
ARGUMENTS = re.compile(r"\([^()]*\)")
"""What Gosub gives its extension."""


def aligned(before: Pbx, after: Pbx) -> tuple[Pbx, Pbx]:
    """Return both with their common steps at the same priorities, as far as that changes no call."""
    sides = (before, after)
    if any(_goes_by_number(pbx) for pbx in sides):
        return sides
    steps: list[dict[tuple[str, str], list[Exten]]] = []
    for pbx in sides:
        found: dict[tuple[str, str], list[Exten]] = {}
        for context in pbx.contexts:
            for exten in context.extens:
                found.setdefault((context.name, exten.name), []).append(exten)
        steps.append(found)
    longer: tuple[dict[int, Exten], dict[int, Exten]] = ({}, {})
    homes: dict[int, str] = {}
    for place, (exten, *more) in steps[0].items():
        other, *others = steps[1].get(place, [exten])
        if more or others or len(exten.steps) == len(other.steps) or not _counts_on(exten, other):
            continue
        rows = _together(exten.steps, other.steps)
        if any(map(_gets_a_next, (exten, other), rows)):
            continue
        for side, one, row in zip(longer, (exten, other), rows, strict=True):
            side[id(one)] = changed(one, steps=row)
            homes[id(one)] = place[0]
    if not longer[0]:
        return sides
    made = (_realigned(before, longer[0]), _realigned(after, longer[1]))
    counted = continued((*sides, *made))
    if counted.isdisjoint(homes.values()):
        return made
    kept = [{one: row for one, row in side.items() if homes[one] not in counted} for side in longer]
    return _realigned(before, kept[0]), _realigned(after, kept[1])


def _realigned(pbx: Pbx, longer: Mapping[int, Exten]) -> Pbx:
    contexts = tuple(
        changed(context, extens=tuple(longer.get(id(exten), exten) for exten in context.extens))
        for context in pbx.contexts
    )
    return replace(pbx, contexts=contexts)


def _together(one: Sequence[Step], other: Sequence[Step]) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    rows: tuple[list[Step], list[Step]] = ([], [])
    for _, first, last, others_first, others_last in SequenceMatcher(
        None, one, other, autojunk=False
    ).get_opcodes():
        parts = [list(one[first:last]), list(other[others_first:others_last])]
        most = max(map(len, parts))
        for row, part in zip(rows, parts, strict=True):
            row.extend([*part, *[NOTHING] * (most - len(part))])
    return tuple(rows[0]), tuple(rows[1])


def _gets_a_next(exten: Exten, row: Sequence[Step]) -> bool:
    """Return True if the last step gets one behind it and minds: WaitExten goes to ``t`` only where there is none
    (pbx_builtin_waitexten in main/pbx_builtins.c).
    """
    last = exten.steps[-1]
    return row[-1] is NOTHING and "waitexten" in f"{last.app} {last.data}".lower()


def _counts_on(*extens: Exten) -> bool:
    """Return True if the extensions have a step for each number from one on."""
    return all(
        number == place for exten in extens for place, (number, _) in enumerate(exten.numbered, 1)
    ) and all(step.priority in (0, 1) for exten in extens for step in exten.steps[:1])


def _goes_by_number(pbx: Pbx) -> bool:
    """Return True if a step may be come to, or asked for, by its number: any but the first."""
    names = {context.name for context in pbx.contexts}
    steps = [step for context in pbx.contexts for exten in context.extens for step in exten.steps]
    return any(_is_by_number(step, names) for step in steps)


def _is_by_number(step: Step, names: set[str]) -> bool:
    if "PRIORITY" in step.data or step.app.lower() in ("macro", "macroif", "macroexclusive"):
        return True
    if any(_ends_in_number(place) for place in _jumps_of(step)):
        return True
    data, inside = closed(step.data)
    if step.app.lower() in ("set", "mset") and (found := _VALUE.fullmatch(data)) and found[1] != "1":
        return True
    if any(_is_number_or_open(found[1]) for one in inside for found in _ASKED.finditer(one)):
        return True
    return any(name in names and number != "1" for name, _, number in _PLACE.findall(data))


def closed(data: str) -> tuple[str, list[str]]:
    """Return a text with one character for each thing that is only known in a call, and those things."""
    inside: list[str] = []
    count = 1
    while count:
        inside += _OPEN.findall(data)
        data, count = _OPEN.subn("\0", data)
    return data, inside


def _jumps_of(step: Step) -> list[str]:
    """Return the places to which a step jumps."""
    data, _ = closed(step.data)
    jumps = _JUMPS.findall(data)
    if step.app.lower().startswith(("goto", "gosub")):
        jumps.append((step.app, data))
    found: list[str] = []
    for app, jump in jumps:
        plain = ARGUMENTS.sub("", jump)
        found += plain.partition("?")[2].split(":") if "if" in app.lower() else [plain]
    return found


def _ends_in_number(place: str) -> bool:
    """Return True if a place's priority is a number, or what a variable makes of it."""
    *before, last = place.split(",")
    return _is_number_or_open(last) if before else _is_number_or_open(last.replace("\0", ""))


def _is_number_or_open(priority: str) -> bool:
    """Return True unless a priority is the first, or surely a label."""
    priority = priority.strip()
    return priority[:1] in ("+", "-") or (priority.isdecimal() and priority != "1") or "\0" in priority
