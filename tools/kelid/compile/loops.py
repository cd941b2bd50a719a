"""Which extensions can send a call round in a circle that no caller chose."""

from __future__ import annotations

from kelid.model.site import Point, Site


def loops(site: Site) -> frozenset[str]:
    """Return the numbers of the extensions that a call can come back to without the caller pressing anything.

    A menu's entries are the caller's own choice and don't count; what follows its timeout does.
    """
    graph: dict[Point, set[Point]] = {}
    for way in site.ways:
        if way.itself:
            graph.setdefault(way.source, set()).add(way.target)
    return frozenset(
        extension.number for extension in site.extensions if _returns(graph, ("extension", extension.number))
    )


def _returns(graph: dict[Point, set[Point]], start: Point) -> bool:
    seen: set[Point] = set()
    todo = list(graph.get(start, ()))
    while todo:
        node = todo.pop()
        if node == start:
            return True
        if node not in seen:
            seen.add(node)
            todo += graph.get(node, ())
    return False
