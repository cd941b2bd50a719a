"""Options that many sections share, written once: ``[phone-room](!)``, and ``[4101](phone-room)`` has them all."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple, TypeVar

from kelid.findings import Where
from kelid.model.pbx import Option, Section

T = TypeVar("T")

LONGEST = 70
"""Characters of a template's name without its number: Asterisk keeps 79 of a section's name (main/config.c)."""


class Shared(NamedTuple):
    """What sections have in common: by the name of their template, or where only one has them the options themselves."""

    inherits: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    template: Section | None = None


NOTHING = Shared()


def share(
    things: Iterable[tuple[Hashable, T]],
    make: Callable[[T, Where], tuple[Option, ...]],
    *,
    stem: Callable[[T], str],
    places: Callable[[T], tuple[Where, Where]],
    taken: set[str],
) -> dict[Hashable, Shared]:
    """Given things that have the same options where their keys are equal, return what those of each key share.

    ``make`` gives the options of a thing; what it decides by itself has the place that it is handed. ``places`` gives that
    of the thing and that of its template. A template is called by its stem, with a number where the name is ``taken``,
    which grows. Its options lead to what all have in common, their profile or the defaults, and not to the one thing
    that says the same for itself. No option of a template is said again in a section: nothing overrides anything.
    """
    members: dict[Hashable, list[T]] = {}
    for key, thing in things:
        members.setdefault(key, []).append(thing)
    found = {}
    for key, alike in members.items():
        own, where = places(alike[0])
        if len(alike) == 1:
            found[key] = Shared((), make(alike[0], own))
            continue
        options = make(alike[0], where)
        if any(option.where.file == own.file for option in options):
            others = make(alike[-1], where)
            options = tuple(
                b if a.where.file == own.file else a for a, b in zip(options, others, strict=True)
            )
        if not options:
            found[key] = NOTHING
            continue
        name = _free(stem(alike[0])[:LONGEST], taken)
        found[key] = Shared((name,), (), Section(name, options, where, template=True))
    return found


def _free(stem: str, taken: set[str]) -> str:
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    taken.add(name)
    return name
