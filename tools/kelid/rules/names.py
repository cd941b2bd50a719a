"""N: names, languages and the clock of the site."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from kelid.findings import Severity, Where
from kelid.model.site import TESTED_ASTERISK, Names, Placed, Site
from kelid.rules.registry import Fault, rule

_NOT_ON_PHONES = '"<>;\\'
"""SIP writes a display name between double quotes before an address in angle brackets (RFC 3261, section 20.10); a
semicolon begins a comment in Asterisk's files."""


class _Named(Protocol):
    @property
    def name(self) -> str: ...
    def place(self, key: str) -> Where: ...


def _groups(site: Site) -> Iterator[tuple[str, Sequence[_Named]]]:
    yield "trunk", site.trunks
    yield "inbound route", site.inbound_routes
    yield "outbound route", site.outbound_routes
    yield "permission class", site.permission_classes
    yield "queue", site.queues
    yield "ivr", site.ivrs
    yield "announcement", site.announcements
    yield "schedule", site.schedules
    yield "holiday list", site.holiday_lists


def _shown(site: Site) -> Iterable[tuple[Placed, Names]]:
    yield site, site.names
    yield from ((item, item.names) for item in site.extensions)
    yield from ((item, item.names) for item in site.queues)
    yield from ((item, item.names) for item in site.ivrs)
    yield from ((item, item.names) for item in site.announcements)
    yield from ((item, item.names) for item in site.schedules)


@rule("N001")
def name_twice(site: Site) -> Iterator[Fault]:
    """A name belongs to one thing of its kind."""
    for kind, items in _groups(site):
        first: dict[str, _Named] = {}
        for item in items:
            before = first.setdefault(item.name, item)
            if before is not item:
                text = f"there are two of the name {item.name!r} ({kind})"
                yield (
                    item.place("name"),
                    text,
                    f"the first stands on line {before.place('name').line}; rename one",
                )


@rule("N002")
def name_not_for_phones(site: Site) -> Iterator[Fault]:
    """A name can be shown on a phone."""
    for thing, names in _shown(site):
        for tag, text in names.items():
            where = thing.place(f"names.{tag}")
            bad = next((character for character in text if character in _NOT_ON_PHONES), None)
            if bad:
                yield where, f"a phone can't show {bad!r} in the name {text!r}", "write the name without it"
            elif "${" in text or "$[" in text or "%%" in text:
                fix = "Asterisk would read it as a variable; write the name without it"
                yield where, f"the name {text!r} holds ${{, $[ or %%", fix
            elif not text.strip():
                yield where, "a name has only spaces", "write a name"


@rule("N003", Severity.WARNING)
def name_in_other_language(site: Site) -> Iterator[Fault]:
    """A name is there in the site's language."""
    for thing, names in _shown(site):
        if site.language not in names:
            text = f"no name in the site's language {site.language!r}"
            yield (
                thing.place("names"),
                text,
                f"add {site.language}: to names; until then another language is shown",
            )


@rule("N004")
def zone_unknown(site: Site) -> Iterator[Fault]:
    """The time zone is in the tz database."""
    try:
        zoneinfo.ZoneInfo(site.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        if zoneinfo.available_timezones():
            fix = "write it as the tz database does: Asia/Tehran"
            yield site.place("time_zone"), f"no time zone is called {site.time_zone!r}", fix
        else:
            text = f"the time zone {site.time_zone!r} can't be looked up: this machine has no tz database"
            yield site.place("time_zone"), text, "install the package tzdata"


@rule("N005", Severity.WARNING)
def asterisk_not_tested(site: Site) -> Iterator[Fault]:
    """The server's Asterisk is one that kelid is tested with."""
    if site.server.asterisk not in TESTED_ASTERISK:
        tested = " and ".join(map(str, TESTED_ASTERISK))
        text = f"nobody has tested kelid with Asterisk {site.server.asterisk}, only with {tested}"
        yield (
            site.server.place("asterisk"),
            text,
            "try it on a server that nobody needs, or install one of those",
        )
