"""From a change that the behaviour diff names to a call that can be placed; and whether a call is one that it names.

The diff speaks of sets: numbers, times, answers of the world. A *witness* is one call of such a set in one world, with nothing
left open, for which the oracle sees both dial plans part. The diff looks for one itself (``kelid.simulate.witnesses``); here is
which of them a lab can place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from fidelity.sites import nobody_logged_in
from kelid.compare.behaviour import NOT_SAID
from kelid.model.behaviour import BehaviourChange, CallChange
from kelid.model.call import DEVICE_STATES, Call, World
from kelid.model.pbx import Pbx
from kelid.model.record import replace
from kelid.model.trace import Trace
from kelid.pipeline.behaviour import Sounds
from kelid.pipeline.calls import Dialled, endpoint_call
from kelid.pipeline.witnesses import Trees, partings
from kelid.simulate import simulate
from kelid.simulate import witnesses as search
from kelid.simulate.noticed import noticed

TRIES = 500
"""Runs of both sides for one change."""

ALWAYS = {"directory": "", "park": "comes back", "fax": "FAILED", "pickup": "none"}
"""What the lab's callers do in any case: nobody spells a name, fetches a call, or has a fax to send."""

CAN_BE_MADE = frozenset(
    {"dial", "key", "device", "database", "database-has", "database-keys", "contacts", "global", "talk", "cdr",
     "read-file", "directory", "park", "fax", "pickup"}
)  # fmt: skip
"""Questions to which the lab's phones, astdb and callers give any answer of a World; others only in their ordinary way."""

EVENTS_OF_A_CALL = frozenset(NOT_SAID - {"tone"})


class Witness(NamedTuple):
    """A call and its world, with what both dial plans do in it."""

    call: Call
    world: World
    before: Trace
    after: Trace


class Sides(NamedTuple):
    """The two dial plans."""

    before: Pbx
    after: Pbx
    zone: str


def told(trace: Trace) -> tuple[tuple[object, ...], ...]:
    """Return what people notice of a call, to be compared."""
    return tuple(
        (event.kind, event.subject, event.details)
        for event in trace.events
        if event.kind not in EVENTS_OF_A_CALL
    )


def taken(trace: Trace) -> tuple[object, ...]:
    """Return the steps of a call without the places at which they stand."""
    return tuple((step.channel, step.app.lower(), step.data) for step in trace.steps)


def parts(sides: Sides, call: Call, world: World) -> Witness | None:
    """Return the call as a witness if people notice that both sides do something else, and the oracle knows all of it."""
    found = witness_of(sides, call, world)
    known = all(trace.end not in ("unknown", "loop") for trace in (found.before, found.after))
    return found if known and told(found.before) != told(found.after) else None


def witness_of(sides: Sides, call: Call, world: World) -> Witness:
    """Return what both sides do with a call; each takes it as its own endpoints say."""
    before, after = (seen_by(pbx, call) for pbx in (sides.before, sides.after))
    return Witness(call, world, simulate(sides.before, before, world), simulate(sides.after, after, world))


def seen_by(pbx: Pbx, call: Call) -> Call:
    """Return the call as a PBX takes it: its context, caller ID and variables are those of its endpoint there."""
    if call.technology != "PJSIP":
        return call
    trunk = (
        next(one for one in pbx.sections("pjsip.conf", "endpoint") if one.name == call.endpoint).get(
            "callerid"
        )
    ) is None
    return endpoint_call(
        pbx, call.endpoint, Dialled(number=call.exten, at=call.at, caller=call.caller if trunk else "")
    )


def is_noticed(found: Witness) -> bool:
    """Return True if people notice the difference: who rings, and for how long, is none where nobody can be reached."""
    before, after = (
        told(replace(trace, events=tuple(noticed(trace.events, found.world))))
        for trace in (found.before, found.after)
    )
    return before != after


def can_be_made(found: Witness) -> bool:
    """Return True if a lab's phones and callers can bring about all that both sides ask for."""
    for trace in (found.before, found.after):
        for asked in trace.asked:
            question = asked.question
            if question.kind in CAN_BE_MADE or not question.answers:
                continue
            if asked.answer == question.answers[0] or question.kind in found.world.answers:
                continue
            if question.kind == "queue" and asked.answer in ("TIMEOUT", "JOINEMPTY", "ANSWERED"):
                continue
            return False
    return True


# -- which calls are named


def is_named(change: BehaviourChange, endpoint: str, exten: str) -> bool:
    """Return True if calls of an endpoint to a number may be among those that change; in doubt they are."""
    if any(endpoint in (way.name, *way.names) for way in (*change.added, *change.removed)):
        return True
    return any(
        endpoint in (one.way_in.name, *one.way_in.names) and says(one.dialled, exten)
        for one in change.changes
    )


def says(words: str, exten: str) -> bool:
    """Return True if a number may be among those that the words of a change name (``Words.numbers``)."""
    return not words or any(_says(one.strip(), exten) for one in words.split("; "))


def _says(words: str, exten: str) -> bool:
    if "such as" in words:
        return True
    if words.startswith("any but "):
        return exten not in words[8:].split(", ")
    if ", " in words or not re.search(r"[XNZ\[.?]", words):
        return exten in words.split(", ")
    pattern = (
        re.escape(words)
        .replace(r"\.\.\.", r".*")
        .replace(r"\?", ".")
        .replace("X", "[0-9]")
        .replace("N", "[2-9]")
        .replace("Z", "[1-9]")
    )
    pattern = pattern.replace(r"\[", "[").replace(r"\]", "]").replace(r"\-", "-")
    try:
        return re.fullmatch(pattern, exten) is not None
    except re.error:
        return True


# -- a witness of a change


def witnesses(sides: Sides, change: CallChange, end: float) -> Iterator[Witness]:
    """Yield calls of a change for which the oracle sees both sides part, and that can be placed in a lab.

    The search is the diff's own. ``end``: when to give up, by ``time.process_time``.
    """
    base = World(answers=ALWAYS | nobody_logged_in(sides.before) | nobody_logged_in(sides.after))
    house = Trees(sides.before, sides.after, sides.zone)
    both, names = search.sides(sides.before, sides.after), Sounds(sides.before, sides.after)
    for start, found in partings(change, house, both, names, tries=TRIES, end=end, base=base):
        made = Witness(start.calls[1], found.world, *found.traces)
        if is_noticed(made) and in_a_lab(found.world, base) and can_be_made(made):
            yield made


def in_a_lab(world: World, base: World) -> bool:
    """Return True if a lab brings a world about: by phones, astdb and keys, with no other answers than its callers give."""
    return (
        world.answers == base.answers
        and not world.in_use
        and all("@" not in name and state in DEVICE_STATES for name, state in world.devices.items())
    )
