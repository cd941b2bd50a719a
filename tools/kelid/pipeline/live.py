"""Expected calls through a real Asterisk too: placed on a host of the lab, in the world and at the moment of each.

The host's Asterisk loads the very text that the site's server would get, beside phones and trunks that do what the world
says (``lab/witness.py``). Both agree if all steps of all channels are the same, but for what no run can repeat.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from kelid.findings import Exit, KelidError
from kelid.lab import Host, Lab, missing_requirements
from kelid.lab.presses import presses
from kelid.lab.told import LONG, Step, by_channel, timed
from kelid.lab.witness import PATIENCE, RATE, Live, Witness
from kelid.model.site import Site
from kelid.model.trace import Trace
from kelid.pipeline import Checked
from kelid.pipeline.calls import Tried
from kelid.simulate import simulate

IMAGES = {22: "pbx", 16: "pbx11"}
"""Asterisk's version -> the lab's image that has it."""

AGREES = "agrees"
NOT_PLACED = "not placed"
"""What stands before the reason why a call can't be placed in a lab."""

_TRIES = ((RATE, PATIENCE), (4.0, 400.0))
"""How much time is hastened, and how long a caller waits: a call that differs is placed again, slower, for a busy machine
may miss a key."""


@contextmanager
def hosts(versions: Iterable[int]) -> Iterator[dict[int, Host]]:
    """Yield a host for each version of Asterisk, in a lab of its own that is gone afterwards.

    Raise KelidError where no lab can be built.
    """
    missing = missing_requirements()
    if missing:
        raise KelidError("a lab can't be built here: " + "; ".join(missing), exit=Exit.UNKNOWN)
    unknown = set(versions := tuple(versions)) - set(IMAGES)
    if unknown:
        raise KelidError(f"no host of the lab has Asterisk {min(unknown)}", exit=Exit.UNKNOWN)
    name = f"live-{secrets.token_hex(4)}"
    try:
        lab = Lab.up(name)
        yield {
            version: lab.create_host(f"asterisk{version}", image=IMAGES[version])
            for version in sorted(set(versions))
        }
    finally:
        Lab(name).down()


def live(checked: Checked, tried: Sequence[Tried], host: Host) -> Iterator[str]:
    """Place calls that the oracle has gone through, one after the other; yield for each, as soon as it is over, that
    Asterisk agrees, or where it does otherwise.
    """
    if not tried:
        return
    pbx = checked.pbx
    media = [item.file_name for item in pbx.media]
    with Witness(host) as asterisk:
        asterisk.load(pbx, dict(checked.bundle.files), at=tried[0].trace.call.at, media=media)
        for one in tried:
            yield _placed(checked, one.trace, asterisk)


def _placed(checked: Checked, trace: Trace, asterisk: Witness) -> str:
    """Place a call; one that differs is placed again, slower."""
    for event in trace.events:
        if event.kind == "calls-out" and not event.subject.startswith("PJSIP/"):
            return f"{NOT_PLACED}: {event.subject.partition('/')[0]} is not in the lab"
    if any(item.question.kind == "park" and item.answer == "fetched" for item in trace.asked):
        return f"{NOT_PLACED}: nobody in the lab fetches a parked call"
    found = ""
    for rate, patience in _TRIES:
        asterisk.prepare(trace.world, trace.call.at, rate=rate, reload=True)
        with _agents(checked.site, trace, asterisk):
            keys = presses(trace, checked.pbx)
            (real,) = asterisk.place([trace.call], [keys], together=1, patience=patience)
        found = difference(trace, real, simulate(checked.pbx, trace.call, trace.world, slow=LONG))
        if found == AGREES:
            break
    return found


@contextmanager
def _agents(site: Site, trace: Trace, asterisk: Witness) -> Iterator[None]:
    """Log somebody in to the queues that answer in the call: whoever may, as agents do in the morning."""
    answered = {
        item.question.subject
        for item in trace.asked
        if item.question.kind == "queue" and item.answer.startswith("ANSWERED")
    }
    logged_in = []
    for queue in site.queues:
        if queue.name in answered:
            members = [member.extension for member in queue.dynamic.members]
            classes = queue.dynamic.permission_classes
            members += [item.number for item in site.extensions if item.permission_class in classes]
            if members:
                logged_in.append((queue.name, f"PJSIP/{members[0]}"))
    for name, device in logged_in:
        asterisk.command(f"queue add member {device} to {name}")
    try:
        yield
    finally:
        for name, device in logged_in:
            asterisk.command(f"queue remove member {device} from {name}")


def difference(trace: Trace, real: Live, slow: Trace) -> str:
    """Return where a real call went another way than the oracle says, or that both agree.

    ``slow`` is what the oracle says of a caller who takes LONG to press keys. Who of a queue answers is the world's: then
    the caller's channel alone is compared.
    """
    at = trace.call.at
    ours, later, theirs = (by_channel(one.steps, at) for one in (trace, slow, real))
    theirs = timed(theirs, ours, later)
    if any(item.question.kind == "queue" and item.answer.startswith("ANSWERED") for item in trace.asked):
        ours, theirs = ours[:1], theirs[:1]
    for mine, other in zip(ours, theirs, strict=False):
        for index in range(max(len(mine), len(other))):
            here = _text(mine[index]) if index < len(mine) else "the end"
            there = _text(other[index]) if index < len(other) else "the end"
            if here != there:
                return f"step {index + 1}: the oracle has {here}, Asterisk {there}"
    if len(ours) != len(theirs):
        return f"the oracle has {len(ours)} channels in the dial plan, Asterisk {len(theirs)}"
    return AGREES


def _text(step: Step) -> str:
    context, exten, priority, app, data = step
    return f"{context},{exten},{priority} {app}({data})"
