"""One call on its way through the dial plan: the state, and the questions that it puts to the world."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from kelid.model.call import Question
from kelid.model.pbx import Pbx
from kelid.model.trace import Event
from kelid.simulate.state import Channel


class Symbols(Protocol):
    """Characters that stand for something not yet decided: the third key, any digit, the moment of the call.

    Each is one private-use character of plane 15 (U+F0000...), so that texts with them can be cut, joined and handed on as
    any text. Code that looks at the characters themselves asks here first; each answer may split the case in two.
    An ordinary run has none (``Run.symbols`` is None).
    """

    def within(self, text: str) -> bool:
        """Return True if the text has such characters."""

    def is_in(self, character: str, characters: frozenset[str]) -> bool:
        """Decide whether the character is one of these (characters that are none of ours are just looked at)."""

    def equal(self, one: str, other: str) -> bool:
        """Decide whether two texts are the same."""

    def settle(self, text: str) -> str:
        """Decide all of them, and return the text without any: for whoever must know every character."""

    def epoch(self) -> str:
        """Return what stands for the moment of the call, in seconds since 1970."""

    def time_text(self, zone: str, layout: str) -> str:
        """Return what ``STRFTIME(${EPOCH},zone,layout)`` gives, or what stands for it."""


class Run:
    """A call on its way. Applications and functions get it, read and change ``channel``, ask and tell.

    ``globals`` are the global variables, ``database`` what this call has written to astdb (None: deleted) over what the
    world has. ``now`` is the moment of the call.
    """

    pbx: Pbx
    channel: Channel
    globals: dict[str, str]
    database: dict[str, str | None]
    now: datetime
    symbols: Symbols | None
    dialplan: Any
    warn: Callable[[str], None]
    ask: Callable[[Question], str]
    tell: Callable[[Event], None]
