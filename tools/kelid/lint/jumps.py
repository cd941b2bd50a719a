"""Where a step sends a call, or lets it come back from: every context, extension and priority that an application names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from kelid.findings import Where
from kelid.lint import text
from kelid.model.pbx import Step

GOTO, GOSUB, MACRO, OTHER = "goto", "gosub", "macro", "other"
"""How a place is reached: the call goes on there; it comes back with Return; with the end of the macro; another channel."""


class Jump(NamedTuple):
    """A place that a step names. ``context`` and ``exten`` are "" for those of the step.

    ``priority`` is "" where none is asked for; ``arguments`` are a subroutine's.
    """

    kind: str
    context: str
    exten: str
    priority: str
    where: Where
    arguments: tuple[str, ...] = ()


_LOCAL = re.compile(r"(?:^|[&,(])\s*Local/([^@&,/]*)@([^/&,()\s]+)", re.IGNORECASE)
_MENU = re.compile(r"dialplan_exec\(([^)]*)\)", re.IGNORECASE)


def place(data: str, kind: str, where: Where) -> Jump | None:
    """Return the place that ``[[context,]exten,]priority[(arguments)]`` names; None for nothing."""
    data = data.strip()
    if not data:
        return None
    *rest, last = [part.strip() for part in text.split(data)][:3]
    priority, opened, inside = _arguments(last)
    context, exten = ("", "", *rest)[-2:]
    return Jump(kind, context, exten, priority, where, text.split(inside) if opened else ())


def _arguments(part: str) -> tuple[str, bool, str]:
    """Take ``(arguments)`` off a priority: a parenthesis outside of ``${...}`` and ``$[...]``."""
    depth = 0
    for at, character in enumerate(part):
        if character in "{[":
            depth += 1
        elif character in "}]":
            depth -= 1
        elif character == "(" and depth <= 0:
            return part[:at].strip(), True, part[at + 1 :].rpartition(")")[0]
    return part, False, ""


def nested(step: Step) -> Iterator[Step]:
    """Yield the step itself, and the applications that ExecIf and the like hold."""
    yield step
    app = step.app.lower()
    if app in {"execif", "execiftime"}:
        _, one, other = text.choice(step.data)
        held = [one, other]
    elif app in {"exec", "tryexec"}:
        held = [step.data]
    else:
        return
    for item in held:
        for name, data in text.calls(item):
            yield Step(name, data, "", step.where)


def jumps(step: Step) -> tuple[Jump, ...]:
    """Return every place that a step names."""
    return tuple(jump for item in nested(step) for jump in _jumps(item))


def _jumps(step: Step) -> Iterator[Jump]:
    app, data, where = step.app.lower(), step.data, step.where
    parts = [part.strip() for part in text.split(data)]
    named: list[Jump | None] = []
    if app == "goto":
        named = [place(data, GOTO, where)]
    elif app == "gosub":
        named = [place(data, GOSUB, where)]
    elif app in {"gotoif", "gotoiftime", "gosubif"}:
        kind = GOSUB if app == "gosubif" else GOTO
        _, one, other = text.choice(data)
        named = [place(one, kind, where), place(other, kind, where)]
    elif app in {"macro", "macroexclusive"}:
        named = [Jump(MACRO, f"macro-{parts[0]}", "s", "1", where, tuple(parts[1:]))]
    elif app == "macroif":
        named = [
            Jump(MACRO, f"macro-{text.split(item)[0]}", "s", "1", where)
            for item in text.choice(data)[1:]
            if item
        ]
    elif app in {"dial", "retrydial", "page", "followme"}:
        at = {"dial": 2, "retrydial": 4, "page": 1, "followme": 1}[app]
        named = list(_options(",".join(parts[at : at + 1]), where, retry=app == "page"))
    elif app == "queue" and len(parts) > 7 and parts[7]:
        named = [Jump(GOSUB, parts[7], "s", "1", where)]
    elif app == "originate" and len(parts) > 2 and parts[1].lower() == "exten":
        named = [place(",".join(parts[2:5]), OTHER, where)]
        if len(parts) == 3:
            named = [Jump(OTHER, parts[2], "", "", where)]
    elif app == "channelredirect":
        named = [place(",".join(parts[1:4]), OTHER, where)]
    elif app in {"background", "backgrounddetect"} and len(parts) > 3 and parts[3]:
        named = [Jump(GOTO, parts[3], "*", "", where)]
    elif app == "disa" and len(parts) > 1 and parts[1]:
        named = [Jump(GOTO, parts[1].partition("@")[0], "*", "", where)]
    elif app == "directory" and len(parts) > 1 and parts[1]:
        named = [Jump(GOTO, parts[1], "*", "", where)]
    elif app in {"set", "mset"}:
        named = list(_set(data, where))
    yield from (jump for jump in named if jump is not None)
    if app in {"dial", "retrydial", "page", "originate", "addqueuemember", "chanisavail", "queue"}:
        yield from local(data, where)


def _set(data: str, where: Where) -> Iterator[Jump | None]:
    given = text.assignment(data)
    if given is None:
        return
    name = given.name.upper()
    if name == "CHANNEL" and given.arguments.lower().startswith("hangup_handler_"):
        yield place(given.value, GOSUB, where)
    elif name in {"TRANSFER_CONTEXT", "FORWARD_CONTEXT"}:
        yield Jump(OTHER, given.value, "*", "", where)
    elif name == "GOTO_ON_BLINDXFR":
        yield place(given.value.replace("^", ","), OTHER, where)


def _options(options: str, where: Where, *, retry: bool) -> Iterator[Jump | None]:
    """Yield the places that Dial's options name: ``U(context^argument)``, ``G(context^exten^priority)`` ..."""
    at = 0
    while at < len(options):
        letter = options[at]
        at += 1
        inside = ""
        if options[at : at + 1] == "(":
            depth = 0
            for end in range(at, len(options)):
                depth += (options[end] == "(") - (options[end] == ")")
                if not depth:
                    break
            else:
                end = len(options)
            inside = options[at + 1 : end]
            at = end + 1
        if not inside:
            continue
        words = text.split(inside, "^")
        if letter == "U" and not retry:
            yield Jump(GOSUB, words[0].strip(), "s", "1", where, tuple(words[1:]))
        elif letter == "M" and not retry:
            yield Jump(MACRO, f"macro-{words[0].strip()}", "s", "1", where, tuple(words[1:]))
        elif letter in "bB":
            yield place(",".join(words), GOSUB, where)
        elif letter in "GF" and not retry:
            yield place(",".join(words), GOTO, where)


def local(data: str, where: Where) -> Iterator[Jump]:
    """Yield the places that ``Local/exten@context`` channels begin at."""
    for found in _LOCAL.finditer(data[: text.LONGEST]):
        yield Jump(OTHER, found[2], found[1], "1", where)


def menu(value: str, where: Where) -> Iterator[Jump]:
    """Yield the places that a key of a conference's menu names (``dialplan_exec(context,exten,priority)``)."""
    for found in _MENU.finditer(value):
        jump = place(found[1], GOTO, where)
        if jump is not None:
            yield jump
