"""A node's data where it surely fits its schema. For the good files, which are nearly all, that saves jsonschema-rs.

It is 12 ms to import and 25 ms to compile our schemas for, half of what a check of a good site takes. Only the few keywords
that our schemas use are known here, each in its plainest form; a schema or a node with anything else is ``Unsure``, and
jsonschema-rs has the word on what ``to_data`` makes of it. Nothing is refused here; a property test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from kelid.load.tree import Mapping, Node, Scalar, Sequence


class Unsure(Exception):  # noqa: N818 - no error: the way to the slower judge
    """The node doesn't fit its schema, or that can't be told here."""


Reader = Callable[[Node], Any]
"""Returns a node's data. Raises Unsure."""
Texts = set[str] | frozenset[str]
Case = Callable[[dict[str, Any]], bool]

WORDS = frozenset({"$schema", "title", "description", "examples"})
"""What a schema says to people and editors alone."""
_SAYS_NOTHING = WORDS | {"default"}
_STRING = {"type", "pattern", "enum", "minLength", "maxLength"}
_INTEGER = {"type", "minimum", "maximum", "enum"}
_BOOLEAN = {"type"}
_ARRAY = {"type", "items", "minItems", "maxItems", "uniqueItems"}
_OBJECT = {
    "type",
    "properties",
    "patternProperties",
    "additionalProperties",
    "required",
    "minProperties",
    "if",
    "then",
}
_REMEMBERED = 4096
"""Texts of one key that were found good; the same few come again and again."""
_NONE: frozenset[str] = frozenset()

INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
BOOLEAN = {"true": True, "false": False}

_readers: dict[int, tuple[dict[str, Any], Reader]] = {}


def read(node: Node, wanted: dict[str, Any]) -> Any:
    """Given a node and its schema, return what ``to_data`` makes of it, if that fits. Raise Unsure otherwise.

    Lists and mappings that a schema gives by default are shared: nobody may change them.
    """
    known = _readers.get(id(wanted))
    if known is None:  # the schema is kept with its reader, so that no other can get its id
        known = _readers[id(wanted)] = (wanted, _reader(wanted)[0])
    return known[1](node)


def _reader(wanted: dict[str, Any]) -> tuple[Reader, Texts]:
    """Return the reader, and the texts that it is known to give as they are (a set that it fills)."""
    keys = wanted.keys() - _SAYS_NOTHING
    kind = wanted.get("type")
    if kind == "string" and keys <= _STRING:
        return _string(wanted)
    if kind == "integer" and keys <= _INTEGER:
        return _integer(wanted), _NONE
    if kind == "boolean" and keys <= _BOOLEAN:
        return _boolean, _NONE
    if kind == "array" and keys <= _ARRAY:
        return _array(wanted), _NONE
    if kind == "object" and keys <= _OBJECT:
        return _object(wanted), _NONE
    return _never, _NONE


def _never(_node: Node) -> Any:
    raise Unsure


def _string(wanted: dict[str, Any]) -> tuple[Reader, set[str]]:
    least, most = wanted.get("minLength", 0), wanted.get("maxLength")
    options = frozenset(wanted["enum"]) if "enum" in wanted else None
    pattern = wanted.get("pattern")
    good: set[str] = set()

    def read(node: Node) -> str:
        if node.__class__ is not Scalar:
            raise Unsure
        text = f"{node.text.strip()}\n" if node.sealed else node.text
        if (
            len(text) < least
            or (most is not None and len(text) > most)
            or (options is not None and text not in options)
            or (pattern is not None and not _matches(pattern, text))
        ):
            raise Unsure
        if len(good) < _REMEMBERED and not node.sealed:
            good.add(text)
        return text

    return read, good


def _integer(wanted: dict[str, Any]) -> Reader:
    least, most, options = wanted.get("minimum"), wanted.get("maximum"), wanted.get("enum")

    def read(node: Node) -> int:
        if node.__class__ is not Scalar or not node.plain or not INTEGER.fullmatch(node.text):
            raise Unsure
        value = int(node.text)
        if (
            (least is not None and value < least)
            or (most is not None and value > most)
            or (options is not None and value not in options)
        ):
            raise Unsure
        return value

    return read


def _boolean(node: Node) -> bool:
    if node.__class__ is not Scalar or not node.plain or node.text not in BOOLEAN:
        raise Unsure
    return BOOLEAN[node.text]


def _array(wanted: dict[str, Any]) -> Reader:
    least, most = wanted.get("minItems", 0), wanted.get("maxItems")
    unique = wanted.get("uniqueItems", False)
    if "items" not in wanted:
        return _never
    inner, good = _reader(wanted["items"])

    def read(node: Node) -> list[Any]:
        if node.__class__ is not Sequence:
            raise Unsure
        items = node.items
        if len(items) < least or (most is not None and len(items) > most):
            raise Unsure
        value = [
            item.text if item.__class__ is Scalar and item.text in good else inner(item) for item in items
        ]
        if unique and len(value) > 1 and not _differ(value):
            raise Unsure
        return value

    return read


def _differ(items: list[Any]) -> bool:
    """Return True if no item surely is twice in the list; of lists in a list that can't be told here."""
    try:
        return len({(item.__class__, item) for item in items}) == len(items)
    except TypeError:
        return False


def _object(wanted: dict[str, Any]) -> Reader:
    properties: dict[str, Any] = wanted.get("properties", {})
    patterns: dict[str, Any] = wanted.get("patternProperties", {})
    required = frozenset(wanted.get("required", ()))
    least = wanted.get("minProperties", 0)
    case = _case(wanted)
    if case is None or wanted.get("additionalProperties", True) is not False or (properties and patterns):
        return _never
    readers: dict[str, tuple[Reader, Texts]] = {}  # made when the key is met: a site uses a part of all keys
    shapes = [(pattern, _reader(inner)) for pattern, inner in patterns.items()]
    defaults = {key: inner["default"] for key, inner in properties.items() if "default" in inner}

    def read(node: Node) -> dict[str, Any]:
        if node.__class__ is not Mapping:
            raise Unsure
        data = defaults.copy()
        for key, item in node.items.items():
            known = readers.get(key) or reader_of(key)
            if item.__class__ is Scalar and item.text in known[1]:
                data[key] = item.text
            else:
                data[key] = known[0](item)
        if not data.keys() >= required or len(data) < least or not case(data):
            raise Unsure
        return data

    def reader_of(key: str) -> tuple[Reader, Texts]:
        if key in properties:
            readers[key] = _reader(properties[key])
            return readers[key]
        met = [shape for pattern, shape in shapes if _matches(pattern, key)]
        if len(met) != 1:
            raise Unsure
        return met[0]

    return read


def _case(wanted: dict[str, Any]) -> Case | None:
    """Return what ``if`` and ``then`` ask: that some keys are there when others have certain values; None for any more."""
    if "if" not in wanted and "then" not in wanted:
        return lambda _value: True
    when, then = wanted.get("if", {}), wanted.get("then", {})
    consts = {
        key: inner["const"]
        for key, inner in when.get("properties", {}).items()
        if inner.keys() == {"const"} and isinstance(inner["const"], str)
    }
    if (
        when.keys() != {"properties"}
        or then.keys() != {"required"}
        or consts.keys() != when["properties"].keys()
    ):
        return None

    def judge(value: dict[str, Any]) -> bool:
        applies = all(key not in value or value[key] == const for key, const in consts.items())
        return not applies or all(key in value for key in then["required"])

    return judge


def _matches(pattern: str, text: str) -> bool:
    expression = _expression(pattern)
    return expression is not None and expression.fullmatch(text) is not None


@cache
def _expression(pattern: str) -> re.Pattern[str] | None:
    r"""Return the expression; None for one that Python and jsonschema-rs may read differently (``^a|b$``, ``\d``)."""
    if pattern[:1] != "^" or pattern[-1:] != "$" or pattern.endswith("\\$"):
        return None
    inner = pattern[1:-1]
    odd = re.search(r"\\[^.*+?()\[\]{}|^$/\\-]|&&|--|~~|\[\[|\(\?(?![:!=])", inner)
    if odd:
        return None
    return re.compile(f"(?:{inner})" if "|" not in inner or _one_way(inner) else "(?!)")


def _one_way(inner: str) -> bool:
    """Return True if no ``|`` stands outside of brackets, where the anchors would belong to one side only."""
    depth = 0
    text = re.sub(r"\\.|\[\^?\]?[^\]]*\]", "", inner)
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "|" and not depth:
            return False
    return True
