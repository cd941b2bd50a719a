"""Texts of other people's, so that no terminal takes them for orders, and a shell reads just what they are."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

ZERO_WIDTH_NON_JOINER = "\u200c"
"""Part of many Persian words."""


def printable(text: str) -> str:
    """Return the text with an escape for each character that can't be shown, or that nobody sees."""
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() or one == ZERO_WIDTH_NON_JOINER else one.encode("unicode_escape").decode()
        for one in text
    )


def shell(words: Iterable[str]) -> str:
    """Return words as a shell (bash, zsh) takes them, on one line, with an escape for what can't be shown."""
    return " ".join(shlex.quote(word) if word.isprintable() else _escaped(word) for word in words)


def _escaped(word: str) -> str:
    """Return a word in the form ``$'...'``."""
    rows = []
    for one in word:
        if one in "\\'":
            rows.append(f"\\{one}")
        elif one.isprintable():
            rows.append(one)
        else:
            rows += [f"\\x{byte:02x}" for byte in one.encode()]  # bytes are the same in any locale
    return f"$'{''.join(rows)}'"
