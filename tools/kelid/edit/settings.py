"""What stands on a command line -> values: ``voicemail.email=x@y``, ``codecs=alaw,ulaw``, ``members=[{extension: 1}]``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from kelid.edit.document import data_of
from kelid.edit.kinds import Schema, schema_at
from kelid.edit.write import Value
from kelid.findings import Exit, KelidError

_LANGUAGE = re.compile(r"([a-z]{2,3}(?:-[A-Z]{2})?)=(.*)", re.DOTALL)


def names_of(words: Iterable[str], language: str) -> dict[str, str]:
    """Given ``fa=زهرا``, ``en=Zahra`` or a bare name (in the given language), return the names by language."""
    names = {}
    for word in words:
        found = _LANGUAGE.fullmatch(word)
        tag, text = (found[1], found[2]) if found else (language, word)
        names[tag] = text.strip()
    return names


def settings_of(words: Iterable[str], schema: Schema) -> dict[str, Value]:
    """Given ``key=value`` texts and the schema of the object, return its values; dots lead into mappings.

    Raise KelidError for a text without ``=`` or a value that can't be read.
    """
    values: dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals or not key:
            raise KelidError(f"--set {word}: write KEY=VALUE", exit=Exit.USAGE)
        steps = key.split(".")
        inner = schema
        target = values
        for step in steps[:-1]:
            target = target.setdefault(step, {})
            inner = schema_at(inner, (step,))
            if not isinstance(target, dict):
                raise KelidError(f"--set {word}: {step} is no mapping", exit=Exit.USAGE)
        target[steps[-1]] = value_of(text, schema_at(inner, (steps[-1],)), word)
    return values


def value_of(text: str, schema: Schema, word: str) -> Value:
    """Given the text of a value and its schema, return the value. What doesn't fit stays text: check will say so."""
    kind = schema.get("type")
    if kind in {"array", "object"} and text[:1] in {"[", "{"}:
        try:
            node = YAML(typ="safe", pure=True).compose(text)
        except YAMLError as problem:
            raise KelidError(
                f"--set {word}: this is no list or mapping of YAML", exit=Exit.USAGE
            ) from problem
        return typed(data_of(node), schema)
    if kind == "array":
        inner = schema.get("items", {})
        items = [item.strip() for item in text.split(",") if item.strip()]
        if inner.get("type") == "object":
            key = next(iter(inner.get("required", [])), "name")
            return [{key: typed(item, schema_at(inner, (key,)))} for item in items]
        return [typed(item, inner) for item in items]
    return typed(text, schema)


def typed(data: Any, schema: Schema) -> Value:
    """Given data whose scalars are all text, return it with the numbers and truth values that the schema wants."""
    if isinstance(data, Mapping):
        return {key: typed(item, schema_at(schema, (key,))) for key, item in data.items()}
    if isinstance(data, list):
        return [typed(item, schema.get("items", {})) for item in data]
    text = str(data)
    if schema.get("type") == "integer" and re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", text, re.ASCII):
        return int(text)
    if schema.get("type") == "boolean" and text in {"true", "false"}:
        return text == "true"
    return text
