"""Values -> YAML text, as a person of the house would write it: quoted where a reader could go wrong, and only there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

Value = str | int | bool | Mapping[str, "Value"] | Sequence["Value"]
"""What can be written: text, whole numbers, true and false, and mappings and lists of them."""

Shape = bool | None
"""How a list or a mapping is laid out: True in one line (flow), False on lines of its own (block), None as it fits best."""

WIDTH = 100
"""What is longer than this many characters doesn't stay on one line, if that can be chosen."""

_WORD = re.compile(r"(?:[^\W\d_]|/[^\W_])(?:[\w ./@+'()\u200c-]|:(?=\S))*")
_DATE_TIME_OR_ADDRESS = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}:[0-9]{2}|[0-9]{1,3}(?:\.[0-9]{1,3}){3}", re.ASCII
)
_MEANS_SOMETHING = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}
_ZWNJ = "\u200c"


def scalar(value: str | int | bool, *, quote: str = "") -> str:
    """Return a text, a number or a truth value as it stands in YAML. ``quote`` is the quote to use where there is a choice.

    Text is left bare only where every reader of YAML, 1.1 or 1.2, takes it for that very text, in a flow too.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if not quote and _bare(value):
        return value
    if quote == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return '"' + "".join(map(_escape, value)) + '"'


def _bare(text: str) -> bool:
    if _DATE_TIME_OR_ADDRESS.fullmatch(text):
        return True
    return bool(_WORD.fullmatch(text)) and text.strip() == text and text.lower() not in _MEANS_SOMETHING


def _escape(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable() or character == _ZWNJ:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class Sealed(str):
    """A text of ansible-vault's, to be written as ``!vault |`` and its lines."""

    __slots__ = ()


class Like:
    """What the neighbours of a new value look like; this one knows of none, and lets it be as it fits best."""

    def shape(self, value: Value) -> Shape:
        """Return how a neighbour of the same sort is laid out; None if there is none."""
        del value
        return None

    def under(self, key: str) -> Like:
        """Return what the neighbours have under the key."""
        del key
        return self

    def item(self) -> Like:
        """Return what the items of the neighbours look like."""
        return self


ANYHOW = Like()


def flow(value: Value) -> str:
    """Return the value on one line: ``{fa: پذیرش, en: Reception}``, ``[alaw, ulaw]``."""
    if isinstance(value, (str, int)):
        return scalar(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
    return "[" + ", ".join(map(flow, value)) + "]"


def lines(value: Value, like: Like = ANYHOW, *, top: bool = False) -> list[str]:
    """Return the value as lines, not indented; one line if it is written in flow. ``top``: an object of its own file.

    The neighbours' layout is taken over; without any, what is short and flat is written in one line, objects aren't.
    """
    if isinstance(value, Sealed):
        return ["!vault |", *(f"  {line}" for line in value.split())]
    if isinstance(value, (str, int)):
        return [scalar(value)]
    if not value or _in_flow(value, like.shape(value), top=top):
        return [flow(value)]
    if isinstance(value, Mapping):
        return [line for key, item in value.items() for line in entry(key, item, like.under(key))]
    return [line for item in value for line in dashed(item, like.item(), top=top)]


def entry(key: str, value: Value, like: Like = ANYHOW, *, top: bool = False) -> list[str]:
    """Return a key and its value as lines, not indented. ``top``: a key of the file itself."""
    inner = lines(value, like, top=top and key != "names" and _holds_objects(value))
    name = scalar(key)
    if isinstance(value, Sealed):
        return [f"{name}: {inner[0]}", *inner[1:]]
    if len(inner) == 1 and (isinstance(value, (str, int)) or inner[0][:1] in "[{"):
        return [f"{name}: {inner[0]}"]
    return [f"{name}:", *(f"  {line}" for line in inner)]


def dashed(value: Value, like: Like = ANYHOW, *, top: bool = False) -> list[str]:
    """Return an item of a list as lines that begin with a dash, not indented."""
    first, *rest = lines(value, like, top=top)
    return [f"- {first}", *(f"  {line}" for line in rest)]


def _in_flow(value: Value, shape: Shape, *, top: bool) -> bool:
    if _has_sealed(value):
        return False
    if shape is not None:
        return shape
    if top:
        return False
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, Sequence) else ()
    simple = all(
        isinstance(item, (str, int)) or (_flat(item) and isinstance(value, Mapping)) for item in inner
    )
    return simple and len(flow(value)) <= WIDTH - 20


def _holds_objects(value: Value) -> bool:
    if isinstance(value, (str, int)):
        return False
    return isinstance(value, Mapping) or any(isinstance(item, Mapping) for item in value)


def _flat(value: Value) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(item, (str, int)) for item in value.values())
    return isinstance(value, (str, int)) or all(isinstance(item, (str, int)) for item in value)


def _has_sealed(value: Value) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_sealed, value.values()))
    if isinstance(value, (str, int)):
        return isinstance(value, Sealed)
    return any(map(_has_sealed, value))
