"""A site's own dial plan beside the one that is made of its YAML: they must not run into one another.

Codes C0xx are shared with readback, which finds what can't be read at all.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from kelid.findings import Finding, Severity, Where
from kelid.model.meant import meant
from kelid.model.pbx import Context, Step
from kelid.model.site import Site
from kelid.rules.outside import path_from_outside

_CONTEXT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_WAY_OUT = re.compile(r"(?P<kind>from-class|class|outbound|route)-(?P<name>[a-z][a-z0-9_-]*)")
_FUNCTION = re.compile(r"\$\{(?P<name>[A-Z_]+)\(")
_LOCAL = re.compile(r"Local/[^@,&/()]+@([A-Za-z0-9_-]+)")
_PROGRAMS = frozenset({"system", "trysystem", "agi", "eagi", "deadagi", "externalivr"})
_PARKED = "parkedcalls"
"""res_parking makes it by itself."""
_TO_CLASS = re.compile(r"class-(?P<name>[a-z][a-z0-9_-]*),(?P<number>[^,]*)")


def check_custom(custom: Sequence[Context], generated: Collection[str], site: Site) -> Iterator[Finding]:
    """Given the site's own contexts and the names of those that are made, yield what is wrong with the two together.

    Clashes (C005), dead includes (C011), ways by which callers from outside get to lines (C013), programs that are started
    (C014), and jumps to contexts that are nowhere (C015).
    """
    yield from _clashes(custom, generated)
    yield from _ways_out(custom, site)
    yield from _programs(custom)
    yield from _jumps(custom, {*generated, *(context.name for context in custom)})


def _steps(custom: Sequence[Context]) -> Iterator[Step]:
    return (step for context in custom for exten in context.extens for step in exten.steps)


def _programs(custom: Sequence[Context]) -> Iterator[Finding]:
    """Yield where a program is started; an error where what it is told is made of variables, for callers fill those."""
    for step in _steps(custom):
        app = step.app.lower()
        told = (
            step.data
            if app in _PROGRAMS
            else "".join(step.data.split(",")[2:])
            if app == "mixmonitor"
            else ""
        )
        found = "".join(text for name, text in _calls(step.data) if name == "SHELL")
        if not told and not found:
            continue
        what = step.app if told else "SHELL()"
        if "${" in _without_filtered(told + found):
            text = f"{what} starts a program with what a variable holds, and callers can make that a command of theirs"
            fix = "write the command out, or let FILTER() through the characters alone that may come: ${FILTER(0-9,${X})}"
            yield Finding(step.where, "C014", text, fix)
        else:
            text = f"{what} starts a program on the server, which no check here sees into"
            yield Finding(step.where, "C014", text, "is there no other way?", Severity.WARNING)


def _calls(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and arguments of each ``${NAME(...)}`` in a text, those inside of others too."""
    for begin in _FUNCTION.finditer(text):
        depth, end = 1, begin.end()
        while end < len(text) and depth:
            depth += (text[end] == "(") - (text[end] == ")")
            end += 1
        yield begin["name"], text[begin.end() : end - 1]


def _without_filtered(text: str) -> str:
    """Return the text without each ``${FILTER(...)}``: what passes that is of the characters that it names."""
    for name, inside in _calls(text):
        if name == "FILTER":
            text = text.replace(f"${{FILTER({inside})}}", "")
    return text


def _jumps(custom: Sequence[Context], known: Collection[str]) -> Iterator[Finding]:
    """Yield where a jump names a context that is nowhere. Asterisk itself says so only when a call gets there."""
    for step in _steps(custom):
        app = step.app.lower()
        targets: list[str] = []
        if app in {"goto", "gosub"}:
            targets = [step.data]
        elif app in {"gotoif", "gosubif"}:
            targets = re.split(r":(?![^(]*\))", step.data.rpartition("?")[2])
        names = [parts[0] for parts in (target.split(",") for target in targets) if len(parts) == 3]
        names += _LOCAL.findall(step.data)
        for name in dict.fromkeys(name.strip() for name in names):
            if _CONTEXT.fullmatch(name) and name not in known and name != _PARKED:
                near = meant(name, known)
                fix = f"did you mean {near!r}?" if near else "write that context, or name another"
                yield Finding(step.where, "C015", f"there is no context {name!r} to go to", fix)


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
