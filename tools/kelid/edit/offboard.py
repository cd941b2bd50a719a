"""An employee goes: what has to go or to change so that nothing points at the extension any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kelid.edit.document import Document, Path
from kelid.edit.kinds import Schema, is_required, schema_at
from kelid.findings import Exit, KelidError, Where
from kelid.model.destination import Destination
from kelid.model.site import Extension, Placed, Reference, Site

Open = Callable[[str], Document]
"""Gives the document of a topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that goes, or changes: where, and what for people. ``path`` is in the file of ``topic``."""

    where: Where
    what: str
    topic: str
    path: Path
    replacement: str = ""
    excluded: str = ""
    """The number to leave out of the row of phones (``series``) at the path."""


@dataclass(slots=True)
class Farewell:
    """What a departure takes: steps that can be done, places that need a decision, secrets that go."""

    steps: list[Step] = field(default_factory=list)
    left: list[Step] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    mailbox: bool = False


def farewell(
    number: str,
    site: Site,
    open_file: Open,
    topic_of: Callable[[str], str | None],
    replace_by: Destination | None = None,
) -> Farewell:
    """Return what must go or change so that nothing points at the extension any more.

    Goes: the extension, its memberships, menu keys and inbound routes to it. With ``replace_by``, every destination that
    is the extension or its mailbox becomes that one instead. Raise KelidError if there is no such extension.
    """
    extension = next((one for one in site.extensions if one.number == number), None)
    if extension is None:
        numbers = ", ".join(one.number for one in site.extensions[:20])
        raise KelidError(f"{site.name} has no extension {number}; it has {numbers}", exit=Exit.USAGE)
    points = {point for point, _ in extension.points()}
    if replace_by is not None and (replace_by.kind, replace_by.name) in points:
        raise KelidError(f"{replace_by} goes with the extension; name another destination", exit=Exit.USAGE)
    answer = Farewell(mailbox=extension.voicemail is not None)
    answer.secrets = _secrets_of(extension, site)
    seen: set[Where] = set()
    for reference in site.references:
        if reference.point not in points or reference.owner is extension or reference.where in seen:
            continue
        seen.add(reference.where)
        _add_step(answer, reference, open_file, topic_of, replace_by)
    topic = topic_of(extension.where.file) or "extensions"
    path = open_file(topic).path_at(extension.where.line, extension.where.column)
    assert path is not None  # noqa: S101 - the loader read the extension from there
    excluded = number if path[0] == "series" else ""
    step = Step(where=extension.where, what=f"extension {number}", topic=topic, path=path, excluded=excluded)
    answer.steps.append(step)
    return answer


def _add_step(
    answer: Farewell,
    reference: Reference,
    open_file: Open,
    topic_of: Callable[[str], str | None],
    replace_by: Destination | None,
) -> None:
    owner, part, where = reference.owner, reference.part, reference.where
    topic = topic_of(where.file)
    if topic is None:
        return
    document = open_file(topic)
    path = document.path_at(where.line, where.column)
    what = f"{(owner.KIND or owner.HOLDER or topic).replace('_', ' ')} {owner.label}".rstrip()
    key = ".".join(map(str, path[2:])) if path else ""  # secretary.extension, members.2.extension
    what = f"{what}: {key or reference.key} is {reference.kind}:{reference.name}"
    step = Step(where=where, what=what, topic=topic, path=path or ())
    if path is None:
        answer.left.append(step)
        return
    if isinstance(getattr(part, reference.key, None), Destination) and replace_by is not None:
        answer.steps.append(Step(where=where, what=what, topic=topic, path=path, replacement=str(replace_by)))
        return
    if owner.KIND == "call":
        # What is expected of a call has no meaning without who is expected.
        whole = document.path_at(owner.where.line, owner.where.column)
        answer.steps.append(Step(where=where, what=what, topic=topic, path=whole or path))
        return
    gone = _what_goes(document, path, owner, part)
    if gone is not None:
        answer.steps.append(Step(where=where, what=what, topic=topic, path=gone))
    elif replace_by is not None and replace_by.kind == reference.kind == "extension":
        answer.steps.append(Step(where=where, what=what, topic=topic, path=path, replacement=replace_by.name))
    else:
        answer.left.append(step)


def _what_goes(document: Document, path: Path, owner: Placed, part: Placed) -> Path | None:
    """Return what can be taken away whole because a reference goes: an item of a list, a part, an inbound route."""
    if isinstance(path[-1], int):
        return path
    if part is not owner:
        around = document.path_at(part.where.line, part.where.column)
        return around if around and isinstance(around[-1], int) else None
    if owner.KIND == "inbound_route":
        return document.path_at(owner.where.line, owner.where.column)
    return None


def _secrets_of(extension: Extension, site: Site) -> list[str]:
    """Return the names of the secrets that nobody but the extension uses."""
    mine = {use.name for use in site.references if use.kind == "secret" and use.owner is extension}
    others = {use.name for use in site.references if use.kind == "secret" and use.owner is not extension}
    return sorted((mine - others) & set(site.secret_names))


def take(answer: Farewell, open_file: Open, schemas: Mapping[str, Schema]) -> None:
    """Do the steps: replace first, then remove from the end of each file to its beginning, so that places hold."""
    for step in answer.steps:
        if step.replacement:
            open_file(step.topic).replace(step.path, step.replacement)
        elif step.excluded:
            open_file(step.topic).insert((*step.path, "except"), step.excluded)
    gone = {(step.topic, step.path) for step in answer.steps if not step.replacement and not step.excluded}
    for topic, path in sorted(gone, key=_from_behind, reverse=True):
        if any((topic, path[:end]) in gone for end in range(1, len(path))):
            continue  # what is around it goes too
        document = open_file(topic)
        if not document.has(path):
            continue  # went with the last of its list
        whole = _with_what_it_leaves_empty(document, path, schemas[topic])
        keep = isinstance(whole[-1], int) and is_required(schemas[topic], whole[:-1])
        document.remove(whole, keep_empty=keep)


def _with_what_it_leaves_empty(document: Document, path: Path, schema: Schema) -> Path:
    """Return the way to what goes with an item: a part of an object that can't be without it, as follow-me can't."""
    around = path[:-1]
    if not isinstance(path[-1], int) or len(document.data(around)) > 1:
        return path
    if not schema_at(schema, around).get("minItems", 0) or not is_required(schema, around):
        return path
    part = around[:-1]
    if part and isinstance(part[-1], str) and not is_required(schema, part):
        return part
    return path


def _from_behind(place: tuple[str, Path]) -> Any:
    topic, path = place
    return topic, [
        (isinstance(step, int), step) if isinstance(step, int) else (False, str(step)) for step in path
    ]


def mentions(number: str, texts: Mapping[str, str]) -> Iterator[str]:
    """Given texts by name (a site's own dial plan), yield ``file:line: the line`` wherever the number stands by itself."""
    for name, text in texts.items():
        for row, line in enumerate(text.splitlines(), 1):
            words = "".join(letter if letter.isalnum() else " " for letter in line).split()
            if number in words and not line.lstrip().startswith(";"):
                yield f"{name}:{row}: {line.strip()}"
