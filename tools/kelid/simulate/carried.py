"""The language that two runs have otherwise, and that makes no difference until something is said.

A route that was given another language changes nothing of its calls but how they sound. Each side by itself would go all the
ways that a call can go from there, and meet each way of the other. So both go on as one run (``Pairs._join``), which carries
both languages as a variable of the kind ``CARRIED``, until something is said in it. Where anything else is made of it, or
decided by it, each side goes by itself, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from kelid.model.trace import Event
from kelid.simulate.case import Case
from kelid.simulate.run import Run
from kelid.simulate.state import Channel
from kelid.simulate.symbols import ATOM, FIRST, Chosen, Store

CARRIED = "carried"
"""The kind of such a variable. Its subject is what both sides have, in their order."""

_BETWEEN = "\0"


class NoticedError(Exception):
    """Raised where something is about to be decided by what isn't the same on both sides."""


def carry(case: Case) -> Callable[[], None] | None:
    """Let two runs have one language where theirs differ, and return what undoes that.

    None where nothing can be carried: their channels aren't the same, or what one of them speaks isn't decided.
    """
    store, automaton = case.store, case.store.shared.automaton
    rows = [list(_channels(run)) for run in case.runs]
    if len(rows[0]) != len(rows[1]):
        return None
    pairs = list(zip(*rows, strict=True))
    spoken = [(one.language, other.language) for one, other in pairs]
    if not all(old == new or (old.isascii() and new.isascii()) for old, new in spoken):
        return None
    atoms = {
        (old, new): store.new(CARRIED, f"{old}{_BETWEEN}{new}", automaton.texts(old, new))
        for old, new in dict.fromkeys(spoken)
        if old != new
    }
    for (one, other), both in zip(pairs, spoken, strict=True):
        one.language, other.language = (atoms[both],) * 2 if both in atoms else both

    def undo() -> None:
        for (one, other), (old, new) in zip(pairs, spoken, strict=True):
            one.language, other.language = old, new

    return undo


def unload(case: Case) -> None:
    """Give each of two runs its own language again."""
    for side, run in enumerate(case.runs):
        for channel in _channels(run):
            variable = _carried_by(case.store, channel)
            if variable >= 0:
                channel.language = case.store.variables[variable].subject.split(_BETWEEN)[side]


def is_carried(case: Case) -> bool:
    """Return True if the run brings along what isn't the same on both sides."""
    return any(_carried_by(case.store, channel) >= 0 for channel in _channels(case.runs[0]))


def refuse(store: Store, options: Sequence[Chosen]) -> None:
    """Raise NoticedError if something carried is what is to be decided."""
    for one in options:
        about = one.about.kind if one.about is not None else ""
        if about == CARRIED or (one.kind == "free" and _count(store, map(str, one.subject))):
            raise NoticedError


def is_noticed(case: Case, events: Iterable[Event], texts: Iterable[str]) -> bool:
    """Return True if one of the events has something carried in it, or anything but the channels' languages does.

    ``texts`` are all that the run holds, with those languages.
    """
    words = [word for event in events for word in (event.subject, *(text for _, text in event.details))]
    words += (part for fact in (*case.store.facts, *case.store.decided) for part in map(str, fact))
    if _count(case.store, words):
        return True
    carrying = sum(_carried_by(case.store, channel) >= 0 for channel in _channels(case.runs[0]))
    return _count(case.store, texts) > carrying


def _count(store: Store, texts: Iterable[str]) -> int:
    """Return how often something carried stands in texts."""
    return sum(
        store.knows(one)
        and store.variables[store.resolve(*store.shared.atoms[ord(one) - FIRST])[0]].kind == CARRIED
        for one in ATOM.findall("".join(texts))
    )


def _channels(run: Run) -> Iterator[Channel]:
    """Yield the channels of a run, each once."""
    return iter({id(level.channel): level.channel for level in run.levels}.values())


def _carried_by(store: Store, channel: Channel) -> int:
    """Return the variable that a channel's language is, -1 where both sides have the same."""
    text = channel.language
    if len(text) != 1 or not ATOM.match(text) or not store.knows(text):
        return -1
    variable, _ = store.resolve(*store.shared.atoms[ord(text) - FIRST])
    return variable if store.variables[variable].kind == CARRIED else -1
