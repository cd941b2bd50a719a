"""Every single call is one of all calls: what it does can be read off the graph, from its way in to its end.

The graph forgets on its way what is hardly ever asked again; it may hold more than there is, and never less.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from fidelity.sites import Ways, site_pbx
from kelid.model.pbx import Pbx
from kelid.model.record import replace
from kelid.model.trace import Event
from kelid.simulate import explore, simulate
from kelid.simulate.explore import Explorer
from kelid.simulate.symbols import ATOM
from kelid.simulate.walked import Point
from kelid.simulate.ways_in import entrances

SITES = Path(__file__).parents[3] / "sites"
TODAY = date(2026, 11, 26)

QUIET = frozenset({"keeps", "lamp", "log", "keys", "limit"})
"""What is left out: values that are kept, and keys as they were pressed."""


def fits(shown: str, said: str) -> bool:
    """Return True if a text of the graph, with what isn't decided in it, may be this one."""
    if shown == said:
        return True
    pattern = "".join(
        ".*" if ATOM.match(part) else re.escape(part) for part in re.split(f"({ATOM.pattern})", shown)
    )
    return re.fullmatch(pattern, said, re.DOTALL) is not None


def same(shown: Event, said: Event) -> bool:
    """Return True if an event of the graph may be this one of a call."""
    if shown.kind != said.kind:
        return False
    if shown.kind == "hangup":
        return True  # the cause of a call that was answered isn't kept
    if shown.kind == "rings":
        # Of a list that was gathered on the way the graph shows all who may be in it.
        mine, theirs = said.subject.split("&"), shown.subject.split("&")
        return all(any(fits(one, other) for one in theirs) for other in mine)
    return fits(shown.subject, said.subject)


def is_among(points: list[Point], root: int, events: list[Event]) -> int:
    """Follow the events through the graph. Return how many of them were found: all, or up to where no way goes on.

    A point that wasn't walked any further may be followed by anything.
    """
    row = {(root, 0)}
    seen: set[tuple[int, int]] = set()
    furthest = 0
    while row:
        number, at = row.pop()
        if (number, at) in seen:
            continue
        seen.add((number, at))
        point = points[number]
        after = passed(point.events, events, at)
        if after < 0:
            continue
        furthest = max(furthest, after)
        if point.end == "open":
            return len(events)
        if point.end:
            if after == len(events):
                return after
            continue
        for link in point.links:
            beyond = passed(link.events, events, after)
            if beyond >= 0:
                row.add((link.target, beyond))
    return furthest - (furthest == len(events))


def passed(shown: tuple[Event, ...], events: list[Event], at: int) -> int:
    """Return the place after some events of the graph, -1 where the call does something else."""
    for event in shown:
        if event.kind in QUIET:
            continue
        if at >= len(events) or not same(event, events[at]):
            return -1
        at += 1
    return at


def followed(pbx: Pbx, graphs: Mapping[str, tuple[list[Point], int]], count: int) -> int:
    """Take calls by chance and follow each through the graph of its way in. Return how many had one."""
    ways = Ways(pbx)
    rng = random.Random(7)  # noqa: S311 - calls by chance, not secrets
    found_all = 0
    for _ in range(count):
        call, presses = ways.call(rng, ways.moment(rng))
        if call.endpoint not in graphs:
            continue
        trace = simulate(pbx, call, replace(ways.world(rng), presses=presses))
        events = [event for event in trace.events if event.kind not in QUIET]
        found = is_among(*graphs[call.endpoint], events)
        assert found == len(events), (call, presses, events[: found + 1], trace.steps[-6:])
        found_all += 1
    return found_all


@pytest.mark.parametrize("site", ["noor-clinic", "atlas-isfahan"])
def test_each_call_is_among_all(site: str) -> None:
    """Hundreds of calls from phones and trunks at any time, in worlds of all kinds."""
    pbx, _ = site_pbx(SITES, site)
    explorer = Explorer((pbx,), TODAY)
    roots = {}
    for one in entrances(pbx):
        root = explorer.root(explorer.case((one,), one.names))
        roots.update(dict.fromkeys((*one.names, one.name), root))
    explorer.walk()
    assert not explorer.not_covered
    assert followed(pbx, {name: (explorer.points, root) for name, root in roots.items()}, 300) > 200


@pytest.mark.parametrize("site", ["sepehr-call-centre", "brightwater-hotel", "atlas-trading"])
def test_each_call_is_among_those_that_were_walked(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of large sites the first points of each trunk: no call leads to where the graph knows nothing of it."""
    monkeypatch.setattr(explore, "MOST_NODES", 1200)
    pbx, _ = site_pbx(SITES, site)
    graphs = {}
    for one in entrances(pbx):
        if one.kind == "trunk":
            explorer = Explorer((pbx,), TODAY)
            root = explorer.root(explorer.case((one,), one.names))
            explorer.walk()
            graphs.update(dict.fromkeys((*one.names, one.name), (explorer.points, root)))
    assert followed(pbx, graphs, 400) > 40
