"""A new object of any kind, as small as its schema and the site let it be: what has to be there is given or guessed.

A guess has candidates: names that are at the site, the schema's default and examples. Whoever judges the site says which
guess won't do, and the next candidate takes its place; so no kind of object needs a line of its own here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kelid.edit.document import Document, Path
from kelid.edit.kinds import ObjectKind, Schema, records, schema_at
from kelid.edit.write import Value, flow, scalar
from kelid.model.site import Site

MOST_CANDIDATES = 8
SOUND = "builtin:vm-goodbye"
"""A sound of Asterisk's core packages, for a prompt that isn't recorded yet."""
ENDS = ("hangup",)
"""Where calls can always be sent."""


class Scaffold:
    """One new object. ``value`` is what it is now; ``guesses`` are its values that nobody gave."""

    def __init__(self, kind: ObjectKind, name: str, settings: Mapping[str, Value], site: Site) -> None:
        """Begin with what is given and what the schema requires."""
        self.kind = kind
        self.name = name
        self._site = site
        self._refers = dict(_refers(kind.word))
        self._settings = dict(settings)
        self._extra: list[str] = []
        self._filled: set[Path] = set()
        self._empty: list[Path] = []
        self.guesses: dict[Path, list[Value]] = {}
        self.value: Value = {}
        self._build({})

    def _build(self, chosen: Mapping[Path, list[Value]]) -> None:
        """Make the value anew; ``chosen`` are candidates that are left of guesses."""
        self._chosen = chosen
        self.guesses = {}
        self._empty = []
        given = dict(self._settings)
        if self.kind.named_by:
            given[self.kind.named_by] = self.name
        self.value = self._object(self.kind.schema, (), given, self._extra)

    # --- guessing ----------------------------------------------------------------------------------

    def _object(
        self, schema: Schema, path: Path, given: Mapping[str, Any], extra: Sequence[str] = ()
    ) -> dict[str, Value]:
        properties = schema.get("properties", {})
        wanted = [*schema.get("required", []), *extra]
        if not wanted and path and isinstance(path[-1], int):
            wanted = list(properties)[:1]  # an item of a list says something
        values: dict[str, Value] = {}
        for key, inner in properties.items():
            if key in given:
                value = given[key]
                if isinstance(value, Mapping) and inner.get("properties"):
                    value = self._object(inner, (*path, key), value)
                elif isinstance(value, list) and inner.get("items", {}).get("properties"):
                    value = [
                        self._object(inner["items"], (*path, key, place), item)
                        if isinstance(item, Mapping)
                        else item
                        for place, item in enumerate(value)
                    ]
                values[key] = value
            elif key in wanted:
                values[key] = self._any(inner, (*path, key))
        # What no schema knows stays, for check to name it.
        return values | {key: value for key, value in given.items() if key not in properties}

    def _any(self, schema: Schema, path: Path) -> Value:
        kind = schema.get("type")
        if kind == "object":
            if path[-1] == "names":
                return self._guess(path, [{self._site.language: _title(self.name)}])
            return self._object(schema, path, {})
        if kind == "array":
            if "default" in schema and len(schema["default"]) >= schema.get("minItems", 0) > 0:
                return list(schema["default"])
            if schema.get("minItems", 0) or path[0] in self._extra or path in self._filled:
                return [self._any(schema.get("items", {}), (*path, 0))]
            self._empty.append(path)
            return []
        return self._guess(path, list(self._candidates(schema, path)))

    def _guess(self, path: Path, candidates: list[Value]) -> Value:
        left = self._chosen.get(path, candidates[:MOST_CANDIDATES]) or ["x"]
        self.guesses[path] = list(left)
        return left[0]

    def _candidates(self, schema: Schema, path: Path) -> Iterator[Value]:
        """Yield what could stand at the path, the likeliest first."""
        if "default" in schema:
            yield schema["default"]
        pattern = schema.get("pattern", "")
        key = next(step for step in reversed(path) if isinstance(step, str))
        kind = self._refers.get(key)
        if kind:
            yield from (name for point, name in self._site.named if point == kind)
        for thing in self._site.objects():  # a number of a trunk: dids for did
            several = getattr(thing, f"{key}s", ())
            if isinstance(several, tuple) and several and isinstance(several[0], str):
                yield from several
        if pattern.startswith("^media/"):
            used = {item.file for prompt in self._site.prompts for item in prompt.recordings}
            used |= {file for music in self._site.music_classes for file in music.files}
            yield from sorted(set(self._site.media) - used)
            place = next((step for step in path if isinstance(step, int)), 0)
            yield f"media/{self.name}-{place + 1}.wav" if place else f"media/{self.name}.wav"
        for text in (*ENDS, SOUND):
            if text.partition(":")[0] in pattern and re.fullmatch(pattern, text):
                yield text
        yield from schema.get("examples", [])
        yield from schema.get("enum", [])

    # --- learning ----------------------------------------------------------------------------------

    def reject(self, path: Path) -> bool:
        """Take the next candidate for the guess at the path, or for one around or within; return False if none is left.

        A list that was left empty gets an item.
        """
        if path in self._empty:
            self._filled.add(path)
            self._build(self.guesses)
            return True
        for place, candidates in self.guesses.items():
            short = min(len(place), len(path))
            if place[:short] == path[:short] and path and len(candidates) > 1:
                self._build({**self.guesses, place: candidates[1:]})
                return True
        return False

    def optional(self) -> list[str]:
        """Return the keys that aren't there, in the order of the schema."""
        there = set(self.value) if isinstance(self.value, Mapping) else set()
        return [key for key in self.kind.order if key not in there]

    def grow(self, key: str) -> None:
        """Put a key in that needn't be there."""
        self._extra = [*self._extra, key]
        self._build(self.guesses)

    def shrink(self) -> None:
        """Take the key that was put in last out again."""
        self._extra = self._extra[:-1]
        self._build(self.guesses)


def _refers(word: str) -> Iterator[tuple[str, str]]:
    """Yield key and kind of what names other objects, as the model says it; the kind's own class has the last word."""
    own: list[tuple[str, str]] = []
    for record in records():
        if word == record.KIND:
            own += record.REFERS.items()
        yield from record.REFERS.items()
    yield from own


def _title(name: str) -> str:
    words = re.sub(r"[-_]+", " ", name).strip()
    return words[:1].upper() + words[1:]


# --- what is said beside it ----------------------------------------------------------------------------


def meaning(schema: Schema) -> str:
    """Return the first sentence of a description, as a comment says it."""
    text = str(schema.get("description", "")).split(". ")[0].rstrip(".")
    return text if len(text) <= 90 else f"{text[:87].rstrip()}..."


def remark(document: Document, place: Path, scaffold: Scaffold) -> None:
    """Put what each guessed value means behind it as a comment."""
    for path in scaffold.guesses:
        steps = tuple(step for step in path if isinstance(step, str))
        if steps[-1:] == ("names",):
            continue
        text = meaning(schema_at(scaffold.kind.schema, path)) or meaning(
            schema_at(scaffold.kind.schema, path[:-1])
        )
        if text:
            document.remark((*place, *path), text)


def explain(document: Document, place: Path, scaffold: Scaffold) -> None:
    """Put every key that could be there below the object, as a comment with an example and its meaning."""
    rows = []
    for key in scaffold.optional():
        inner = scaffold.kind.schema["properties"][key]
        examples = [inner["default"]] if "default" in inner else inner.get("examples", [])
        example = _shown(examples[0]) if examples else ""
        text = meaning(inner)
        rows.append(f"{scalar(key)}: {example}" + (f"  # {text}" if text else ""))
    document.note_below(place, rows)


def _shown(value: Any) -> str:
    text = flow(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
