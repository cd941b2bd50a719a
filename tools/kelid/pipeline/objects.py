"""A new object of any kind in a draft: scaffolded from its schema, judged with the whole site, guessed until it fits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from kelid import pipeline
from kelid.edit.document import Path as Way
from kelid.edit.kinds import ObjectKind
from kelid.edit.onboard import sorted_place
from kelid.edit.scaffold import Scaffold, explain, remark
from kelid.edit.write import Value, entry
from kelid.findings import Exit, Finding, KelidError, Severity
from kelid.load import schema
from kelid.pipeline.drafts import Draft
from kelid.pipeline.sounds import speak

MOST_TRIES = 40
"""Each is one check of the site, some 30 ms."""
MADE_LATER = frozenset({"K001"})
"""What an object lacks before its secrets are made."""


def new_object(
    sites: Path,
    site: str,
    kind: ObjectKind,
    name: str,
    settings: Mapping[str, Value],
    *,
    password: Callable[[], bytes],
    explained: bool = False,
) -> Draft:
    """Given a kind, a name and what is wanted of the object, return the site's draft with it, comments where it guessed.

    A prompt whose file isn't there yet is spoken, if it has a text, until a recording takes the file's place.
    ``password`` is asked for if secrets are to be made; ``explained`` adds every other key as a comment. Raise KelidError,
    with the findings, if no guess makes it valid.
    """
    loaded = pipeline.load(sites, site)
    _need_new(loaded.named, kind, name)
    scaffold = Scaffold(kind, name, settings, loaded)
    later = MADE_LATER | ({"P001"} if _can_be_spoken(kind, settings) else set())
    known = {(item.code, item.message) for item in pipeline.check(sites, site).findings}

    def judge() -> tuple[Draft, Way, list[Finding]]:
        draft = Draft(sites, site)
        place = _put(draft, scaffold)
        errors = [
            item
            for item in draft.check().findings
            if item.severity is Severity.ERROR
            and item.code not in later
            and (item.code, item.message) not in known
        ]
        return draft, place, errors

    draft, place, errors = judge()
    for _ in range(MOST_TRIES):
        if not errors:
            break
        if not _better_guess(scaffold, draft, place, errors) and not _grow(scaffold, errors, judge):
            break
        draft, place, errors = judge()
    if errors:
        optional = ", ".join(scaffold.optional())
        raise KelidError(
            f"the new {kind.word.replace('_', ' ')} would not be valid; nothing was written. Say what it lacks with "
            f"--set KEY=VALUE (its other keys: {optional or 'none'})",
            exit=Exit.INVALID,
            findings=errors,
        )
    document = draft.document(kind.topic)
    remark(document, place, scaffold)
    if explained:
        explain(document, place, scaffold)
    draft.seal_missing(password)
    if "P001" in later:
        speak(draft, draft.need_shape(), [name])
    return draft


def _can_be_spoken(kind: ObjectKind, settings: Mapping[str, Value]) -> bool:
    """Return True for a prompt each of whose recordings has a text."""
    recordings = settings.get("recordings")
    return (
        kind.word == "prompt"
        and isinstance(recordings, list)
        and all(isinstance(item, Mapping) and item.get("text") for item in recordings)
    )


def _need_new(named: Mapping[tuple[str, str], object], kind: ObjectKind, name: str) -> None:
    where = named.get((kind.word, name))
    if where is not None:
        word = kind.word.replace("_", " ")
        raise KelidError(f"there is a {word} {name} already ({where})", exit=Exit.REFUSED)


def _better_guess(scaffold: Scaffold, draft: Draft, place: Way, errors: list[Finding]) -> bool:
    """Take another candidate for the first guess that a finding speaks of; return False if there is none."""
    document = draft.document(scaffold.kind.topic)
    for error in errors:
        if error.where.file != document.file:
            continue
        path = document.path_at(error.where.line, error.where.column)
        if path and path[: len(place)] == place and scaffold.reject(path[len(place) :]):
            return True
    return False


def _grow(
    scaffold: Scaffold, errors: list[Finding], judge: Callable[[], tuple[Draft, Way, list[Finding]]]
) -> bool:
    """Put in a key that needn't be there: the first that leaves fewer errors, else the first that leaves other ones.

    Return False if there is none.
    """
    before = {(error.code, error.message) for error in errors}
    other = ""
    for key in scaffold.optional():
        scaffold.grow(key)
        left = judge()[2]
        if len(left) < len(errors):
            return True
        if not other and len(left) == len(errors) and not before & {(e.code, e.message) for e in left}:
            other = key
        scaffold.shrink()
    if other:
        scaffold.grow(other)
    return bool(other)


def _put(draft: Draft, scaffold: Scaffold) -> Way:
    """Put the object where its kind stands, making the file if there is none; return the way to it."""
    kind = scaffold.kind
    root = schema.schema(kind.topic)
    value: Value = {scaffold.name: scaffold.value} if kind.mapping else [scaffold.value]
    if not draft.has(kind.topic):
        rows = entry(kind.key, value, top=True)
        for key in root.get("required", []):
            if key != kind.key:
                rows += entry(key, [] if root["properties"][key].get("type") == "array" else {})
        draft.make(kind.topic, "\n".join(rows) + "\n")
        return (kind.key, scaffold.name if kind.mapping else 0)
    document = draft.document(kind.topic)
    if not document.has((kind.key,)):
        document.set((kind.key,), value, order=list(root.get("properties", {})))
        return (kind.key, scaffold.name if kind.mapping else 0)
    if kind.mapping:
        document.set((kind.key, scaffold.name), scaffold.value)
        return (kind.key, scaffold.name)
    items = document.data((kind.key,))
    place = len(items)
    if kind.named_by == "number":
        numbers = [str(item.get("number", "")) for item in items]
        place = sorted_place(numbers, scaffold.name, key=lambda text: (len(text), text))
    document.insert((kind.key,), scaffold.value, place, open_up=True)
    return (kind.key, place)
