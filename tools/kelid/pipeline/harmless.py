"""Whether a call may be placed on a live server: in every world and at every time it ends before anybody notices it.

The oracle takes the call through every answer to each question. What it can't go through in all ways (a value of astdb, the
clock) is a reason to refuse, and so is what it doesn't know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import NoReturn

from kelid.model.call import Call, Question, World
from kelid.model.pbx import SECRET, Pbx
from kelid.model.trace import Asked, Event, Trace
from kelid.simulate.arguments import leading_integer
from kelid.simulate.run import Run
from kelid.simulate.substitute import substring
from kelid.simulate.timing import Timing

HARMLESS = frozenset({"answered", "hears", "tone", "keys", "password", "log", "hangup"})
"""Kinds of events that a call may have: nothing rings, nothing is kept, no line is taken."""

SPOKEN = frozenset({"error", "warning", "notice", "verbose", "debug", "dtmf"})
"""What an event "log" may be about: Asterisk's own log. Other subjects are records (queue_log), messages, files."""

SHARED = re.compile(r"(?i)\b(?:global|shared|lock|trylock|db|devstate|device_state)\s*\(")
"""Functions whose change other calls see: a lock that is held, a global variable. (GROUP isn't among them: the call is
counted like any other while it lasts.)"""

ENDLESS = frozenset({"echo", "milliwatt"})
"""Applications that go on until the caller hangs up; and music, where no time is given."""

MOST_SECONDS = 40
"""Seconds that a call may wait for something (the lengths of what is played come on top)."""

MOST_WAYS = 500
MOST_STEPS = 2_000


class Harm(Exception):  # noqa: N818 - no error: an answer
    """Why a call may not be placed on a live server."""


class _NoClock:
    """Symbols of a run that may not look at the clock."""

    def within(self, _text: str) -> bool:
        return False

    def is_in(self, character: str, characters: frozenset[str]) -> bool:
        return character in characters

    def one_of(self, text: str, names: frozenset[str]) -> bool:
        return text in names

    def may_have(self, text: str, character: str) -> bool:
        return character in text

    def equal(self, one: str, other: str) -> bool:
        return one == other

    def settle(self, text: str) -> str:
        return text

    def plain(self, text: str) -> str:
        return text

    def holds(self, text: str) -> bool:
        number = leading_integer(text)
        return bool(text) and (number is None or number[0] != 0)

    def either(self, condition: str, yes: str, no: str) -> str | None:
        return None

    def substring(self, text: str, offset: int, length: int) -> str:
        return substring(text, offset, length)

    def function(
        self, run: Run, _name: str, arguments: str, reads: Callable[[Run, str], str | None]
    ) -> str | None:
        return reads(run, arguments)

    def expression(self, _run: Run, text: str) -> str:
        return text  # never asked: no text has anything that isn't decided

    def derived(self, text: str, _name: Hashable, function: Callable[[str], str]) -> str:
        return function(text)

    def looked_up(
        self, text: str, _name: Hashable, table: Mapping[str, str], otherwise: str | None = None
    ) -> str:
        return table.get(text, otherwise or "")

    def some_row(self, text: str, _name: Hashable, table: Mapping[str, str], otherwise: str) -> str:
        return table.get(text, otherwise)

    def lamp(self, _exten: str, _own: str, _states: Sequence[str]) -> str | None:
        return None

    def decide(self, key: str, _texts: Sequence[str], _answers: Sequence[Hashable] = ()) -> NoReturn:
        raise Harm(f"it goes by a {key} that nobody knows")

    def every_item(self, text: str) -> str:
        return text

    def is_time(self, _run: Run, _spec: Timing) -> NoReturn:
        raise Harm("it goes by the clock")

    def epoch(self) -> NoReturn:
        raise Harm("it goes by the clock")

    def time_text(self, _run: Run, _zone: str, _layout: str) -> NoReturn:
        raise Harm("it goes by the clock")


def harm(pbx: Pbx, call: Call) -> str:
    """Return why a call may not be placed on a live server, "" if it may."""
    try:
        ways(pbx, call)
    except Harm as reason:
        return str(reason)
    return ""


def ways(pbx: Pbx, call: Call, *, lacking: bool = False) -> tuple[Trace, ...]:
    """Return all that a call can do, one trace a way, that of a quiet ordinary day first.

    With ``lacking``, the keys of astdb that it asks for aren't there: whoever places it sees to that.
    Raise Harm where it may not be placed on a live server.
    """
    waiting: list[tuple[str, ...]] = [()]
    found: list[Trace] = []
    while waiting:
        if len(found) >= MOST_WAYS:
            raise Harm(f"it can go more than {MOST_WAYS} ways")
        found.append(_one_way(pbx, call, waiting.pop(), waiting, lacking=lacking))
    return tuple(found)


def _one_way(
    pbx: Pbx, call: Call, given: tuple[str, ...], waiting: list[tuple[str, ...]], *, lacking: bool
) -> Trace:
    """Follow the call with the answers that are given; what else could be answered later is added to what waits."""
    asked: list[Asked] = []

    def ask(question: Question) -> str:
        place = len(asked)
        if place < len(given):
            answer = given[place]
        elif lacking and question.kind == "database-has":
            answer = "0"
        elif question.answers:
            answer = question.answers[0]
            before = tuple(item.answer for item in asked)
            waiting.extend((*before, other) for other in question.answers[1:])
        else:
            raise Harm(f"it goes by {question.kind} {question.subject}".strip())
        asked.append(Asked(question, answer, len(run.steps) - 1, run.elapsed))
        return answer

    run = Run(pbx, call, ask, _NoClock())
    steps = 0
    while run.step():
        steps += 1
        if steps > MOST_STEPS:
            raise Harm("it has no end")
        if run.elapsed > MOST_SECONDS:
            raise Harm(f"it waits for more than {MOST_SECONDS} seconds")
    for event in run.events:
        if why := _noticed(event):
            lines = [step.where for step in run.steps[: event.step + 1] if step.where.file]
            raise Harm(why + (f" ({lines[-1]})" if lines else ""))
    for step in run.steps:
        place = f" ({step.where})" if step.where.file else ""
        endless = step.app.lower() in ENDLESS or (step.app.lower() == "musiconhold" and "," not in step.data)
        if endless:
            raise Harm(f"{step.app} goes on until somebody hangs up{place}")
        if step.app.lower() in {"set", "mset"} and (shared := SHARED.match(step.data)):
            raise Harm(f"it sets {shared[0]}...), which other calls see{place}")
        if SECRET.search(step.data) or SECRET.search(step.exten):
            raise Harm(f"a secret stands in its steps{place}")
    return Trace(
        call=call,
        world=World(),
        steps=tuple(run.steps),
        events=tuple(run.events),
        asked=tuple(asked),
        end=run.end,
        unknown=run.unknown,
    )


def _noticed(event: Event) -> str:
    """Return what somebody would notice of an event, or what stays of it; "" for nothing."""
    if event.kind in HARMLESS and (event.kind != "log" or event.subject in SPOKEN):
        return ""
    return f"{event.kind} {event.subject}".strip()
