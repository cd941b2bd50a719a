"""A value that doesn't fit, written as it would: people type from habit, from a telephone bill, from Asterisk's files."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from kelid.model.meant import SYNONYMS

LONGEST = 200
"""Characters of a value that is looked at; nobody mistypes a longer one."""


def repaired(text: str, pattern: str) -> str:
    """Given a text and the pattern that it should fit, return the text as it was most likely meant, if that fits; or ""."""
    if not text or len(text) > LONGEST:
        return ""
    for candidate in _candidates(text):
        if candidate != text and re.fullmatch(
            f"(?:{pattern.removeprefix('^').removesuffix('$')})", candidate
        ):
            return candidate
    return ""


def _candidates(text: str) -> Iterator[str]:
    """Yield the text in other writings, the likeliest first."""
    plain = _ascii_digits(text).strip().strip("'\"“”‘’«»")
    yield plain
    yield SYNONYMS.get(plain.lower(), plain.lower())
    yield plain.lower()
    yield plain.upper()
    yield plain.removeprefix("_")  # a pattern of extensions.conf
    yield plain.removeprefix("_").upper()
    yield re.sub(r"[\s().-]", "", plain)  # a telephone number as it is printed
    host = re.fullmatch(r"(?:\w+://|sips?:)?(?:[^@/]*@)?([\w.-]+\.[\w-]+)(?::\d+)?/?", plain)
    if host and host[1] != plain:
        yield host[1]
    yield re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()  # a name
    yield re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_").lower()
    clock = re.fullmatch(r"(\d{1,2})(?:[:.](\d{2}))?(?:[:.]\d{2})?\s*([AaPp])?\.?[Mm]?\.?", plain)
    if clock:
        hour = int(clock[1]) % 12 + 12 * (clock[3] in "Pp") if clock[3] else int(clock[1])
        yield f"{hour:02}:{clock[2] or '00'}"
    day = re.fullmatch(r"(\d{4})[./-](\d{1,2})[./-](\d{1,2})", plain)
    if day:
        yield f"{day[1]}-{int(day[2]):02}-{int(day[3]):02}"
    place = plain.replace(",", ":").replace("/", ":").split(":")  # extension/101
    if len(place) == 2:
        yield f"{place[0].strip().lower()}:{place[1].strip()}"
    yield f"extension:{plain}"  # a destination that is only a number


def _ascii_digits(text: str) -> str:
    """Return the text with every decimal digit of another script as 0 to 9."""
    return "".join(
        str(unicodedata.decimal(character)) if character.isdecimal() else character for character in text
    )
