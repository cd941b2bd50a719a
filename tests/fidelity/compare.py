"""The oracle's trace of a call against what a live Asterisk did."""

from __future__ import annotations

from dataclasses import dataclass

from kelid.lab.told import LONG, Channels, Step, by_channel, timed
from kelid.lab.witness import Live
from kelid.model.call import Call, World
from kelid.model.pbx import Pbx
from kelid.model.trace import Trace
from kelid.simulate import simulate


@dataclass(frozen=True)
class Verdict:
    """What came of one comparison. ``how`` is "same", "different" or "unknown"."""

    how: str
    oracle: Channels
    live: Channels
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


def compare(pbx: Pbx, trace: Trace, live: Live) -> Verdict:
    """Compare all steps of all channels of one call."""
    at = trace.call.at
    ours, theirs = by_channel(trace.steps, at), by_channel(live.steps, at)
    if trace.unknown or trace.end == "unknown":
        return Verdict("unknown", ours, theirs, trace.unknown or "unknown")
    if ours != theirs:
        slow = simulate(pbx, trace.call, trace.world, slow=LONG)
        theirs = timed(theirs, ours, by_channel(slow.steps, at))
    return Verdict("same" if ours == theirs else "different", ours, theirs)


def oracle(pbx: Pbx, call: Call, world: World) -> Trace:
    """Return what the oracle says."""
    return simulate(pbx, call, world)


__all__ = ["Step", "Verdict", "by_channel", "compare", "oracle"]
