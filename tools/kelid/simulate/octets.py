"""Texts as Asterisk has them: bytes of UTF-8, which it counts and cuts one by one.

A text of octets is a ``str`` of characters below U+0100, one a byte; characters of plane 15 (``Run.symbols``) stay whole.
A text that was cut within a letter holds the lone bytes as surrogates (Python's surrogateescape).
"""

from __future__ import annotations

import re

_RUN = re.compile("[\x00-\xff]+")
_PLAIN = re.compile("[^\U000f0000-\U000ffffd]+")


def to_octets(text: str) -> str:
    """Return the text with one character for each byte that Asterisk has of it."""
    if text.isascii():
        return text
    return _PLAIN.sub(lambda found: found[0].encode("utf-8", "surrogateescape").decode("latin-1"), text)


def from_octets(octets: str) -> str:
    """Return the text of these octets."""
    if octets.isascii():
        return octets
    return _RUN.sub(lambda found: found[0].encode("latin-1").decode("utf-8", "surrogateescape"), octets)


def whole(text: str) -> str:
    """Return a text put together of pieces: bytes of one letter that were cut apart are that letter again."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return from_octets(to_octets(text))
    return text
