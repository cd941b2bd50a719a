"""E: extensions."""

from __future__ import annotations

from collections.abc import Iterator

from kelid.findings import Severity
from kelid.model.meant import instead
from kelid.model.patterns import parse
from kelid.model.site import DialPattern, Extension, Site
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
    routes = [route for route in site.outbound_routes if not route.emergency]
    for extension in site.extensions:
        for route in routes:
            if _taken(route.patterns, extension.number):
                text = f"extension {extension.number} hides a number that the route {route.name!r} takes"
                yield extension.place("number"), text, "change the number or the route's pattern"
                break


@rule("E005")
def taken_by_emergency(site: Site) -> Iterator[Fault]:
    """No emergency route takes a phone's number: it wins, and the phone would never ring."""
    routes = [route for route in site.outbound_routes if route.emergency]
    for extension in site.extensions:
        for route in routes:
            taken = _taken(route.patterns, extension.number)
            if taken and extension.number not in site.dial.emergency:
                text = f"calls to extension {extension.number} leave by the emergency route {route.name!r}"
                yield extension.place("number"), text, "change the number, or narrow the route's pattern"
                break


def _taken(patterns: tuple[DialPattern, ...], number: str) -> bool:
    for pattern in patterns:
        try:
            if parse(pattern.match).takes(number):
                return True
        except ValueError:
            continue
    return False
