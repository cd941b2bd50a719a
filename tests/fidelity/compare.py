"""The oracle's trace of a call against what a live Asterisk did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from kelid.lab.witness import Live
from kelid.model.call import Call, World
from kelid.model.pbx import Pbx
from kelid.model.trace import Trace
from kelid.model.unrepeatable import repeatable
from kelid.simulate import simulate

OUTGOING = "(Outgoing Line)"
"""What Asterisk shows as the arguments of channels that somebody called: they take no steps of their own."""

Step = tuple[str, str, int, str, str]
"""Context, extension, priority, application, evaluated arguments."""


@dataclass(frozen=True)
class Verdict:
    """What came of one comparison. ``how`` is "same", "different" or "unknown"."""

    how: str
    oracle: tuple[tuple[Step, ...], ...]
    live: tuple[tuple[Step, ...], ...]
    why: str = ""

    def __str__(self) -> str:
        """Return the first place in which they differ, with what stands before it."""
        for number, (ours, theirs) in enumerate(zip(self.oracle, self.live, strict=False)):
            for at in range(max(len(ours), len(theirs))):
                mine = ours[at] if at < len(ours) else None
                real = theirs[at] if at < len(theirs) else None
                if mine != real:
                    before = theirs[at - 1] if at else None
                    return f"channel {number}, step {at + 1}: after {before}\n  oracle   {mine}\n  asterisk {real}"
        if len(self.oracle) != len(self.live):
            return f"channels: oracle {len(self.oracle)}, asterisk {len(self.live)}"
        return self.how


def by_channel(steps: Iterable[Sequence[object]], at: datetime) -> tuple[tuple[Step, ...], ...]:
    """Return the steps of the caller's channel, then those of the others: these in no order, as they run at once.

    A step that jumps to itself is one: Newexten tells what has changed (channel_newexten in main/manager_channels.c).

    Each step is context, extension, priority, application, arguments, channel.
    """
    channels: dict[int, list[Step]] = {0: []}
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
        if not taken or taken[-1][:4] != made[:4]:  # Asterisk tells no step that is the very one before
            taken.append(made)
    own = tuple(channels.pop(0))
    return (own, *sorted(tuple(one) for one in channels.values() if one))


def compare(trace: Trace, live: Live) -> Verdict:
    """Compare all steps of all channels of one call."""
    at = trace.call.at
    ours, theirs = by_channel(trace.steps, at), by_channel(live.steps, at)
    if trace.unknown or trace.end == "unknown":
        return Verdict("unknown", ours, theirs, trace.unknown or "unknown")
    return Verdict("same" if ours == theirs else "different", ours, theirs)


def oracle(pbx: Pbx, call: Call, world: World) -> Trace:
    """Return what the oracle says."""
    return simulate(pbx, call, world)
