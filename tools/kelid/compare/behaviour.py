"""Group the places where calls part, so that people read each change once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kelid.model.behaviour import BehaviourChange, CallChange, WayIn
from kelid.model.record import replace
from kelid.model.trace import Event

NOT_SAID = frozenset({"keeps", "log", "lamp", "tone", "answered", "keys"})
"""Events that tell little of where a call goes."""


def change_of(
    partings: Iterable[CallChange],
    *,
    undecided: Sequence[str] = (),
    added: Sequence[WayIn] = (),
    removed: Sequence[WayIn] = (),
) -> BehaviourChange:
    """Given every place where calls part, return the changes as people tell them.

    Places of one way in, number, caller and time are one change: the one with the fewest conditions speaks for them. What is
    the same from several ways in follows each other.
    """
    groups: dict[tuple[object, ...], CallChange] = {}
    for one in partings:
        key = (
            one.way_in.kind,
            one.way_in.names or one.way_in.name,
            one.dialled,
            one.caller,
            one.time,
            told(one.before)[:1],
        )
        known = groups.get(key)
        if known is None or (len(one.conditions), len(one.after)) < (len(known.conditions), len(known.after)):
            groups[key] = one
    merged: dict[tuple[object, ...], CallChange] = {}
    for one in groups.values():
        same: tuple[object, ...] = (
            one.way_in.kind,
            one.way_in.names or one.way_in.name,
            one.caller,
            one.time,
            told(one.before),
            told(one.after),
        )
        known = merged.get(same)
        merged[same] = (
            one
            if known is None
            else replace(
                known,
                dialled=f"{known.dialled}; {one.dialled}" if one.dialled != known.dialled else known.dialled,
            )
        )
    return BehaviourChange(
        changes=tuple(merged.values()),
        undecided=tuple(dict.fromkeys(undecided)),
        added=tuple(added),
        removed=tuple(removed),
    )


def told(events: Iterable[Event]) -> tuple[str, ...]:
    """Return what is told of events, for comparing: those that say where a call goes."""
    return tuple(
        f"{event.kind} {event.subject} {event.details}" for event in events if event.kind not in NOT_SAID
    )
