"""Numbers and patterns as the dial plan has them."""

from __future__ import annotations

_PLAIN = frozenset("0123456789*#+")


def as_pattern(text: str) -> str:
    """Given a pattern without underscore, return it as Asterisk wants it: plain digits need none."""
    return text if _PLAIN.issuperset(text) else f"_{text}"


def all_but(prefix: str, rest: str) -> list[str]:
    """Return the patterns that together take every number which begins with the prefix and doesn't go on with the rest.

    ``all_but("00", "98")`` is ``_00[0-79]!`` and ``_009[0-79]!``: what is dialled abroad from a country with the code 98.
    """
    found = []
    for index, digit in enumerate(rest):
        others = "".join(other for other in "0123456789" if other != digit)
        found.append(f"_{prefix}{rest[:index]}[{others}]!")
    return found
