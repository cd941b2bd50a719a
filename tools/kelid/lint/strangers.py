"""Who may call without a password, and what that costs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kelid.lint import text
from kelid.lint.jumps import jumps
from kelid.lint.registry import Fault, rule
from kelid.lint.view import View
from kelid.model.pbx import Step

_CARD = re.compile(r"(?:DAHDI|Zap)/[gGrR]?[0-9]", re.IGNORECASE)


@rule("Z701")
def anybody_calls_out(view: View) -> Iterator[Fault]:
    """Who calls without a password doesn't get to a line that costs money."""
    trunks = _trunks(view)
    for way in view.ways:
        if not way.anonymous:
            continue
        path = _path(view, way.context, trunks)
        if path:
            what = f"{way.who} may call, and gets to a line: {' -> '.join(path)}"
            yield way.where, what, "give strangers a context of their own, without a way out"


def _trunks(view: View) -> frozenset[str]:
    """Return the names of endpoints and peers that register elsewhere, or that are reached at an address: lines."""
    found = set()
    for file in view.pbx.files:
        for section in file.resolved:
            kind = section.get("type")
            if kind == "registration" and section.get("endpoint"):
                found.add(section.get("endpoint") or "")
            if kind == "identify" and section.get("endpoint"):
                found.add(section.get("endpoint") or "")
            if file.path in {"sip.conf", "iax.conf"} and kind in {"peer", "friend"}:
                host = (section.get("host") or "dynamic").lower()
                if host != "dynamic":
                    found.add(section.name)
    return frozenset(found)


def _path(view: View, start: str, trunks: frozenset[str]) -> list[str]:
    """Return contexts from one to a step that calls a line, and that step; nothing if there is no way."""
    came: dict[str, str] = {start: ""}
    front = [start]
    while front:
        name = front.pop(0)
        context = view.contexts.get(name)
        if context is None:
            continue
        following = [include.context for include in context.includes]
        for exten in context.extens:
            if exten.pattern == "h":
                continue
            for step in exten.steps:
                view.spend()
                if _calls(step, trunks):
                    path = [f"{step.app}({text.split(step.data)[0].strip()[:60]})"]
                    while name:
                        path.append(name)
                        name = came[name]
                    return path[::-1]
                following += [jump.context for jump in jumps(step) if jump.context]
        for other in following:
            if other not in came:
                came[other] = name
                front.append(other)
    return []


def _calls(step: Step, trunks: frozenset[str]) -> bool:
    if step.app.lower() not in {"dial", "retrydial"}:
        return False
    device = text.split(step.data)[0]
    named = re.findall(r"[A-Za-z0-9_.-]+", device)
    return bool(_CARD.search(device)) or (any(name in trunks for name in named) and "$" in device)
