"""Options of applications: letters, some with arguments in parentheses, ``if(0219)U(x^y)``."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@lru_cache(8192)
def options(text: str) -> Mapping[str, str | None] | None:
    """Return each letter with its argument, None for one without; None where a parenthesis never ends.

    Parentheses nest, quotes around an argument go, and so does a backslash, with which a character is only itself. A
    letter that comes twice counts as it came last. As parse_options in main/app.c.
    """
    found: dict[str, str | None] = {}
    at, end = 0, len(text)
    while at < end:
        letter = text[at]
        at += 1
        if at == end or text[at] != "(":
            found[letter] = None
            continue
        at += 1
        depth, quoted, quotes = 1, False, text[at : at + 1] == '"'
        made: list[str] = []
        while at < end:
            character = text[at]
            at += 1
            if character == "(" and not quoted:
                depth += 1
            elif character == ")" and not quoted:
                depth -= 1
                if depth == 0:
                    break
            elif character == '"' and quotes:
                quoted = not quoted
                continue
            elif character == "\\" and at < end:
                if quoted and text[at] != '"':
                    made.append(character)
                character = text[at]
                at += 1
            made.append(character)
        if depth:
            return None
        found[letter] = "".join(made)
    return MappingProxyType(found)
