"""What stands in a step's arguments: parts, variables, functions, expressions - without giving them values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_PAIRS = {"(": ")", "{": "}", "[": "]"}
_NAME = re.compile(r"[A-Za-z0-9_]+\Z")
LONGEST = 4096
"""Characters of a step that are looked at; more than Asterisk's own buffer for most of them."""


def words(listed: str) -> frozenset[str]:
    """Return the words of a list."""
    return frozenset(listed.split())


@lru_cache(maxsize=8192)
def split(text: str, separator: str = ",", most: int = 0) -> tuple[str, ...]:
    """Return the parts between separators that stand in no parentheses, brackets, quotes or ``${...}`` (main/app.c)."""
    parts: list[str] = []
    depth = 0
    quoted = False
    start = 0
    at = 0
    while at < len(text):
        character = text[at]
        if character == "\\":
            at += 1
        elif character == '"' and not depth:
            quoted = not quoted
        elif character in "({[":
            depth += 1
        elif character in ")}]":
            depth = max(depth - 1, 0)
        elif character == separator and not depth and not quoted:
            parts.append(text[start:at])
            start = at + 1
            if most and len(parts) == most:
                break
        at += 1
    parts.append(text[start:])
    return tuple(parts)


def constant(text: str) -> bool:
    """Return True if the text has no variable and no expression in it."""
    return "${" not in text and "$[" not in text


def prefix(text: str) -> str:
    """Return what stands before the first variable or expression."""
    found = [at for at in (text.find("${"), text.find("$[")) if at >= 0]
    return text[: min(found)] if found else text


class Use(NamedTuple):
    """A variable or a function call in a text: ``${NAME(arguments):1:2}``. ``called`` tells a function from a variable."""

    name: str
    arguments: str
    called: bool
    start: int
    end: int


def _end(text: str, start: int, opening: str, closing: str) -> int:
    """Return where what opens at ``start`` closes, or -1."""
    depth = 0
    for at in range(start, len(text)):
        if text[at] == opening:
            depth += 1
        elif text[at] == closing:
            depth -= 1
            if not depth:
                return at
    return -1


@lru_cache(maxsize=8192)
def uses(text: str) -> tuple[Use, ...]:
    """Return every ``${...}`` of a text, also those inside of others, outer ones first."""
    found: list[Use] = []
    at = text.find("${")
    while 0 <= at < LONGEST and len(found) < 200:
        end = _end(text, at + 1, "{", "}")
        if end < 0:
            break
        inside = text[at + 2 : end]
        name, opened, rest = inside.partition("(")
        if opened and _NAME.match(name):
            close = _end(rest, 0, "(", ")") if rest.startswith("(") else _close(rest)
            arguments = rest[:close] if close >= 0 else rest
            found.append(Use(name, arguments, True, at, end + 1))
        else:
            plain = inside.partition(":")[0]
            if _NAME.match(plain):
                found.append(Use(plain, "", False, at, end + 1))
        at = text.find("${", at + 2)
    return tuple(found)


def _close(rest: str) -> int:
    """Return where the parenthesis that is open at the beginning closes, or -1."""
    depth = 1
    for at, character in enumerate(rest):
        if character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if not depth:
                return at
    return -1


@lru_cache(maxsize=8192)
def expressions(text: str) -> tuple[str, ...]:
    """Return what stands in every ``$[...]`` of a text, outer ones first."""
    found: list[str] = []
    at = text.find("$[")
    while 0 <= at < LONGEST and len(found) < 100:
        end = _end(text, at + 1, "[", "]")
        if end < 0:
            break
        found.append(text[at + 2 : end])
        at = text.find("$[", at + 2)
    return tuple(found)


def unbalanced(text: str) -> str:
    """Return what of ``${`` and ``$[`` is not closed; "" for nothing."""
    for opening, closing in (("${", "}"), ("$[", "]")):
        opened: list[bool] = []
        for at, character in enumerate(text):
            if character == opening[1]:
                opened.append(at > 0 and text[at - 1] == "$")
            elif character == closing and opened:
                opened.pop()
        if any(opened):
            return opening
    return ""


class Assignment(NamedTuple):
    """``Set(NAME=value)``: the name without its ``_`` of inheritance, what is in its parentheses, and the value."""

    name: str
    arguments: str
    value: str
    called: bool


def assignment(text: str) -> Assignment | None:
    """Return what ``Set`` is given, None where it has no ``=``."""
    target, equals, value = _equals(text)
    if not equals:
        return None
    name, opened, rest = target.strip().partition("(")
    return Assignment(
        name.lstrip("_").strip(), rest.rpartition(")")[0] if opened else "", value, bool(opened)
    )


def _equals(text: str) -> tuple[str, bool, str]:
    depth = 0
    for at, character in enumerate(text):
        if character in "({[":
            depth += 1
        elif character in ")}]":
            depth -= 1
        elif character == "=" and depth <= 0:
            return text[:at], True, text[at + 1 :]
    return text, False, ""


def choice(text: str) -> tuple[str, str, str]:
    """Return condition, and what stands before and behind the ``:`` of ``condition?one:other``."""
    condition, *rest = split(text, "?", 1)
    one, *other = split(rest[0], ":", 1) if rest else ("",)
    return condition, one.strip(), (other[0] if other else "").strip()


def calls(text: str) -> Iterator[tuple[str, str]]:
    """Yield application and arguments of ``App(arguments)``, as ExecIf and the like hold them."""
    app, opened, rest = text.strip().partition("(")
    if app:
        yield app.strip(), rest.rpartition(")")[0] if opened else ""
