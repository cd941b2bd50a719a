"""The schemas, and what a tree has to say to them: values as the schema wants them, and findings with places."""

from __future__ import annotations

import copy
import difflib
import json
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from kelid.findings import Exit, Finding, KelidError
from kelid.load.fits import fits
from kelid.load.tree import Mapping, Node, Scalar, Sequence, short
from kelid.model.destination import KINDS, pattern

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

_DESTINATIONS = {pattern(), pattern(in_ivr=True)}
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_MUTABLE = (dict, list)
_BOOLEAN = {"true": True, "false": False}


@cache
def schema(topic: str) -> dict[str, Any]:
    """Given a topic (``queues``), return its schema. Raise KelidError if the checkout has lost it."""
    path = FOLDER / f"{topic}.schema.json"
    try:
        loaded: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise KelidError(
            f"{path}: this schema can't be read; is the checkout whole?", exit=Exit.FAILURE
        ) from problem
    return loaded


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
        if kind == "integer" and node.plain and _INTEGER.fullmatch(node.text):
            return int(node.text)
        if kind == "boolean" and node.plain and node.text in _BOOLEAN:
            return _BOOLEAN[node.text]
        if node.sealed:
            return node.text.strip() + "\n"
        return node.text
    if isinstance(node, Sequence):
        inner = wanted.get("items", {})
        return [to_data(item, inner) for item in node.items]
    known = _plans.get(id(wanted))
    if known is None:
        known = _plans[id(wanted)] = (wanted, _plan(wanted))
    properties, patterns, defaults = known[1]
    data = {}
    for key, item in node.items.items():
        inner = properties.get(key)
        if inner is None:
            inner = next((value for pattern, value in patterns if re.search(pattern, key)), {})
        data[key] = to_data(item, inner)
    for key, default in defaults:
        if key not in node.keys:
            data[key] = copy.deepcopy(default) if default.__class__ in _MUTABLE else default
    return data


_Plan = tuple[dict[str, Any], list[tuple[str, Any]], list[tuple[str, Any]]]
_plans: dict[int, tuple[dict[str, Any], _Plan]] = {}
"""By the identity of a schema, which is kept here so that no other can get it."""


def _plan(wanted: dict[str, Any]) -> _Plan:
    """Return the schemas of a mapping's keys, those of patterns of keys, and what stands for keys that are left out."""
    properties = wanted.get("properties", {})
    defaults = [(key, inner["default"]) for key, inner in properties.items() if "default" in inner]
    return properties, list(wanted.get("patternProperties", {}).items()), defaults


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
    wanted = schema(topic)
    data = to_data(tree, wanted)
    if fits(data, wanted):
        return data, [], True
    findings: list[Finding] = []
    usable = True
    seen: set[tuple[str, ...]] = set()
    for error in _validator(topic).iter_errors(data):
        path = list(error.instance_path)
        node = find(tree, path)
        kind = error.kind.name
        if kind == "additionalProperties":
            findings += _unknown_keys(topic, node, error.kind.unexpected, _at(wanted, error.schema_path[:-1]))
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
        code, message, fix = _explain(topic, kind, error, node, described)
        where = node.where
        findings.append(Finding(where, code, message, fix))
    return data, findings, usable


def _at(wanted: Any, path: Iterable[str | int]) -> dict[str, Any]:
    for step in path:
        wanted = wanted[step]
    return wanted if isinstance(wanted, dict) else {}


def _unknown_keys(topic: str, node: Node, keys: Iterable[str], wanted: dict[str, Any]) -> Iterable[Finding]:
    known = list(wanted.get("properties", {}))
    patterns = list(wanted.get("patternProperties", {}))
    for key in keys:
        where = node.key_place(key) if isinstance(node, Mapping) else node.where
        if patterns:
            shape = "small letters, digits and _" if topic == "secrets" else "a language tag such as fa or en"
            yield Finding(where, "S001", f"{short(key)} can't stand here as a key", f"write {shape}")
            continue
        near = difflib.get_close_matches(key, known, 1, 0.6)
        fix = f"did you mean {near[0]!r}?" if near else "known are " + ", ".join(known)
        yield Finding(where, "S001", f"nothing here is called {short(key)}", fix)


def _wrong_type(kind: Any, node: Node, wanted: dict[str, Any]) -> tuple[str, str]:
    type_ = wanted.get("type")
    if type_ == "integer":
        if isinstance(node, Scalar) and not node.plain and _INTEGER.fullmatch(node.text):
            return "a whole number is wanted here, and this is a quoted text", "take the quotes away"
        return (
            "a whole number is wanted here",
            "write it with the digits 0 to 9, without quotes or leading zeros",
        )
    if type_ == "boolean":
        return "true or false is wanted here", "write true or false, without quotes"
    if type_ == "array":
        return "a list is wanted here", "write [one, two], or lines that begin with a dash"
    if type_ == "object":
        return "a mapping of keys is wanted here", "write key: value on lines of their own"
    return "one text is wanted here, not a list or a mapping", "write one value"


def _explain(topic: str, kind: str, error: Any, node: Node, wanted: dict[str, Any]) -> tuple[str, str, str]:
    text = node.text if isinstance(node, Scalar) else ""
    shown = "the value" if topic == "secrets" else short(text)
    examples = " or ".join(
        str(example) for example in wanted.get("examples", ()) if not isinstance(example, (list, dict))
    )
    meaning = str(wanted.get("description", "")).split(". ")[0].rstrip(".")
    explain: dict[str, Callable[[], tuple[str, str, str]]] = {
        "required": lambda: (
            "S002",
            f"{error.kind.property!r} is missing",
            _about(wanted, error.kind.property),
        ),
        "type": lambda: ("S003", *_wrong_type(error.kind, node, wanted)),
        "pattern": lambda: ("S004", f"{shown} doesn't fit here: {meaning}", f"for example {examples}"),
        "enum": lambda: ("S004", f"{shown} is not known here", _choice(text, error.kind.options)),
        "minLength": lambda: (
            "S004",
            f"the text is shorter than {wanted.get('minLength')} characters" if text else "the text is empty",
            f"for example {examples}",
        ),
        "maxLength": lambda: (
            "S004",
            f"the text is longer than {wanted.get('maxLength')} characters",
            "shorten it",
        ),
        "minimum": lambda: ("S005", f"{shown} is too small", f"the least is {wanted.get('minimum')}"),
        "maximum": lambda: ("S005", f"{shown} is too large", f"the most is {wanted.get('maximum')}"),
        "minItems": lambda: ("S006", "the list is too short", f"it needs {wanted.get('minItems')} or more"),
        "uniqueItems": lambda: ("S006", "the list names something twice", "name each once"),
        "minProperties": lambda: ("S006", "nothing stands here", f"for example {_example(wanted)}"),
    }
    if topic == "secrets" and kind == "pattern":
        return "S004", "the sealed value is damaged", "seal the value again with ansible-vault encrypt_string"
    if kind == "pattern" and wanted["pattern"] in _DESTINATIONS:
        return "S004", *_destination(text)
    made = explain.get(kind)
    return made() if made else ("S004", f"this doesn't fit the schema ({kind})", meaning)


def _destination(text: str) -> tuple[str, str]:
    """Return what is wrong with a text that should have been a destination, and the way out."""
    word = text.partition(":")[0]
    kind = KINDS.get(word)
    if kind is None:
        near = difflib.get_close_matches(word, KINDS, 1, 0.6)
        fix = f"did you mean {near[0]!r}?" if near else "known are " + ", ".join(KINDS)
        return f"no destination is called {short(word)}", fix
    if kind.only_in:
        return f"{word!r} can stand in a menu's entries only", "name the destination"
    if word == "external":
        return (
            f"{short(text)} is no destination",
            "write external:NUMBER@CLASS, with the permission class that pays",
        )
    return f"{short(text)} is no destination", f"write it like {kind.example}: {kind.meaning}"


def _about(wanted: dict[str, Any], key: str) -> str:
    inner = wanted.get("properties", {}).get(key, {})
    meaning = str(inner.get("description", "")).split(". ")[0].rstrip(".")
    return f"add it: {meaning[:1].lower()}{meaning[1:]}" if meaning else "add it"


def _choice(text: str, options: Iterable[Any]) -> str:
    names = [str(option) for option in options]
    near = difflib.get_close_matches(text, names, 1, 0.6)
    return f"did you mean {near[0]!r}?" if near else "known are " + ", ".join(names)


def _example(wanted: dict[str, Any]) -> str:
    examples = wanted.get("examples", [])
    return json.dumps(examples[0], ensure_ascii=False) if examples else ""
