"""All that a site's calls do, and which of them a change makes do something else."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from kelid.findings import Exit, KelidError
from kelid.model.behaviour import Behaviour, BehaviourChange, CallChange
from kelid.model.pbx import Pbx
from kelid.model.record import replace
from kelid.model.trace import Event
from kelid.pipeline import Checked, check, check_at

if TYPE_CHECKING:
    from kelid.pipeline.witnesses import House

SECONDS = 240.0
"""Seconds of processor time after which what is still open is said to be left out."""


def behaviour(
    pbx: Pbx,
    today: date,
    *,
    zone: str = "",
    way_in: str = "",
    context: str = "",
    exten: str = "",
    seconds: float = SECONDS,
) -> Behaviour:
    """Return all that the calls of a PBX do, from every way in; with ``way_in`` or ``context`` from that one only."""
    from kelid.simulate.graph import graph_of

    made = graph_of(pbx, today, zone=zone, way_in=way_in, context=context, exten=exten, seconds=seconds)
    if not made.roots:
        if not way_in:
            raise KelidError("the dial plan has no context that calls could come to", exit=Exit.USAGE)
        raise KelidError(f"there is no way in {way_in!r}", exit=Exit.USAGE)
    return made


def behaviour_change(
    before: Pbx | None,
    after: Pbx | None,
    today: date,
    *,
    zone: str = "",
    context: str = "",
    exten: str = "",
    seconds: float = SECONDS,
    house: House | None = None,
) -> BehaviourChange:
    """Return which calls do something else: none of them for certain, these, or what could not be decided.

    ``house`` says how ``kelid trace`` is told of both sides; with it each change gets a witness, where one is found.
    """
    from kelid.compare.behaviour import change_of
    from kelid.simulate.pairs import Pairs, ways_of

    if before is None or after is None:
        ways = ways_of(after or before)
        return change_of((), added=ways if before is None else (), removed=ways if after is None else ())
    if before == after:
        return change_of(())  # whatever can't be decided of it, it is the same
    begin = time.process_time()
    pairs = Pairs(before, after, today, zone=zone, seconds=seconds)
    added, removed = pairs.walk_all(context, exten)
    sounds = Sounds(before, after)
    changes = [sounds.named_in(one) for one in pairs.changes()]
    made = change_of(changes, undecided=[*pairs.undecided, *pairs.not_covered], added=added, removed=removed)
    if house is None or not made.changes:
        return made
    from kelid.pipeline.witnesses import with_witnesses

    return with_witnesses(made, house, sounds, spent=time.process_time() - begin)


class Sounds:
    """Calls sounds of a site by their files there, and not by digests (``Media.name``).

    A file that is another sound now has the beginning of its digest beside its name, or nothing would seem to change.
    """

    def __init__(self, before: Pbx, after: Pbx) -> None:
        """Given both sides, find the files."""
        self._sides = tuple({media.name: media for media in pbx.media} for pbx in (before, after))
        sources = {media.source: media.name for media in self._sides[0].values()}
        self._changed = {
            media.source
            for media in self._sides[1].values()
            if sources.get(media.source, media.name) != media.name
        }

    def named(self, event: Event, side: int) -> Event:
        """Return an event of a side (0: before, 1: after) with its sounds named."""
        if event.kind != "hears":
            return event
        parts = []
        for part in event.subject.split("&"):
            media = self._sides[side].get(part.rpartition("/")[2])
            beside = f" ({media.name[:8]})" if media and media.source in self._changed else ""
            parts.append(f"{media.source.removeprefix('media/')}{beside}" if media else part)
        return event._replace(subject="&".join(parts))

    def named_in(self, one: CallChange) -> CallChange:
        """Return a change with its sounds named."""
        return replace(
            one,
            since=tuple(self.named(event, 1) for event in one.since),
            before=tuple(self.named(event, 0) for event in one.before),
            after=tuple(self.named(event, 1) for event in one.after),
        )


def site_change(
    sites: Path,
    site: str,
    before: str,
    after: str | None,
    today: date,
    *,
    options: Sequence[str] = (),
    seconds: float = SECONDS,
) -> BehaviourChange:
    """Given two revisions (``after`` None: the working tree), return which calls of the site change, with witnesses.

    ``options`` are those by which ``kelid trace`` finds the site. Raise KelidError if one of the revisions is not valid.
    """
    old = check_at(sites, site, before)
    new: Checked | None
    if after is not None:
        new = check_at(sites, site, after)
    else:
        new = check(sites, site) if (sites / site / "site.yml").is_file() else None
    if old is None or new is None:
        return behaviour_change(old.pbx if old else None, new.pbx if new else None, today, seconds=seconds)
    from kelid.pipeline.witnesses import Sites

    house = Sites(old, new, (before, after), options)
    return behaviour_change(old.pbx, new.pbx, today, zone=house.zone, seconds=seconds, house=house)


def tree_change(
    before: Path,
    after: Path,
    today: date,
    *,
    context: str = "",
    exten: str = "",
    seconds: float = SECONDS,
) -> BehaviourChange:
    """Given two configuration folders, return which calls change, with witnesses."""
    from kelid.pipeline.trees import tree
    from kelid.pipeline.witnesses import Trees

    old, new = tree(before).pbx, tree(after).pbx
    house = Trees(old, new, paths=(before, after))
    return behaviour_change(old, new, today, context=context, exten=exten, seconds=seconds, house=house)
