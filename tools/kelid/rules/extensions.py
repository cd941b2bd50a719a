"""E: extensions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from kelid.findings import Severity
from kelid.model.meant import instead
from kelid.model.patterns import Pattern, parse
from kelid.model.site import Extension, OutboundRoute, Site
from kelid.rules.registry import Fault, rule


@rule("E001")
def number_twice(site: Site) -> Iterator[Fault]:
    """A number belongs to one phone."""
    first: dict[str, Extension] = {}
    for extension in site.extensions:
        before = first.setdefault(extension.number, extension)
        if before is not extension:
            text = f"the number {extension.number} is taken"
            yield (
                extension.place("number"),
                text,
                f"it stands on line {before.place('number').line} too; give this phone another",
            )


@rule("E002")
def class_unknown(site: Site) -> Iterator[Fault]:
    """An extension's permission class is at the site."""
    known = [item.name for item in site.permission_classes]
    for extension in site.extensions:
        if extension.permission_class not in known:
            text = (
                f"extension {extension.number}: there is no permission class {extension.permission_class!r}"
            )
            yield (
                extension.place("permission_class"),
                text,
                instead(extension.permission_class, known, "routes.yml"),
            )


@rule("E003")
def hides_emergency(site: Site) -> Iterator[Fault]:
    """No phone has an emergency number."""
    for extension in site.extensions:
        if extension.number in site.dial.emergency:
            yield (
                extension.place("number"),
                f"{extension.number} is an emergency number",
                "give this phone another number",
            )


@rule("E004", Severity.WARNING)
def hides_outside(site: Site) -> Iterator[Fault]:
    """No phone has a number that an outbound route would take."""
    taken = _taking(site, (route for route in site.outbound_routes if not route.emergency))
    for extension in site.extensions:
        for route, patterns in taken:
            if any(pattern.takes(extension.number) for pattern in patterns):
                text = f"extension {extension.number} hides a number that the route {route.name!r} takes"
                yield extension.place("number"), text, "change the number or the route's pattern"
                break


@rule("E005")
def taken_by_emergency(site: Site) -> Iterator[Fault]:
    """No emergency route takes a phone's number: it wins, and the phone would never ring."""
    taken = _taking(site, (route for route in site.outbound_routes if route.emergency))
    for extension in site.extensions:
        for route, patterns in taken:
            takes = any(pattern.takes(extension.number) for pattern in patterns)
            if takes and extension.number not in site.dial.emergency:
                text = f"calls to extension {extension.number} leave by the emergency route {route.name!r}"
                yield extension.place("number"), text, "change the number, or narrow the route's pattern"
                break


def _taking(site: Site, routes: Iterable[OutboundRoute]) -> list[tuple[OutboundRoute, list[Pattern]]]:
    """Return the routes with those of their patterns that are as long as some extension's number; most have none.

    What is no pattern is left out (rule R005 says so).
    """
    lengths = {len(extension.number) for extension in site.extensions}
    found = []
    for route in routes:
        patterns = []
        for item in route.patterns:
            with suppress(ValueError):
                pattern = parse(item.match)
                if any(
                    pattern.shortest <= length and (pattern.tail or length <= len(pattern.places))
                    for length in lengths
                ):
                    patterns.append(pattern)
        if patterns:
            found.append((route, patterns))
    return found
