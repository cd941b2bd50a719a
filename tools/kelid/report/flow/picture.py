"""What a picture of a call flow says, in one language: boxes with a title, and a row for each way out of them."""

from __future__ import annotations

from typing import NamedTuple

from kelid.findings import Where
from kelid.model.flow import Flow, Link, Place
from kelid.report.words import RIGHT_TO_LEFT, WORDS, apart, language_of, name_in, say

ENDS = frozenset({"hangup", "busy", "refused", "unknown"})
"""Kinds of places whose word is all there is to say of them."""

_NAMED = frozenset({"line", "trunk", "class", "route", "custom", "step", "external", "inside", "phones"})
"""Kinds of places that have no name in a language: their title is the name of the object."""


LONGEST = 30
"""Characters of a title; a longer one stands in full in the tag."""


class Row(NamedTuple):
    """A way out of a box: what leads there in words, and the key of the box there; the own one for "the same again"."""

    text: str
    target: str


class Box(NamedTuple):
    """A place in the picture. ``tag`` is its name in the files (``ivr:main``), ``where`` its line."""

    key: str
    kind: str
    title: str
    subtitle: str
    tag: str
    rows: tuple[Row, ...]
    where: Where


class Picture(NamedTuple):
    """All boxes of a flow in a language, in the order in which calls come to them."""

    title: str
    language: str
    boxes: tuple[Box, ...]

    @property
    def leftwards(self) -> bool:
        """Return True if the language is written from right to left, and so is the picture."""
        return self.language in RIGHT_TO_LEFT


def picture(flow: Flow, language: str = "") -> Picture:
    """Return the picture of a flow in a language; left out, that of the site."""
    spoken = language_of(language or flow.language)
    out: dict[str, list[Link]] = {place.key: [] for place in flow.places}
    for link in flow.links:
        out[link.source].append(link)
    boxes = tuple(_box(place, out[place.key], spoken) for place in flow.places)
    name = name_in(flow.names, spoken, flow.title)
    return Picture(say("flow.title", spoken, name=name), spoken, boxes)


def _box(place: Place, links: list[Link], language: str) -> Box:
    word = say(f"place.{place.kind}", language)
    ways = rows(links, language)
    tag = place.key.partition("~")[0]
    if place.kind in ENDS:
        return Box(place.key, place.kind, word, "", tag, ways, place.where)
    title = place.name if place.kind in _NAMED else name_in(place.names, language, place.name)
    parts = [word, apart(place.name, language)] if title != place.name else [word]
    if place.kind == "extension":
        seconds = "{} s" if language == "en" else "{} ثانیه"
        parts += [seconds.format(text) for key, text in place.facts if key == "seconds"]
    parts += [apart(short(text), language) for key, text in place.facts if key == "numbers"]
    if short(title) != title:
        tag = title
    shown = short(title)
    if title == place.name:
        shown = apart(shown, language)
    return Box(place.key, place.kind, shown, " · ".join(filter(None, parts)), tag, ways, place.where)


def short(text: str) -> str:
    """Return as much of a text as a title holds."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip(', ')}…"


def rows(links: list[Link], language: str) -> tuple[Row, ...]:
    """Return the ways out, those to one place together, in the order in which each place is named first."""
    texts: dict[str, list[str]] = {}
    for link in links:
        key = f"why.{link.why}" if link.detail or f"why.{link.why}." not in WORDS else f"why.{link.why}."
        text = " ".join(say(key, language, detail=link.detail).split())
        found = texts.setdefault(link.target, [])
        if text and text not in found:
            found.append(text)
    comma = "، " if language in RIGHT_TO_LEFT else ", "
    return tuple(Row(comma.join(found), target) for target, found in texts.items())
