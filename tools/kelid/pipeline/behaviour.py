"""All that a site's calls do, and which of them a change makes do something else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from kelid.findings import Exit, KelidError
from kelid.model.behaviour import Behaviour, BehaviourChange, CallChange
from kelid.model.pbx import Media, Pbx
from kelid.model.record import replace
from kelid.model.trace import Event
from kelid.pipeline import Checked, check, check_at

SECONDS = 60.0
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
) -> BehaviourChange:
    """Return which calls do something else: none of them for certain, these, or what could not be decided."""
    from kelid.compare.behaviour import change_of
    from kelid.simulate.pairs import Pairs, ways_of

    if before is None or after is None:
        ways = ways_of(after or before)
        return change_of((), added=ways if before is None else (), removed=ways if after is None else ())
    pairs = Pairs(before, after, today, zone=zone, seconds=seconds)
    added, removed = pairs.walk_all(context, exten)
    changes = with_sounds_named(pairs.changes(), before, after)
    return change_of(changes, undecided=[*pairs.undecided, *pairs.not_covered], added=added, removed=removed)


def with_sounds_named(changes: Sequence[CallChange], before: Pbx, after: Pbx) -> list[CallChange]:
    """Return the changes with sounds of the site called by their files there, and not by digests (``Media.name``).

    A file that is another sound now has the beginning of its digest beside its name, or nothing would seem to change.
    """
    old, new = ({media.name: media for media in pbx.media} for pbx in (before, after))
    sources = {media.source: media.name for media in old.values()}
    changed = {media.source for media in new.values() if sources.get(media.source, media.name) != media.name}

    def named(event: Event, known: Mapping[str, Media]) -> Event:
        if event.kind != "hears":
            return event
        parts = []
        for part in event.subject.split("&"):
            media = known.get(part.rpartition("/")[2])
            beside = f" ({media.name[:8]})" if media and media.source in changed else ""
            parts.append(f"{media.source.removeprefix('media/')}{beside}" if media else part)
        return event._replace(subject="&".join(parts))

    return [
        replace(
            one,
            since=tuple(named(event, new) for event in one.since),
            before=tuple(named(event, old) for event in one.before),
            after=tuple(named(event, new) for event in one.after),
        )
        for one in changes
    ]


def site_change(sites: Path, site: str, before: str, after: str | None, today: date) -> BehaviourChange:
    """Given two revisions (``after`` None: the working tree), return which calls of the site change.

    Raise KelidError if one of the revisions is not valid.
    """
    old = check_at(sites, site, before)
    new: Checked | None
    if after is not None:
        new = check_at(sites, site, after)
    else:
        new = check(sites, site) if (sites / site / "site.yml").is_file() else None
    zone = (new or old).site.time_zone if (new or old) is not None else ""  # type: ignore[union-attr]
    return behaviour_change(old.pbx if old else None, new.pbx if new else None, today, zone=zone)
