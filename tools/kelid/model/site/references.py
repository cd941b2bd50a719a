"""Which object names which: found by walking an object and its parts, guided by what each class says of its fields.

Rules (nothing named is missing, nothing is left over), compile (loops) and the verbs that remove things all ask here, so a
new kind of object needs no list of its own anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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
    """A name of something else: ``kind`` and ``name`` of what is named, where, and in which key of which object.

    ``part`` is the object's part that has the key (a menu's entry), or the object itself. With a secret the kind is
    ``secret``, and ``use`` says what it is for.
    """

    kind: str
    name: str
    where: Where
    key: str
    part: Placed
    owner: Placed
    use: str = ""

    @property
    def point(self) -> Point:
        """Return what is named."""
        return (self.kind, self.name)


class Way(NamedTuple):
    """One way that a call can take: from an object to a destination. ``itself``: without anyone pressing a key."""

    source: Point
    destination: Destination
    itself: bool
    owner: Placed

    @property
    def target(self) -> Point:
        """Return what the way leads to."""
        return (self.destination.kind, self.destination.name)

    @property
    def where(self) -> Where:
        """Return where the way is written."""
        return self.destination.where


def parts(thing: Placed) -> list[Placed]:
    """Return the object, and every part of it at any depth, each before its own parts."""
    found = [thing]
    values = thing.__dict__
    for name in _holders(type(thing)):  # type: ignore[arg-type]  # a class can be hashed
        value = values[name]
        if isinstance(value, Placed):
            found += parts(value)
        elif value.__class__ is tuple and value and isinstance(value[0], Placed):
            for item in value:
                found += parts(item)
    return found


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


def references(thing: Placed) -> Iterator[Reference]:
    """Given an object of a site, yield every reference in it and its parts."""
    for part in parts(thing):
        values = part.__dict__
        for key, kind in part.REFERS.items():
            value = values[key]
            if not value:
                continue
            if value.__class__ is str:
                texts = [("", value)]
            elif value.__class__ is tuple:
                texts = [(f".{place}", name) for place, name in enumerate(value)]
            else:
                texts = [(f".{name}", name) for name in value]
            for place, text in texts:
                of, name = (kind, text) if kind != ANY else named(text)
                if name and of != "custom":
                    yield Reference(of, name, part.place(f"{KEYS.get(key, key)}{place}"), key, part, thing)
        for key, use in part.SECRETS.items():
            if values[key]:
                where = part.place(key)
                yield Reference(
                    kind="secret", name=values[key], where=where, key=key, part=part, owner=thing, use=use
                )
        for key, destination in _destinations(part):
            yield Reference(
                kind=destination.kind,
                name=destination.name,
                where=destination.where,
                key=key,
                part=part,
                owner=thing,
            )
            if destination.permission_class:
                yield Reference(
                    kind="permission_class",
                    name=destination.permission_class,
                    where=destination.where,
                    key=key,
                    part=part,
                    owner=thing,
                )


def ways(thing: Placed) -> Iterator[Way]:
    """Given an object of a site, yield every way on from it."""
    source = (thing.KIND, thing.label)
    for part in parts(thing):
        for _, destination in _destinations(part):
            yield Way(source=source, destination=destination, itself=not part.CHOSEN, owner=thing)


def _destinations(part: Placed) -> list[tuple[str, Destination]]:
    values = part.__dict__
    keys = _holders(type(part))  # type: ignore[arg-type]  # a class can be hashed
    return [(key, values[key]) for key in keys if values[key].__class__ is Destination]
