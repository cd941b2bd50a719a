"""Which extensions can send a call round in a circle that no caller chose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kelid.model.site import Point, Site, Way


def loops(site: Site) -> frozenset[str]:
    """Return the numbers of the extensions that a call can come back to without the caller pressing anything.

    A menu's entries are the caller's own choice and don't count; what follows its timeout does.
    """
    graph = site.endless
    return frozenset(
        extension.number for extension in site.extensions if _returns(graph, ("extension", extension.number))
    )


def _returns(graph: Mapping[Point, Sequence[Way]], start: Point) -> bool:
    seen: set[Point] = set()
    todo = [start]
    while todo:
        for way in graph.get(todo.pop(), ()):
            if way.target == start:
                return True
            if way.target not in seen:
                seen.add(way.target)
                todo.append(way.target)
    return False
