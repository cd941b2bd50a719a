"""Directories: callers spell a name with the letters on their keys."""

from __future__ import annotations

from kelid.compile.text import go
from kelid.model.pbx import Context, Exten, Step
from kelid.model.site import Directory, Names, Site

_SEARCH = {"first": "f", "last": "l", "both": "b"}


def contexts(site: Site) -> tuple[Context, ...]:
    """Return one context a directory. Who is found is rung like by a menu's direct dial."""
    return tuple(_directory(directory) for directory in site.directories)


def _directory(directory: Directory) -> Context:
    where = directory.place("name")
    steps = (
        Step("Answer", "500", where=where),
        Step("Directory", f"default,direct-dial,{_SEARCH[directory.search_by]}", where=where),
        # Nobody of that name, or nothing pressed.
        go(directory.destination, where=where),
    )
    return Context(f"directory-{directory.name}", (Exten("s", steps, where),), where=where)


def searched(names: Names) -> str:
    """Return the name that a directory can find: the English one, or another in Latin letters; "" where there is none."""
    texts = (names.get("en", ""), *names.values())
    return next((text for text in texts if any(char.isascii() and char.isalpha() for char in text)), "")
