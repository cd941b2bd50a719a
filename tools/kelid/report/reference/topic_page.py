"""The page of one topic: what the file is, its smallest example, and each of its keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kelid.report.reference.keys import Key, Schema, about, complete, keys, kind, need, place, shape
from kelid.report.reference.markdown import anchor, code, fenced, first_sentence, mark, prose, table
from kelid.report.reference.values import Topic
from kelid.report.yaml_text import document


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What a page tells together: a key of the file that holds others, or (name "") the keys that hold none."""

    name: str
    schema: Schema
    keys: tuple[Key, ...]

    @property
    def title(self) -> str:
        """Return the heading."""
        return code(self.name) if self.name else "The file's own keys"

    @property
    def id(self) -> str:
        """Return the name of the place in the page."""
        return place(self.name) if self.name else "file"


def sections(topic: Topic) -> list[Section]:
    """Return the sections of a topic's page in the order of the schema, the file's own keys first."""
    own: list[Key] = []
    found: list[Section] = []
    for key in keys(topic.schema):
        if "." in key.path or key.path.endswith("[]"):
            continue
        below = tuple(keys(key.schema, key.path))
        if any(not inner.path.endswith("*") for inner in below):
            found.append(Section(name=key.path, schema=key.schema, keys=below))
        else:
            own += [key, *below]
    if own:
        found.insert(0, Section(name="", schema=topic.schema, keys=tuple(own)))
    return found


def topic_page(topic: Topic) -> str:
    """Return the page of a topic as Markdown."""
    parts = [
        mark(f"schemas/{topic.name}.schema.json"),
        f"# {topic.name}.yml\n",
        prose(topic.schema["description"]) + (" Every site has it.\n" if topic.needed else "\n"),
        "The smallest one:\n",
        fenced("yaml", schema_line(topic.name) + document(topic.schema["examples"][0])),
    ]
    all_sections = sections(topic)
    if len(all_sections) > 1:
        parts += ["## Contents\n", "".join(_entry(section) for section in all_sections)]
    for section in all_sections:
        parts += _section(section, topic)
    parts.append("[All files](README.md) · [destinations](destinations.md) · [finding codes](findings.md)\n")
    return "\n".join(parts)


def schema_line(topic: str) -> str:
    """Return the first line of a site's file, by which editors find its schema."""
    return f"# yaml-language-server: $schema=../../schemas/{topic}.schema.json\n"


def _entry(section: Section) -> str:
    if section.name:
        return f"- [{section.title}](#{section.id}): {_brief(section.schema)}\n"
    return (
        f"- [{section.title}](#{section.id}): "
        + ", ".join(f"[{code(key.path)}](#{key.id})" for key in section.keys if "." not in key.path)
        + "\n"
    )


def _section(section: Section, topic: Topic) -> Iterator[str]:
    yield anchor(section.id) + "\n"
    yield f"## {section.title}\n"
    if section.name:
        held = section.schema
        texts = [held["description"]]
        if held["type"] == "array":
            texts.append(held["items"]["description"])
        yield prose(" ".join(dict.fromkeys(texts))) + "\n"
        if topic.schema["examples"][0] != {section.name: held["examples"][0]}:
            yield fenced("yaml", document({section.name: held["examples"][0]}))
    yield table(
        ("key", "what fits", "", "meaning"),
        (
            (f"[{code(_inside(key, section))}](#{key.id})", kind(key.schema), need(key), _brief(key.schema))
            for key in section.keys
        ),
    )
    whole = _whole(section)
    if whole:
        yield "<details><summary>An example with every key</summary>\n"
        yield fenced("yaml", document(whole))
        yield "</details>\n"
    for key in section.keys:
        yield from _key(key)


def _whole(section: Section) -> Any:
    """Return the example with every key of a section; None where the page has it already."""
    if section.name:
        whole = complete(section.schema)
        return None if whole == section.schema["examples"][0] else {section.name: whole}
    names = {key.path for key in section.keys}
    properties = section.schema.get("properties", {})
    whole = {name: complete(inner) for name, inner in properties.items() if name in names}
    return None if whole == section.schema["examples"][0] else whole


def _inside(key: Key, section: Section) -> str:
    """Return the key's path as seen from the section's object."""
    return key.path.removeprefix(section.name).removeprefix("[]").removeprefix(".")


def _brief(schema: Schema) -> str:
    return prose(first_sentence(schema["description"]))


def _key(key: Key) -> Iterator[str]:
    yield anchor(key.id) + "\n"
    yield f"### {code(key.path)}\n"
    yield about(key.schema) + "\n"
    said = [word for word in (kind(key.schema), shape(key.schema), need(key)) if word]
    yield f"Value: {' · '.join(said)}\n"
    if key.schema["type"] in {"array", "object"} or key.chosen:
        yield fenced("yaml", _example(key, key.schema["examples"][0]))
        return
    examples = [_example(key, example).rstrip() for example in key.schema["examples"]]
    yield f"Example: {' or '.join(code(example) for example in examples)}\n"


def _example(key: Key, example: Any) -> str:
    return document({key.name: example})
