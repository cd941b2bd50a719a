"""The graph of all calls as a value of the model: points numbered as they come, sets and decisions in words."""

from __future__ import annotations

from datetime import date

from kelid.model.behaviour import Behaviour, Condition, Way, WayIn
from kelid.model.behaviour import Node as Point
from kelid.model.pbx import Pbx
from kelid.model.trace import Event
from kelid.simulate.describe import Words, free, named
from kelid.simulate.explore import Explorer
from kelid.simulate.walked import Link
from kelid.simulate.ways_in import entrance, entrances


def graph_of(
    pbx: Pbx,
    today: date,
    *,
    zone: str = "",
    way_in: str = "",
    context: str = "",
    exten: str = "",
    seconds: float = 0.0,
) -> Behaviour:
    """Walk all calls of a PBX and return the graph; with ``way_in`` or ``context`` those from there."""
    explorer = Explorer((pbx,), today, zone=zone, seconds=seconds)
    roots: list[tuple[WayIn, int]] = []
    for one in (entrance(context),) if context else entrances(pbx):
        if way_in and way_in not in (one.name, *one.names, f"{one.kind}:{one.name}"):
            continue
        way = WayIn(kind=one.kind, name=one.name, names=one.names, context=one.context)
        roots.append((way, explorer.root(explorer.case((one,), one.names, exten or None))))
    explorer.walk()
    words = Words(explorer.shared.automaton, explorer.times)
    nodes: list[Point] = []
    extra: list[Point] = []
    first_extra = len(explorer.points)
    for point in explorer.points:
        ways = _ways(words, point.links, 0, extra, first_extra)
        nodes.append(Point(tuple(map(_shown, point.events)), ways, point.end))
    return Behaviour(
        site=pbx.site,
        zone=explorer.times.zone,
        roots=tuple(roots),
        nodes=(*nodes, *extra),
        not_covered=tuple(explorer.not_covered),
    )


def _ways(
    words: Words, links: list[Link], depth: int, extra: list[Point], first_extra: int
) -> tuple[Way, ...]:
    """Return the ways on from a point. A step with several decisions in a row gets a point for each of them."""
    rows: dict[Condition, list[Link]] = {}
    for link in links:
        if depth >= len(link.chosen):
            return tuple(
                Way(Condition("free", "", ""), tuple(map(_shown, one.events)), one.target) for one in links
            )
        chosen = link.chosen[depth]
        condition = next(words.condition(chosen), None) or free(chosen)
        rows.setdefault(condition, []).append(link)
    made: list[Way] = []
    for condition, some in rows.items():
        if len(some) == 1 and len(some[0].chosen) == depth + 1:
            made.append(Way(condition, tuple(map(_shown, some[0].events)), some[0].target))
        else:
            further = _ways(words, some, depth + 1, extra, first_extra)
            extra.append(Point((), further))
            made.append(Way(condition, (), first_extra + len(extra) - 1))
    return tuple(made)


def _shown(event: Event) -> Event:
    """Return the event with something readable for what isn't decided in it."""
    return Event(event.kind, named(event.subject), tuple((key, named(value)) for key, value in event.details))
