"""One call in one world for which two dial plans really part: what the walk of all calls says, tried by ordinary runs.

The walk forgets some of what hangs together, so a change that it tells may have conditions that can't come together. Here
a call of a change is followed through each dial plan alone, as ``kelid trace`` does it. What the change says of its way is
brought about question by question: the first one that is answered otherwise is given its answer by the world, and the call
is taken again. Where that isn't enough, worlds that differ in one answer from those that were tried come next.
"""

from __future__ import annotations

import heapq
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from kelid.model.call import ANSWERS, NO_ANSWER, UNAVAILABLE, Call, Question, World
from kelid.model.pbx import Pbx
from kelid.model.record import replace
from kelid.model.trace import Asked, Event, Trace
from kelid.simulate import simulate
from kelid.simulate.describe import named
from kelid.simulate.members import members
from kelid.simulate.noticed import noticed
from kelid.simulate.settings import Settings, noted
from kelid.simulate.state import CALLED, IN_ALL, LEAVES
from kelid.simulate.world import STATUS, device_of

OPEN = "…"
"""What stands in the place of what a walk leaves open in a text (``describe.named``)."""

ROUNDS = 60
"""Questions of one way whose answers are brought about, at most."""

DEEPEST = 3
"""Answers that a world may have otherwise than the change says."""

_STATES = {status: state for state, status in STATUS.items()}
ANY_KEY = f"{OPEN}key"
"""The answer where some key is pressed, and it doesn't matter which."""

_OF_KEYS = ("a key", "no key")
_LAMP = "Custom:"
_KEPT = "CustomDevstate/"


class Sides(NamedTuple):
    """Two dial plans, and what the objects that their steps name have otherwise."""

    before: Pbx
    after: Pbx
    settings: Settings


class Parted(NamedTuple):
    """A call that parts: what each side made of it, and the events of each from where they part.

    ``call`` is which one it is of those that were tried.
    """

    world: World
    traces: tuple[Trace, Trace]
    tails: tuple[tuple[Event, ...], tuple[Event, ...]]
    call: int = 0


class Wanted(NamedTuple):
    """An answer that the world is to give: ``subject`` may be open in parts."""

    kind: str
    subject: str
    answer: str

    def about(self, question: Question) -> bool:
        """Return True if that may be the question."""
        if self.kind == "key" and not self.subject:
            return question.kind == "key" and not question.subject.startswith(CALLED)
        return self.kind == question.kind and fits(self.subject, question.subject)


Fits = Callable[[tuple[Event, ...], tuple[Event, ...]], bool]
"""Whether calls that part so, by the events of both sides, are what a change tells."""


def sides(before: Pbx, after: Pbx) -> Sides:
    """Return two dial plans, ready to be tried."""
    return Sides(before, after, Settings(before, after))


def wanted(example: Iterable[tuple[str, str]]) -> tuple[Wanted, ...]:
    """Given the example of a change, return the answers on its way, in their order."""
    given = list(example)
    rows: list[Wanted] = []
    # Where the digits are that were pressed last, how many, and where the last key is.
    first = count = key_at = 0
    for at, (name, told) in enumerate(given):
        kind, colon, subject = name.partition(":")
        answer = told
        if not colon or kind in ("phone", "caller-name", "clock", "limit"):
            continue
        if kind == "key" and answer == "a key":
            if at + 1 < len(given) and given[at + 1][0] == name and given[at + 1][1] not in _OF_KEYS:
                continue  # which one comes next
            answer = ANY_KEY
        if kind in ("keys", "digits"):
            keys = [Wanted("key", "", key) for key in answer]
            if kind == "keys":
                keys.append(Wanted("key", "", ""))
            if subject == IN_ALL:
                # Behind digits that the other side had read, or behind one key.
                first, count = (first, count) if count else (key_at, 1)
                rows[first : first + count] = keys
            else:
                first = len(rows)
                rows += keys
            count = len(keys)
            continue
        if kind == "key":
            key_at = len(rows)
        rows.append(Wanted(kind, subject, "" if (kind, answer) == ("key", "no key") else answer))
    return tuple(rows)


def fits(told: str, text: str) -> bool:
    """Return True if a text may be one that is told, and open in parts."""
    if OPEN not in told:
        return told == text
    pattern = ".*".join(re.escape(part) for part in re.split(f"{OPEN}+", told))
    return re.fullmatch(pattern, text, re.DOTALL) is not None


def same(told: Sequence[Event], real: Sequence[Event]) -> bool:
    """Return True if what really happens first may be what is told, open in parts; nothing happens in either, or in both.

    Nobody hears a number that is drawn: whatever it leads to is what is told.
    """
    if told and told[0].kind == "chance":
        return True
    if not told or not real:
        return not told and not real
    one, other = told[0], real[0]
    if one.kind != other.kind or not fits(named(one.subject), other.subject):
        return False
    rows, others = _by_key(one), _by_key(other)
    return all(
        fits(named(text), real_text)
        for key in rows.keys() | others.keys()
        for text, real_text in zip_longest(rows.get(key, ()), others.get(key, ()), fillvalue="")
    )


def parted(both: Sides, calls: tuple[Call, Call], world: World) -> Parted | tuple[Trace, Trace]:
    """Follow a call through both dial plans. Return where they part; the traces where nobody notices that they do, or
    something is open.
    """
    traces = (simulate(both.before, calls[0], world), simulate(both.after, calls[1], world))
    if any(map(_is_open, traces)):
        return traces
    old, new = (
        [
            Event(
                event.kind,
                "" if event.kind == "keys" else event.subject,  # as ``Run.note`` has it
                (*noted(event), *both.settings.of(event, side, str.__eq__)),
            )
            for event in trace.events
        ]
        for side, trace in enumerate(traces)
    )
    at = next((at for at, (one, other) in enumerate(zip(old, new, strict=False)) if _other(one, other)), None)
    if at is None:
        at = min(len(old), len(new))
        if len(old) == len(new):
            return traces
    tails = (tuple(old[at:]), tuple(new[at:]))
    heard = [list(noticed(tail, world)) for tail in tails]
    if len(heard[0]) == len(heard[1]) and not any(map(_other, *heard)):
        return traces
    return Parted(world, traces, tails)


def _is_open(trace: Trace) -> bool:
    """Return True if it isn't known how the call goes on, or what it goes on doing for ever."""
    if trace.end == "loop":
        return not trace.events or not trace.events[-1].details
    return trace.end == "unknown"


def _other(one: Event, other: Event) -> bool:
    """Return True if two events are not the same to people (as ``pairs`` decides it)."""
    return (one.kind, one.subject, _plain(one)) != (other.kind, other.subject, _plain(other))


def _by_key(event: Event) -> dict[str, list[str]]:
    rows: dict[str, list[str]] = {}
    for key, value in _plain(event):
        rows.setdefault(key, []).append(value)
    return rows


def _plain(event: Event) -> list[tuple[str, str]]:
    return [(key, value) for key, value in event.details if key != "at"]


def witnesses(
    both: Sides,
    calls: Sequence[tuple[Call, Call]],
    way: Sequence[Wanted],
    told: Fits,
    *,
    base: World,
    tries: int,
    end: float,
) -> Iterator[Parted]:
    """Yield worlds in which one of the calls parts as it is told; ``calls`` are each call as both sides take it.

    ``base``: the world of an ordinary day. ``tries``: runs of both sides. ``end``: when to give up, by
    ``time.process_time``.
    """
    left = tries
    seen = {(number, _key(base)) for number in range(len(calls))}
    # Those first that came furthest on the way; of the same, those with fewer answers otherwise, then the older ones.
    waiting = [_Try(0, 0, number, number, base, frozenset()) for number in range(len(calls))]
    count = len(waiting)
    while waiting and left > 0 and time.process_time() <= end:
        one = heapq.heappop(waiting)
        world, forced = one.world, -1
        mine = [row for row in way if not any(row.about(question) for question in one.otherwise)]
        fitting: Parted | None = None
        traces: tuple[Trace, ...] = ()
        for _ in range(ROUNDS):
            if left <= 0 or time.process_time() > end:
                break
            left -= 1
            found = parted(both, calls[one.call], world)
            traces = found.traces if isinstance(found, Parted) else found
            first = _first_otherwise(mine, traces)
            if isinstance(found, Parted) and told(*found.tails):
                fitting = found
            if first is None:
                break
            trace, index, answer = first
            question = trace.asked[index].question
            others = [row.question for one_trace in traces for row in one_trace.asked]
            made = with_answer(
                both.after, world, trace.asked, index, answer, others=others, by_force=forced == index
            )
            forced = index
            if made is None or (one.call, _key(made)) in seen:
                # That has been tried, or nothing gives this answer: the rest of the way without it.
                mine = [row for row in mine if not (row.answer == answer and row.about(question))]
                continue
            world = made
            seen.add((one.call, _key(world)))
        if fitting is not None:
            # The last one has most of what the change says of its way.
            yield _plainer(both, calls[one.call], fitting, told, base)._replace(call=one.call)
        if one.depth >= DEEPEST:
            continue
        come = max((_come(way, trace) for trace in traces), default=0)
        for trace in traces:
            for near, question in _near(both.after, world, trace.asked):
                if (one.call, _key(near)) not in seen:
                    seen.add((one.call, _key(near)))
                    row = _Try(-come, one.depth + 1, count, one.call, near, one.otherwise | {question})
                    heapq.heappush(waiting, row)
                    count += 1


def _plainer(both: Sides, calls: tuple[Call, Call], found: Parted, told: Fits, base: World) -> Parted:
    """Return a call that parts without those answers for which it parts just so anyhow: no phone or key gives them."""
    for name in [name for name in found.world.answers if name not in base.answers]:
        rest = {key: answer for key, answer in found.world.answers.items() if key != name}
        again = parted(both, calls, replace(found.world, answers=rest))
        if isinstance(again, Parted) and told(*again.tails):
            found = again
    return found


class _Try(NamedTuple):
    """A world that waits to be tried with one of the calls; ``otherwise`` are questions that it answers in its own way."""

    come: int
    depth: int
    number: int
    call: int
    world: World
    otherwise: frozenset[Question]


def _key(world: World) -> object:
    """Return what tells worlds apart."""
    return (
        world.otherwise,
        tuple(sorted(world.devices.items())),
        world.in_use,
        tuple(sorted(world.database.items())),
        world.presses,
        tuple(sorted(world.answers.items())),
    )


def _first_otherwise(way: Sequence[Wanted], traces: Iterable[Trace]) -> tuple[Trace, int, str] | None:
    """Return the first question of a call that is answered otherwise than on the way, and the answer there."""
    for trace in traces:
        rest = list(way)
        for index, asked in enumerate(trace.asked):
            may_be = [at for at, one in enumerate(rest) if one.about(asked.question)]
            if not may_be:
                continue
            # Each side may ask only one of two that look alike: that of which more is known comes first.
            one = rest.pop(max(may_be, key=lambda at: len(rest[at].subject)))
            if not _same_answer(asked, one.answer) and (OPEN not in one.answer or one.answer == ANY_KEY):
                given = asked.question.answers
                return trace, index, next(filter(None, given), "1") if one.answer == ANY_KEY else one.answer
    return None


def _come(way: Sequence[Wanted], trace: Trace) -> int:
    """Return how many of the answers on a way a call has been given, in their order."""
    count = 0
    for asked in trace.asked:
        if count < len(way) and way[count].about(asked.question) and _same_answer(asked, way[count].answer):
            count += 1
    return count


def _same_answer(asked: Asked, answer: str) -> bool:
    if answer == ANY_KEY:
        return asked.answer not in ("", LEAVES)
    if OPEN in answer:
        return fits(answer, asked.answer)
    if asked.question.kind == "queue":
        return asked.answer.partition(" ")[0] == answer.partition(" ")[0]
    return asked.answer == answer


def _near(pbx: Pbx, world: World, asked: Sequence[Asked]) -> Iterator[tuple[World, Question]]:
    """Yield worlds that answer one of the questions of a call otherwise, and which; other keys last, for they are many."""
    seen = set()
    for index, one in sorted(enumerate(asked), key=lambda row: row[1].question.kind == "key"):
        question = one.question
        if question.kind != "key" and question in seen:
            continue
        seen.add(question)
        for answer in question.answers:
            if answer != one.answer:
                made = with_answer(pbx, world, asked, index, answer)
                if made is not None:
                    yield made, question


def with_answer(
    pbx: Pbx,
    world: World,
    asked: Sequence[Asked],
    index: int,
    answer: str,
    *,
    others: Sequence[Question] = (),
    by_force: bool = False,
) -> World | None:
    """Return the world with another answer to one of the questions of a call; None where no world gives it.

    It is brought about by what phones do and what astdb holds, where that is what is asked for; ``by_force``, or in any
    other case, the question itself has the answer (``World.answers``). ``others`` are all that the call asks on both sides.
    """
    question = asked[index].question
    kind, subject = question.kind, question.subject
    if kind == "key" and not subject.startswith(CALLED):
        return replace(world, presses=_presses(asked, index, answer))
    if kind == "database-has":
        database = dict(world.database)
        if answer == "1":
            database.setdefault(subject, "1")
        else:
            database.pop(subject, None)
        return replace(world, database=database)
    if kind == "database":
        return replace(world, database={**world.database, subject: answer})
    if kind == "global":
        return None  # the dial plan's own; nothing from outside gives it
    if not by_force:
        made = _by_devices(pbx, world, question, answer, others)
        if made is not None:
            return made
    return replace(world, answers={**world.answers, f"{kind}:{subject}": answer})


def _by_devices(
    pbx: Pbx, world: World, question: Question, answer: str, others: Sequence[Question]
) -> World | None:
    """Return the world in which phones make the answer, None where they can't. ``others`` are asked in the same call."""
    kind, subject = question.kind, question.subject
    status, _, who = answer.partition(" ")
    if kind == "dial" and status in _STATES:
        called = subject.split("&")
        lines = {
            device_of(device)
            for one in others
            if one.kind == "dial" and one.subject != subject
            for device in one.subject.split("&")
        }

        def device_of_this(one: str) -> str:
            # Over a line that is used with other numbers too, this number alone.
            return one if device_of(one) in lines else device_of(one)

        if status == "ANSWER":
            first = who or called[0]
            silent = called[: called.index(first)] if first in called else ()
            states = dict.fromkeys(map(device_of_this, silent), NO_ANSWER)
            return _with_devices(world, {**states, device_of_this(first): ANSWERS})
        return _with_devices(world, dict.fromkeys(map(device_of_this, called), _STATES[status]))
    if kind == "queue":
        working = [_phone(one.interface) for one in members(pbx, subject)]
        state = {"TIMEOUT": NO_ANSWER, "JOINEMPTY": UNAVAILABLE, "ANSWERED": ANSWERS}.get(status)
        if working and state is not None:
            phone = _phone(who)
            before = working[: working.index(phone)] if phone in working and state == ANSWERS else ()
            return _with_devices(world, dict.fromkeys(working, state) | dict.fromkeys(before, NO_ANSWER))
    if kind == "contacts" or (kind == "device" and answer == "UNAVAILABLE" and "/" in subject):
        name = f"PJSIP/{subject}" if kind == "contacts" else subject
        return _with_devices(world, {name: ANSWERS if answer == "1" else UNAVAILABLE})
    if kind == "device" and subject.startswith(_LAMP):
        return replace(world, database={**world.database, f"{_KEPT}{subject[len(_LAMP) :]}": answer})
    if kind == "device" and answer in ("INUSE", "NOT_INUSE"):
        in_use = world.in_use - {subject} if answer == "NOT_INUSE" else world.in_use | {subject}
        return replace(world, in_use=in_use)
    return None


def _with_devices(world: World, states: dict[str, str]) -> World:
    devices = {**world.devices, **states}
    return replace(
        world,
        devices={
            name: state
            for name, state in devices.items()
            if state != world.otherwise or device_of(name) in devices.keys() - {name}
        },
    )


def _phone(interface: str) -> str:
    """Return the phone of a queue's member; ``Local/101@queue-phones/n`` rings that of 101."""
    return f"PJSIP/{interface[6:].partition('@')[0]}" if interface.startswith("Local/") else interface


def _presses(asked: Sequence[Asked], index: int, key: str) -> tuple[str, ...]:
    """Return what is pressed so that all is as it was up to one question, and that one has this key."""
    waits: list[str] = []
    for at, one in enumerate(asked[: index + 1]):
        subject = one.question.subject
        if one.question.kind != "key" or subject.startswith(CALLED):
            continue
        pressed = key if at == index else one.answer
        if "+" in subject.rpartition(",")[2] and waits:
            waits[-1] += pressed
        else:
            waits.append(pressed)
    while waits and not waits[-1]:
        waits.pop()
    return tuple(waits)
