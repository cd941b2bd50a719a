"""R: routes and permission classes."""

from __future__ import annotations

import math
from collections.abc import Iterator

from kelid.findings import Severity, Where
from kelid.model.meant import instead
from kelid.model.patterns import Pattern, parse
from kelid.model.site import DialPattern, OutboundRoute, Site
from kelid.rules.outside import in_order
from kelid.rules.registry import Fault, rule


def _patterns(route: OutboundRoute) -> Iterator[tuple[str, Pattern, Where]]:
    """Yield the patterns that can be read, as written and as understood, each with its place."""
    for item in route.patterns:
        try:
            yield item.match, parse(item.match), item.place("match")
        except ValueError:
            continue


def _read(route: OutboundRoute) -> Iterator[tuple[DialPattern, Pattern]]:
    """Yield the route's patterns that can be read, each with what it means."""
    for item in route.patterns:
        try:
            yield item, parse(item.match)
        except ValueError:
            continue


@rule("R001")
def trunk_unknown(site: Site) -> Iterator[Fault]:
    """A route's trunk is at the site."""
    known = [trunk.name for trunk in site.trunks]
    for inbound in site.inbound_routes:
        if inbound.trunk and inbound.trunk not in known:
            fix = instead(inbound.trunk, known, what="no trunk")
            yield inbound.place("trunk"), f"route {inbound.name!r}: there is no trunk {inbound.trunk!r}", fix
    for outbound in site.outbound_routes:
        for index, name in enumerate(outbound.trunks):
            if name not in known:
                yield (
                    outbound.place(f"trunks.{index}"),
                    f"route {outbound.name!r}: there is no trunk {name!r}",
                    instead(name, known, what="no trunk"),
                )


@rule("R004")
def route_unknown(site: Site) -> Iterator[Fault]:
    """A permission class names outbound routes of the site."""
    known = [route.name for route in site.outbound_routes]
    for item in site.permission_classes:
        for index, name in enumerate(item.routes):
            if name not in known:
                fix = instead(name, known, what="no outbound route")
                yield (
                    item.place(f"routes.{index}"),
                    f"class {item.name!r}: there is no outbound route {name!r}",
                    fix,
                )


@rule("R005")
def pattern_wrong(site: Site) -> Iterator[Fault]:
    """A pattern is one that Asterisk understands."""
    for route in site.outbound_routes:
        for item in route.patterns:
            for key, text in (("match", item.match), ("caller_number", item.caller_number)):
                try:
                    parse(text or "X")
                except ValueError as problem:
                    yield (
                        item.place(key),
                        f"route {route.name!r}: {text!r} is no pattern: {problem}",
                        "correct the pattern",
                    )


@rule("R006")
def pattern_twice(site: Site) -> Iterator[Fault]:
    """A route names a pattern once."""
    for route in site.outbound_routes:
        seen: dict[tuple[Pattern, str], DialPattern] = {}
        for item in route.patterns:
            try:
                pattern = parse(item.match)
            except ValueError:
                continue
            before = seen.setdefault((pattern, item.caller_number), item)
            if before is not item:
                yield (
                    item.place("match"),
                    f"route {route.name!r}: {item.match!r} takes what {before.match!r} takes",
                    "remove one of them",
                )


@rule("R007", Severity.WARNING)
def route_shadowed(site: Site) -> Iterator[Fault]:
    """A pattern isn't wholly taken by a route that goes before it in every class that may use it."""
    used = [item for item in site.permission_classes if item.routes]
    ordered = {item.name: in_order(site, item) for item in used}
    for route in site.outbound_routes:
        lists = [routes for routes in ordered.values() if route in routes]
        for item, pattern in _read(route):
            before = [_taken_before(routes, route, pattern) for routes in lists]
            if before and all(before):
                message = f"route {route.name!r}: {item.match!r} is never used, {before[0]!r} takes it all"
                yield item.place("match"), message, "narrow the earlier one, or change their order"


def _taken_before(routes: list[OutboundRoute], route: OutboundRoute, pattern: Pattern) -> str:
    """Return the name of the route that goes before another and takes all of a pattern; "" if there is none."""
    for earlier in routes[: routes.index(route)]:
        for item, other in _read(earlier):
            if not item.caller_number and other.takes_all_of(pattern):
                return earlier.name
    return ""


@rule("R008")
def emergency_unreachable(site: Site) -> Iterator[Fault]:
    """An emergency route takes every emergency number. A site without a trunk has no way to call any (R012)."""
    if not site.trunks:
        return
    for index, number in enumerate(site.dial.emergency):
        if not any(
            pattern.takes(number)
            for route in site.outbound_routes
            if route.emergency
            for item, pattern in _read(route)
            if not item.caller_number
        ):
            fix = "add it to the patterns of a route of kind: emergency"
            yield (
                site.dial.place(f"emergency.{index}"),
                f"no emergency route takes the emergency number {number}",
                fix,
            )


@rule("R009", Severity.WARNING)
def class_unused(site: Site) -> Iterator[Fault]:
    """Some extension, or a call that is sent outside, has the class."""
    used = {extension.permission_class for extension in site.extensions}
    used |= {reference.name for reference in site.uses.get("permission_class", ())}
    for item in site.permission_classes:
        if item.name not in used:
            yield (
                item.where,
                f"nobody has the permission class {item.name!r}",
                "remove it, or give it to an extension",
            )


@rule("R010", Severity.WARNING)
def route_unused(site: Site) -> Iterator[Fault]:
    """Some permission class may use an outbound route."""
    used = {name for item in site.permission_classes for name in item.routes}
    for route in site.outbound_routes:
        if not route.emergency and route.name not in used:
            text = f"no permission class may use the route {route.name!r}"
            yield route.where, text, "name it in a class, or remove it"


@rule("R011")
def strips_all(site: Site) -> Iterator[Fault]:
    """A route leaves digits to send."""
    for route in site.outbound_routes:
        for item in route.patterns:
            try:
                left = parse(item.match).shortest - item.strip
            except ValueError:
                continue
            if item.strip and (left < 0 or (left == 0 and not item.prepend)):
                message = f"route {route.name!r}: strip cuts {item.strip} digits, and {item.match!r} may have no more"
                yield item.place("strip"), message, "strip fewer digits"


@rule("R012", Severity.WARNING)
def no_way_to_help(site: Site) -> Iterator[Fault]:
    """A site can call for help."""
    if not site.trunks:
        text = f"the site has no trunk: nobody can call {', '.join(site.dial.emergency)}"
        yield site.dial.place("emergency"), text, "add a trunk and a route of kind: emergency"


@rule("R013", Severity.WARNING)
def emergency_too_wide(site: Site) -> Iterator[Fault]:
    """An emergency route takes emergency numbers alone: every phone may call what it takes, whatever its class."""
    for route in site.outbound_routes:
        if not route.emergency:
            continue
        for text, pattern, place in _patterns(route):
            taken = sum(pattern.takes(number) for number in set(site.dial.emergency))
            if pattern.tail or math.prod(map(len, pattern.places)) > taken:
                message = (
                    f"route {route.name!r}: by {text!r} every phone may call more than the emergency numbers"
                )
                fix = "narrow it, or give the other numbers a route of their own"
                yield place, message, fix
