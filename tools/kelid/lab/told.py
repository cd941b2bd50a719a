"""The steps of a call as Asterisk tells them: so that those of the oracle and of a real Asterisk can be laid side by side.

Newexten is told where the place has changed, not where the application has (channel_newexten in main/manager_channels.c).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import zip_longest

from kelid.model.unrepeatable import repeatable

OUTGOING = "(Outgoing Line)"
"""What Asterisk shows as the arguments of channels that somebody called: they take no steps of their own."""

SENT_ON = frozenset({"Park", "ParkAndAnnounce"})
"""Applications that send the channel on while it still is in them: the step after them is told in their name."""

WITH_SUBROUTINES = frozenset({"Dial", "RetryDial", "Page", "Queue"})
"""Applications that run subroutines on the channel that takes them (Dial's option B)."""

LONG = 10.0
"""Seconds within which somebody in the lab has pressed the keys that are waited for, all of a PIN, or has spelled a name."""

_NUMBER = re.compile("[0-9]+")

Step = tuple[str, str, int, str, str]
"""Context, extension, priority, application, evaluated arguments."""

Channels = tuple[tuple[Step, ...], ...]
"""The steps of the caller's channel, then those of each other."""


def by_channel(steps: Iterable[Sequence[object]], at: datetime) -> Channels:
    """Return the steps of the caller's channel, then those of the others: these in no order, as they run at once.

    Each given step is context, extension, priority, application, arguments, channel; ``at`` is the moment of the call. What
    no run can repeat is replaced. A step that jumps to itself is one; the step after one of SENT_ON bears its name.
    """
    channels: dict[int, list[Step]] = {0: []}
    last: dict[int, Step] = {}
    for step in steps:
        context, exten, priority, app, data, channel = step[:6]
        if data == OUTGOING:
            continue
        made = (
            str(context),
            repeatable(str(exten), at),
            int(str(priority)),
            str(app),
            repeatable(str(data), at),
        )
        taken = channels.setdefault(int(str(channel)), [])
        if taken and taken[-1][3] in SENT_ON and (len(taken) < 2 or taken[-2][3:] != taken[-1][3:]):
            made = (*made[:3], *taken[-1][3:])
        if taken and taken[-1][3] == "Return" and made == last.get(int(str(channel))):
            continue  # the application that has run a subroutine is told again after it, where something else changes then
        if made[3] in WITH_SUBROUTINES:
            last[int(str(channel))] = made
        if not taken or taken[-1][:4] != made[:4]:  # Asterisk tells no step that is the very one before
            taken.append(made)
    own = tuple(channels.pop(0))
    return (own, *sorted(tuple(one) for one in channels.values() if one))


def timed(theirs: Channels, ours: Channels, later: Channels) -> Channels:
    """Return Asterisk's steps, those replaced by the oracle's that differ only by the seconds it took to press keys.

    ``later`` are the steps of a call in which each key took LONG. What differs from ``ours`` there comes from the clock:
    Asterisk's numbers may be any between the two.
    """
    if theirs == ours:
        return theirs
    return tuple(
        tuple(
            mine if mine and late and _is_between(real, mine, late) else real
            for real, mine, late in zip_longest(channel, *others)
            if real
        )
        for channel, *others in zip_longest(theirs, ours, later, fillvalue=())
        if channel
    )


def _is_between(real: Step, early: Step, late: Step) -> bool:
    if not real[:4] == early[:4] == late[:4]:
        return False
    if not _NUMBER.split(real[4]) == _NUMBER.split(early[4]) == _NUMBER.split(late[4]):
        return False
    numbers = zip(*(map(int, _NUMBER.findall(step[4])) for step in (real, early, late)), strict=True)
    return all(min(bounds) <= number <= max(bounds) for number, *bounds in numbers)


__all__ = ["LONG", "OUTGOING", "SENT_ON", "Channels", "Step", "by_channel", "timed"]
