"""I: menus."""

from __future__ import annotations

from collections.abc import Iterator

from kelid.findings import Severity
from kelid.model.site import Site
from kelid.rules.registry import Fault, rule


@rule("I001")
def key_twice(site: Site) -> Iterator[Fault]:
    """A key leads to one place."""
    for ivr in site.ivrs:
        seen = set()
        for entry in ivr.entries:
            if entry.digits in seen:
                yield (
                    entry.place("digits"),
                    f"menu {ivr.name!r} has the key {entry.digits} twice",
                    "keep one of them",
                )
            seen.add(entry.digits)


@rule("I002", Severity.WARNING)
def key_waits(site: Site) -> Iterator[Fault]:
    """A key isn't the beginning of another entry: the menu would have to wait which one is meant."""
    for ivr in site.ivrs:
        for entry in ivr.entries:
            longer = [
                other.digits
                for other in ivr.entries
                if other.digits != entry.digits and other.digits.startswith(entry.digits)
            ]
            if longer:
                text = f"menu {ivr.name!r}: after {entry.digits} it waits whether {longer[0]} is meant"
                yield entry.place("digits"), text, "choose keys of which none begins another"


@rule("I003")
def key_hides_extension(site: Site) -> Iterator[Fault]:
    """In a menu with direct dial no entry is an extension's number."""
    numbers = {extension.number for extension in site.extensions}
    for ivr in site.ivrs:
        for entry in ivr.entries:
            if ivr.direct_dial and entry.digits in numbers and entry.destination.name != entry.digits:
                text = f"menu {ivr.name!r}: the entry {entry.digits} hides the extension of that number"
                yield entry.place("digits"), text, "choose other digits, or leave direct_dial out"
