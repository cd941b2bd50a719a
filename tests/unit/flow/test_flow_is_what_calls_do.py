"""A call flow is true: every way that the oracle sees a call take is drawn, and every way that is drawn is taken."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from kelid import pipeline
from kelid.flow import site_flow
from kelid.model.call import DEVICE_STATES, World
from kelid.model.moments import moment
from kelid.model.numbers import direct_dials, internal_numbers
from kelid.model.record import replace
from kelid.model.site import Site
from kelid.pipeline.calls import Dialled, happenings, legend, site_call
from kelid.simulate import simulate

SITES = Path(__file__).resolve().parents[3] / "sites"

DRAWN = {
    "schedule",
    "ivr",
    "announcement",
    "queue",
    "ring_group",
    "extension",
    "voicemail",
    "directory",
    "fax",
    "callback",
}
"""Kinds of places that a call is seen to come to."""

CALLERS = ("02144556677", "09123330001", "09133330001", "09121115678")
"""One of no matter, and those whom sites know."""

TIMES = {
    "noor-clinic": ("1405-09-07 09:00", "1405-09-13 10:00", "1406-01-02 10:00"),
    "brightwater-hotel": ("2026-12-07 12:30", "2026-12-07 23:30", "2026-12-28 16:00", "2027-01-12 12:30"),
    "atlas-isfahan": ("1405-09-07 09:00", "1405-09-13 10:00", "1406-01-02 10:00"),
    "atlas-trading": ("1405-09-07 09:00", "1405-09-13 10:00", "1406-01-02 10:00"),
    "sepehr-call-centre": ("1405-09-07 09:00", "1405-09-13 10:00", "1406-01-02 10:00"),
}


def keys(site: Site) -> Iterator[tuple[str, ...]]:
    """Yield what can be pressed in the menus, one after the other: nothing, a wrong key, each key and number, two."""
    known = sorted({entry.digits for ivr in site.ivrs for entry in ivr.entries})
    numbers = sorted({item.number for ivr in site.ivrs for item in direct_dials(site, ivr)})
    yield ("",) * 12
    yield ("8",) * 12
    for key in (*known, *numbers):
        yield (key, *("",) * 12)
    for key in known:
        yield (key, *("8",) * 12)
        yield from ((key, other, *("",) * 12) for other in (*known, *numbers))
    if any(
        entry.digits == "1" and entry.destination.kind == "ivr" for ivr in site.ivrs for entry in ivr.entries
    ):
        yield from (("1", one, other, *("",) * 12) for one in known for other in known)


def worlds(site: Site) -> Iterator[World]:
    """Yield worlds in which everybody does the same, queues end in every way, and schedules are overridden."""
    for state in DEVICE_STATES:
        yield World(otherwise=state)
    for status in ("TIMEOUT", "FULL", "JOINEMPTY", "LEAVEEMPTY"):
        yield World(answers={"queue": status}, otherwise="no_answer")
    for queue in site.queues:
        for key in queue.keys:
            yield World(answers={"queue": key.digit}, otherwise="no_answer")
    for schedule in site.schedules:
        if schedule.override:
            yield World(database={f"NIGHT/{schedule.name}": "closed"})
    yield World(answers={"voicemail": "0"}, otherwise="no_answer")


def transitions(site: Site, name: str) -> Iterator[tuple[str, str]]:
    """Yield every way that some call takes from one place to the next: from outside, and from a phone inside."""
    pbx = pipeline.check(SITES, name).pbx
    words = legend(site)
    every_world = list(worlds(site))

    def taken(start: str, did: str, time: str, caller: str, world: World) -> Iterator[tuple[str, str]]:
        at = moment(time, site.time_zone)
        trace = simulate(pbx, site_call(site, pbx, start, Dialled(did, at, caller)), world)
        assert trace.end != "unknown", trace.unknown
        before = start if start.startswith("trunk:") else ""
        for item in happenings(trace, words):
            if item.kind == "reached" and not trace.steps[item.step].channel:
                here = f"{item.about[0][0]}:{item.about[0][1]}"
                if before:
                    yield before, here
                before = here

    first = TIMES[name][0]
    deep = [World(otherwise="no_answer"), World(answers={"queue": "TIMEOUT"}, otherwise="no_answer")]
    pressing = [world for world in every_world if not world.database]
    for trunk in site.trunks:
        if trunk.internal:
            continue
        numbers = [number for did in trunk.dids for number in did.split("-")]
        numbers += [
            route.did for route in site.inbound_routes if route.did and route.trunk in {"", trunk.name}
        ]
        for did, time, caller in itertools.product(dict.fromkeys(numbers), TIMES[name], CALLERS):
            for world in every_world:
                yield from taken(f"trunk:{trunk.name}", did, time, caller, world)
            if time == first and caller == CALLERS[0]:
                for press, world in itertools.product(keys(site), pressing):
                    if len(press) > 13 and world not in deep:
                        continue
                    yield from taken(f"trunk:{trunk.name}", did, time, caller, replace(world, presses=press))
    numbers = [extension.number for extension in site.extensions[:40]]
    numbers += [item.number for item in internal_numbers(site) if item.use != "slot"]
    for number in numbers:
        phone = next(one.number for one in site.extensions if one.number != number)
        for world in every_world:
            yield from taken(f"extension:{phone}", number, first, "", world)


@pytest.mark.parametrize("name", sorted(TIMES))
def test_what_calls_do_is_drawn_and_nothing_else(name: str) -> None:
    site = pipeline.load(SITES, name)
    flow = site_flow(site, every=True)
    drawn = {(link.source.partition("~")[0], link.target.partition("~")[0]) for link in flow.links}
    taken = set(transitions(site, name))
    assert taken - drawn == set(), "calls go there, and no picture says so"
    kinds = {place.key.partition("~")[0]: place.kind for place in flow.places}
    wanted = {
        (source, target)
        for source, target in drawn
        if kinds[target] in DRAWN and kinds[source] in DRAWN | {"trunk"} and source != target
    }
    # Who is called back is another call, whom a directory finds is asked of the caller, and no caller here is a machine.
    left = {pair for pair in wanted - taken if pair[0].partition(":")[0] not in {"callback", "directory"}}
    left -= {(link.source, link.target) for link in flow.links if link.why == "fax_heard"}
    far = {f"extension:{extension.number}" for extension in site.extensions[40:]}
    assert {pair for pair in left if pair[0] not in far} == set(), "pictures say so, and no call goes there"
