"""How Asterisk takes the text between an application's or a function's parentheses apart."""

from __future__ import annotations

import re
from functools import lru_cache

_TRICKY = re.compile(r'[()\[\]"\\]')


def split_arguments(text: str, count: int, delimiter: str = ",", *, keep: bool = False) -> list[str]:
    """Return at most ``count`` arguments; the last one holds whatever follows, with its delimiters.

    Delimiters within parentheses, brackets and quotes don't part. Quotes go, and a backslash goes and shields the character
    after it, but in the last of ``count``, which isn't looked into; with ``keep`` both stay (AST_STANDARD_RAW_ARGS).
    An empty text has no argument at all. As __ast_app_separate_args in main/app.c.
    """
    return list(_split(text, count, delimiter, keep))


@lru_cache(16384)
def _split(text: str, count: int, delimiter: str, keep: bool) -> tuple[str, ...]:
    if not text:
        return ()
    if not _TRICKY.search(text):
        return tuple(text.split(delimiter, count - 1))
    found: list[str] = []
    piece: list[str] = []
    parentheses = brackets = 0
    quoted = ended = False
    at, end = 0, len(text)
    while at < end and len(found) < count - 1:
        character = text[at]
        at += 1
        ended = False
        if character == "(":
            parentheses += 1
        elif character == ")":
            parentheses -= parentheses > 0
        elif character == "[":
            brackets += 1
        elif character == "]":
            brackets -= brackets > 0
        elif character == '"' and delimiter != '"':
            quoted = not quoted
            if not keep:
                continue
        elif character == "\\":
            if keep:
                piece.append(character)
            if at < end:
                piece.append(text[at])
                at += 1
            continue
        elif character == delimiter and not (parentheses or brackets or quoted):
            found.append("".join(piece))
            piece.clear()
            ended = True
            continue
        piece.append(character)
    if at < end:  # the last one takes the rest as it is
        found.append(text[at:])
    elif ended:
        found.append("")
    elif len(found) < count - 1:
        found.append("".join(piece))
        if not piece and len(found) > 1 and not text.endswith("\\"):
            found.append("")  # what was only quotes looks to Asterisk as if the delimiter had been the last
    return tuple(found)


def encoded_character(stream: str) -> tuple[str, int] | None:
    r"""Return the character that the text begins with, and how many characters of the text it takes.

    ``\n``, ``\r``, ``\t``, ``\xHH`` and ``\0nnn`` are what they say, any other character after a backslash is itself.
    None for an empty text, or ``\x`` without a digit. As ast_get_encoded_char in main/app.c; the text is one of octets.
    """
    if not stream:
        return None
    if stream[0] != "\\":
        return stream[0], 1
    kind = stream[1:2]
    if kind in ("n", "r", "t"):
        return {"n": "\n", "r": "\r", "t": "\t"}[kind], 2
    if kind == "x":
        digits = re.match("[0-9A-Fa-f]{1,2}", stream[2:])
        return (chr(int(digits[0], 16)), 2 + len(digits[0])) if digits else None
    if kind == "0":
        digits = re.match("[0-7]*", stream[2:])
        octal = digits[0] if digits else ""
        return chr(int(octal or "0", 8) & 0xFF), 2 + len(octal)
    return kind or "\0", 2


def encoded_text(stream: str, limit: int = 0) -> str:
    """Return the text with all of its escapes resolved. As ast_get_encoded_str in main/app.c.

    ``limit`` is the size of the buffer that it is put in, 0 for any.
    """
    made: list[str] = []
    while stream and (limit == 0 or len(made) < limit - 1):
        found = encoded_character(stream)
        if found is None:
            break
        made.append(found[0])
        stream = stream[found[1] :]
    return "".join(made).split("\0", 1)[0]


_NUMBER = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]+)")


def leading_integer(text: str) -> tuple[int, int] | None:
    """Return the whole number (an int of 32 bits) that the text begins with and where it ends, None without one.

    As sscanf("%30d") and atoi read it.
    """
    found = _NUMBER.match(text)
    if found is None:
        return None
    # strtol stops at what 64 bits can hold, and the int takes the lower half of that
    number = max(-(1 << 63), min((1 << 63) - 1, int(found[1])))
    return (number + (1 << 31)) % (1 << 32) - (1 << 31), found.end()


def atoi(text: str) -> int:
    """Return the number that the text begins with, 0 without one."""
    found = leading_integer(text)
    return found[0] if found else 0


_REAL = re.compile(
    r"[ \t\n\v\f\r]*([+-]?(?:0x[0-9a-f]+|[0-9]+\.?[0-9]*(?:e[+-]?[0-9]+)?|\.[0-9]+(?:e[+-]?[0-9]+)?|inf(?:inity)?|nan))",
    re.IGNORECASE,
)


def leading_double(text: str) -> float | None:
    """Return the number that the text begins with, None without one. As sscanf's %lf reads it."""
    found = _REAL.match(text)
    if found is None:
        return None
    return float(int(found[1], 16)) if "x" in found[1].lower() else float(found[1])


def strip(text: str) -> str:
    """Return the text without blanks around it. As ast_strip: every character up to the space is one."""
    return text.strip("".join(map(chr, range(1, 33))))


def strip_quoted(text: str, quote: str = '"') -> str:
    """Return the text without blanks around it, and without one pair of quotes. As ast_strip_quoted in main/utils.c."""
    text = strip(text)
    if text[:1] == quote and text.endswith(quote):
        return text[1:-1] if len(text) > 1 else ""
    return text


def is_yes(text: str) -> bool:
    """Return whether a word of a conf file means yes (ast_true in main/utils.c)."""
    return text.lower() in ("yes", "true", "y", "t", "1", "on")
