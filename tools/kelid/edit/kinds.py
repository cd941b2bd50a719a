"""The kinds of objects that a site's files hold, as the schemas say them: no list of kinds stands in the code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kelid.edit.document import Path

Schema = Mapping[str, Any]

WORDS = {"inbound": "inbound_route", "outbound": "outbound_route", "holidays": "holiday_list"}
"""Keys of files whose objects are called otherwise than the key's singular."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectKind:
    """One kind of object: its word, the file and key where such objects stand, and the schema of one.

    ``named_by`` is the key that holds the object's name; "" where the objects are a mapping, and its keys the names, or
    where the object is a text alone.
    """

    word: str
    topic: str
    key: str
    mapping: bool
    named_by: str
    schema: Schema = field(repr=False)

    @property
    def order(self) -> list[str]:
        """Return the keys of an object in the order of the schema."""
        return list(self.schema.get("properties", {}))


def kinds(schemas: Mapping[str, Schema]) -> dict[str, ObjectKind]:
    """Given the schemas by topic, return every kind of object by its word: lists, and mappings of objects, in the files."""
    found: dict[str, ObjectKind] = {}
    for topic, schema in schemas.items():
        for key, value in schema.get("properties", {}).items():
            inner, mapping = value.get("items"), False
            if value.get("type") == "object" and not value.get("properties"):
                inner, mapping = next(iter(value.get("patternProperties", {}).values()), None), True
            if not isinstance(inner, Mapping) or (mapping and inner.get("type") != "object"):
                continue
            if inner.get("type") == "object" or (inner.get("type") == "string" and key.endswith("s")):
                word = WORDS.get(key, singular(key))
                named_by = "" if mapping else _named_by(inner)
                found[word] = ObjectKind(
                    word=word, topic=topic, key=key, mapping=mapping, named_by=named_by, schema=inner
                )
    return {word: kind for word, kind in found.items() if kind.schema.get("type") == "object"}


def singular(word: str) -> str:
    """Return the singular of the name of a list: queue for queues, class for classes."""
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ss", "ss"), ("s", "")):
        if word.endswith(ending):
            return word[: -len(ending)] + instead
    return word


def _named_by(schema: Schema) -> str:
    required = schema.get("required", [])
    for key in ("name", "number"):
        if key in required:
            return key
    return next((key for key in required if _is_text(schema, key)), "")


def _is_text(schema: Schema, key: str) -> bool:
    return bool(schema.get("properties", {}).get(key, {}).get("type") == "string")


def schema_at(schema: Schema, path: Path) -> Schema:
    """Return the part of a schema that speaks of the value at a path; an empty one if none does."""
    for step in path:
        if isinstance(step, int):
            schema = schema.get("items", {})
        else:
            inner = schema.get("properties", {}).get(step)
            schema = (
                inner if inner is not None else next(iter(schema.get("patternProperties", {}).values()), {})
            )
    return schema


def is_required(schema: Schema, path: Path) -> bool:
    """Return whether the key at the end of the path can't be left out."""
    return bool(path) and path[-1] in schema_at(schema, path[:-1]).get("required", [])
