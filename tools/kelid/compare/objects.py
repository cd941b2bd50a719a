"""The object layer: what is added, changed and removed, in the field's words (endpoint, queue, extension)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

from kelid.findings import NOWHERE, Where
from kelid.model.pbx import LIST_SUFFIX, Context, Exten, ListFile, Pbx, Section
from kelid.model.plan import JOINED, Action, Detail, ObjectChange

_KINDS = {
    ("pjsip.conf", "endpoint"): "endpoint",
    ("queues.conf", None): "queue",
    ("musiconhold.conf", None): "music class",
}
"""What an object of a file is called; anything else is called after its file and its pjsip type."""


@dataclass(frozen=True, slots=True)
class _Object:
    kind: str
    name: str
    properties: tuple[tuple[str, str], ...]
    where: Where


def compare_objects(before: Pbx | None, after: Pbx | None) -> tuple[ObjectChange, ...]:
    """Given two PBXs (None: nothing there), return the objects that differ: removed and changed ones, then added ones."""
    old = _objects(before) if before else {}
    new = _objects(after) if after else {}
    changes = []
    for key, was in old.items():
        is_ = new.get(key)
        if is_ is None:
            changes.append(ObjectChange(action=Action.REMOVE, kind=was.kind, name=was.name, where=was.where))
        elif is_.properties != was.properties:
            changes.append(
                ObjectChange(
                    action=Action.CHANGE,
                    kind=is_.kind,
                    name=is_.name,
                    details=_details(was.properties, is_.properties),
                    where=is_.where,
                )
            )
    changes += [
        ObjectChange(action=Action.ADD, kind=is_.kind, name=is_.name, where=is_.where)
        for key, is_ in new.items()
        if key not in old
    ]
    return tuple(changes)


def places(pbx: Pbx) -> dict[tuple[str, str], Where]:
    """Return kind and name of each object -> where it was written; of several that are called so, of the first."""
    found: dict[tuple[str, str], Where] = {}
    for item in _objects(pbx).values():
        found.setdefault((item.kind, item.name), item.where)
    return found


def _objects(pbx: Pbx) -> Mapping[Hashable, _Object]:
    found: dict[Hashable, _Object] = {}

    def add(item: _Object) -> None:
        key: tuple[Hashable, ...] = (item.kind, item.name)
        while key in found:  # sections may repeat: the second [x] is told apart by its place among its like
            key = (*key, "again")
        found[key] = item

    for file in pbx.files:
        for section in file.resolved:
            add(_of_section(file.path, section))
    for rows in pbx.lists:
        add(_of_list(rows))
    add(_Object("globals", "", tuple((option.key, option.value) for option in pbx.globals), NOWHERE))
    for context in pbx.contexts:
        for item in _of_context(context):
            add(item)
    for media in pbx.media:
        add(_Object("prompt", media.source, (("sha256", media.sha256),), NOWHERE))
    return found


def kind_of(path: str, section: Section) -> str:
    """Return what the object is called that a section of a conf file makes: ``endpoint``, ``pjsip aor``, ``queue``."""
    type_ = section.get("type") if path == "pjsip.conf" else None
    stem = path.removesuffix(".conf")
    return _KINDS.get((path, type_)) or (f"{stem} {type_}" if type_ else stem)


def _of_section(path: str, section: Section) -> _Object:
    return _Object(
        kind_of(path, section),
        section.name,
        tuple((option.key, option.value) for option in section.options),
        section.where,
    )


def _of_list(item: ListFile) -> _Object:
    rows = tuple((str(number), line.text) for number, line in enumerate(item.lines, 1))
    where = item.lines[0].where if item.lines else NOWHERE
    return _Object("list", item.path.removesuffix(LIST_SUFFIX), rows, where)


def _of_context(context: Context) -> Iterable[_Object]:
    frame = [("include", f"{item.context},{item.times}".rstrip(",")) for item in context.includes]
    frame += [("hint", f"{hint.exten} {hint.device}") for hint in context.hints]
    frame += [(switch.keyword, switch.text) for switch in context.switches]
    frame += [("ignorepat", pattern) for pattern in context.ignorepats]
    yield _Object("context", context.name, tuple(frame), context.where)
    for exten in context.extens:
        yield _Object("dial plan", f"{exten.name} in {context.name}", _steps(exten), exten.where)


def _steps(exten: Exten) -> tuple[tuple[str, str], ...]:
    return tuple(
        (str(priority), f"{step.app}({step.data})" + (f" [{step.label}]" if step.label else ""))
        for priority, step in exten.numbered
    )


def _details(was: tuple[tuple[str, str], ...], is_: tuple[tuple[str, str], ...]) -> tuple[Detail, ...]:
    old, new = _by_key(was), _by_key(is_)
    return tuple(
        Detail(key, old.get(key), new.get(key))
        for key in dict.fromkeys([*old, *new])
        if old.get(key) != new.get(key)
    )


def _by_key(properties: Iterable[tuple[str, str]]) -> dict[str, str]:
    merged: dict[str, str] = {}
    for key, value in properties:
        merged[key] = f"{merged[key]}{JOINED}{value}" if key in merged else value
    return merged
