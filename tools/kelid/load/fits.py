"""Whether data fits a schema: yes, or not known. For the good files, which are nearly all, that saves jsonschema-rs.

It is 12 ms to import and 25 ms to compile our schemas for, half of what a check of a good site takes. Only the few keywords
that our schemas use are known here, each in its plainest form; a schema or a value with anything else does not "fit", and
jsonschema-rs has the word. Nothing is ever refused here. A property test holds the two together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

Judge = Callable[[Any], bool]

_SAYS_NOTHING = {"$schema", "title", "description", "examples", "default"}
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

_judges: dict[int, tuple[dict[str, Any], Judge]] = {}


def fits(value: Any, wanted: dict[str, Any]) -> bool:
    """Return True if the value surely fits the schema; False if it doesn't, or that can't be told here."""
    known = _judges.get(id(wanted))
    if known is None:  # the schema is kept with its judge, so that no other can get its id
        known = _judges[id(wanted)] = (wanted, _judge(wanted))
    return known[1](value)


def _never(_value: Any) -> bool:
    return False


def _judge(wanted: dict[str, Any]) -> Judge:
    keys = wanted.keys() - _SAYS_NOTHING
    kind = wanted.get("type")
    if kind == "string" and keys <= _STRING:
        return _string(wanted)
    if kind == "integer" and keys <= _INTEGER:
        return _integer(wanted)
    if kind == "boolean" and keys <= _BOOLEAN:
        return lambda value: value.__class__ is bool
    if kind == "array" and keys <= _ARRAY:
        return _array(wanted)
    if kind == "object" and keys <= _OBJECT:
        return _object(wanted)
    return _never


def _string(wanted: dict[str, Any]) -> Judge:
    least, most = wanted.get("minLength", 0), wanted.get("maxLength")
    options = frozenset(wanted["enum"]) if "enum" in wanted else None
    pattern = wanted.get("pattern")
    good: set[str] = set()

    def judge(value: Any) -> bool:
        if value.__class__ is not str:
            return False
        if value in good:
            return True
        if len(value) < least or (most is not None and len(value) > most):
            return False
        if options is not None and value not in options:
            return False
        if pattern is not None and not _matches(pattern, value):
            return False
        if len(good) < _REMEMBERED:
            good.add(value)
        return True

    return judge


def _integer(wanted: dict[str, Any]) -> Judge:
    least, most, options = wanted.get("minimum"), wanted.get("maximum"), wanted.get("enum")

    def judge(value: Any) -> bool:
        return (
            value.__class__ is int
            and (least is None or value >= least)
            and (most is None or value <= most)
            and (options is None or value in options)
        )

    return judge


def _array(wanted: dict[str, Any]) -> Judge:
    least, most = wanted.get("minItems", 0), wanted.get("maxItems")
    unique, inner = wanted.get("uniqueItems", False), wanted.get("items")

    def judge(value: Any) -> bool:
        if value.__class__ is not list or len(value) < least or (most is not None and len(value) > most):
            return False
        if unique and len(value) > 1 and len({_as_text(item) for item in value}) != len(value):
            return False
        return inner is None or all(fits(item, inner) for item in value)

    return judge


def _as_text(item: Any) -> str:
    return item if item.__class__ is str else f"\0{json.dumps(item, sort_keys=True)}"


def _object(wanted: dict[str, Any]) -> Judge:
    properties: dict[str, Any] = wanted.get("properties", {})
    patterns: dict[str, Any] = wanted.get("patternProperties", {})
    others = wanted.get("additionalProperties", True)
    required = wanted.get("required", ())
    least = wanted.get("minProperties", 0)
    case = _case(wanted)
    if case is None or not isinstance(others, bool):
        return _never

    def judge(value: Any) -> bool:
        if value.__class__ is not dict or len(value) < least:
            return False
        for key in required:
            if key not in value:
                return False
        for key, item in value.items():
            inner = properties.get(key)
            if inner is not None:
                if not fits(item, inner):
                    return False
            elif not patterns and not others:
                return False
            if patterns:
                met = [shape for pattern, shape in patterns.items() if _matches(pattern, key)]
                if len(met) != 1 or not fits(item, met[0]):
                    return False
        return case(value)

    return judge


def _case(wanted: dict[str, Any]) -> Judge | None:
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

    def judge(value: Any) -> bool:
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
