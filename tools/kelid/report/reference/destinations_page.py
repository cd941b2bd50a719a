"""The page of the destinations."""

from __future__ import annotations

from collections.abc import Mapping

from kelid.model.destination import KINDS, Kind
from kelid.report.reference.keys import DESTINATION, Schema, keys
from kelid.report.reference.markdown import anchor, code, mark, prose, table
from kelid.report.reference.topic_page import sections
from kelid.report.reference.values import Contents


def destinations_page(contents: Contents) -> str:
    """Return the page with every kind of destination, and the keys that take one."""
    kinds = sorted(KINDS.values(), key=lambda kind: kind.word)
    takers = [
        (f"[{topic.name}.yml]({topic.name}.md)", f"[{code(key.path)}]({topic.name}.md#{key.id})")
        for topic in sorted(contents.topics, key=lambda topic: topic.name)
        for key in keys(topic.schema)
        if _takes_one(key.schema)
    ]
    objects = {
        section.name: f"{topic.name}.md#{section.id}"
        for topic in sorted(contents.topics, key=lambda topic: topic.name)
        for section in sections(topic)
    }
    return "\n".join(
        (
            mark("tools/kelid/model/destination.py"),
            "# Destinations\n",
            "A destination says where a call goes. It has one shape everywhere: the kind and, after a colon, which one.\n",
            table(
                ("kind", "for example", "the call is to", "only in"),
                (
                    (
                        anchor(kind.word) + _linked(kind, objects),
                        code(kind.example),
                        prose(kind.meaning),
                        _only(kind),
                    )
                    for kind in kinds
                ),
            ),
            "## Keys that take one\n",
            table(("file", "key"), takers),
            "[All files](README.md) · [finding codes](findings.md)\n",
        )
    )


def _linked(kind: Kind, objects: Mapping[str, str]) -> str:
    """Return the kind's word, with a link to the objects of that name if there are some: ``queue`` to ``queues``."""
    word = code(kind.word)
    for plural in (kind.word, f"{kind.word}s", f"{kind.word}es", f"{kind.word.removesuffix('y')}ies"):
        if plural in objects:
            return f"[{word}]({objects[plural]})"
    return word


def _only(kind: Kind) -> str:
    return "" if not kind.only_in else {"ivr": "a menu's entries"}.get(kind.only_in, kind.only_in)


def _takes_one(schema: Schema) -> bool:
    inner = schema.get("items", {}) if schema["type"] == "array" else schema
    return inner.get("pattern") in DESTINATION
