"""What two runs have otherwise, and what makes no difference until somebody notices it or something is decided by it.

A route that was given another language, or another text before the caller's name, changes nothing of its calls but how they
sound, or what is shown. Each side by itself would go all the ways that a call can go from there, and meet each way of
the other. So both go on as one run (``Pairs._join``): where a text isn't the same, it has a variable of the kind
``CARRIED``. Once people would notice it, or something is decided by it, each side goes by itself again.

Texts may be carried in a channel's language, its caller's name, its variables and those of its subroutines. Elsewhere they
count as noticed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence

from kelid.model.trace import Event
from kelid.simulate.case import Case
from kelid.simulate.languages import ANY, Node
from kelid.simulate.run import Run
from kelid.simulate.state import Channel
from kelid.simulate.symbols import ATOM, CARRIED, LONGEST, Chosen, Store

ATTRIBUTES = ("language", "caller_name")
"""What of a channel itself may be carried."""

_BETWEEN = "\0"
_PARTS = re.compile(f"({ATOM.pattern})")


class NoticedError(Exception):
    """Raised where something is about to be decided by what isn't the same on both sides."""


def carry(case: Case) -> Callable[[], None] | None:
    """Let two runs have the same texts where theirs differ, and return what undoes that.

    None where nothing can be carried: their channels haven't the same variables, or what differs isn't known.
    """
    store = case.store
    rows = [list(_places(run)) for run in case.runs]
    if [place[:2] for place in rows[0]] != [place[:2] for place in rows[1]]:
        return None
    changes: list[tuple[_Table, str, str, str]] = []
    atoms: dict[str, str] = {}
    for (_, name, one), (_, _, other) in zip(*rows, strict=True):
        old, new = one[name], other[name]
        if old == new or (old := store.plain(old)) == (new := store.plain(new)):
            continue
        begin = _alike(old, new)
        end = _alike(old[begin:][::-1], new[begin:][::-1])
        mine, yours = (text[begin : len(text) - end] for text in (old, new))
        if ATOM.search(mine) or ATOM.search(yours):
            return None
        subject = f"{mine}{_BETWEEN}{yours}"
        if subject not in atoms:
            # What can't be told of both by octets is as any text: what holds for all holds for these.
            automaton = store.shared.automaton
            known = subject.isascii()
            node = automaton.texts(mine, yours) if known else automaton.repeated(ANY, 0, LONGEST - 1)
            atoms[subject] = store.new(CARRIED, subject, node)
        text = f"{old[:begin]}{atoms[subject]}{old[len(old) - end :]}"
        changes += [(one, name, one[name], text), (other, name, other[name], text)]
    for table, name, _, text in changes:
        table[name] = text

    def undo() -> None:
        for table, name, text, _ in changes:
            table[name] = text

    return undo


def unload(case: Case) -> None:
    """Give each of two runs its own texts again."""
    store = case.store
    for side, run in enumerate(case.runs):
        for _, name, table in _places(run):
            if store.carries(table[name]):
                table[name] = "".join(
                    _own(store, part, side) if ATOM.match(part) else part
                    for part in _PARTS.split(table[name])
                )


def is_carried(case: Case) -> bool:
    """Return True if the run brings along what isn't the same on both sides."""
    return any(about.kind == CARRIED for about in case.store.variables.values())


def refuse(store: Store, options: Sequence[Chosen]) -> None:
    """Raise NoticedError if something carried is what is to be decided."""
    for one in options:
        about = [one.about] if one.about is not None else one.subject if one.kind == "same" else ()
        if any(variable.kind == CARRIED for variable in about):
            raise NoticedError
        if one.kind == "free" and store.carries("".join(map(str, one.subject))):
            raise NoticedError


def is_noticed(case: Case, before: Store, events: Iterable[Event], elsewhere: Iterable[str]) -> bool:
    """Return True if one of the events has something carried in it, or texts elsewhere do, or a view of it can't be told.

    So is what is another variable than ``before`` the step: one that was made of several, or is the same as another.
    And so is what the oracle doesn't know of a step: it may know it of each side.
    """
    store = case.store
    words = [word for event in events for word in (event.subject, *(text for _, text in event.details))]
    words += (part for fact in (*store.facts, *store.decided) for part in map(str, fact))
    return (
        any(event.kind == "unknown" for event in events)
        or _variables(store) != _variables(before)
        or store.carries("".join((*words, *elsewhere)))
        or any(not _is_told(store, table[name]) for _, name, table in _places(case.runs[0]))
    )


def _variables(store: Store) -> dict[int, tuple[str, Node | None]]:
    """Return what is carried: the number of each variable, with its subject and its set (None: another took its place)."""
    return {
        number: (about.subject, store.domains.get(number))
        for number, about in store.variables.items()
        if about.kind == CARRIED
    }


def _alike(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginning."""
    count = 0
    for mine, yours in zip(one, other, strict=False):
        if mine != yours:
            break
        count += 1
    return count


def _own(store: Store, atom: str, side: int) -> str:
    """Return what one side has in the place of something carried, any other atom as it is."""
    found = store.carried(atom)
    return atom if found is None else store.shared.apply(found[1], found[0].split(_BETWEEN)[side])


def _is_told(store: Store, text: str) -> bool:
    """Return True unless a part of something is carried whose characters aren't octets."""
    return not any(
        found is not None and found[1] and not found[0].isascii()
        for found in map(store.carried, ATOM.findall(text))
    )


_Table = MutableMapping[str, str]


class _Attributes(MutableMapping[str, str]):
    """A channel's own texts as a table."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def __getitem__(self, name: str) -> str:
        text: str = getattr(self._channel, name)
        return text

    def __setitem__(self, name: str, text: str) -> None:
        setattr(self._channel, name, text)

    def __delitem__(self, name: str) -> None:
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(ATTRIBUTES)

    def __len__(self) -> int:
        return len(ATTRIBUTES)


def _places(run: Run) -> Iterator[tuple[int, str, _Table]]:
    """Yield where texts may be carried, in an order that is the same for like runs: a number, the name, and the table."""
    number = 0
    for channel in {id(level.channel): level.channel for level in run.levels}.values():
        tables: list[_Table] = [_Attributes(channel), channel.variables]
        tables += [frame.variables for frame in channel.frames]
        for table in tables:
            number += 1
            for name in sorted(table):
                yield number, name, table
