"""Which object names which: found by walking an object and its parts, guided by what each class says of its fields.

Rules (nothing named is missing, nothing is left over), compile (loops) and the verbs that remove things all ask here, so a
new kind of object needs no list of its own anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from kelid.findings import Where
from kelid.model.destination import Destination
from kelid.model.site.base import Placed, Point

ANY = "*"
"""In ``REFERS``: the text itself says the kind, ``extension:101``, with or without a detail behind a space."""

KEYS = {"start": "from"}
"""Field -> key in YAML, where Python has a word of its own."""


def named(text: str) -> Point:
    """Given ``extension:101 20s``, return kind and name; the name of a word alone (``busy``) is ""."""
    kind, _, name = text.partition(" ")[0].partition(":")
    return kind, name


class Reference(NamedTuple):
    """A name of something else: ``kind`` and ``name`` of what is named, and the key of which object names it.

    ``part`` is the object's part that has the key (a menu's entry), or the object itself; ``spot`` is the key with the place
    in its list (``members.0``). With a secret the kind is ``secret``, and ``use`` says what it is for.
    """

    kind: str
    name: str
    key: str
    spot: str
    part: Placed
    owner: Placed
    use: str = ""

    @property
    def point(self) -> Point:
        """Return what is named."""
        return (self.kind, self.name)

    @property
    def where(self) -> Where:
        """Return where the name is written."""
        value = self.part.__dict__[self.key]
        return value.where if value.__class__ is Destination else self.part.place(self.spot)


class Way(NamedTuple):
    """One way that a call can take: from an object to a destination. ``itself``: without anyone pressing a key."""

    source: Point
    target: Point
    destination: Destination
    itself: bool
    owner: Placed

    @property
    def where(self) -> Where:
        """Return where the way is written."""
        return self.destination.where


Ends = list[tuple[str, Destination]]
"""The destinations that an object holds itself, with their keys."""


Parts = list[tuple[Placed, Ends]]
"""An object and its parts, each with its own destinations."""

_new = tuple.__new__
"""Makes a named tuple in half the time; a site has thousands."""


def walk(thing: Placed) -> Parts:
    """Return the object, and every part of it at any depth, each before its own parts and with its own destinations."""
    found: Parts = []
    _walk(thing, found)
    return found


def _walk(thing: Placed, found: Parts) -> None:
    ends: Ends = []
    found.append((thing, ends))
    values = thing.__dict__
    for name in _holders(thing.__class__):  # type: ignore[arg-type]  # a class can be hashed
        value = values[name]
        if value.__class__ is Destination:
            ends.append((name, value))
        elif value.__class__ is tuple:
            if value and isinstance(value[0], Placed):
                for item in value:
                    _walk(item, found)
        elif isinstance(value, Placed):
            _walk(value, found)


_PLAIN = frozenset(
    {"str", "int", "float", "bool", "None", "Names", "Where", "Mapping", "tuple", "time", "date", ""}
)
"""Words of annotations that promise neither a part nor a destination."""


@cache
def _holders(kind: type[Placed]) -> tuple[str, ...]:
    """Return the fields of a class that may hold parts or destinations: in most classes few, and of some not one."""
    return tuple(
        name
        for name, annotation in kind.FIELDS.items()
        if not _PLAIN.issuperset(re.split(r"\W+", annotation))
    )


def references(walked: Iterable[tuple[Placed, Parts]]) -> list[Reference]:
    """Given objects of a site and their parts (``walk``), return every reference in them."""
    found: list[Reference] = []
    add = found.append
    for thing, parts in walked:
        for part, ends in parts:
            values = part.__dict__
            for key, kind in part.REFERS.items():
                value = values[key]
                if not value:
                    continue
                spot = KEYS.get(key, key)
                if value.__class__ is str:
                    texts = [(spot, value)]
                elif value.__class__ is tuple:
                    texts = [(f"{spot}.{place}", name) for place, name in enumerate(value)]
                else:
                    texts = [(f"{spot}.{name}", name) for name in value]
                for spot, text in texts:
                    of, name = (kind, text) if kind != ANY else named(text)
                    if name and of != "custom":
                        add(_new(Reference, (of, name, key, spot, part, thing, "")))
            for key, use in part.SECRETS.items():
                if values[key]:
                    add(_new(Reference, ("secret", values[key], key, key, part, thing, use)))
            for key, end in ends:
                add(_new(Reference, (end.kind, end.name, key, key, part, thing, "")))
                if end.permission_class:
                    add(Reference("permission_class", end.permission_class, key, key, part, thing))
    return found


def ways(walked: Iterable[tuple[Placed, Parts]]) -> list[Way]:
    """Given objects of a site and their parts (``walk``), return every way on from them."""
    found: list[Way] = []
    for thing, parts in walked:
        source = (thing.KIND, thing.label)
        for part, ends in parts:
            for _, end in ends:
                found.append(_new(Way, (source, (end.kind, end.name), end, not part.CHOSEN, thing)))
    return found


def endless(all_ways: Iterable[Way]) -> dict[Point, list[Way]]:
    """Return the ways that a call can take by itself, by where they begin, but for those that surely come to an end.

    Of a site where no call can go round in a circle nothing is left.
    """
    graph: dict[Point, list[Way]] = {}
    for way in all_ways:
        if way.itself:
            graph.setdefault(way.source, []).append(way)
    before: dict[Point, list[Point]] = {}
    left = {}
    for source, onward in graph.items():
        targets = {way.target for way in onward if way.target in graph}
        left[source] = len(targets)
        for target in targets:
            before.setdefault(target, []).append(source)
    ends = [point for point, number in left.items() if not number]
    while ends:
        point = ends.pop()
        del graph[point]
        for source in before.get(point, ()):
            left[source] -= 1
            if not left[source]:
                ends.append(source)
    return graph
