"""A site's own dial plan beside the one that is made of its YAML: they must not run into one another.

Codes C0xx are shared with readback, which finds what can't be read at all.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from kelid.findings import Finding, Where
from kelid.model.pbx import Context
from kelid.model.site import Site
from kelid.rules.outside import path_from_outside

_CONTEXT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_WAY_OUT = re.compile(r"(?P<kind>from-class|class|outbound|route)-(?P<name>[a-z][a-z0-9_-]*)")
_TO_CLASS = re.compile(r"class-(?P<name>[a-z][a-z0-9_-]*),(?P<number>[^,]*)")


def check_custom(custom: Sequence[Context], generated: Collection[str], site: Site) -> Iterator[Finding]:
    """Given the site's own contexts and the names of those that are made, yield what is wrong with the two together.

    Clashes (C005), dead includes (C011), and ways by which callers from outside get to lines (C013).
    """
    yield from _clashes(custom, generated)
    yield from _ways_out(custom, site)


def _ways_out(custom: Sequence[Context], site: Site) -> Iterator[Finding]:
    """Yield where a caller from outside could dial on: into a class's numbers, past its routes, or on a trunk itself."""
    own = {context.name: context for context in custom}
    came: dict[str, str] = {}
    for way in site.ways:
        name = way.destination.name.partition(",")[0]
        if way.destination.kind == "custom" and name in own:
            steps = path_from_outside(site, way.source, way)
            came.setdefault(name, " -> ".join([*steps, str(way.destination)]))
    front = list(came)
    while front:
        context = own[front.pop()]
        path = came[context.name]
        told: list[tuple[Where, str]] = [(item.where, item.context) for item in context.includes]
        for where, name in told:
            if why := _leads_out(site, name, name):
                yield _found(where, path, why)
        for step in (step for exten in context.extens for step in exten.steps):
            told.append((step.where, step.data))
            if why := _leads_out(site, step.data, step.app):
                yield _found(step.where, path, why)
        for _, text in told:
            for name in _CONTEXT.findall(text):
                if name in own and name not in came:
                    came[name] = f"{path} -> {name}"
                    front.append(name)


def _leads_out(site: Site, text: str, app: str) -> str:
    """Return what a step or an include would let a caller use; "" for nothing, or for what a person has answered for."""
    classes = {item.name: item for item in site.permission_classes}
    for trunk in site.trunks:
        if app.lower() in {"dial", "originate"} and re.search(rf"[@/]{re.escape(trunk.name)}\b", text):
            return f"the trunk {trunk.name!r}"
    for found in _WAY_OUT.finditer(text):
        item = classes.get(found["name"])
        if found["kind"] == "class" and item:
            number = next((to["number"] for to in _TO_CLASS.finditer(text) if to["name"] == item.name), "")
            # One number that stands there is a destination like external:; its class decides what it may cost.
            if item.allow_from_outside or not item.routes or re.fullmatch(r"[0-9*#+]+", number):
                continue
            return f"all numbers of the class {item.name!r}"
        if item or found["name"] in {route.name for route in site.outbound_routes}:
            return f"the context {found[0]!r}"
    return ""


def _found(where: Where, path: str, why: str) -> Finding:
    text = f"callers from outside could use {why}: {path}"
    fix = "send them to one number of a class, or give that class allow_from_outside with the reason"
    return Finding(where, "C013", text, fix)


def _clashes(custom: Sequence[Context], generated: Collection[str]) -> Iterator[Finding]:
    known: dict[str, Where | None] = dict.fromkeys(generated)
    for context in custom:
        if context.name in known:
            before = known[context.name]
            whose = f"stands in {before} too" if before else "is made of the site's YAML"
            text = f"the context {context.name!r} {whose}, and Asterisk would join the two"
            yield Finding(context.where, "C005", text, "give yours another name")
        known.setdefault(context.name, context.where)
    for context in custom:
        for include in context.includes:
            if include.context not in known:
                text = f"there is no context {include.context!r} to include"
                yield Finding(include.where, "C011", text, "write it, or take the line out")
