"""Digits that the PBX's loop collects, where all calls are looked at: what is dialled behind the first key is one number.

Whether more can follow is asked after each digit (collect_digits in main/pbx.c). Here a machine reads the number and asks
it of every beginning: so each number is told from all others as far as the dial plan does that, whatever its length.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from kelid.model.call import Question
from kelid.simulate.dialplan import CAN_MATCH, MATCH_MORE, Searched, match
from kelid.simulate.languages import characters_of, mask_of
from kelid.simulate.state import IN_ALL
from kelid.simulate.symbols import LONGEST, Symbols, Variable

if TYPE_CHECKING:
    from kelid.simulate.run import Run

_State = tuple[int, tuple[int, ...]]
"""How many digits were read (one more than the longest extension has: more than that), and which extensions may be meant."""


class _Dialled:
    """What texts may become, in some contexts: a state for all beginnings that may go on alike."""

    def __init__(self, contexts: Sequence[Searched]) -> None:
        self._contexts = [[(entry.pattern, entry.has_first) for entry in one.entries] for one in contexts]
        self._patterns = [pattern for entries in self._contexts for pattern, _ in entries]
        self._longest = 1 + max(map(len, self._patterns), default=0)
        self.key = tuple(map(tuple, self._contexts))
        self.start: _State = (0, tuple(range(len(self._patterns))))
        self._texts = {self.start: ""}
        self._after: dict[tuple[_State, str], _State] = {}
        self._more: dict[_State, bool] = {}

    def after(self, state: _State, character: str) -> _State:
        found = self._after.get((state, character))
        if found is None:
            count, alive = state
            text = self._texts[state] + character
            left = tuple(one for one in alive if match(self._patterns[one], text, CAN_MATCH))
            found = self._after[state, character] = (min(count + 1, self._longest), left)
            self._texts.setdefault(found, text)
        return found

    def more(self, state: _State) -> bool:
        """Return True if a text of that state can become a longer extension, as Dialplan.partly does."""
        found = self._more.get(state)
        if found is None:
            found = self._more[state] = any(_is_more(one, self._texts[state]) for one in self._contexts)
        return found


def _is_more(entries: Iterable[tuple[str, bool]], text: str) -> bool:
    for pattern, has_first in entries:
        found = match(pattern, text, MATCH_MORE)
        if found == 2:
            return False
        if found and has_first:
            return True
    return False


class _Collects:
    """Says behind how many digits of a text, of at least ``least``, no more are waited for; -1 if all are read."""

    def __init__(self, dialled: _Dialled, least: int) -> None:
        self._dialled, self._least = dialled, least
        self.key: Hashable = ("collects", least, dialled.key)
        self.start: tuple[int, _State, int] = (0, dialled.start, -1)

    def moves(
        self, state: tuple[int, _State, int], mask: int
    ) -> Iterator[tuple[int, tuple[int, _State, int]]]:
        at, inner, stopped = state
        if stopped >= 0:
            yield mask, state
        elif at >= self._least and not self._dialled.more(inner):
            yield mask, (at, inner, at)
        else:
            parts: dict[_State, int] = {}
            for character in characters_of(mask):
                after = self._dialled.after(inner, character)
                parts[after] = parts.get(after, 0) | mask_of(character)
            for after, part in parts.items():
                yield part, (min(at + 1, max(self._least, after[0])), after, -1)

    def end(self, state: tuple[int, _State, int]) -> Hashable:
        return state[2]

    def settled(self, state: tuple[int, _State, int]) -> bool:
        return state[2] >= 0


class _More(_Collects):
    """Says whether a text can become a longer extension."""

    def __init__(self, dialled: _Dialled) -> None:
        super().__init__(dialled, LONGEST + 1)
        self.key = ("more", dialled.key)

    def end(self, state: tuple[int, _State, int]) -> Hashable:
        return self._dialled.more(state[1])

    def settled(self, state: tuple[int, _State, int]) -> bool:
        return False


def collect(
    run: Run, contexts: Sequence[Searched], digits: str, place: int, memo: dict[Any, Any]
) -> tuple[str, bool] | None:
    """Return what is dialled in all by who has dialled some digits that can become more, and whether more could follow.

    ``contexts`` are those that are searched, ``place`` is which key of the wait is the next one. None where it isn't known
    how many digits there are.
    """
    symbols = run.symbols
    assert isinstance(symbols, Symbols)  # noqa: S101 - for type checkers: it can be nothing else
    least = symbols.store.size(digits)
    if least is None:
        return None
    key = ("dialled", tuple(one.name for one in contexts))
    dialled = memo.get(key)
    if dialled is None:
        dialled = memo[key] = _Dialled(contexts)
    known = {*symbols.store.domains, *symbols.store.aliases}
    subject = f"{run.waits_at()}+{place}" if place else run.waits_at()
    more = run.ask(Question("digits", subject, ("#",), LONGEST - least))
    text = symbols.joined(digits + more, Variable("digits", IN_ALL)) if digits else more
    machine = _Collects(dialled, least)
    if symbols.store.is_new(more, known):
        symbols.suppose(text, symbols.part_said_by(text, machine, -1))
    elif (count := symbols.said_by(text, machine)) >= 0:
        text = symbols.substring(text, 0, count)
    return text, bool(symbols.said_by(text, _More(dialled)))
