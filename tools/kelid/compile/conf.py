"""Short ways to write sections."""

from __future__ import annotations

from kelid.findings import NOWHERE, Where
from kelid.model.pbx import Option, Section
from kelid.model.site import Placed

Value = str | int | bool | tuple[str | int, Where]
"""An option's value; with a place of its own where that is more exact than the section's."""


def section(name: str, options: dict[str, Value], where: Where = NOWHERE) -> Section:
    """Return a section; booleans become yes and no, and an option's place is its own or the section's."""
    return Section(name, tuple(option(key, value, where) for key, value in options.items()), where)


def at(thing: Placed, key: str) -> Where:
    """Return where the value of the key was written; where the object's name stands if it was left out."""
    return thing.place(key if key in thing.places else thing.NAMED_BY)


def option(key: str, value: Value, where: Where = NOWHERE) -> Option:
    """Return one option."""
    if isinstance(value, tuple):
        value, where = value
    if isinstance(value, bool):
        value = "yes" if value else "no"
    return Option(key, str(value), where)
