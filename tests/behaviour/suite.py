"""Edits, what the behaviour diff says of them, and calls that are really placed before and after."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from behaviour.calls import (
    ALWAYS,
    Sides,
    Witness,
    can_be_made,
    is_named,
    is_noticed,
    parts,
    taken,
    told,
    witness_of,
    witnesses,
)
from behaviour.edits import Edit
from fidelity.sites import Ways
from kelid import pipeline
from kelid.lab.presses import presses
from kelid.lab.told import by_channel
from kelid.lab.witness import Live, LiveStep, Ring
from kelid.lab.witness import Witness as Asterisk
from kelid.model.behaviour import BehaviourChange
from kelid.model.record import replace
from kelid.model.trace import Trace
from kelid.pipeline.behaviour import behaviour_change
from kelid.simulate.dialplan import Dialplan

RATES = (20.0, 4.0)
"""By how much time is hastened: what isn't as it should be is placed again, slower, for a busy machine may miss a key."""
PATIENCE = 400.0
LOOKED_AT = 12
"""Changes among which a call is looked for, the simplest of them."""
LOOKED_FOR = 12.0
"""Seconds of processor time for that."""
NAMED, NOT_NAMED = 1, 2
"""Calls of each edit that are placed: ones that the diff names, and ones that it doesn't."""
ASKED, GROUPS = 900, 36
"""Random calls of each edit that the oracle alone takes on both sides, and worlds for them: what differs there must be named.
A third of them, where a call that is named has been found without them."""
CHOSEN = 0.1
"""How likely one of them that is not named is placed."""
SLACK = 3.0
"""Seconds (Asterisk's) and share by which ringing may differ without being another: the lab's clock is hastened."""
SHARE = 0.3


@dataclass
class Result:
    """What came of one edit."""

    edit: Edit
    change: BehaviourChange
    seconds: float
    named: list[Witness] = field(default_factory=list)
    not_named: list[Witness] = field(default_factory=list)
    missed: list[Witness] = field(default_factory=list)
    """Calls that part by the oracle, and that the diff does not name."""
    differs: list[bool] = field(default_factory=list)
    same: list[bool] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def says(self) -> str:
        """Return the diff's answer: "none", "these" or "could not decide"."""
        if self.change.undecided:
            return "could not decide"
        return "none" if self.change.none else "these"

    @property
    def wrong(self) -> list[str]:
        """Return what is not as it must be, in words."""
        found = [
            f"named, and does the same: {shown(one)}"
            for one, ok in zip(self.named, self.differs, strict=False)
            if not ok
        ]
        found += [
            f"not named, and does something else: {shown(one)}"
            for one, ok in zip(self.not_named, self.same, strict=False)
            if not ok
        ]
        found += [f"parts, and is not named: {shown(one)}" for one in self.missed]
        if self.edit.refactor and self.says == "these":
            found.append("only moves YAML about, and calls change")
        return found


def shown(one: Witness) -> str:
    """Return a call in one line, so that it can be placed again."""
    call, world = one.call, one.world
    devices = {**world.devices}
    return (
        f"{call.endpoint or call.context} -> {call.exten} ({call.caller}) {call.at:%Y-%m-%d %H:%M} pressing {list(world.presses)},"
        f" all {world.otherwise} but {devices}, astdb {dict(world.database)}"
    )


class Judge:
    """Asks the diff about edits of sites, and finds calls for the lab."""

    def __init__(self, sites: Path, today: date, seed: int, seconds: float) -> None:
        """Given the folder of sites, what chance begins with, and how long (seconds) the diff may look at one edit."""
        self.sites, self.today, self.seed, self.seconds_each = sites, today, seed, seconds
        self.checked: dict[str, pipeline.Checked] = {}

    def before(self, site: str) -> pipeline.Checked:
        """Return the site as it lies there."""
        if site not in self.checked:
            self.checked[site] = pipeline.check(self.sites, site, today=self.today)
        return self.checked[site]

    def after(self, edit: Edit) -> pipeline.Checked:
        """Return the site with the edit."""
        return pipeline.check(self.sites, edit.site, today=self.today, over=edit.files)

    def judge(self, edit: Edit, number: int) -> Result:
        """Return what the diff says of an edit, with calls to be placed."""
        old, new = self.before(edit.site), self.after(edit)
        sides = Sides(old.pbx, new.pbx, new.site.time_zone)
        begin = time.monotonic()
        try:
            change = behaviour_change(
                old.pbx, new.pbx, self.today, zone=sides.zone, seconds=self.seconds_each
            )
        except Exception as problem:
            change = BehaviourChange(undecided=(f"the diff itself failed: {problem!r}",))
        result = Result(edit, change, time.monotonic() - begin)
        rng = random.Random(f"{self.seed}/calls/{number}")
        # The simplest first: a call that needs ten things to be so is hardly found without knowing how they hang together.
        rows = sorted(change.changes, key=lambda row: (len(row.conditions), rng.random()))
        simple = rows[: max(LOOKED_AT, sum(not row.conditions for row in rows))]
        end = time.process_time() + LOOKED_FOR
        for row in [*rng.sample(simple[:LOOKED_AT], len(simple[:LOOKED_AT])), *simple[LOOKED_AT:]]:
            if len(result.named) >= NAMED:
                break
            result.named += itertools.islice(witnesses(sides, row, end), 1)
        self.others(result, sides, rng)
        if change.changes and not result.named:
            result.notes.append("no call was found for what it names")
        return result

    def others(self, result: Result, sides: Sides, rng: random.Random) -> None:
        """Take random calls on both sides: what the diff doesn't name must not part; some of it is to be placed.

        Where its own examples gave no call that it names, one that is named by its way in and number and parts will do.
        """
        decided = not result.change.undecided
        endpoints = [
            {section.name for section in pbx.sections("pjsip.conf", "endpoint")}
            for pbx in (sides.before, sides.after)
        ]
        end = time.process_time() + LOOKED_FOR
        groups = Ways(sides.before).groups(rng.randrange(10**6), GROUPS, ASKED // GROUPS)
        for number, (world, call) in enumerate(
            (replace(group.world, presses=keys, answers=dict(group.world.answers) | ALWAYS), call)
            for group in groups
            for call, keys in group.calls
        ):
            wanted = not result.named and bool(result.change.changes)
            if (number >= ASKED // 3 and not wanted) or time.process_time() > end:
                break
            if not all(call.endpoint in known for known in endpoints):
                continue
            named = is_named(result.change, call.endpoint, call.exten)
            if (named and not wanted) or (not named and not decided):
                continue
            found = parts(sides, call, world)
            if found is not None and not named:
                result.missed.append(found)
            elif found is not None and can_be_made(found) and is_noticed(found):
                result.named.append(found)
            elif found is None and not named and len(result.not_named) < NOT_NAMED and rng.random() < CHOSEN:
                same = witness_of(sides, call, world)
                known = all(trace.end not in ("unknown", "loop") for trace in (same.before, same.after))
                if known and can_be_made(same) and taken(same.before) == taken(same.after):
                    result.not_named.append(same)


# -- in the lab


@dataclass(frozen=True)
class Seen:
    """What a live Asterisk did with a call: its steps, in which language something was said, who rang, and its end."""

    steps: tuple[object, ...]
    spoken: tuple[tuple[str, str], ...]
    rings: tuple[Ring, ...]
    end: tuple[int, int]


def place(asterisk: Asterisk, side: pipeline.Checked, one: Witness, trace: Trace, rate: float) -> Seen:
    """Place a call on the tree that is loaded, in its world."""
    asterisk.prepare(one.world, one.call.at, rate=rate, reload=True)
    (live,) = asterisk.place([trace.call], [presses(trace, side.pbx)], together=1, patience=PATIENCE)
    return seen(live, trace, Dialplan(side.pbx))


def seen(live: Live, trace: Trace, plan: Dialplan) -> Seen:
    """Return what is compared of a call: without the places in the dial plan, which nobody on the telephone notices."""
    channels = by_channel(live.steps, trace.call.at)
    steps = tuple(
        tuple((app.lower(), data) for _, _, _, app, data in channel if app.lower() not in UNHEARD)
        for channel in channels
    )
    spoken = tuple(
        (step.app, step.language) for step in live.steps if not step.channel and is_spoken(step, plan)
    )
    return Seen(steps, spoken, live.rings, (live.cause, live.status))


def is_spoken(step: LiveStep, plan: Dialplan) -> bool:
    """Return True if what is said in a step is said in the channel's language."""
    if step.app in SPEAKING:
        return True
    files = [*step.data.split(","), ""][step.app == "Read"]
    return step.app in {"Playback", "BackGround", "Read"} and bool(files) and not plan.has_no_language(files)


SPEAKING = frozenset(
    {"VoiceMail", "VoiceMailMain", "Queue", "ConfBridge", "Directory", "Park", "SayNumber", "SayDigits"}
)
"""Applications with recordings of their own."""

UNHEARD = frozenset({"noop", "goto", "gotoif", "gotoiftime", "gosub", "gosubif", "return", "set", "execif"})
"""Applications that nobody on the telephone hears or sees: where the call goes by them shows in what follows."""


def other(one: Seen, two: Seen) -> bool:
    """Return True if two calls did something else."""
    if (
        one.steps != two.steps
        or one.spoken != two.spoken
        or one.end != two.end
        or len(one.rings) != len(two.rings)
    ):
        return True
    return any(
        mine[:3] != their[:3]
        or abs(mine.seconds - their.seconds) > max(SLACK, SHARE * max(mine.seconds, their.seconds))
        for mine, their in zip(sorted(one.rings), sorted(two.rings), strict=True)
    )


def place_all(
    asterisk: Asterisk, judge: Judge, results: Sequence[Result], say: Callable[[str], None]
) -> Iterator[Result]:
    """Place the calls of edits of one site: all of them before, then those of each edit after; yield each edit's result."""
    old = judge.before(results[0].edit.site)
    rows = [
        (result, one, one in result.named) for result in results for one in (*result.named, *result.not_named)
    ]
    for result in results:
        result.differs = [True] * len(result.named)
        result.same = [True] * len(result.not_named)
    for rate in RATES:
        if not rows:
            break
        load(asterisk, old, rate)
        was = {id(one): place(asterisk, old, one, one.before, rate) for _, one, _ in rows}
        again = []
        for result, group in itertools.groupby(rows, key=lambda row: row[0]):
            new = judge.after(result.edit)
            load(asterisk, new, rate)
            for _, one, named in group:
                now = place(asterisk, new, one, one.after, rate)
                right = other(was[id(one)], now) == named
                among = result.differs if named else result.same
                among[(result.named if named else result.not_named).index(one)] = right
                if not right:
                    again.append((result, one, named))
                    if rate == RATES[-1]:
                        result.notes.append(f"before {was[id(one)]}\n  after {now}")
        say(
            f"  {results[0].edit.site}: {len(rows)} calls placed before and after, {len(again)} to be placed again"
        )
        rows = again
    yield from results


def load(asterisk: Asterisk, side: pipeline.Checked, rate: float) -> None:
    """Let the lab's Asterisk read a site."""
    files = dict(side.bundle.files)
    asterisk.load(
        side.pbx, files, at=DEFAULT_AT, rate=rate, media=[item.file_name for item in side.pbx.media]
    )


from fidelity.live import AT as DEFAULT_AT  # noqa: E402 - beside what is loaded

__all__ = ["Judge", "Result", "place_all", "shown", "told"]
