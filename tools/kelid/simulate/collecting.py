"""Digits that are collected until they can't become another extension, where all calls are looked at: they are one number.

Whether more can follow is asked after each digit (collect_digits in main/pbx.c, apps/app_readexten.c). Here a machine reads
the number and asks it of every beginning: so a number is told from others as far as the dial plan does that, whatever its
length.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from kelid.model.call import Question
from kelid.simulate.dialplan import CAN_MATCH, MATCH_MORE, match
from kelid.simulate.languages import BIT, characters_of, mask_of
from kelid.simulate.state import IN_ALL
from kelid.simulate.symbols import LONGEST, Symbols, Variable

if TYPE_CHECKING:
    from kelid.simulate.run import Run

Names = tuple[tuple[str, bool], ...]
"""The extensions of a context in the order of a search, each with whether it has a first priority."""

_State = tuple[int, tuple[int, ...]]
"""How many digits were read (at most one more than the longest extension has), and which extensions may be meant."""


class Dialled:
    """What texts may become in some contexts: a state for all beginnings that may go on alike."""

    def __init__(self, contexts: Sequence[Names]) -> None:
        """Given the extensions of each context that is searched, begin."""
        self.key = tuple(contexts)
        self._entries = [entry for names in contexts for entry in names]
        self._longest = 1 + max((len(pattern) for pattern, _ in self._entries), default=0)
        self.start: _State = (0, tuple(range(len(self._entries))))
        self._texts = {self.start: ""}
        self._after: dict[tuple[_State, str], _State] = {}
        self._more: dict[_State, bool] = {}

    def moves(self, state: _State, mask: int) -> dict[_State, int]:
        """Return the states that come after characters: state -> those that lead there."""
        parts: dict[_State, int] = {}
        for character in characters_of(mask):
            found = self._after.get((state, character))
            if found is None:
                text = self._texts[state] + character
                left = tuple(one for one in state[1] if match(self._entries[one][0], text, CAN_MATCH))
                found = self._after[state, character] = (min(state[0] + 1, self._longest), left)
                self._texts.setdefault(found, text)
            parts[found] = parts.get(found, 0) | mask_of(character)
        return parts

    def can(self, state: _State) -> bool:
        """Return True if a text of that state is an extension, or can become one."""
        return any(self._entries[one][1] for one in state[1])

    def more(self, state: _State) -> bool:
        """Return True if a text of that state can become a longer extension."""
        found = self._more.get(state)
        if found is None:
            found = self._more[state] = any(_is_more(names, self._texts[state]) for names in self.key)
        return found


def _is_more(names: Iterable[tuple[str, bool]], text: str) -> bool:
    for pattern, has_first in names:
        found = match(pattern, text, MATCH_MORE)
        if found == 2:
            return False
        if found and has_first:
            return True
    return False


class May:
    """A machine that says whether a text can be, or become, an extension, as ``Dialplan.partly`` does."""

    def __init__(self, dialled: Dialled, mode: str) -> None:
        """Given CAN_MATCH or MATCH_MORE, begin."""
        self._dialled = dialled
        self._says = dialled.more if mode == MATCH_MORE else dialled.can
        self.key: Hashable = ("may", mode, dialled.key)
        self.start = dialled.start

    def moves(self, state: _State, mask: int) -> Iterator[tuple[int, _State]]:
        """Read characters."""
        for after, part in self._dialled.moves(state, mask).items():
            yield part, after

    def end(self, state: _State) -> bool:
        """Return what is said."""
        return self._says(state)

    def settled(self, state: _State) -> bool:
        """Return True where nothing may be meant any more."""
        return not state[1]


class _Collects:
    """A machine that says behind how many digits of a text, ``least`` or more, no more are waited for; -1: all are read."""

    def __init__(self, dialled: Dialled, least: int) -> None:
        self._dialled, self._least = dialled, least
        self.key: Hashable = ("collects", least, dialled.key)
        self.start: tuple[int, _State, int] = (0, dialled.start, -1)

    def moves(
        self, state: tuple[int, _State, int], mask: int
    ) -> Iterator[tuple[int, tuple[int, _State, int]]]:
        at, inner, stopped = state
        if stopped >= 0 or (at >= self._least and not self._dialled.more(inner)):
            yield mask, (at, inner, at)
        else:
            for after, part in self._dialled.moves(inner, mask).items():
                yield part, (max(at + 1, after[0]) if at < self._least else after[0], after, -1)

    def end(self, state: tuple[int, _State, int]) -> int:
        return state[2]

    def settled(self, state: tuple[int, _State, int]) -> bool:
        return state[2] >= 0


class _HashAt:
    """A machine that says at which place of a text the last of its characters is, if that is #; -1 if it isn't."""

    key: Hashable = "# at"
    start = (0, False)

    def moves(self, state: tuple[int, bool], mask: int) -> Iterator[tuple[int, tuple[int, bool]]]:
        at = state[0] + 1
        if mask & BIT["#"]:
            yield mask & BIT["#"], (at, True)
        if mask & ~BIT["#"]:
            yield mask & ~BIT["#"], (at, False)

    def end(self, state: tuple[int, bool]) -> int:
        return state[0] - 1 if state[1] else -1

    def settled(self, state: tuple[int, bool]) -> bool:
        return False


def collect(run: Run, dialled: Dialled, digits: str, place: int) -> tuple[str, bool] | None:
    """Return what is dialled in all by who has dialled some digits that can become more, and whether more could follow.

    ``place`` is which key of a wait is the next one. None where it isn't known how many digits there are.
    """
    symbols = run.symbols
    assert isinstance(symbols, Symbols)  # noqa: S101 - for type checkers: it can be nothing else
    store = symbols.store
    least = store.size(digits)
    if least is None:
        return None
    known = {*store.domains, *store.aliases}
    subject = f"{run.waits_at()}+{place}" if place else run.waits_at()
    more = run.ask(Question("digits", subject, ("#",), LONGEST - least))
    # What this dial plan doesn't read another one may, that gets the same keys.
    new = not symbols.apart and store.is_new(more, known)
    text = symbols.joined(digits + more, Variable("digits", IN_ALL)) if digits else more
    machine = _Collects(dialled, max(least, 1))
    if new:
        symbols.suppose(text, symbols.part_said_by(text, machine, -1))
    elif (count := symbols.said_by(text, machine)) >= 0:
        text = symbols.substring(text, 0, count)
    return text, bool(symbols.said_by(text, May(dialled, MATCH_MORE)))


def without_hash(run: Run, digits: str) -> str:
    """Return digits without the last one if that is #."""
    symbols = run.symbols
    if symbols is None or not symbols.within(digits):
        return digits.removesuffix("#")
    assert isinstance(symbols, Symbols)  # noqa: S101 - for type checkers: it can be nothing else
    at = symbols.said_by(digits, _HashAt())
    return digits if at < 0 else symbols.substring(digits, 0, at)
