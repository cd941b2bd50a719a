"""Objects of a site as they are after all merging, with the file and line behind every value: for the terminal, as JSON."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from kelid.findings import NOWHERE, Where
from kelid.model.destination import Destination
from kelid.model.site import Placed, Reference, Site
from kelid.report.colour import paint

DEFAULT = "default"
"""Stands in the place of a value that nobody wrote: the schema, or a convention of names, gives it."""


_NOT_OF_SITE = frozenset({"name", "secret_names", "media"})
"""Fields of a site that no file says."""


@dataclass(frozen=True, slots=True)
class Row:
    """One value of an object. ``depth`` counts the objects around it; ``value`` is None for the heading of a part."""

    depth: int
    key: str
    value: str | None
    where: Where


def objects(site: Site) -> list[tuple[str, Placed]]:
    """Return every object of the site with its title: ``site``, ``dial``, ``queue:sales``."""
    found: list[tuple[str, Placed]] = [("site", site)]
    for key in site.FIELDS:
        value = getattr(site, key)
        if isinstance(value, Placed):
            found.append((_title(value, key), value))
        elif isinstance(value, tuple):
            found += [(_title(item, key), item) for item in value if isinstance(item, Placed)]
    return found


def _title(thing: Placed, key: str) -> str:
    return f"{thing.KIND}:{thing.label}" if thing.KIND else key


def rows(thing: Placed, depth: int = 0) -> Iterator[Row]:
    """Yield every value of the object and of its parts. Of a site itself: what isn't an object of its own."""
    for key in thing.FIELDS:
        value = getattr(thing, key)
        if key in {"where", "places"} or value is None:
            continue
        if isinstance(thing, Site) and not _of_site(thing, key, value):
            continue
        if isinstance(value, Placed):
            yield Row(depth, key, None, NOWHERE if _unwritten(value, thing) else value.where)
            yield from rows(value, depth + 1)
        elif isinstance(value, tuple) and value and isinstance(value[0], Placed):
            for number, item in enumerate(value):
                yield Row(depth, f"{key}.{number}", None, item.where)
                yield from rows(item, depth + 1)
        elif isinstance(value, Mapping):
            for part, item in value.items():
                yield Row(depth, f"{key}.{part}", _text(item), thing.places.get(f"{key}.{part}", NOWHERE))
        elif isinstance(value, Destination):
            yield Row(depth, key, str(value), _of_destination(thing, key, value))
        else:
            yield Row(depth, key, _text(value), thing.places.get(key, NOWHERE))


def _unwritten(part: Placed, thing: Placed) -> bool:
    """Return True for a part of an object that no line speaks of."""
    return part.where == thing.where and not part.places


def _of_site(site: Site, key: str, value: Any) -> bool:
    """Return whether a field is shown with the site itself: what site.yml says, but for objects that have a name."""
    if isinstance(value, Placed):
        return not value.KIND and value.where.file == site.where.file
    return key not in _NOT_OF_SITE and not isinstance(value, tuple)


def _of_destination(thing: Placed, key: str, value: Destination) -> Where:
    """Return where a destination was written; a mailbox is one for the calls that its extension can't take."""
    return thing.places.get(key, NOWHERE) if value.where == thing.where else value.where


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(map(_text, value)) or "(none)"
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if value not in ("", None) else "(none)"


def text(site: Site, title: str, thing: Placed, used: Iterable[Reference], *, colour: bool = False) -> str:
    """Return an object for a terminal: key, value and place on each line; then who names it."""
    shown = [Row(-1, title, "", thing.where), *rows(thing)]
    left = [f"{'  ' * (row.depth + 1)}{row.key}" for row in shown]
    middle = [row.value or "" for row in shown]
    widths = min(max(map(_width, left)), 40), min(max(map(_width, middle)), 50)
    lines = []
    for row, key, value in zip(shown, left, middle, strict=True):
        name = paint(key, "bold", on=colour) if row.depth < 0 else key
        place = paint(_shown(row.where), "blue", on=colour)
        lines.append(f"{name}{_gap(key, widths[0])}  {value}{_gap(value, widths[1])}  {place}")
    users = _users(site, used)
    if users:
        lines += ["", "named by"]
        wide = max(_width(f"{who} {key}") for _, who, key in users)
        for where, who, key in users:
            what = f"{who} {key}"
            lines.append(f"  {what}{_gap(what, wide)}  {paint(_shown(where), 'blue', on=colour)}")
    return "\n".join(lines) + "\n"


def as_data(site: Site, title: str, thing: Placed, used: Iterable[Reference]) -> dict[str, Any]:
    """Return an object as plain data: every value with its file and line, or null where it is a default."""
    return {
        "object": title,
        **_where(thing.where),
        "values": _values(thing),
        "named_by": [{"object": who, "key": key, **_where(where)} for where, who, key in _users(site, used)],
    }


def _users(site: Site, used: Iterable[Reference]) -> list[tuple[Where, str, str]]:
    titles = {id(thing): title for title, thing in objects(site)}
    return sorted({(use.where, titles[id(use.owner)], use.key) for use in used})


def _values(thing: Placed) -> dict[str, Any]:
    values: dict[str, Any] = {}
    open_parts: list[dict[str, Any]] = [values]
    for row in rows(thing):
        del open_parts[row.depth + 1 :]
        entry: dict[str, Any] = {"value": row.value, **_where(row.where)}
        if row.value is None:
            entry = {**_where(row.where), "values": {}}
            open_parts[row.depth][row.key] = entry
            open_parts.append(entry["values"])
        else:
            open_parts[row.depth][row.key] = entry
    return values


def index_text(site: Site, *, colour: bool = False) -> str:
    """Return the list of all objects, one a line: what it is called, its names, its place."""
    entries = [(title, _name(thing), thing.where) for title, thing in objects(site)]
    wide = max(_width(title) for title, _, _ in entries), max(_width(name) for _, name, _ in entries)
    return "".join(
        f"{title}{_gap(title, wide[0])}  {name}{_gap(name, wide[1])}  "
        f"{paint(_shown(where), 'blue', on=colour)}\n"
        for title, name, where in entries
    )


def index_data(site: Site) -> list[dict[str, Any]]:
    """Return the list of all objects as plain data."""
    return [
        {"object": title, "names": dict(getattr(thing, "names", {})), **_where(thing.where)}
        for title, thing in objects(site)
    ]


def _name(thing: Placed) -> str:
    names = getattr(thing, "names", None)
    return " / ".join(names.values()) if isinstance(names, Mapping) else ""


def _shown(where: Where) -> str:
    if not where.file:
        return DEFAULT
    return f"{where.file}:{where.line}" if where.line else where.file


def _where(where: Where) -> dict[str, Any]:
    return {"file": where.file or None, "line": where.line or None}


def _gap(text: str, width: int) -> str:
    return " " * (width - _width(text))


def _width(text: str) -> int:
    """Return how many cells of a terminal a text takes: marks that sit on other letters, and joiners, take none."""
    wide = {"W": 2, "F": 2}
    return sum(
        0
        if unicodedata.category(letter) in {"Mn", "Me", "Cf"}
        else wide.get(unicodedata.east_asian_width(letter), 1)
        for letter in text
    )
