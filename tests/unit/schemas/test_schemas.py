"""The schemas: sound by the reference's judgement, explained key by key, and answered alike by both validators."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest

from kelid.load.schema import TOPICS, schema, to_data
from kelid.load.tree import Node, Scalar, Sequence, read_tree
from kelid.model.destination import Destination, pattern
from kelid.model.feature_codes import FEATURE_CODES

ROOT = Path(__file__).resolve().parents[3]
CLINIC = ROOT / "sites" / "noor-clinic"
BASE = ROOT / "tests" / "bad_sites" / "_base"
SCALARS = {"string", "integer", "boolean"}


def parts(topic: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every schema inside a topic's schema with its path."""
    stack: list[tuple[str, dict[str, Any]]] = [(topic, schema(topic))]
    while stack:
        path, part = stack.pop()
        yield path, part
        for key in ("properties", "patternProperties"):
            stack += [(f"{path}.{name}", inner) for name, inner in part.get(key, {}).items()]
        if "items" in part:
            stack.append((f"{path}[]", part["items"]))


ALL = [pytest.param(part, id=path) for topic in TOPICS for path, part in parts(topic)]


def data(folder: Path, topic: str) -> Any:
    """Return what the site says; of a file that it hasn't got, the schema's own example."""
    path = folder / f"{topic}.yml"
    if not path.exists():
        return copy.deepcopy(schema(topic)["examples"][0])
    tree, findings = read_tree(path.read_text(), topic, vault=topic == "secrets")
    assert not findings
    assert tree is not None
    return to_data(tree, schema(topic))


def test_one_schema_a_topic() -> None:
    assert {path.name for path in (ROOT / "schemas").glob("*.json")} == {
        f"{topic}.schema.json" for topic in TOPICS
    }


@pytest.mark.parametrize("topic", TOPICS)
def test_reference_takes_the_schema(topic: str) -> None:
    assert schema(topic)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema(topic))


@pytest.mark.parametrize("part", ALL)
def test_every_key_is_explained(part: dict[str, Any]) -> None:
    assert part["description"].endswith(".")
    assert part["examples"]
    validator = jsonschema.Draft202012Validator(part)
    for example in part["examples"]:
        validator.validate(example)
    if "default" in part:
        validator.validate(part["default"])


@pytest.mark.parametrize("part", ALL)
def test_one_type_a_leaf(part: dict[str, Any]) -> None:
    assert part["type"] in SCALARS | {"array", "object"}
    assert not set(part) & {"anyOf", "oneOf", "allOf", "not", "$ref", "format", "const"}
    if part["type"] == "object":
        assert part["additionalProperties"] is False
        if "properties" in part:
            assert set(part["required"]) <= set(part["properties"])
    if part["type"] == "array":
        assert "items" in part
    if part["type"] == "integer":
        assert {"minimum", "maximum"} <= set(part)
    if part["type"] == "string":
        assert {"pattern", "enum", "maxLength"} & set(part)


PATTERNS = sorted(
    {part["pattern"] for topic in TOPICS for _, part in parts(topic) if "pattern" in part}
    | {key for topic in TOPICS for _, part in parts(topic) for key in part.get("patternProperties", {})}
)


@pytest.mark.parametrize("text", PATTERNS)
def test_patterns_are_anchored_and_ascii(text: str) -> None:
    assert text.startswith("^")
    assert text.endswith("$")
    assert not re.search(r"\\[dDwWsSbB]", text)
    assert "|" not in re.sub(r"\(.*\)", "", text), "an alternative outside of brackets escapes the anchors"
    assert re.sub(r"\\.|\[[^\]]*\]", "", text).isascii()


@pytest.mark.parametrize("text", PATTERNS)
@pytest.mark.parametrize("hostile", ["۱۲۳", "١٢٣", "a\u202eb", "x y\u00a0", "a;b", "a\x00", "", "１０１"])
def test_no_pattern_takes_hostile_text(text: str, hostile: str) -> None:
    if hostile == "" and re.search(text, ""):
        assert "{0," in text
        return
    assert not re.search(text, hostile)


def test_destination_pattern_is_the_models() -> None:
    found = {}
    for topic in TOPICS:
        for path, part in parts(topic):
            last = path.rsplit(".", 1)[-1]
            if last.endswith("destination") or last in {"no_answer", "busy", "unavailable"}:
                found[path] = part["pattern"]
    in_menu = "ivrs.ivrs[].entries[].destination"
    assert found.pop(in_menu) == pattern(in_ivr=True)
    assert len(found) > 14
    assert set(found.values()) == {pattern()}


@pytest.mark.parametrize(
    "text", ["queue:sales", "hangup", "external:02188001234@national", "extension:0101", "repeat", "parent"]
)
def test_what_the_pattern_takes_the_model_parses(text: str) -> None:
    assert re.search(pattern(in_ivr=True), text)
    assert str(Destination.parse(text)) == text


_YAML_READS_AS_ELSE = re.compile(
    r"[-+]?([0-9][0-9_]*|0x[0-9a-fA-F]+|0o[0-7]+|([0-9]*\.)?[0-9]+([eE][-+]?[0-9]+)?)|true|false|null|~|"
)


def misread(node: Node, wanted: dict[str, Any]) -> Iterator[str]:
    """Yield the texts that an editor, which goes by YAML's core schema, would take for a number or a boolean."""
    if isinstance(node, Scalar):
        if wanted["type"] == "string" and node.plain and _YAML_READS_AS_ELSE.fullmatch(node.text):
            yield f"{node.where}: {node.text}"
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from misread(item, wanted["items"])
    else:
        for key, item in node.items.items():
            inner = wanted.get("properties", {}).get(key) or next(iter(wanted["patternProperties"].values()))
            yield from misread(item, inner)


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if (CLINIC / f"{topic}.yml").exists()])
def test_editors_read_the_sample_as_we_do(topic: str) -> None:
    text = (CLINIC / f"{topic}.yml").read_text()
    assert text.startswith(f"# yaml-language-server: $schema=../../schemas/{topic}.schema.json\n")
    tree, findings = read_tree(text, topic, vault=topic == "secrets")
    assert not findings
    assert tree is not None
    assert list(misread(tree, schema(topic))) == []


def answers(topic: str, document: Any) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Return what the reference and the fast validator say: sorted paths and keywords."""
    slow = jsonschema.Draft202012Validator(schema(topic)).iter_errors(document)
    fast = jsonschema_rs.Draft202012Validator(schema(topic)).iter_errors(document)
    return (
        sorted((str(list(error.absolute_path)), str(error.validator)) for error in slow),
        sorted((str(list(error.instance_path)), str(error.schema_path[-1])) for error in fast),
    )


@pytest.mark.parametrize("topic", TOPICS)
def test_both_take_the_good_documents(topic: str) -> None:
    assert answers(topic, data(CLINIC, topic)) == ([], [])
    assert answers(topic, data(BASE, topic)) == ([], [])


def mutate(document: Any, dice: random.Random) -> Any:
    """Return a copy of a document with one thing changed."""
    document = copy.deepcopy(document)
    places: list[tuple[Any, Any]] = []
    stack = [document]
    while stack:
        node = stack.pop()
        for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
            places.append((node, key))
            if isinstance(value, (dict, list)):
                stack.append(value)
    node, key = dice.choice(places)
    way = dice.randrange(6)
    if way == 0:
        del node[key]
    elif way == 1 and isinstance(node, dict):
        node["strange"] = node[key]
    elif way == 2 and isinstance(node[key], list):
        node[key] = node[key] * 2
    elif way == 3:
        node[key] = dice.choice([None, True, 0, -1, 10**12, 1.5, "", "x" * 99, [], {}, ["x"], {"x": "y"}])
    elif way == 4 and isinstance(node[key], str):
        node[key] += dice.choice([" ", "۱", ":", "@", "$", "x", "0", "-", "."])
    else:
        node[key] = dice.choice(["hangup", "repeat", "sftp", "local", "24:00", "7", "fa"])
    return document


@pytest.mark.parametrize("topic", TOPICS)
def test_both_answer_alike_on_mutated_documents(topic: str) -> None:
    dice = random.Random(topic)  # noqa: S311 - repeatable, not secret
    document = data(CLINIC, topic)
    refused = 0
    for _ in range(150):
        slow, fast = answers(topic, mutate(document, dice))
        assert slow == fast
        refused += bool(slow)
    assert refused > 50


def test_schemas_are_written_for_people() -> None:
    for topic in TOPICS:
        path = ROOT / "schemas" / f"{topic}.schema.json"
        assert path.read_text() == json.dumps(schema(topic), ensure_ascii=False, indent=2) + "\n"


def test_feature_codes_are_those_of_the_table() -> None:
    codes = schema("features")["properties"]["feature_codes"]["properties"]
    assert {key: (part["default"], part["description"]) for key, part in codes.items()} == {
        code.key: (code.code, code.meaning) for code in FEATURE_CODES.values()
    }
