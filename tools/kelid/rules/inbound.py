"""J: inbound routes."""

from __future__ import annotations

from collections.abc import Iterator

from kelid.findings import Severity
from kelid.model.patterns import parse
from kelid.model.site import InboundRoute, Site, Trunk
from kelid.rules.dids import has, is_number, numbers, read, routes, taken
from kelid.rules.registry import Fault, rule
from kelid.rules.trunks import LARGEST_BLOCK, can_come


@rule("R002")
def did_unknown(site: Site) -> Iterator[Fault]:
    """An inbound route is for a number that its trunk has."""
    trunks = {trunk.name: trunk for trunk in site.trunks}
    for route in site.inbound_routes:
        if not route.did or (route.trunk and route.trunk not in trunks):
            continue
        possible = [trunks[route.trunk]] if route.trunk else list(site.trunks)
        if not any(has(trunk, route.did) for trunk in possible):
            named = ", ".join(did for trunk in possible for did in trunk.dids) or "none"
            text = f"the trunk {route.trunk!r} has" if route.trunk else "no trunk has"
            number = f"no number {route.did}" if route.trunk else f"the number {route.did}"
            yield (
                route.place("did"),
                f"{text} {number}",
                f"its dids are {named}" if route.trunk else f"the dids are {named}",
            )


@rule("R003")
def did_taken_twice(site: Site) -> Iterator[Fault]:
    """One inbound route takes a number from a caller on a trunk."""
    first: dict[tuple[str, str, str], InboundRoute] = {}
    for route in site.inbound_routes:
        before = first.setdefault((route.trunk, route.did, route.caller_id), route)
        if before is not route:
            what = route.did or "any number"
            yield (
                route.place("did"),
                f"the route {before.name!r} takes {what} already",
                "keep one of the two",
            )


@rule("J001")
def pattern_wrong(site: Site) -> Iterator[Fault]:
    """The pattern of an inbound route is one that Asterisk understands."""
    for route in site.inbound_routes:
        for key, text in (("did", route.did), ("caller_id", route.caller_id)):
            if not text or is_number(text):
                continue
            try:
                parse(text)
            except ValueError as problem:
                yield (
                    route.place(key),
                    f"route {route.name!r}: {text!r} is no pattern: {problem}",
                    "correct the pattern",
                )


@rule("J002", Severity.WARNING)
def caller_comes_too_late(site: Site) -> Iterator[Fault]:
    """A route for a caller alone is used for some number: a route for the number goes before it."""
    for route in site.inbound_routes:
        if route.did or not route.caller_id:
            continue
        left = [
            trunk
            for trunk in site.trunks
            if route in routes(site, trunk) and (not trunk.dids or _left(site, trunk, route))
        ]
        if not left:
            text = f"route {route.name!r} is never used: every number has a route that goes before it"
            yield route.place("caller_id"), text, "add the numbers: one route for each number and this caller"


def _left(site: Site, trunk: Trunk, route: InboundRoute) -> bool:
    """Return True if the trunk has a number whose calls no other route for numbers takes."""
    takes = taken(site, trunk, but=route)
    return any(
        not takes(number)
        for index in range(len(trunk.dids))
        for number in numbers(trunk, index, LARGEST_BLOCK)
    )


@rule("J003", Severity.WARNING)
def pattern_hidden(site: Site) -> Iterator[Fault]:
    """A pattern of numbers takes one that has no route of its own."""
    used = {trunk.name: {id(route) for route in routes(site, trunk)} for trunk in site.trunks}
    for route in site.inbound_routes:
        pattern = None if is_number(route.did) else read(route.did)
        if pattern is None or route.caller_id:
            continue
        for trunk in site.trunks:
            if id(route) not in used[trunk.name]:
                continue
            own = taken(site, trunk, but=route, only_exact=True)
            matching = [
                number
                for index in range(len(trunk.dids))
                for number in numbers(trunk, index, LARGEST_BLOCK)
                if pattern.takes(number)
            ]
            if matching and all(own(number) for number in matching):
                text = f"route {route.name!r} is never used on {trunk.name!r}: each of its numbers has a route of its own"
                yield route.place("did"), text, "remove it, or one of those"
                break


@rule("J004")
def caller_never_comes(site: Site) -> Iterator[Fault]:
    """A caller's number is written as a phone here dials it."""
    for route in site.inbound_routes:
        if not route.caller_id or not is_number(route.caller_id):
            continue
        trunks = [trunk for trunk in site.trunks if route in routes(site, trunk)]
        if trunks and not any(can_come(route.caller_id, trunk.caller_id_in, site) for trunk in trunks):
            text = f"no call comes from {route.caller_id}: callers' numbers are made what a phone here dials"
            yield (
                route.place("caller_id"),
                text,
                "write it so, with the trunk prefix or the international prefix",
            )
