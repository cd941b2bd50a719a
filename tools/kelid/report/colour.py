"""Whether to colour, decided once, and the few codes that plain output uses (ECMA-48 SGR)."""

from __future__ import annotations

import os
from typing import TextIO

_CODES = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "dim": "2", "bold": "1"}


def wants_colour(choice: str, stream: TextIO) -> bool:
    """Given ``auto``, ``always`` or ``never``, return whether the stream gets colour.

    ``auto`` means a terminal, unless NO_COLOR is set (no-color.org).
    """
    if choice == "auto":
        return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return choice == "always"


def paint(text: str, style: str, *, on: bool) -> str:
    """Return the text in the style (several words: all of them), or as it is."""
    if not on:
        return text
    codes = ";".join(_CODES[word] for word in style.split())
    return f"\x1b[{codes}m{text}\x1b[0m"
