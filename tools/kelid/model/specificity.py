"""Which of two extensions Asterisk tries first: its order of specificity (main/pbx.c: ``ext_cmp``, ``ext_cmp_pattern_pos``).

Unlike ``patterns``, this takes any text at all, also what nobody should write.
"""

from __future__ import annotations

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
