"""Where calls can go at a site, for the rules of several topics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from kelid.model.numbers import internal_numbers
from kelid.model.site import Point, Site, Way

WAYS_IN = frozenset({"inbound_route"})
"""Kinds of objects that calls come in by; nothing leads back to them."""


def reachable(site: Site) -> set[Point]:
    """Return every point that a call from outside, or from a phone to another, can get to."""
    onward: dict[Point, list[Point]] = {}
    for way in site.ways:
        onward.setdefault(way.source, []).append(way.target)
    front = [("extension", extension.number) for extension in site.extensions]
    front += [(number.thing.KIND, number.thing.label) for number in internal_numbers(site)]
    front += [point for point in site.named if point[0] in WAYS_IN]
    reached = set(front)
    while front:
        for target in onward.get(front.pop(), ()):
            if target not in reached:
                reached.add(target)
                front.append(target)
    return reached


def loops(site: Site) -> Iterator[tuple[Way, tuple[Point, ...]]]:
    """Yield each loop that a call can go round by itself: a way in it, and its points in order. One per group of points."""
    graph = site.endless
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


def _way_back(graph: Mapping[Point, Sequence[Way]], start: Point) -> list[Way]:
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
