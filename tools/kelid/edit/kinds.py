"""The kinds of objects that a site's files hold, as the schemas say them: no list of kinds stands in the code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kelid.edit.document import Path
from kelid.model.site import Placed

Schema = Mapping[str, Any]

FIELDS = {"inbound": "inbound_routes", "outbound": "outbound_routes"}
"""Keys of files that the model calls otherwise."""
_MANY = re.compile(r"tuple\[(\w+), \.\.\.\]")


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
            if not isinstance(inner, Mapping) or inner.get("type") != "object":
                continue
            record = _record(topic, key)
            word = (record.KIND if record else "") or singular(FIELDS.get(key, key))
            named_by = "" if mapping else _named_by(inner, record)
            found[word] = ObjectKind(
                word=word, topic=topic, key=key, mapping=mapping, named_by=named_by, schema=inner
            )
    return found


def find_kind(kinds_: Mapping[str, ObjectKind], word: str) -> ObjectKind | None:
    """Return the kind that a word means: its own word, or the singular or the plural that stands in the file."""
    wanted = word.replace("-", "_")
    if wanted in kinds_:
        return kinds_[wanted]
    return next((kind for kind in kinds_.values() if wanted in {kind.key, singular(kind.key)}), None)


def records() -> Iterator[type[Placed]]:
    """Yield every class of the site's model."""
    waiting = list(Placed.__subclasses__())
    while waiting:
        record = waiting.pop()
        waiting += record.__subclasses__()
        yield record


def _record(topic: str, key: str) -> type[Placed] | None:
    """Return the class of the objects that stand under the key of a file, as the model knows it."""
    classes = {record.__name__: record for record in records()}
    for name in (
        FIELDS.get(key, key),
        f"{singular(topic)}_{key}",
    ):  # templates of queues.yml: queue_templates
        for record in classes.values():
            found = _MANY.fullmatch(record.FIELDS.get(name, ""))
            if found and found[1] in classes and classes[found[1]].KIND:
                return classes[found[1]]
    return None


def singular(word: str) -> str:
    """Return the singular of the name of a list: queue for queues, class for classes."""
    if word.endswith("series"):
        return word
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ss", "ss"), ("s", "")):
        if word.endswith(ending):
            return word[: -len(ending)] + instead
    return word


def _named_by(schema: Schema, record: type[Placed] | None) -> str:
    required = schema.get("required", [])
    for key in (record.NAMED_BY,) if record else ("name", "number"):
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
