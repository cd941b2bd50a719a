"""Whether a call may be placed on a live server: in every world and at every time it ends before anybody notices it.

The oracle takes the call through every answer to each question. What it can't go through in all ways (a value of astdb, the
clock) is a reason to refuse, and so is what it doesn't know.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from kelid.model.call import Call, Question
from kelid.model.pbx import Pbx
from kelid.simulate.arguments import leading_integer
from kelid.simulate.run import Run
from kelid.simulate.substitute import substring
from kelid.simulate.timing import Timing

HARMLESS = frozenset({"answered", "hears", "tone", "keys", "password", "log", "hangup"})
"""Kinds of events that a call may have: nothing rings, nothing is kept, no line is taken."""

MOST_WAYS = 500
MOST_STEPS = 2_000


class _Depends(Exception):  # noqa: N818 - no error: the call is looked at no further
    """The call goes by something that can't be gone through."""


class _NoClock:
    """Symbols of a run that may not look at the clock."""

    def within(self, _text: str) -> bool:
        return False

    def is_in(self, character: str, characters: frozenset[str]) -> bool:
        return character in characters

    def equal(self, one: str, other: str) -> bool:
        return one == other

    def settle(self, text: str) -> str:
        return text

    def plain(self, text: str) -> str:
        return text

    def holds(self, text: str) -> bool:
        number = leading_integer(text)
        return bool(text) and (number is None or number[0] != 0)

    def substring(self, text: str, offset: int, length: int) -> str:
        return substring(text, offset, length)

    def function(
        self, run: Run, _name: str, arguments: str, reads: Callable[[Run, str], str | None]
    ) -> str | None:
        return reads(run, arguments)

    def expression(self, _run: Run, text: str) -> str:
        return text  # never asked: no text has anything that isn't decided

    def is_time(self, _spec: Timing) -> NoReturn:
        raise _Depends("it goes by the clock")

    def epoch(self) -> NoReturn:
        raise _Depends("it goes by the clock")

    def time_text(self, _zone: str, _layout: str) -> NoReturn:
        raise _Depends("it goes by the clock")


def harm(pbx: Pbx, call: Call) -> str:
    """Return why a call may not be placed on a live server, "" if it may."""
    ways: list[tuple[str, ...]] = [()]
    done = 0
    while ways:
        done += 1
        if done > MOST_WAYS:
            return f"it can go more than {MOST_WAYS} ways"
        given = ways.pop()
        if why := _one_way(pbx, call, given, ways):
            return why
    return ""


def _one_way(pbx: Pbx, call: Call, given: tuple[str, ...], ways: list[tuple[str, ...]]) -> str:
    """Follow the call with the answers that are given; what else could be answered later is added to the ways."""
    taken: list[str] = []

    def ask(question: Question) -> str:
        place = len(taken)
        if place < len(given):
            answer = given[place]
        elif question.answers:
            answer = question.answers[0]
            ways.extend((*taken, other) for other in question.answers[1:])
        else:
            raise _Depends(f"it goes by {question.kind} {question.subject}".strip())
        taken.append(answer)
        return answer

    run = Run(pbx, call, ask, _NoClock())
    try:
        steps = 0
        while run.step():
            steps += 1
            if steps > MOST_STEPS:
                return "it has no end"
    except _Depends as reason:
        return str(reason)
    for event in run.events:
        if event.kind not in HARMLESS:
            lines = [step.where for step in run.steps[: event.step + 1] if step.where.file]
            place = f" ({lines[-1]})" if lines else ""
            return f"{event.kind} {event.subject}".strip() + place
    return ""
