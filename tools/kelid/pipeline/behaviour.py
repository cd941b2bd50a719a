"""All that a site's calls do, and which of them a change makes do something else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from kelid.findings import Exit, KelidError
from kelid.model.behaviour import Behaviour, BehaviourChange
from kelid.model.pbx import Pbx
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
    changes = pairs.changes()
    return change_of(changes, undecided=[*pairs.undecided, *pairs.not_covered], added=added, removed=removed)


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
