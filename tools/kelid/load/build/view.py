"""A mapping of a site's file with its nodes, what it takes from the mappings below it, and how it becomes a record."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import time
from functools import cache
from typing import Any, TypeVar, overload

from kelid.findings import NOWHERE, Where
from kelid.load.tree import Mapping as MappingNode
from kelid.load.tree import Node, Scalar, Sequence
from kelid.model.destination import Destination
from kelid.model.record import Record
from kelid.model.site import Placed

P = TypeVar("P", bound=Placed)
D = TypeVar("D")


class Places(Mapping[str, Where]):
    """Where every value stands that was written, the single texts of a list or of names too; looked up when asked for."""

    __slots__ = ("_layers",)

    def __init__(self, layers: tuple[MappingNode, ...]) -> None:
        """Take the mappings in the order in which they win."""
        self._layers = layers

    def __getitem__(self, key: str) -> Where:
        """Return the place of ``codecs``, ``codecs.0`` or ``names.fa``. Raise KeyError for what was not written."""
        where = self.get(key)
        if where is None:
            raise KeyError(key)
        return where

    @overload
    def get(self, key: str, default: None = None) -> Where | None: ...

    @overload
    def get(self, key: str, default: Where | D) -> Where | D: ...

    def get(self, key: str, default: object = None) -> object:
        """Return the place, or the default; asked for some thousand times a site."""
        for layer in self._layers:
            node = layer.items.get(key)
            if node is not None:
                return node.where
        head, dot, rest = key.partition(".")
        if not dot:
            return default
        for layer in self._layers:
            node = layer.items.get(head)
            inner: Node | None = None
            if isinstance(node, MappingNode):
                inner = node.items.get(rest)
            elif isinstance(node, Sequence) and rest.isdigit() and int(rest) < len(node.items):
                inner = node.items[int(rest)]
            if isinstance(inner, Scalar):
                return inner.where
        return default

    def __iter__(self) -> Iterator[str]:
        """Yield every key that has a place."""
        seen = set()
        for layer in self._layers:
            for key, node in layer.items.items():
                if key in seen:
                    continue
                seen.add(key)
                yield key
                inner: Iterator[tuple[Any, Node]] = iter(())
                if isinstance(node, MappingNode):
                    inner = iter(node.items.items())
                elif isinstance(node, Sequence):
                    inner = iter(enumerate(node.items))
                yield from (f"{key}.{part}" for part, item in inner if isinstance(item, Scalar))

    def __len__(self) -> int:
        """Return how many keys have a place."""
        return sum(1 for _ in self)


class View:
    """A mapping of the data with its node, over another view that says what it leaves out: a profile, the site's defaults.

    What was written wins over what was written below it, and that over what a schema gives by default.
    """

    __slots__ = ("_layers", "_nodes", "below", "data", "node", "where", "written")

    def __init__(
        self,
        data: Mapping[str, Any],
        node: Node | None,
        below: View | None = None,
        where: Where = NOWHERE,
    ) -> None:
        """Take the data, the node that it came from, and the view below.

        ``where`` is the place of what was left out: where the mapping around it begins.
        """
        self.data = data
        self.node = node
        self.below = below
        self.where = node.where if node else where
        """Where the mapping begins."""
        self.written: dict[str, Node] = node.items if node.__class__ is MappingNode else {}
        """The nodes of the keys that this very mapping has, written and not by default."""
        self._layers: tuple[dict[str, Any], dict[str, Any]] | None = None
        self._nodes: tuple[MappingNode, ...] | None = None

    def over(self, *under: View) -> View:
        """Return the view over others and what those are over, the first of which wins."""
        if not under:
            return self
        *upper, below = under
        for view in reversed(upper):
            below = view.over(below)
        if self.below is not None:
            below = self.below.over(below)
        return View(self.data, self.node, below, self.where)

    def chain(self) -> Iterator[View]:
        """Yield the view and those below it."""
        view: View | None = self
        while view is not None:
            yield view
            view = view.below

    def wrote(self, key: str) -> bool:
        """Return True if this very mapping has the key, written and not by default."""
        return key in self.written

    def layer(self, key: str) -> View:
        """Return the view that says what the key is; this one if none does."""
        if self.below is None or key in self.written:
            return self
        view: View | None = self.below
        while view is not None:
            if key in view.written:
                return view
            view = view.below
        return next((view for view in self.chain() if key in view.data), self)

    def __contains__(self, key: str) -> bool:
        """Return True if the key is there, written or by default."""
        return any(key in view.data for view in self.chain())

    def get(self, key: str, default: Any = "") -> Any:
        """Return the value of the key, or the default."""
        if self.below is None or key in self.written:
            return self.data.get(key, default)
        return self.layer(key).data.get(key, default)

    def merged(self) -> Mapping[str, Any]:
        """Return every key that is there with the value that ``get`` gives for it, found for all of them at once."""
        if self.below is None:
            return self.data
        given, written = self.below.layers()
        data = self.data
        return {**given, **data, **written, **{key: data[key] for key in self.written if key in data}}

    def layers(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return all keys of this view and those below, and those that were written; many views lie over the same few."""
        if self._layers is None:
            given, written = self.below.layers() if self.below is not None else ({}, {})
            data = self.data
            own = {key: data[key] for key in self.written if key in data}
            self._layers = {**given, **data}, {**written, **own}
        return self._layers

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        return tuple(self.get(key, ()))

    def at(self, key: str) -> Where:
        """Return where the key's value stands, or where the mapping begins if it was left out."""
        node = self.layer(key).written.get(key)
        return self.where if node is None else node.where

    @property
    def places(self) -> Places:
        """Return where every value that was written stands."""
        return Places(self.nodes)

    @property
    def nodes(self) -> tuple[MappingNode, ...]:
        """Return the mappings that were written, the uppermost first."""
        if self._nodes is None:
            own = (self.node,) if isinstance(self.node, MappingNode) else ()
            self._nodes = own if self.below is None else own + self.below.nodes
        return self._nodes

    def child(self, key: str) -> View:
        """Return the mapping under the key, over those under the same key below; an empty one if it was left out."""
        found = [View(view.data[key], view.written[key]) for view in self.chain() if key in view.written]
        if not found:
            return View(self.get(key, {}), None, where=self.where)
        return found[0].over(*found[1:])

    def each(self, key: str) -> Iterator[View]:
        """Yield the mappings of the list under the key."""
        layer = self.layer(key)
        inner = layer.written.get(key)
        nodes: list[Node] = inner.items if isinstance(inner, Sequence) else []
        for data, node in zip(layer.data.get(key, ()), nodes, strict=False):
            yield View(data, node)

    def destination(self, key: str) -> Destination:
        """Return the destination under the key, which the schema has already found good."""
        return Destination.parse(self.get(key), self.at(key))

    def make(self, kind: type[P], **given: Any) -> P:
        """Return the mapping as a record of the class: fields are keys of the same name, but for those that are given.

        A field's annotation says how its value is read (``READERS``); a key that was left out takes the class's default.
        """
        values = given
        data = self.merged()
        plan = _plan(kind)  # type: ignore[arg-type]  # a class can be hashed
        for name, value in data.items():
            if name in plan and name not in values:
                read = plan[name]
                values[name] = value if read is None else read(self, name, value)
        values.setdefault("where", self.where)
        values.setdefault("places", self.places)
        return kind(**values)


def clock(text: str) -> time:
    """Given ``08:30`` or ``24:00``, return the time of day; that is the midnight that ends the day, 00:00."""
    return time(0, 0) if text == "24:00" else time.fromisoformat(text)


def _texts(_view: View, _key: str, value: list[Any]) -> tuple[Any, ...]:
    return tuple(value)


def _destination(view: View, key: str, value: str) -> Destination:
    return Destination.parse(value, view.at(key))


def _time(_view: View, _key: str, value: str) -> time:
    return clock(value)


Reader = Callable[[View, str, Any], Any]
"""Makes of a key's value in the data what the record keeps."""

READERS: dict[str, Reader | None] = {
    "str": None,
    "int": None,
    "bool": None,
    "Names": None,
    "Mapping[str, str]": None,
    "tuple[str, ...]": _texts,
    "tuple[int, ...]": _texts,
    "Destination": _destination,
    "Destination | None": _destination,
    "time": _time,
    "time | None": _time,
}
"""Annotation of a field -> how its value is read; None: as it is. Records and tuples of records are read by their class."""

_RECORD = re.compile(r"(?:tuple\[(?P<many>\w+), \.\.\.\]|(?P<one>\w+)(?: \| None)?)")


@cache
def _plan(kind: type[Placed]) -> dict[str, Reader | None]:
    """Return the fields that can be read by their annotation, and how."""
    plan: dict[str, Reader | None] = {}
    for name, annotation in kind.FIELDS.items():
        if name in {"where", "places"}:
            continue
        if annotation in READERS:
            plan[name] = READERS[annotation]
            continue
        found = _RECORD.fullmatch(annotation)
        part = _class(kind, found["many"] or found["one"]) if found else None
        if found and part is not None:
            plan[name] = _many(part) if found["many"] else _one(part)
    return plan


def _class(kind: type[Placed], name: str) -> type[Placed] | None:
    """Return the record class of that name as the module of ``kind`` knows it, or None."""
    for base in kind.__mro__:
        found = getattr(sys.modules.get(base.__module__), name, None)
        if isinstance(found, type) and issubclass(found, Record) and issubclass(found, Placed):
            return found
    return None


def _one(part: type[Placed]) -> Reader:
    return lambda view, key, _value: view.child(key).make(part)


def _many(part: type[Placed]) -> Reader:
    return lambda view, key, _value: tuple(item.make(part) for item in view.each(key))
