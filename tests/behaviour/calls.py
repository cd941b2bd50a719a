"""From a change that the behaviour diff names to a call that can be placed; and whether a call is one that it names.

The diff speaks of sets: numbers, times, answers of the world. A *witness* is one call of such a set in one world, with nothing
left open. It is looked for among what the change says (its example and conditions) and the few things that it leaves open;
the oracle decides whether both dial plans really part for it.
"""

from __future__ import annotations

import itertools
import random
import re
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from fidelity.sites import nobody_logged_in
from kelid.compare.behaviour import NOT_SAID
from kelid.model.behaviour import BehaviourChange, CallChange
from kelid.model.call import (
    ANSWERS,
    BUSY,
    CONGESTION,
    NO_ANSWER,
    UNAVAILABLE,
    Call,
    World,
)
from kelid.model.pbx import Pbx
from kelid.model.trace import Trace
from kelid.pipeline.calls import Dialled, endpoint_call
from kelid.simulate import simulate

TRIES = 4000
"""Worlds that are tried for one change."""

STATES = {
    "ANSWER": ANSWERS, "BUSY": BUSY, "NOANSWER": NO_ANSWER, "CHANUNAVAIL": UNAVAILABLE, "CONGESTION": CONGESTION,
}  # fmt: skip
"""DIALSTATUS -> what the device does that makes it."""

ALWAYS = {"directory": "", "park": "comes back", "fax": "FAILED", "pickup": "none"}
"""What the lab's callers do in any case: nobody spells a name, fetches a call, or has a fax to send."""

CAN_BE_MADE = frozenset(
    {"dial", "key", "device", "database", "database-has", "database-keys", "contacts", "global", "talk", "cdr",
     "read-file", "directory", "park", "fax", "pickup"}
)  # fmt: skip
"""Questions to which the lab's phones, astdb and callers give any answer of a World; others only in their ordinary way."""

OPEN = "…"
"""What stands in an example where a part of a text is open."""

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
    if ", " in words or not re.search(r"[XNZ\[.]", words):
        return exten in words.split(", ")
    pattern = (
        re.escape(words)
        .replace(r"\.\.\.", r".*")
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


def witnesses(sides: Sides, change: CallChange, rng: random.Random, end: float) -> Iterator[Witness]:
    """Yield calls of a change for which the oracle sees both sides part, and that can be placed in a lab.

    ``end``: when to give up, by ``time.process_time``.
    """
    example = list(change.example)
    given = dict(example[:3])
    at = datetime.fromtimestamp(int(given.get("at", "0")), ZoneInfo(sides.zone) if sides.zone else UTC)
    calls = list(_calls(sides, change, given, at, example))
    worlds = list(itertools.islice(_worlds(sides, example, [call.exten for call in calls], rng), TRIES))
    tried = 0
    for world in worlds:
        for call in calls:
            tried += 1
            if tried > TRIES or time.process_time() > end:
                return
            found = parts(sides, call, world)
            if found is not None and can_be_made(found):
                yield found


def _calls(
    sides: Sides, change: CallChange, given: dict[str, str], at: datetime, example: Sequence[tuple[str, str]]
) -> Iterator[Call]:
    """Yield the calls of a change: from the phone that its example names, else from some of those that it is about."""
    phones = [value for key, value in example if key.startswith("phone:") and OPEN not in value]
    known = [
        {section.name for section in pbx.sections("pjsip.conf", "endpoint")}
        for pbx in (sides.before, sides.after)
    ]
    names = phones or [*change.way_in.names[:4], *change.way_in.names[-1:]] or [change.way_in.name]
    exten, caller = given.get("dialled", ""), given.get("caller", "")
    for name in dict.fromkeys(names):
        if name != "anonymous" and all(name in one for one in known):
            for shown in dict.fromkeys((caller, "09121234567") if change.way_in.kind == "trunk" else ("",)):
                yield endpoint_call(sides.after, name, Dialled(number=exten, at=at, caller=shown))
        else:
            # Nothing in the lab calls that way (a card, or nobody that is known): a channel of Asterisk's own does.
            yield Call(
                context=change.way_in.context, exten=exten or "s", at=at, caller=caller or "09121234567"
            )


def _worlds(
    sides: Sides, example: Sequence[tuple[str, str]], extens: Sequence[str], rng: random.Random
) -> Iterator[World]:
    """Yield worlds: those that the example says first, with what it leaves open in several ways."""
    numbers = [
        section.name
        for section in sides.after.sections("pjsip.conf", "endpoint")
        if section.name.isdigit() and section.get("callerid")
    ]
    devices: dict[str, str] = {}
    kept: list[tuple[str, str]] = []
    keys: list[str] = []
    at_home = nobody_logged_in(sides.before) | nobody_logged_in(sides.after)
    answers: dict[str, str] = ALWAYS | at_home
    others: list[str] = []
    for name, value in example[3:]:
        kind, _, subject = name.partition(":")
        if kind == "dial":
            state = STATES.get(value.partition(" ")[0])
            for one in subject.split("&") if state else ():
                device = re.sub(r"^([^/]+)/[^@]*@", r"\1/", one).partition("@")[0]
                if OPEN in device:
                    others.append(str(state))
                else:
                    devices[device] = str(state)
        elif kind == "database":
            kept.append((subject, value))
        elif kind == "key":
            keys.append("" if value in ("no key", "none") else value)
        elif kind == "device" and subject.startswith("Custom:"):
            kept.append((f"CustomDevstate/{subject[7:]}", value))
        elif kind not in ("database-has", "phone", "queue", "voicemail", "contacts"):
            answers[kind] = value
    elsewhere = {
        found
        for context in sides.after.contexts
        for exten in context.extens
        for step in exten.steps
        for found in re.findall(r"\b(?:IAX2|DAHDI)/[\w-]+", step.data)
    }
    devices |= dict.fromkeys(
        elsewhere, UNAVAILABLE
    )  # no machine is on the other side of lines that aren't SIP
    waits = _waits(sides, keys, rng)
    rests = list(dict.fromkeys([*others[:1], ANSWERS, NO_ANSWER, BUSY, UNAVAILABLE, CONGESTION]))
    meant = [exten.lstrip("*#0123456789")[:0] + exten for exten in extens]
    parts_of = [one for exten in meant for one in (exten, *(exten[at:] for at in range(1, 5)))]
    whose = list(dict.fromkeys([one for one in parts_of if one in numbers] + numbers[:6]))
    plain = {key: value for key, value in kept if OPEN not in key and OPEN not in value}
    open_keys = [(key, value) for key, value in kept if OPEN in key or OPEN in value]
    for database in _databases(plain, open_keys, whose):
        for pressed in waits:
            for rest in rests:
                yield World(
                    otherwise=rest,
                    devices=dict(devices),
                    database=database,
                    presses=pressed,
                    answers=dict(answers),
                )
    for database in ({}, plain):
        for pressed in waits:
            for rest in rests:
                for number in rng.sample(numbers, min(4, len(numbers))):
                    yield World(
                        otherwise=rest,
                        devices={f"PJSIP/{number}": rng.choice(rests)}
                        | dict.fromkeys(elsewhere, UNAVAILABLE),
                        database=database,
                        presses=pressed,
                        answers=ALWAYS | at_home,
                    )


def _databases(
    plain: dict[str, str], left_open: Sequence[tuple[str, str]], whose: Sequence[str]
) -> Iterator[dict[str, str]]:
    """Yield what astdb may hold: what the example says, with one of these numbers where it leaves one open."""
    yield plain
    if not left_open:
        return
    for number in whose[:6]:
        yield plain | {key.replace(OPEN, number): value.replace(OPEN, number) for key, value in left_open}


def _waits(sides: Sides, keys: Sequence[str], rng: random.Random) -> list[tuple[str, ...]]:
    """Return what may be pressed: the example's keys, each at a wait of its own or all at one; then single keys of menus."""
    found: list[tuple[str, ...]] = []
    if keys:
        found += [tuple(keys), ("".join(keys),), ("".join(keys[:2]), *keys[2:])]
        found += [("".join(keys[:at]), "".join(keys[at:])) for at in range(1, len(keys))]
    found.append(())
    menus = [
        exten.pattern
        for context in sides.after.contexts
        if context.name.startswith("ivr")
        for exten in context.extens
        if len(exten.pattern) == 1 and exten.pattern in "0123456789*#"
    ]
    for one in dict.fromkeys(menus):
        found += [(one,), ("", one)]
    rng.shuffle(menus)
    found += [(one, other) for one, other in itertools.pairwise(menus[:6])]
    return list(dict.fromkeys(found))
