"""What a caller presses live, so that a real Asterisk gets the very keys that a trace was given, where it was given them."""

from __future__ import annotations

from kelid.lab.witness import Press
from kelid.model.trace import Trace

SETTLE = 0.7
"""Seconds after the beginning of a step until the first key: an application has answered the call by then, which takes half
a second (__ast_answer in main/channel.c waits so long for sound)."""
AGAIN = 3.0
"""Seconds between the keys that bring an application to its end."""

ENDED_BY_KEYS = {("voicemail", "SUCCESS"): "#1", ("record", "DTMF"): "#"}
"""Questions and answers for which the caller presses keys again and again until the application is over: # ends a
greeting and a message, 1 keeps it where it may be heard first."""


def presses(trace: Trace) -> list[Press]:
    """Return the keys for the steps of the caller's own channel (counted from 0)."""
    own: dict[int, int] = {}
    for index, taken in enumerate(trace.steps):
        if taken.channel == 0:
            own[index] = len(own)
    found: list[Press] = []
    began: dict[int, float] = {}
    for asked in trace.asked:
        step = own.get(asked.step)
        if step is None:
            continue
        kind, subject = asked.question.kind, asked.question.subject
        begin = began.setdefault(step, asked.at)
        if kind == "key" and asked.answer and not subject.startswith("called:"):
            goes_on = "+" in subject.rpartition(",")[2]
            if goes_on and found and found[-1].step == step:
                found[-1] = found[-1]._replace(keys=found[-1].keys + asked.answer)
            else:
                found.append(Press(step, asked.answer, SETTLE + asked.at - begin))
        elif keys := ENDED_BY_KEYS.get((kind, asked.answer)):
            found.append(Press(step, keys, SETTLE, AGAIN))
    return found


__all__ = ["presses"]
