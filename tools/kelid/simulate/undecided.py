"""Looking at texts that may hold what is not decided yet (``Run.symbols``), and at plain ones without a cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kelid.simulate.run import Run


def settled(run: Run, text: str) -> str:
    """Return the text with all decided: for whoever must know every character."""
    symbols = run.symbols
    return text if symbols is None or text.isascii() or not symbols.within(text) else symbols.settle(text)


def named(run: Run, text: str) -> str:
    """Return the text as a name of something: what is known by now is put in, what isn't may stay open."""
    symbols = run.symbols
    return text if symbols is None or text.isascii() else symbols.plain(text)


def equal(run: Run, one: str, other: str) -> bool:
    """Return whether two texts are the same."""
    if run.symbols is None or one == other or (one.isascii() and other.isascii()):
        return one == other
    return run.symbols.equal(one, other)


def one_of(run: Run, text: str, names: frozenset[str]) -> bool:
    """Return whether a text is one of these."""
    if run.symbols is None or text.isascii() or not run.symbols.within(text):
        return text in names
    return run.symbols.one_of(text, names)


def is_symbol(character: str) -> bool:
    """Return True for a character that stands for something undecided."""
    return "\U000f0000" <= character <= "\U000ffffd"


def is_in(run: Run, character: str, characters: frozenset[str]) -> bool:
    """Return whether a character is one of these."""
    if run.symbols is not None and is_symbol(character):
        return run.symbols.is_in(character, characters)
    return character in characters


def split(run: Run, text: str, delimiter: str) -> list[str]:
    """Return the fields of a text; an undecided character may be the delimiter."""
    if run.symbols is None or text.isascii() or not run.symbols.within(text):
        return text.split(delimiter)
    fields = [""]
    wanted = frozenset((delimiter,))
    for character in text:
        if is_in(run, character, wanted):
            fields.append("")
        else:
            fields[-1] += character
    return fields
