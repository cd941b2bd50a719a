"""The call flow of a dial plan that was not made here, from its steps alone: each extension of a context is a place.

A way is drawn where a step names it. Whether its condition can ever hold isn't judged, nor is what a variable holds: such
ways lead to a place that says so. ``kelid trace`` follows one call exactly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from kelid.findings import NOWHERE, Where
from kelid.model.flow import Flow, Link, Place
from kelid.model.origins import origins, unled
from kelid.model.patterns import parse
from kelid.model.pbx import Context, Exten, Pbx

_ENDS = {"hangup": "hangup", "busy": "busy", "congestion": "refused"}
_WAITS = frozenset({"background", "waitexten"})
"""Applications during which a caller's keys lead to an extension of the context."""

_BOXES = frozenset(
    {"agi", "fastagi", "eagi", "deadagi", "system", "trysystem", "externalivr", "stasis", "originate"}
)
"""Applications after which another program decides."""

_SPECIAL = frozenset({"h", "i", "t", "s", "e", "o", "a", "T", "failed", "fax"})
_KEYS_OF = {"i": "wrong", "t": "nothing"}


def tree_flow(pbx: Pbx, title: str, *, context: str = "", exten: str = "") -> Flow:
    """Return the call flow of a dial plan from every context that calls come to, or from one context or extension.

    Raise ValueError, with what there is, for a context or an extension that isn't there.
    """
    return _Reading(pbx, title).read(context, exten)


_THINGS = {
    "queue": ("queue", ""),
    "voicemail": ("voicemail", ""),
    "confbridge": ("conference", ""),
    "meetme": ("conference", ""),
    "park": ("parking", "default"),
    "page": ("page", ""),
    "directory": ("directory", "default"),
}
"""Applications that lead to something of the system -> kind of place, and its name where the step gives none."""


class _At(NamedTuple):
    """A step: in which extension, and the condition under which it is taken."""

    key: str
    context: Context
    exten: Exten
    where: Where
    why: str = "goes"
    detail: str = ""


class _Reading:
    """What was found so far."""

    def __init__(self, pbx: Pbx, title: str) -> None:
        """Take the dial plan."""
        self.pbx = pbx
        self.title = title
        self.contexts: dict[str, Context] = {item.name: item for item in pbx.contexts}
        self.places: dict[str, Place] = {}
        self.links: dict[Link, None] = {}
        self.left: list[tuple[str, Context, Exten]] = []

    def read(self, context: str, exten: str) -> Flow:
        """Return the flow."""
        if context:
            if context not in self.contexts:
                raise ValueError(
                    f"there is no context {context!r}; there are {', '.join(list(self.contexts)[:20])}"
                )
            self.way_in(Place(f"context:{context}", "phone", context), context, exten)
        else:
            for name, users in self.entered().items():
                facts = (("numbers", ", ".join(users)),) if users else ()
                self.way_in(Place(f"context:{name}", "phone", name, facts=facts), name, "")
        while self.left:
            self.follow(*self.left.pop(0))
        notes = () if self.places else ("there is no context that calls come to",)
        return Flow(
            title=self.title, places=tuple(self.places.values()), links=tuple(self.links), notes=notes
        )

    def entered(self) -> dict[str, list[str]]:
        """Return the contexts that calls come to by themselves, with the channels that they come from."""
        found: dict[str, list[str]] = {}
        for origin in origins(self.pbx):
            found.setdefault(origin.context, []).append(origin.name)
        for context in unled(self.pbx):
            found.setdefault(context, [])
        return {name: users for name, users in found.items() if name in self.contexts}

    def way_in(self, place: Place, context: str, only: str) -> None:
        """Add a way in, and every extension that can be called there."""
        self.places.setdefault(place.key, place)
        there = list(self.extens(context))
        if only:
            there = [pair for pair in there if pair[1] is self.find(context, only)]
            if not there:
                known = ", ".join(item.pattern for _, item in list(self.extens(context))[:20])
                raise ValueError(f"the context {context!r} has no extension {only!r}; it has {known}")
        for home, item in there:
            if item.pattern not in _SPECIAL or only or item.pattern == "s":
                self.link(place.key, self.place(home, item), "number", shown(item), item.where)

    # --- places and links ------------------------------------------------------------------------

    def link(self, source: str, target: str, why: str, detail: str = "", where: Where = NOWHERE) -> None:
        """Add a link once."""
        self.links[Link(source, target, why, detail, where)] = None

    def place(self, context: Context, exten: Exten) -> str:
        """Return the key of an extension; it is followed later."""
        key = f"{context.name},{shown(exten)}"
        if key not in self.places:
            self.places[key] = Place(key, "step", key, where=exten.where)
            self.left.append((key, context, exten))
        return key

    def thing(self, kind: str, name: str) -> str:
        """Return the key of what isn't of the dial plan: a queue, a phone, a mailbox."""
        key = f"{kind}:{name}"
        self.places.setdefault(key, Place(key, kind, name))
        return key

    def end(self, source: str, kind: str, why: str, detail: str, where: Where) -> None:
        """Add a link to an end of the source's own."""
        key = f"{kind}@{source}"
        self.places.setdefault(key, Place(key, kind, ""))
        self.link(source, key, why, detail, where)

    def extens(self, context: str, seen: frozenset[str] = frozenset()) -> Iterator[tuple[Context, Exten]]:
        """Yield the extensions that can be called in a context, those of included ones too."""
        found = self.contexts.get(context)
        if found is None or context in seen:
            return
        for item in found.extens:
            yield found, item
        for include in found.includes:
            yield from self.extens(include.context, seen | {context})

    def find(self, context: str, exten: str) -> Exten | None:
        """Return the extension that takes a number: by name, else the pattern that is the most exact by its length."""
        there = [item for _, item in self.extens(context)]
        named = next((item for item in there if exten in {item.pattern, shown(item)}), None)
        if named or not exten or not exten[0].isdigit():
            return named
        taking = [item for item in there if item.pattern.startswith("_") and _takes(item.pattern[1:], exten)]
        return min(taking, key=lambda item: (item.pattern[-1] in ".!", -len(item.pattern)), default=None)

    def target(self, at: _At, text: str) -> None:
        """Add the link to where Goto and its like lead; a label or a priority alone stays in the extension."""
        parts = _parts(text)
        if len(parts) == 1 or not text.strip():
            return
        name, number = (parts[0], parts[1]) if len(parts) >= 3 else (at.context.name, parts[0])
        if number == "${EXTEN}" and name == at.context.name:
            return
        if "$" in number and name in self.contexts:
            # Whatever the number is, it is looked for among the extensions of the context.
            for home, item in self.extens(name):
                if item.pattern not in _SPECIAL:
                    detail = f"{at.detail} {shown(item)}".strip()
                    self.link(at.key, self.place(home, item), at.why, detail, at.where)
            return
        found = None if "$" in name else self.find(name, number) or self.find(name, "i")
        if name == at.context.name and (found is at.exten or (found is None and number == at.exten.pattern)):
            return
        if found is None:
            key = self.thing("unknown", f"{name},{number}")
            self.link(at.key, key, at.why, f"{at.detail} {name},{number}".strip(), at.where)
            return
        home = next(context for context, item in self.extens(name) if item is found)
        self.link(at.key, self.place(home, found), at.why, at.detail, at.where)

    # --- steps -----------------------------------------------------------------------------------

    def follow(self, key: str, context: Context, exten: Exten) -> None:
        """Add what an extension's steps lead to."""
        for step in exten.steps:
            self.step(_At(key, context, exten, step.where), step.app, step.data)

    def step(self, at: _At, name: str, data: str) -> None:
        """Add what an application leads to."""
        app = name.lower()
        first = data.split(",", maxsplit=1)[0].strip()
        if app in _ENDS:
            self.end(at.key, _ENDS[app], at.why, at.detail, at.where)
        elif app == "goto":
            self.target(at, data)
        elif app in {"gotoif", "gotoiftime"}:
            condition, yes, no = _branches(data)
            self.target(at._replace(why="if" if app == "gotoif" else "time", detail=condition), yes)
            self.target(at, no)
        elif app in {"execif", "execiftime"}:
            condition, yes, no = _branches(data)
            holds = at._replace(why="if" if app == "execif" else "time", detail=condition)
            for branch, here in ((yes, holds), (no, at)):
                if called := re.fullmatch(r"\s*(\w+)\s*(?:\((.*)\))?\s*", branch, re.DOTALL):
                    self.step(here, called[1], called[2] or "")
        elif app in {"gosub", "gosubif", "macro"}:
            there = (
                (f"macro-{first},s,1",)
                if app == "macro"
                else (data,)
                if app == "gosub"
                else _branches(data)[1:]
            )
            for text in there:
                self.target(at._replace(why="subroutine"), text)
        elif app == "dial":
            self.dial(at, first)
        elif app in _THINGS:
            kind, otherwise = _THINGS[app]
            self.link(at.key, self.thing(kind, first or otherwise), at.why, at.detail, at.where)
        elif app in _BOXES:
            self.link(at.key, self.thing("custom", f"{name}({first})"), at.why, at.detail, at.where)
        elif app in _WAITS:
            self.keys(at)

    def dial(self, at: _At, devices: str) -> None:
        """Add who is called; a Local channel goes on in the dial plan."""
        for device in devices.split("&"):
            local = re.fullmatch(r"Local/([^@/]+)@([^/]+)(/.*)?", device.strip(), re.IGNORECASE)
            if local:
                self.target(at._replace(why="dial"), f"{local[2]},{local[1]},1")
            elif device.strip():
                self.link(at.key, self.thing("phones", device.strip()), "dial", "", at.where)

    def keys(self, at: _At) -> None:
        """Add what callers can press where an extension waits for keys."""
        for home, item in self.extens(at.context.name):
            if item is at.exten or (item.pattern in _SPECIAL and item.pattern not in _KEYS_OF):
                continue
            why = _KEYS_OF.get(item.pattern, "key")
            self.link(at.key, self.place(home, item), why, shown(item) if why == "key" else "", at.where)


def shown(exten: Exten) -> str:
    """Return an extension as it stands in extensions.conf, with its caller."""
    return exten.pattern if exten.caller is None else f"{exten.pattern}/{exten.caller}"


def _parts(text: str) -> list[str]:
    """Return context, extension and priority of a target, without the arguments of a subroutine."""
    parts, depth = [""], 0
    for character in text:
        if character in "([{":
            if not depth and character == "(":
                break
            depth += 1
        elif character in ")]}":
            depth -= 1
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def _takes(pattern: str, number: str) -> bool:
    try:
        return parse(pattern).takes(number)
    except ValueError:
        return False


def _branches(data: str) -> tuple[str, str, str]:
    """Return condition, and what is done if it holds and if not: the question mark and the colon outside of brackets."""
    depth, mark, colon = 0, -1, -1
    for index, character in enumerate(data):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == "?" and not depth and mark < 0:
            mark = index
        elif character == ":" and not depth and mark >= 0 and colon < 0:
            colon = index
    if mark < 0:
        return data, "", ""
    yes = data[mark + 1 : colon] if colon >= 0 else data[mark + 1 :]
    return data[:mark].strip(), yes.strip(), data[colon + 1 :].strip() if colon >= 0 else ""
