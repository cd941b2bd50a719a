"""Calls that leave without a phone of the site: where they are sent, which route takes them, and how callers get there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kelid.findings import Where
from kelid.model.patterns import parse
from kelid.model.site import InboundRoute, Ivr, OutboundRoute, PermissionClass, Point, Site, Way

_ORDER = {"emergency": 0, "premium": 1, "international": 2}
"""The order in which the routes of a class are asked; the rest as the class names them."""


class CallOutside(NamedTuple):
    """A number outside that calls are sent to, the point from which, and the class that pays."""

    source: Point
    number: str
    permission_class: str
    where: Where
    way: Way | None = None

    @property
    def text(self) -> str:
        """Return it as a destination is written."""
        return f"external:{self.number}@{self.permission_class}"


def calls_outside(site: Site) -> Iterator[CallOutside]:
    """Yield every number outside that the site's YAML sends calls to."""
    for way in site.ways:
        if way.destination.kind == "external":
            destination = way.destination
            yield CallOutside(way.source, destination.name, destination.permission_class, way.where, way)
    for group in site.ring_groups:
        for member in group.members:
            if member.external:
                source = ("ring_group", group.name)
                yield CallOutside(source, member.external, member.permission_class, member.place("external"))
    for extension in site.extensions:
        for number in extension.follow_me.numbers if extension.follow_me else ():
            if number.external:
                source, payer = ("extension", extension.number), extension.permission_class
                yield CallOutside(source, number.external, payer, number.place("external"))


def in_order(site: Site, item: PermissionClass) -> list[OutboundRoute]:
    """Return the routes that a class may use, emergency routes too, in the order in which they are asked."""
    routes = {route.name: route for route in site.outbound_routes}
    own = [route for route in site.outbound_routes if route.emergency]
    own += [routes[name] for name in item.routes if name in routes and not routes[name].emergency]
    return sorted(own, key=lambda route: _ORDER.get(route.kind, 3))


def route_of(site: Site, item: PermissionClass, number: str) -> OutboundRoute | None:
    """Return the route by which a call of the class to the number would leave, or None."""
    for route in in_order(site, item):
        for pattern in route.patterns:
            try:
                if parse(pattern.match).takes(number):
                    return route
            except ValueError:
                continue
    return None


def path_from_outside(site: Site, point: Point, last: Way | None) -> list[str]:
    """Return the shortest way by which a caller from outside gets to a point, in words; the point alone if there is none.

    ``mokhaberat 02188001234``, ``schedule office``, ``ivr main, key 9``. ``last`` is the way on from the point.
    """
    came: dict[Point, Way | None] = {(route.KIND, route.name): None for route in site.inbound_routes}
    onward: dict[Point, list[Way]] = {}
    for way in site.ways:
        onward.setdefault(way.source, []).append(way)
    front = list(came)
    while front and point not in came:
        following = []
        for each in front:
            for way in onward.get(each, ()):
                if way.target not in came:
                    came[way.target] = way
                    following.append(way.target)
        front = following
    if point not in came:
        return [_words(site, point, last)]
    words: list[str] = []
    here, onto = point, last
    while True:
        words.insert(0, _words(site, here, onto))
        onto = came[here]
        if onto is None:
            return words
        here = onto.source


def _words(site: Site, point: Point, onto: Way | None) -> str:
    """Return a point in words, with the key that a caller presses there to go on."""
    kind, name = point
    if kind == InboundRoute.KIND:
        route = next(item for item in site.inbound_routes if item.name == name)
        return f"{route.trunk} {route.did}".strip() or f"inbound route {name}"
    key = ""
    if onto and isinstance(onto.owner, Ivr):
        entries = onto.owner.entries
        key = next((entry.digits for entry in entries if entry.destination is onto.destination), "")
    return f"{kind.replace('_', ' ')} {name}" + (f", key {key}" if key else "")
