"""How much time ``TIMEOUT(absolute)`` leaves to calls, where many come to a step after different times.

Where all calls are looked at, a loop that waits brings a call to each of its steps with some seconds less each time, and all
that follows would be walked for each of them. In a large walk the second that comes to a step stands for all that may come:
half of the limit or more is left, or any part of it. Whether it is over before a wait is then asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from kelid.model.call import Question

if TYPE_CHECKING:
    from kelid.simulate.run import Run
    from kelid.simulate.state import Channel

AT, LAST, GIVEN = "absolute-at", "absolute-last", "absolute"
"""What ``Channel.timeouts`` has: when the call is ended, in seconds of the run; with LAST, some time from AT to that."""

LEAST = 0.001
"""Seconds: Asterisk counts limits in milliseconds. Who has waited for all that is left is cut off."""

Span = tuple[float, float]
"""The least and the most seconds that are left of a call."""


def over_at(run: Run, channel: Channel, within: float) -> float:
    """Return when a channel's call is over, in seconds of the run; where that is open, decide whether it is so before as
    many seconds are over as somebody waits now.
    """
    timeouts = channel.timeouts
    first, last = timeouts[AT], timeouts.get(LAST)
    until = run.elapsed + within
    if last is None or first > until:
        return first
    least, most = first - run.elapsed, last - run.elapsed
    question = Question("limit", f"in {within:g} s, of {least:g} to {most:g}", ("no", "over"))
    if last <= until or run.ask(question) == "over":
        del timeouts[LAST]
        return first
    timeouts[AT] = min(until + LEAST, last)
    if timeouts[AT] == last:
        del timeouts[LAST]
    return timeouts[AT]


def spans(runs: Sequence[Run]) -> tuple[Span, ...]:
    """Return how much is left to each channel that has a limit."""
    return tuple(_span(run, channel) for run, channel in _limited(runs))


def are_among(some: Sequence[Span], others: Sequence[Span]) -> bool:
    """Return True if the others may be all that some may be, one by one."""
    return all(most >= high and least <= low for (low, high), (least, most) in zip(some, others, strict=True))


def widen(runs: Sequence[Run], known: Sequence[Span]) -> None:
    """Let calls have any time left that those may have which came before, and about as much."""
    for (run, channel), (least, most) in zip(_limited(runs), known, strict=True):
        low, high = _span(run, channel)
        given = max(high, most, channel.timeouts.get(GIVEN, 0.0))
        beginning = given / 2 if min(low, least) >= given / 2 else 0.0
        channel.timeouts[AT], channel.timeouts[LAST] = run.elapsed + beginning, run.elapsed + given


def keep(runs: Sequence[Run], known: Sequence[Span]) -> None:
    """Let calls have the time left that those have which came before."""
    for (run, channel), (least, most) in zip(_limited(runs), known, strict=True):
        channel.timeouts[AT] = run.elapsed + least
        if most > least:
            channel.timeouts[LAST] = run.elapsed + most


def _limited(runs: Sequence[Run]) -> Iterator[tuple[Run, Channel]]:
    for run in runs:
        channels = {id(level.channel): level.channel for level in run.levels}
        yield from ((run, channel) for channel in channels.values() if AT in channel.timeouts)


def _span(run: Run, channel: Channel) -> Span:
    first = channel.timeouts[AT]
    return first - run.elapsed, channel.timeouts.get(LAST, first) - run.elapsed
