"""What our own judge finds good, jsonschema-rs finds good too; and it knows all that good sites say."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelid.findings import NOWHERE
from kelid.load import schema
from kelid.load.fits import Unsure, read
from kelid.load.tree import Mapping, Node, Scalar, Sequence, read_tree

SITES = Path(__file__).parents[3] / "sites"


def _data(path: Path) -> Any:
    tree, faults = read_tree(path.read_text(encoding="utf-8"), path.name, vault=path.stem == "secrets")
    assert tree is not None
    assert not faults
    return schema.to_data(tree, schema.schema(path.stem))


def _node(value: Any) -> Node:
    """Return the node of a file that says the value."""
    if isinstance(value, dict):
        return Mapping(
            {key: _node(item) for key, item in value.items()}, dict.fromkeys(value, NOWHERE), NOWHERE
        )
    if isinstance(value, list):
        return Sequence([_node(item) for item in value], NOWHERE)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return Scalar(text, not isinstance(value, str), False, "", NOWHERE)


def _fits(node: Node, wanted: dict[str, Any]) -> bool:
    """Return True if the node surely fits; then it gives the same as ``to_data``."""
    try:
        found = read(node, wanted)
    except Unsure:
        return False
    assert found == schema.to_data(node, wanted)
    return True


FILES = sorted(path for path in SITES.glob("*/*.yml") if path.stem in schema.TOPICS)
GOOD = [(path.stem, _data(path)) for path in FILES]
VALIDATORS = {topic: jsonschema_rs.Draft202012Validator(schema.schema(topic)) for topic in schema.TOPICS}

ODD: list[Any] = [
    "", " ", "x", "X", "0", "101", "101\n", "١٠١", "é", "a" * 70, "a" * 9000, "\n", "external:1", "queue:x\n", "24:00",
    "true", -1, 0, 1, 7, 10**6, 10**17, 10**19, True, False, [], ["a"], ["a", "a"], [1, "1"], {}, {"a": 1}, {"fa": "x"},
    [{}, {}],
]  # fmt: skip


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container with every key or index in it."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        yield value, key
        yield from _places(inner)


@pytest.mark.parametrize(("topic", "data"), GOOD, ids=[f"{p.parent.name}-{p.stem}" for p in FILES])
def test_all_that_good_sites_say_is_known(topic: str, data: Any) -> None:
    assert _fits(_node(data), schema.schema(topic))
    assert schema.check(topic, _node(data)) == (data, [], True)


@given(st.data())
def test_what_fits_is_valid_and_what_is_valid_fits(data: st.DataObject) -> None:
    topic, good = data.draw(st.sampled_from(GOOD))
    value = copy.deepcopy(good)
    for _ in range(data.draw(st.integers(1, 3))):
        places = list(_places(value))
        if not places:
            break
        holder, key = places[data.draw(st.integers(0, len(places) - 1))]
        change = data.draw(st.sampled_from(["odd", "text", "tail", "drop", "add", "twice"]))
        if change == "odd":
            holder[key] = copy.deepcopy(data.draw(st.sampled_from(ODD)))
        elif change == "text":
            holder[key] = data.draw(st.text(max_size=12))
        elif change == "tail" and isinstance(holder[key], str):
            holder[key] += data.draw(st.sampled_from(["\n", " ", "0", "x", "-", ":", "٠", "|", "]"]))
        elif change == "drop":
            del holder[key]
        elif change == "add" and isinstance(holder, dict):
            holder[data.draw(st.sampled_from(["x", "fa", "fa-IR", "name", "number", "", "fa\n", "kind"]))] = (
                "x"
            )
        elif change == "twice" and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))

    node, wanted = _node(value), schema.schema(topic)
    assert _fits(node, wanted) == VALIDATORS[topic].is_valid(schema.to_data(node, wanted))


@pytest.mark.parametrize(
    "wanted",
    [
        {"type": "string", "format": "email"},
        {"type": "string", "pattern": "^a|b$"},
        {"type": "string", "pattern": "b"},
        {"type": "string", "pattern": r"^\w$"},
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "object"},
        {"type": "array"},
        {"type": "object", "if": {"required": ["b"]}, "then": {"required": ["a"]}},
        {"anyOf": [{"type": "string"}]},
        {},
    ],
)
def test_what_it_does_not_know_never_fits(wanted: dict[str, Any]) -> None:
    assert not any(_fits(_node(value), wanted) for value in ("b", "", 1, {}, {"b": "b"}, []))


@pytest.mark.parametrize("topic", schema.TOPICS)
def test_every_default_fits_its_schema(topic: str) -> None:
    def walk(wanted: Any) -> None:
        if isinstance(wanted, dict):
            if "default" in wanted and "type" in wanted:
                jsonschema_rs.Draft202012Validator(wanted).validate(wanted["default"])
            for inner in wanted.values():
                walk(inner)
        elif isinstance(wanted, list):
            for inner in wanted:
                walk(inner)

    walk(schema.schema(topic))


@pytest.mark.parametrize("topic", schema.TOPICS)
def test_without_its_words_a_schema_asks_for_the_same(topic: str) -> None:
    def walk(whole: Any, bare: Any, *, names: bool) -> None:
        if not isinstance(whole, dict):
            assert bare == whole
            return
        left_out = set() if names else {"$schema", "title", "description", "examples"}
        assert bare.keys() == whole.keys() - left_out
        for key in bare:
            walk(whole[key], bare[key], names=not names and key in {"properties", "patternProperties"})

    walk(schema.schema(topic), schema._shape(topic), names=False)
