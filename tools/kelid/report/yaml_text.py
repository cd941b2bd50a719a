"""Values as the YAML that a person would write: block style, one language a line, quotes where a reader would misread."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

WIDTH = 88
"""A list of words stands on one line up to this many columns."""

_SEALED = "$ANSIBLE_VAULT;"
_FIRST = re.compile(r"[^\W\d]|[/]")
_PLAIN = re.compile(r"[\w\u200c/][\w\u200c ,./:@+()'-]*\Z")
_IN_FLOW = re.compile(r"[\w\u200c/][\w\u200c ./:@+()'-]*\Z")
_COLON = re.compile(r":(?!\w)")
_READ_AS_ELSE = re.compile(r"(true|false|yes|no|on|off|y|n|null|nan|inf)\Z", re.IGNORECASE)
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")


def right_to_left(text: str) -> bool:
    """Return True if the text holds a character that is written from right to left."""
    return bool(_RIGHT_TO_LEFT.search(text))


def document(value: Mapping[str, Any]) -> str:
    """Given plain data, return it as a YAML document; what the loader reads of it is the same data again."""
    return "".join(f"{line}\n" for line in _mapping(value))


def scalar(value: str | int | bool, *, in_flow: bool = False) -> str:
    """Return one value on one line. Text is quoted where YAML would read it as something else, or could not carry it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    shape = _IN_FLOW if in_flow else _PLAIN
    plain = (
        _FIRST.match(value)
        and shape.match(value)
        and not _READ_AS_ELSE.match(value)
        and not _COLON.search(value)
        and not value.endswith(" ")
    )
    return value if plain else json.dumps(value, ensure_ascii=False)


def flow(value: Any) -> str:
    """Return a value of any kind on one line."""
    if isinstance(value, Mapping):
        return (
            "{" + ", ".join(f"{scalar(key, in_flow=True)}: {flow(item)}" for key, item in value.items()) + "}"
        )
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar(value, in_flow=True)


def _mapping(value: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for key, item in value.items():
        lines += _entry(f"{scalar(key)}:", item)
    return lines


def _entry(head: str, item: Any) -> list[str]:
    if isinstance(item, str) and item.endswith("\n"):
        tag = "!vault " if item.startswith(_SEALED) else ""
        return [f"{head} {tag}|", *(f"  {line}" for line in item.splitlines())]
    if not isinstance(item, (Mapping, list, tuple)):
        return [f"{head} {scalar(item)}"]
    if not item or _fits(head, item):
        return [f"{head} {flow(item)}"]
    inner = _mapping(item) if isinstance(item, Mapping) else _sequence(item)
    return [head, *(f"  {line}" for line in inner)]


def _fits(head: str, item: Any) -> bool:
    if isinstance(item, Mapping) or any(isinstance(one, (Mapping, list, tuple)) for one in item):
        return False
    text = flow(item)
    return len(head) + len(text) < WIDTH and not right_to_left(text)


def _sequence(items: Sequence[Any]) -> list[str]:
    lines: list[str] = []
    for item in items:
        if isinstance(item, Mapping) and item:
            first, *rest = _mapping(item)
            lines += [f"- {first}", *(f"  {line}" for line in rest)]
        else:
            lines += [f"- {flow(item)}"]
    return lines
