"""The schemas, and what a tree has to say to them: values as the schema wants them, and findings with places."""

from __future__ import annotations

import copy
import marshal
import re
from collections.abc import Iterable
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from kelid.findings import Exit, Finding, KelidError
from kelid.kept import kept
from kelid.load.fits import BOOLEAN, INTEGER, WORDS, Unsure, read
from kelid.load.tree import Mapping, Node, Scalar, Sequence

FOLDER = Path(__file__).resolve().parents[3] / "schemas"
TOPICS = (
    "site",
    "extensions",
    "trunks",
    "routes",
    "queues",
    "ivrs",
    "hours",
    "features",
    "ring_groups",
    "media",
    "backup",
    "calls",
    "secrets",
)
"""One YAML file, and one schema, for each, in the order in which they are read."""
REQUIRED = frozenset({"site", "extensions", "routes", "secrets"})

MOST_FINDINGS = 200
"""So many mistakes of one file are told: a list of two hundred phones that all have the same."""


@cache
def schema(topic: str) -> dict[str, Any]:
    """Given a topic (``queues``), return its schema. Raise KelidError if the checkout has lost it."""
    import json  # noqa: PLC0415  (2 ms; only for a file with something wrong in it)

    path = FOLDER / f"{topic}.schema.json"
    try:
        loaded: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise KelidError(
            f"{path}: this schema can't be read; is the checkout whole?", exit=Exit.FAILURE
        ) from problem
    return loaded


@cache
def _shape(topic: str) -> dict[str, Any]:
    """Return the schema without what is said in it to people, which is most of it."""
    try:
        found: dict[str, Any] = marshal.loads(kept(FOLDER / f"{topic}.schema.json", _shaped))  # noqa: S302  (our own)
    except (OSError, ValueError):  # lost or broken: the schema itself says so
        return schema(topic)
    return found


def _shaped(body: bytes) -> bytes:
    import json  # noqa: PLC0415  (only for a schema that was changed)

    return marshal.dumps(_without_words(json.loads(body)))


def _without_words(wanted: Any) -> Any:
    """Given a schema, return it without its words; what is called ``title`` among its keys stays."""
    if not isinstance(wanted, dict):
        return wanted
    named = ("properties", "patternProperties")
    return {
        key: {name: _without_words(item) for name, item in inner.items()}
        if key in named
        else _without_words(inner)
        if key != "default"
        else inner
        for key, inner in wanted.items()
        if key not in WORDS
    }


@cache
def _validator(topic: str) -> Any:
    import jsonschema_rs  # noqa: PLC0415  (only for a file with something wrong in it)

    return jsonschema_rs.Draft202012Validator(schema(topic))


def to_data(node: Node, wanted: dict[str, Any]) -> Any:
    """Given a node and its schema, return its value: text stays the very characters unless the schema wants otherwise.

    Keys that are left out get the schema's ``default``. What doesn't fit stays text, for the validator to say so.
    """
    if isinstance(node, Scalar):
        kind = wanted.get("type")
        if kind == "integer" and node.plain and INTEGER.fullmatch(node.text):
            return int(node.text)
        if kind == "boolean" and node.plain and node.text in BOOLEAN:
            return BOOLEAN[node.text]
        if node.sealed:
            return node.text.strip() + "\n"
        return node.text
    if isinstance(node, Sequence):
        inner = wanted.get("items", {})
        return [to_data(item, inner) for item in node.items]
    properties, patterns = wanted.get("properties", {}), wanted.get("patternProperties", {})
    data = {}
    for key, item in node.items.items():
        inner = properties.get(key)
        if inner is None:
            inner = next((value for pattern, value in patterns.items() if re.search(pattern, key)), {})
        data[key] = to_data(item, inner)
    for key, inner in properties.items():
        if "default" in inner and key not in node.keys:
            data[key] = copy.deepcopy(inner["default"])
    return data


def find(node: Node, path: Iterable[str | int]) -> Node:
    """Return the node at the path, or the last one on the way to it that is there."""
    for step in path:
        if isinstance(node, Mapping):
            inner = node.items.get(str(step))
        else:
            inner = node.items[int(step)] if isinstance(node, Sequence) else None
        if inner is None:
            break
        node = inner
    return node


def check(topic: str, tree: Node) -> tuple[Any, list[Finding], bool]:
    """Given a topic and the tree of its file, return the data, the findings, and whether the data can still be used.

    It can if all that is wrong with it is keys that nobody knows: they are taken out.
    """
    try:
        return read(tree, _shape(topic)), [], True
    except Unsure:
        wanted = schema(topic)
        data = to_data(tree, wanted)
    from kelid.load.explain import explain, unknown_keys  # noqa: PLC0415  (only for a file with something wrong in it)

    findings: list[Finding] = []
    usable = True
    seen: set[tuple[str, ...]] = set()
    for error in _validator(topic).iter_errors(data):
        if len(findings) >= MOST_FINDINGS:
            text = f"there is more than these {MOST_FINDINGS} wrong with the file"
            findings.append(Finding(tree.where, "S004", text, "mend them first"))
            usable = False
            break
        path = list(error.instance_path)
        node = find(tree, path)
        kind = error.kind.name
        if kind == "additionalProperties":
            unknown = islice(error.kind.unexpected, MOST_FINDINGS)
            findings += unknown_keys(topic, node, unknown, _at(wanted, error.schema_path[:-1]))
            target = data
            for step in path:
                target = target[step]
            for key in error.kind.unexpected:
                target.pop(key, None)
            continue
        usable = False
        place = tuple(map(str, path))
        if kind in {"pattern", "enum", "minLength", "maxLength"}:
            if place in seen:
                continue
            seen.add(place)
        described = _at(wanted, error.schema_path[:-1])
        findings.append(Finding(node.where, *explain(topic, error, node, described)))
    return data, findings, usable


def _at(wanted: Any, path: Iterable[str | int]) -> dict[str, Any]:
    for step in path:
        wanted = wanted[step]
    return wanted if isinstance(wanted, dict) else {}
