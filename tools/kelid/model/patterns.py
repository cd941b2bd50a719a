"""Asterisk's dial patterns as sets: what one takes, whether another takes it all, whether two have numbers in common.

Source: Asterisk's documentation "Pattern Matching": X is 0-9, Z 1-9, N 2-9, [1-37] a set, ``.`` one or more of anything,
``!`` none or more.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

_SETS = {"X": frozenset("0123456789"), "Z": frozenset("123456789"), "N": frozenset("23456789")}
_PLAIN = frozenset("0123456789*#+")


class Pattern(NamedTuple):
    """One set of characters for each place; ``tail`` is ".", "!" or "" for what follows."""

    places: tuple[frozenset[str], ...]
    tail: str

    @property
    def shortest(self) -> int:
        """Return the length of the shortest number that is taken."""
        return len(self.places) + (self.tail == ".")

    def takes(self, number: str) -> bool:
        """Return True if the pattern takes this number."""
        if len(number) < self.shortest or (not self.tail and len(number) > len(self.places)):
            return False
        return all(digit in place for digit, place in zip(number, self.places, strict=False))

    def takes_all_of(self, other: Pattern) -> bool:
        """Return True if the pattern takes every number that the other takes."""
        if other.shortest < self.shortest or len(other.places) < len(self.places):
            return False
        if not self.tail and (other.tail or len(other.places) > len(self.places)):
            return False
        return all(theirs <= ours for ours, theirs in zip(self.places, other.places, strict=False))

    def meets(self, other: Pattern) -> bool:
        """Return True if there is a number that both take."""
        shortest = max(self.shortest, other.shortest)
        if any(shortest > len(item.places) and not item.tail for item in (self, other)):
            return False
        return all(mine & theirs for mine, theirs in zip(self.places, other.places, strict=False))

    def sent(self, strip: int, prepend: str) -> Pattern:
        """Return what is sent of the numbers: without the first digits, and with others before the rest."""
        head = tuple(frozenset(digit) for digit in prepend)
        return Pattern((*head, *self.places[strip:]), self.tail)


@lru_cache(maxsize=4096)
def parse(text: str) -> Pattern:
    """Given a pattern without its underscore, return it as sets. Raise ValueError with what is wrong with it."""
    places: list[frozenset[str]] = []
    position = 0
    while position < len(text):
        character = text[position]
        if character in ".!":
            if position != len(text) - 1:
                raise ValueError(f"{character!r} can only stand at the end")
            if not places:
                # Asterisk warns of "_.", and both would take its own s, t, i and h too.
                raise ValueError(f"{character!r} needs a digit or X before it")
            return Pattern(tuple(places), character)
        if character == "[":
            end = text.find("]", position)
            if end < 0:
                raise ValueError("a bracket is not closed")
            places.append(_set(text[position + 1 : end]))
            position = end
        elif character in _SETS:
            places.append(_SETS[character])
        elif character in _PLAIN:
            places.append(frozenset(character))
        else:
            raise ValueError(f"{character!r} can't stand here")
        position += 1
    return Pattern(tuple(places), "")


def _set(text: str) -> frozenset[str]:
    if not text:
        raise ValueError("the brackets are empty")
    found: set[str] = set()
    position = 0
    while position < len(text):
        first = text[position]
        if first not in _PLAIN:
            raise ValueError(f"{first!r} can't stand in brackets")
        if text[position + 1 : position + 2] == "-":
            last = text[position + 2 : position + 3]
            if not (first.isdigit() and last.isdigit() and first < last):
                raise ValueError(f"{text[position : position + 3]!r} is no range")
            found.update(str(digit) for digit in range(int(first), int(last) + 1))
            position += 3
        else:
            found.add(first)
            position += 1
    return frozenset(found)
