"""What a trace comes to, in a site's words: the objects that a call reaches, who rings, what is heard, how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kelid.findings import NOWHERE, Where
from kelid.model.record import Record
from kelid.model.site.base import Names, Point

HAPPENINGS = {
    "reached": "the call comes to an object of the site",
    "answered": "Asterisk takes the call: from here it may cost",
    "hears": "a sound, music or spoken words",
    "tone": "a tone",
    "keys": "keys are pressed; without any: none within the time",
    "rings": "phones ring",
    "calls-out": "a trunk is called with a number",
    "talks": "somebody speaks with the caller",
    "queue": "the caller waits in a queue",
    "voicemail": "a message can be left",
    "hangup": "the call ends",
    "loop": "the same again without an end",
    "unknown": "what the oracle doesn't know",
}
"""Kinds of happenings that have words of their own; all other kinds are those of ``model/trace.py``, EVENTS."""


class Happening(NamedTuple):
    """One thing that happens in a call. ``items`` are its words in ``calls.yml``: ``extension:101``, ``hangup``.

    ``detail`` is what may stand behind them: ``20s``, a number, a cause. ``about`` are the objects that it is about, and
    ``values`` what sentences are made of. ``step`` is the index of the step in the trace.
    """

    kind: str
    items: tuple[str, ...] = ()
    detail: str = ""
    about: tuple[Point, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    step: int = -1
    where: Where = NOWHERE

    def value(self, key: str) -> str:
        """Return what a sentence needs; "" where there is none."""
        return next((text for name, text in self.values if name == key), "")

    def answers(self, item: str) -> bool:
        """Return True if this is what an item of ``calls.yml`` says."""
        word, _, detail = item.partition(" ")
        return word in self.items and (not detail or detail == self.detail)


class Legend(Record):
    """How a dial plan's own words are those of a site.

    ``places`` gives the object at a context and extension, ``devices`` the object that a channel belongs to
    (``PJSIP/101`` -> extension 101), ``prompts`` the prompt behind a sound file, ``names`` what objects are called,
    ``texts`` what is spoken in a prompt, by language. All are empty for a tree that is no site's.
    """

    places: Mapping[tuple[str, str], Point] = {}
    devices: Mapping[str, Point] = {}
    prompts: Mapping[str, str] = {}
    names: Mapping[Point, Names] = {}
    texts: Mapping[str, Names] = {}
    language: str = ""
    calendar: str = "gregorian"


class Judgement(NamedTuple):
    """Whether a call did what is expected of it: ``status`` is ``ok``, ``failed`` or ``unknown``.

    ``problem`` says what is different, ``where`` is the line that expects it.
    """

    status: str
    problem: str = ""
    where: Where = NOWHERE
