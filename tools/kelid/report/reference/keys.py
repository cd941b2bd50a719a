"""A schema's keys as dotted paths, in words, with examples that fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kelid.model.destination import pattern
from kelid.report.reference.markdown import code, prose
from kelid.report.yaml_text import flow

Schema = Mapping[str, Any]

DESTINATION = {pattern(): "destinations.md", pattern(in_ivr=True): "destinations.md"}
"""The patterns of destinations, and the page that explains what fits them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key: its path from the top of the file (``queues[].members[].penalty``), and what holds it."""

    path: str
    schema: Schema
    needed: bool
    needed_where: str = ""
    chosen: str = ""
    """For a key that the writer chooses (``*``): one that stands in an example."""

    @property
    def name(self) -> str:
        """Return the key alone, as it stands in an example."""
        return self.chosen or self.path.rpartition(".")[2].removesuffix("[]")

    @property
    def id(self) -> str:
        """Return the name of the place in the page."""
        return place(self.path)


def place(path: str) -> str:
    """Return the name of a path's place in its page."""
    return path.replace("[]", "").replace("*", "any")


def keys(schema: Schema, path: str = "") -> Iterator[Key]:
    """Yield every key below a schema, each before the keys inside it."""
    if schema["type"] == "array":
        yield from keys(schema["items"], f"{path}[]")
        return
    inside = f"{path}." if path else ""
    conditions = dict(_conditions(schema))
    for name, inner in schema.get("properties", {}).items():
        needed = name in schema.get("required", ())
        key = Key(path=inside + name, schema=inner, needed=needed, needed_where=conditions.get(name, ""))
        yield key
        yield from keys(inner, key.path)
    for inner in schema.get("patternProperties", {}).values():
        # A mapping of plain values, such as names by language, is explained where its key is.
        if path and _plain(inner):
            continue
        key = Key(
            path=f"{inside}*", schema=inner, needed=False, chosen=next(iter(schema["examples"][0]), "*")
        )
        yield key
        yield from keys(inner, key.path)


def _conditions(schema: Schema) -> Iterator[tuple[str, str]]:
    """Yield the keys that are needed in some cases only, and which those are."""
    for part in (schema, *schema.get("allOf", ())):
        cases = part.get("if", {}).get("properties", {})
        words = []
        for name, wanted in cases.items():
            values = [wanted["const"]] if "const" in wanted else wanted.get("enum", ())
            words.append(f"{code(name)} is {' or '.join(code(flow(value)) for value in values)}")
        for name in part.get("then", {}).get("required", ()):
            yield name, " and ".join(words)


def complete(schema: Schema) -> Any:
    """Return an example with every key that the schema knows. It fits the schema as far as each key's own example does."""
    example = schema["examples"][0]
    if schema["type"] == "array":
        if _plain(schema["items"]):
            return example
        return [complete(schema["items"]), *(example[1:] if schema.get("minItems", 0) > 1 else ())]
    if schema["type"] != "object":
        return example
    found = {name: complete(inner) for name, inner in schema.get("properties", {}).items()}
    for inner in schema.get("patternProperties", {}).values():
        chosen = {name: item for name, item in example.items() if name not in found}
        found |= chosen if _plain(inner) else {name: complete(inner) for name in chosen}
    return found


def kind(schema: Schema) -> str:
    """Return what fits, in words: the type with its limits and choices."""
    if schema["type"] == "boolean":
        return f"{code('true')} or {code('false')}"
    if "enum" in schema:
        return "one of " + ", ".join(code(str(choice)) for choice in schema["enum"])
    if schema["type"] == "integer":
        return "whole number" + _span(schema, "minimum", "maximum")
    if schema["type"] == "array":
        each = ", each once" if schema.get("uniqueItems") else ""
        return f"list{_span(schema, 'minItems', 'maxItems', ' of ')}: {kind(schema['items'])}{each}"
    if schema["type"] == "object":
        held = [inner for inner in schema.get("patternProperties", {}).values() if _plain(inner)]
        to = f" to {kind(held[0])}" if held else ""
        return "mapping" + _span(schema, "minProperties", "maxProperties", " of ") + to
    page = DESTINATION.get(schema.get("pattern", ""))
    if page:
        return f"[destination]({page})"
    return "text" + _span(schema, "minLength", "maxLength", " of ", " characters")


def _span(schema: Schema, least: str, most: str, before: str = ", ", after: str = "") -> str:
    low, high = schema.get(least), schema.get(most)
    if low is None and high is None:
        return ""
    if high is None:
        return f"{before}{low} or more{after}"
    if low is None:
        return f"{before}up to {high}{after}"
    return f"{before}{low} to {high}{after}"


def shape(schema: Schema) -> str:
    """Return the regular expression that the text must fit, as Markdown; "" where there is none, or a page explains it."""
    if schema["type"] == "array":
        return shape(schema["items"])
    if schema["type"] == "object":
        names = schema.get("patternProperties", {})
        return ", ".join(f"keys fit {code(_visible(name))}" for name in names)
    text = schema.get("pattern", "")
    return f"fits {code(_visible(text))}" if text and text not in DESTINATION else ""


def _visible(text: str) -> str:
    return text.replace("\n", "\\n")


def need(key: Key) -> str:
    """Return whether the key is needed, or what stands for it where it is left out; "" where its description says so."""
    if key.needed:
        return "needed"
    if key.needed_where:
        return f"needed where {key.needed_where}"
    return f"default {code(flow(key.schema['default']))}" if "default" in key.schema else ""


def about(schema: Schema) -> str:
    """Return the description, and that of each item of a list of plain values."""
    text = prose(schema["description"])
    if schema["type"] == "array":
        return f"{text} Each: {about(schema['items'])}"
    inner = next(iter(schema.get("patternProperties", {}).values()), None)
    return f"{text} Each: {about(inner)}" if inner else text


def _plain(schema: Schema) -> bool:
    return schema["type"] not in {"array", "object"}
