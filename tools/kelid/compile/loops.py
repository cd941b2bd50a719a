"""Which extensions can send a call round in a circle that no caller chose."""

from __future__ import annotations

from collections.abc import Iterable

from kelid.model.destination import Destination
from kelid.model.site import Site


def loops(site: Site) -> frozenset[str]:
    """Return the numbers of the extensions that a call can come back to without the caller pressing anything.

    A menu's entries are the caller's own choice and don't count; what follows its timeout does.
    """
    graph: dict[str, set[str]] = {}

    def edge(source: str, destinations: Iterable[Destination]) -> None:
        graph[source] = {f"{target.kind}:{target.name}" for target in destinations}

    for extension in site.extensions:
        edge(f"extension:{extension.number}", (extension.busy, extension.no_answer, extension.unavailable))
    for queue in site.queues:
        edge(f"queue:{queue.name}", (queue.destination,))
    for ivr in site.ivrs:
        edge(f"ivr:{ivr.name}", (ivr.timeout_destination, ivr.invalid_destination))
    for announcement in site.announcements:
        edge(f"announcement:{announcement.name}", (announcement.destination,))
    for schedule in site.schedules:
        edge(
            f"schedule:{schedule.name}",
            (schedule.open_destination, schedule.closed_destination, schedule.holiday_destination),
        )
    return frozenset(
        extension.number for extension in site.extensions if _returns(graph, f"extension:{extension.number}")
    )


def _returns(graph: dict[str, set[str]], start: str) -> bool:
    seen: set[str] = set()
    todo = list(graph.get(start, ()))
    while todo:
        node = todo.pop()
        if node == start:
            return True
        if node not in seen:
            seen.add(node)
            todo += graph.get(node, ())
    return False
