"""I: menus and announcements."""

from __future__ import annotations

from collections.abc import Iterator

from kelid.findings import Severity
from kelid.model.numbers import direct_dials, in_item, is_range
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
def key_hides_number(site: Site) -> Iterator[Fault]:
    """In a menu with direct dial no entry is a number that callers can dial in it."""
    for ivr in site.ivrs:
        dialled = {number.number: number for number in direct_dials(site, ivr)} if ivr.direct_dial else {}
        for entry in ivr.entries:
            number = dialled.get(entry.digits)
            if number and (number.thing.KIND, number.thing.label) != (
                entry.destination.kind,
                entry.destination.name,
            ):
                text = f"menu {ivr.name!r}: the entry {entry.digits} hides the {number}"
                yield (
                    entry.place("digits"),
                    text,
                    "choose other digits, or take the number out of direct_dial",
                )


@rule("I004", Severity.WARNING)
def dials_nothing(site: Site) -> Iterator[Fault]:
    """What a menu lets callers dial is there."""
    for ivr in site.ivrs:
        there = direct_dials(site, ivr)
        for place, item in enumerate(ivr.direct_dial):
            if any(in_item(item, number) for number in there):
                continue
            first, _, last = item.partition("-")
            if is_range(item) and last and (len(first) != len(last) or first > last):
                fix = "write the first number, then the last of as many digits: 101-119"
            else:
                fix = "give one of them a number, allow it (direct_dial of the extension), or take this out"
            text = f"menu {ivr.name!r}: callers can dial no number by {item}"
            yield ivr.place(f"direct_dial.{place}"), text, fix


@rule("I005", Severity.WARNING)
def never_said(site: Site) -> Iterator[Fault]:
    """What is said before a menu is repeated can be heard: the menu is repeated."""
    for ivr in site.ivrs:
        for key in ("timeout_prompt", "invalid_prompt"):
            if getattr(ivr, key) and not ivr.retries:
                text = f"menu {ivr.name!r} is never repeated, so nobody hears its {key}"
                yield ivr.place(key), text, "let retries be 1 or more, or send callers to an announcement"


@rule("I006", Severity.WARNING)
def key_leads_back(site: Site) -> Iterator[Fault]:
    """A key of a menu leads on: some entry does more than play the same again."""
    for ivr in site.ivrs:
        if all(entry.destination.kind == "repeat" and not entry.language for entry in ivr.entries):
            text = f"menu {ivr.name!r}: every key only repeats it"
            yield ivr.place("entries"), text, "let one key lead on"
