"""N: names, languages and the clock of the site."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable, Iterator

from kelid.findings import Severity
from kelid.model.meant import instead, meant
from kelid.model.site import BUILTIN, TESTED_ASTERISK, Member, Names, Placed, Point, Site
from kelid.rules.registry import Fault, rule

_JUDGED = frozenset(
    {"secret", "trunk", "outbound_route", "permission_class", "calendar", "time_group", "music_class"}
)
"""Kinds of references that a rule of their own topic looks up; destinations have D001, and members Q001."""

_TO_BE_NAMED = frozenset(
    {
        "acl",
        "penalty_rule",
        "pin_set",
        "profile",
        "prompt",
        "queue_template",
        "time_group",
    }
)
"""Kinds of objects that do nothing until another one names them; those with a rule of their own are not here."""

_NOT_ON_PHONES = frozenset('"<>;\\')
"""SIP writes a display name between double quotes before an address in angle brackets (RFC 3261, section 20.10); a
semicolon begins a comment in Asterisk's files."""


def _shown(site: Site) -> Iterable[tuple[Placed, Names]]:
    yield site, site.names
    for thing in site.objects():
        names = getattr(thing, "names", None)
        if names:
            yield thing, names


@rule("N001")
def name_twice(site: Site) -> Iterator[Fault]:
    """A name belongs to one thing of its kind."""
    first: dict[Point, Placed] = {}
    for thing in site.objects():
        if not thing.KIND or thing.NAMED_BY != "name":
            continue
        before = first.setdefault((thing.KIND, thing.label), thing)
        if before is not thing:
            text = f"there are two of the name {thing.label!r} ({thing.KIND.replace('_', ' ')})"
            line = before.place("name").line
            yield thing.place("name"), text, f"the first stands on line {line}; rename one"


_DIALLED = frozenset({"queue", "ring_group", "conference", "page"})
"""Kinds of objects whose names are extensions of one context."""


@rule("N008")
def names_differ_by_dashes(site: Site) -> Iterator[Fault]:
    """Two names of a kind that becomes extensions differ by more than dashes, which Asterisk passes over in extensions."""
    first: dict[Point, Placed] = {}
    for thing in site.objects():
        if thing.KIND not in _DIALLED:
            continue
        before = first.setdefault((thing.KIND, thing.label.replace("-", "")), thing)
        if before.label != thing.label:
            text = f"Asterisk can't tell the names {before.label!r} and {thing.label!r} apart"
            yield thing.place("name"), text, "rename one; dashes in the name of an extension don't count"


@rule("N006")
def name_unknown(site: Site) -> Iterator[Fault]:
    """What an object names is at the site."""
    for kind, references in site.uses.items():
        if kind in _JUDGED:
            continue
        known = {name for other, name in site.named if other == kind}
        word = kind.replace("_", " ")
        for reference in references:
            if reference.name in known or reference.name.startswith(BUILTIN):
                continue
            if reference.key in reference.part.REFERS and not isinstance(reference.part, Member):
                fix = instead(reference.name, sorted(known), what=f"no {word}")
                yield reference.where, f"there is no {word} {reference.name!r}", fix


@rule("N007", Severity.WARNING)
def name_unused(site: Site) -> Iterator[Fault]:
    """What is there to be named by others is named by one."""
    used = {
        reference.point
        for kind in _TO_BE_NAMED
        for reference in site.uses.get(kind, ())
        if reference.owner.KIND != "call"
    }
    for point, where in site.named.items():
        kind, name = point
        if kind in _TO_BE_NAMED and point not in used:
            yield (
                where,
                f"nothing uses the {kind.replace('_', ' ')} {name!r}",
                "name it somewhere, or remove it",
            )


@rule("N002")
def name_not_for_phones(site: Site) -> Iterator[Fault]:
    """A name can be shown on a phone."""
    for thing, names in _shown(site):
        for tag, text in names.items():
            if _NOT_ON_PHONES.isdisjoint(text) and "$" not in text and "%" not in text and text.strip():
                continue
            where = thing.place(f"names.{tag}")
            bad = next((character for character in text if character in _NOT_ON_PHONES), None)
            if bad:
                yield where, f"a phone can't show {bad!r} in the name {text!r}", "write the name without it"
            elif "${" in text or "$[" in text or "%%" in text:
                fix = "Asterisk would read it as a variable; write the name without it"
                yield where, f"the name {text!r} holds ${{, $[ or %%", fix
            elif not text.strip():
                yield where, "a name has only spaces", "write a name"
    for calendar in site.calendars:
        for day in calendar.all():
            for tag, text in day.names.items():
                # No phone shows it, but the dial plan says it in a note.
                if "%%" in text:
                    fix = "Asterisk's files have secrets written so; write the name without it"
                    yield day.place(f"names.{tag}"), f"the name {text!r} holds %%", fix


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
        if known := zoneinfo.available_timezones():
            near = meant(site.time_zone, sorted(known), 0.8)
            fix = f"did you mean {near!r}?" if near else "write it as the tz database does: Asia/Tehran"
            yield site.place("time_zone"), f"no time zone is called {site.time_zone!r}", fix
        else:
            text = f"the time zone {site.time_zone!r} can't be looked up: this machine has no tz database"
            yield site.place("time_zone"), text, "install the package tzdata"


@rule("N005", Severity.WARNING)
def asterisk_not_tested(site: Site) -> Iterator[Fault]:
    """The server's Asterisk is one that kelid is tested with."""
    if site.servers.asterisk not in TESTED_ASTERISK:
        tested = " and ".join(map(str, TESTED_ASTERISK))
        text = f"nobody has tested kelid with Asterisk {site.servers.asterisk}, only with {tested}"
        yield (
            site.servers.place("asterisk"),
            text,
            "try it on a server that nobody needs, or install one of those",
        )
