"""An employee comes: what that changes in all the files of a site."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kelid.edit.document import Document, Path
from kelid.edit.kinds import ObjectKind, schema_at
from kelid.edit.write import Value
from kelid.findings import Exit, KelidError
from kelid.model.numbers import all_numbers
from kelid.model.site import Site

Open = Callable[[str], Document]
"""Gives the document of a topic."""

PHONE_KEYS = "1234567890*#"
"""The order of keys in which menus are mostly written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """Who comes, and where the phone is to ring beside its own number. ``settings`` are further keys of the extension."""

    number: str
    names: Mapping[str, str]
    mailbox: bool = True
    settings: Mapping[str, Value] = field(default_factory=dict)
    queues: tuple[str, ...] = ()
    ring_groups: tuple[str, ...] = ()
    penalty: int | None = None
    ivr: str = ""
    key: str = ""
    did: str = ""
    trunk: str = ""


def onboard(newcomer: Newcomer, site: Site, kinds: Mapping[str, ObjectKind], open_file: Open) -> list[str]:
    """Put a newcomer into the files; return what was done, a line each. Raise KelidError for what isn't at the site."""
    number = newcomer.number
    there = next((one for one in site.extensions if one.number == number), None)
    if there is not None:
        raise KelidError(f"the extension {number} is there already ({there.where})", exit=Exit.REFUSED)
    kind = kinds["extension"]
    values: dict[str, Value] = {"number": number, "names": dict(newcomer.names), **newcomer.settings}
    if newcomer.mailbox:
        values.setdefault("voicemail", {})
    values = {key: values[key] for key in sorted(values, key=lambda key: _rank(kind.order, key))}
    document = open_file(kind.topic)
    numbers = [str(item.get("number", "")) for item in document.data((kind.key,)) or []]
    place = sorted_place(numbers, number, key=lambda text: (len(text), text))
    document.insert((kind.key,), values, place, open_up=True)
    done = [f"extension {number}" + (" with a mailbox" if newcomer.mailbox else "")]
    for word, names in (("queue", newcomer.queues), ("ring_group", newcomer.ring_groups)):
        for name in names:
            _join(newcomer, name, _kind(kinds, word), open_file)
            done.append(f"member of the {word.replace('_', ' ')} {name}")
    if newcomer.ivr:
        _take_key(newcomer, _kind(kinds, "ivr"), open_file)
        done.append(f"key {newcomer.key} of the menu {newcomer.ivr}")
    if newcomer.did:
        trunk = _add_route(newcomer, site, _kind(kinds, "inbound_route"), open_file)
        done.append(f"calls to {newcomer.did} on the trunk {trunk}")
    return done


def switch_mailbox_off(number: str, kind: ObjectKind, open_file: Open) -> None:
    """Say of an extension that it has no mailbox, whatever its profile and the site say."""
    document = open_file(kind.topic)
    document.set((*find(document, kind, number), "voicemail"), {"enabled": False}, order=kind.order)


def _join(newcomer: Newcomer, name: str, kind: ObjectKind, open_file: Open) -> None:
    document = open_file(kind.topic)
    path = (*find(document, kind, name), "members")
    member = schema_at(kind.schema, ("members", 0))
    value: Value = newcomer.number
    if member.get("type") == "object":
        key = next(iter(member.get("required", [])), "extension")
        value = {key: newcomer.number}
        if newcomer.penalty is not None and "penalty" in member.get("properties", {}):
            value = {**value, "penalty": newcomer.penalty}
    if document.has(path):
        document.insert(path, value)
    else:
        document.set(path, [value], order=kind.order)


def _take_key(newcomer: Newcomer, kind: ObjectKind, open_file: Open) -> None:
    document = open_file(kind.topic)
    path = (*find(document, kind, newcomer.ivr), "entries")
    entries = document.data(path) or []
    taken = [str(entry.get("digits", "")) for entry in entries]
    if newcomer.key in taken:
        place = taken.index(newcomer.key)
        where = f"{document.file}:{document.line((*path, place))}"
        leads = entries[place].get("destination", "something else")
        free = ", ".join(key for key in PHONE_KEYS if key not in taken) or "none"
        raise KelidError(
            f"{where}: the key {newcomer.key} of {newcomer.ivr} leads to {leads} already; free are {free}",
            exit=Exit.REFUSED,
        )
    place = sorted_place(taken, newcomer.key, key=lambda text: [PHONE_KEYS.find(one) for one in text])
    value = {"digits": newcomer.key, "destination": f"extension:{newcomer.number}"}
    if document.has(path):
        document.insert(path, value, place)
    else:
        document.set(path, [value], order=kind.order)


def _add_route(newcomer: Newcomer, site: Site, kind: ObjectKind, open_file: Open) -> str:
    trunk = newcomer.trunk
    if not trunk:
        having = [one.name for one in site.trunks if _rings_on(one.dids, newcomer.did)]
        names = having or [one.name for one in site.trunks]
        if len(names) != 1:
            raise KelidError(
                f"on which trunk does {newcomer.did} ring? Give --trunk: {', '.join(names) or 'there is none'}",
                exit=Exit.USAGE,
            )
        trunk = names[0]
    document = open_file(kind.topic)
    value = {
        "name": f"direct-{newcomer.number}",
        "trunk": trunk,
        "did": newcomer.did,
        "destination": f"extension:{newcomer.number}",
    }
    document.insert((kind.key,), value)
    return trunk


def _rings_on(dids: tuple[str, ...], number: str) -> bool:
    """Return whether a number is among those of a trunk: one, or the first and the last of a block."""
    for text in dids:
        first, _, last = text.partition("-")
        if len(first) == len(number) and first <= number <= (last or first):
            return True
    return False


def _kind(kinds: Mapping[str, ObjectKind], word: str) -> ObjectKind:
    if word not in kinds:
        raise KelidError(f"no schema knows a {word.replace('_', ' ')}", exit=Exit.USAGE)
    return kinds[word]


def find(document: Document, kind: ObjectKind, name: str) -> Path:
    """Return the way to the object of that kind and name.

    Raise KelidError, with the names that are there, if there is none.
    """
    if kind.mapping:
        names = document.keys((kind.key,))
        if name in names:
            return (kind.key, name)
    else:
        names = [str(item.get(kind.named_by, "")) for item in document.data((kind.key,)) or []]
        if name in names:
            return (kind.key, names.index(name))
    word = kind.word.replace("_", " ")
    raise KelidError(
        f"{document.file}: there is no {word} {name!r}; there are {', '.join(names) or 'none'}",
        exit=Exit.USAGE,
    )


def sorted_place(present: list[str], new: str, *, key: Callable[[str], Any]) -> int:
    """Return where a new item goes: in its order if the list is in order, at the end if it isn't."""
    ranks = [key(text) for text in present]
    if ranks != sorted(ranks):
        return len(present)
    return sum(rank <= key(new) for rank in ranks)


def free_number(site: Site, ranges: list[str]) -> str:
    """Return the first number that nobody has: of the ranges (FROM-TO), else after the least of the extensions' own.

    Raise KelidError if none is left.
    """
    taken = {one.number for one in all_numbers(site)} | {one.code for one in site.speed_dials}
    taken |= set(site.dial.emergency)
    for text in ranges or _own_range(site):
        first, _, last = text.partition("-")
        for number in range(int(first), int(last or first) + 1):
            wanted = str(number).zfill(len(first))
            if wanted not in taken:
                return wanted
    raise KelidError("no number is free in the ranges of the extensions; give --number", exit=Exit.REFUSED)


def _own_range(site: Site) -> list[str]:
    lengths = [len(one.number) for one in site.extensions]
    if not lengths:
        return ["101-199"]
    usual = max(set(lengths), key=lengths.count)
    least = min(one.number for one in site.extensions if len(one.number) == usual)
    return [f"{least}-{'9' * usual}"]


def _rank(order: list[str], key: str) -> int:
    return order.index(key) if key in order else len(order)
