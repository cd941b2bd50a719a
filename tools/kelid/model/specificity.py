"""Which of two extensions Asterisk tries first: its order of specificity (main/pbx.c: ``ext_cmp``, ``ext_cmp_pattern_pos``).

Unlike ``patterns``, this takes any text at all, also what nobody should write.
"""

from __future__ import annotations

import re
from functools import lru_cache

SortKey = tuple[int, tuple[tuple[int, int], ...] | bytes]
"""Lower keys are tried first; extensions of one key are one and the same to Asterisk (``1-2`` and ``12``, ``_X`` and
``_[0-9]``)."""

_ONE_OR_MORE, _NONE_OR_MORE, _END, _BROKEN = 0x18000, 0x28000, 0x30000, 0x40000


def _characters(text: bytes) -> tuple[int, int]:
    """Return how specific a set of characters is, and the set as a number whose higher values come first."""
    bits = 0
    for byte in set(text):
        bits |= 1 << (255 - byte)
    return (len(set(text)) << 8) | min(text), -bits


_DIGITS = {
    letter: _characters(digits)
    for letters, digits in ((b"Xx", b"0123456789"), (b"Zz", b"123456789"), (b"Nn", b"23456789"))
    for letter in letters
}


@lru_cache(maxsize=65536)
def sort_key(exten: str) -> SortKey:
    """Return the key of an extension as it is written, a pattern with its underscore. Dashes count for nothing."""
    try:
        text = exten.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        text = exten.encode("utf-8", "surrogatepass")
    if not text.startswith(b"_"):
        return 0, text.replace(b"-", b"")
    places: list[tuple[int, int]] = []
    at = 1
    while at < len(text):
        byte = text[at]
        at += 1
        if byte == ord("-"):
            continue
        if byte == ord("["):
            end = text.find(b"]", at)
            if end < 0:
                places.append((_BROKEN, 0))
                break
            members = _members(text[at:end])
            at = end + 1
            if members:  # an empty set is passed over
                places.append(_characters(members))
        elif byte == ord("."):
            places.append((_ONE_OR_MORE, 0))
        elif byte == ord("!"):
            places.append((_NONE_OR_MORE, 0))
        else:
            places.append(_DIGITS.get(byte) or _characters(bytes((byte,))))
    places.append((_END, 0))
    return 1, tuple(places)


def _members(text: bytes) -> bytes:
    found = bytearray()
    at = 0
    while at < len(text):
        if at + 2 < len(text) and text[at + 1] == ord("-"):
            found += bytes(range(text[at], text[at + 2] + 1))
            at += 3
        else:
            found.append(text[at])
            at += 1
    return bytes(found)


def matches(exten: str, number: str) -> bool:
    """Return True if an extension, a pattern with its underscore, takes a number (main/pbx.c: ``_extension_match_core``)."""
    if not exten.startswith("_"):
        return exten.replace("-", "") == number.replace("-", "")
    return _compiled(exten).fullmatch(number.replace("-", "")) is not None


@lru_cache(maxsize=16384)
def _compiled(exten: str) -> re.Pattern[str]:
    """Return a pattern as a regular expression of characters in a row: it can't take long."""
    parts = []
    at = 1
    while at < len(exten):
        character = exten[at]
        at += 1
        if character == "-":
            continue
        if character == "[":
            end = exten.find("]", at)
            if end < 0:
                return _NOTHING
            members = _members(exten[at:end].encode("utf-8", "surrogatepass")).decode("utf-8", "replace")
            at = end + 1
            if members:
                parts.append(f"[{re.escape(members)}]")
        elif character in "XxZzNn":
            parts.append({"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]"}[character.upper()])
        elif character in ".!":
            return re.compile("".join([*parts, ".+" if character == "." else ".*"]), re.DOTALL)
        else:
            parts.append(re.escape(character))
    return re.compile("".join(parts), re.DOTALL)


_NOTHING = re.compile(r"(?!)")
