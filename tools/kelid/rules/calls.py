"""Where calls can go at a site: every destination with what leads there, for the rules of several topics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kelid.findings import Where
from kelid.model.destination import Destination
from kelid.model.site import Site

Point = tuple[str, str]
"""A place that calls pass through: kind and name, ``("ivr", "main")``."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way on: from a point (or from outside) to a destination. ``itself``: taken without anyone pressing a key."""

    source: Point
    destination: Destination
    itself: bool

    @property
    def target(self) -> Point:
        """Return the point that the way leads to."""
        return (self.destination.kind, self.destination.name)

    @property
    def where(self) -> Where:
        """Return where the way is written."""
        return self.destination.where


def ways(site: Site) -> Iterator[Way]:
    """Yield every way that a call can take from one point to the next."""
    for route in site.inbound_routes:
        yield Way(("inbound route", route.name), route.destination, True)
    for extension in site.extensions:
        source = ("extension", extension.number)
        for destination in (extension.no_answer, extension.busy, extension.unavailable):
            yield Way(source, destination, True)
    for queue in site.queues:
        yield Way(("queue", queue.name), queue.destination, True)
    for ivr in site.ivrs:
        source = ("ivr", ivr.name)
        for entry in ivr.entries:
            yield Way(source, entry.destination, False)
        yield Way(source, ivr.timeout_destination, True)
        yield Way(source, ivr.invalid_destination, True)
    for announcement in site.announcements:
        yield Way(("announcement", announcement.name), announcement.destination, True)
    for schedule in site.schedules:
        source = ("schedule", schedule.name)
        for destination in (
            schedule.open_destination,
            schedule.closed_destination,
            schedule.holiday_destination,
        ):
            yield Way(source, destination, True)


def points(site: Site) -> dict[Point, Where]:
    """Return every point that a destination can name, and where it is written."""
    found: dict[Point, Where] = {}
    found |= {("extension", item.number): item.where for item in site.extensions}
    found |= {("voicemail", item.number): item.voicemail.where for item in site.extensions if item.voicemail}
    found |= {("queue", item.name): item.where for item in site.queues}
    found |= {("ivr", item.name): item.where for item in site.ivrs}
    found |= {("announcement", item.name): item.where for item in site.announcements}
    found |= {("schedule", item.name): item.where for item in site.schedules}
    return found


def reachable(site: Site) -> set[Point]:
    """Return every point that a call from outside, or from a phone to another, can get to."""
    onward: dict[Point, list[Point]] = {}
    for way in ways(site):
        onward.setdefault(way.source, []).append(way.target)
    front = [("extension", extension.number) for extension in site.extensions]
    front += [("inbound route", route.name) for route in site.inbound_routes]
    reached = set(front)
    while front:
        for target in onward.get(front.pop(), ()):
            if target not in reached:
                reached.add(target)
                front.append(target)
    return reached


def loops(site: Site) -> Iterator[tuple[Way, tuple[Point, ...]]]:
    """Yield each loop that a call can go round by itself: a way in it, and its points in order. One per group of points."""
    graph: dict[Point, list[Way]] = {}
    for way in ways(site):
        if way.itself and way.source[0] != "inbound route":
            graph.setdefault(way.source, []).append(way)
    done: set[Point] = set()
    for start in graph:
        if start in done:
            continue
        path = _way_back(graph, start)
        if path:
            done |= {way.source for way in path}
            first = min(path, key=lambda way: way.where)
            turn = path.index(first)
            yield first, tuple(way.source for way in path[turn:] + path[:turn])


def _way_back(graph: dict[Point, list[Way]], start: Point) -> list[Way]:
    """Return the shortest list of ways from a point back to itself; an empty one if there is none."""
    came: dict[Point, Way] = {}
    front = [start]
    while front:
        following: list[Point] = []
        for point in front:
            for way in graph.get(point, ()):
                if way.target == start:
                    path = [way]
                    while path[0].source != start:
                        path.insert(0, came[path[0].source])
                    return path
                if way.target not in came and way.target in graph:
                    came[way.target] = way
                    following.append(way.target)
        front = following
    return []
