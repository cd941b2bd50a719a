"""Calls of a sample site: every way in, what may be dialled, by whom, when, what is pressed, and the world that they meet."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from fidelity.compare import compare, oracle
from fidelity.generate import dialled_for, digits
from fidelity.live import AT, Placed
from kelid import pipeline
from kelid.compile import compile_site
from kelid.lab.presses import presses
from kelid.lab.witness import RATE, TOGETHER, Witness
from kelid.model.bundle import Bundle
from kelid.model.call import DEVICE_STATES, UNAVAILABLE, Call, World
from kelid.model.pbx import Pbx
from kelid.model.record import replace
from kelid.model.trace import Trace
from kelid.pipeline.calls import Dialled, endpoint_call
from kelid.render import render

PASSES = ((RATE, TOGETHER), (8.0, 6), (8.0, 1), (4.0, 1))
"""How calls are placed: by how much time is hastened, and how many are on their way at once. What differs is placed again in
the next way: a busy machine misses keys, and that costs a second pass and not a slow one for each call. Only what differs
alone, in an Asterisk that has just started, is a disagreement."""
LONGEST = 1800.0
"""True seconds for all calls of a group: those that share phones wait for one another, and some wait in a queue for a
quarter of an hour, hastened."""
SHARED = 3
"""Calls of a trunk that are on their way at once: fewer than any limit of the sample sites."""


@dataclass(frozen=True)
class Group:
    """Calls that meet the same world at the same moment; each with what its caller presses."""

    at: datetime
    world: World
    calls: tuple[tuple[Call, tuple[str, ...]], ...]


def site_pbx(sites: Path, name: str) -> tuple[Pbx, Bundle]:
    """Return a site's PBX and its files."""
    checked = pipeline.check(sites, name)
    pbx = compile_site(checked.site, checked.custom)
    return pbx, render(pbx)


class Ways:
    """What may be asked of a site's dial plan."""

    def __init__(self, pbx: Pbx) -> None:
        """Look through the dial plan once."""
        self.pbx = pbx
        self.contexts = {context.name: context for context in pbx.contexts}
        self.endpoints = [
            section for section in pbx.sections("pjsip.conf", "endpoint") if section.name != "anonymous"
        ]
        self.trunks = [
            section.name
            for section in self.endpoints
            if (section.get("context") or "").startswith("from-trunk")
        ]
        texts = [step.data for context in pbx.contexts for exten in context.extens for step in exten.steps]
        texts += [include.times for context in pbx.contexts for include in context.includes if include.times]
        self.spans = sorted({text for text in texts if re.match(r"\d\d?:\d\d-\d\d:\d\d,", text)})
        self.dates = sorted(
            {
                exten.pattern
                for context in pbx.contexts
                for exten in context.extens
                if re.fullmatch(r"20\d{6}", exten.pattern)
            }
        )
        zones = {
            found
            for text in texts
            for found in re.findall(r"\b(?:Asia|Europe|Africa|America)/[A-Z][A-Za-z_]+", text)
        }
        self.zone = ZoneInfo(sorted(zones)[0] if zones else "UTC")
        self.numbers = [section.name for section in self.endpoints if section.name not in self.trunks]
        self.elsewhere = {found for text in texts for found in re.findall(r"\b(?:IAX2|DAHDI)/[\w-]+", text)}
        self.families = sorted(
            {found for text in texts for found in re.findall(r"\$\{DB\(([A-Z]{2,})/", text)}
        )

    def extens(self, context: str, seen: set[str] | None = None) -> Iterator[str]:
        """Yield all extensions that can be dialled in a context, those of included contexts too."""
        seen = set() if seen is None else seen
        if context in seen or context not in self.contexts:
            return
        seen.add(context)
        here = self.contexts[context]
        yield from (exten.pattern for exten in here.extens)
        for include in here.includes:
            yield from self.extens(include.context, seen)

    def moment(self, rng: random.Random) -> datetime:
        """Return a moment near to what some rule tells apart."""
        day = AT.astimezone(self.zone) + timedelta(days=rng.randint(0, 400))
        chance = rng.random()
        if chance < 0.35 and self.dates:
            day = datetime.strptime(rng.choice(self.dates), "%Y%m%d").replace(tzinfo=self.zone) + timedelta(
                days=rng.choice([-1, 0, 0, 0, 1])
            )
        if chance < 0.8 and self.spans:
            hour, minute = rng.choice(re.findall(r"(\d\d?):(\d\d)", rng.choice(self.spans)))
            at = day.replace(hour=int(hour) % 24, minute=int(minute) % 60, second=0)
            return at + timedelta(minutes=rng.choice([-20, 1, 2]))
        return day.replace(hour=rng.randint(0, 23), minute=30, second=0)

    def world(self, rng: random.Random) -> World:
        """Return a world."""
        devices = {}
        if rng.random() < 0.6:
            devices = {
                f"PJSIP/{section.name}": rng.choice(DEVICE_STATES)
                for section in self.endpoints
                if rng.random() < 0.5
            }
        database = {}
        if rng.random() < 0.5:
            for family in self.families:
                for number in rng.sample(self.numbers, min(3, len(self.numbers))):
                    value = rng.choice([rng.choice(self.numbers), "09121234567", "1"])
                    if family in {"CFU", "CFB", "CFNA", "DND", "LASTCALLER"}:
                        database[f"{family}/{number}"] = value if family != "DND" else "1"
            if "BLACKLIST" in self.families:
                database["BLACKLIST/09129999999"] = "1"
        # No machine is on the other side of lines that aren't SIP.
        devices |= dict.fromkeys(self.elsewhere, UNAVAILABLE)
        # Nobody spells a name in a directory, fetches a parked call, or has a fax to send.
        answers = {"directory": "", "park": "comes back", "fax": "FAILED"} | nobody_logged_in(self.pbx)
        return World(otherwise=rng.choice(DEVICE_STATES), devices=devices, database=database, answers=answers)

    def call(self, rng: random.Random, at: datetime) -> tuple[Call, tuple[str, ...]]:
        """Return a call and what is pressed."""
        trunk = self.trunks and rng.random() < 0.4
        endpoint = rng.choice(self.trunks if trunk else self.numbers)
        section = next(section for section in self.endpoints if section.name == endpoint)
        context = section.get("context") or "default"
        known = sorted(set(self.extens(context)))
        if trunk:
            inside = [
                exten for exten in self.extens(f"inbound-{endpoint}") if exten not in {"i", "s", "t", "h"}
            ]
            known = inside * 3 + known
        number = dialled_for(rng, rng.choice(known or ["1"]))
        if rng.random() < 0.06:
            number = digits(rng, 1, 12)
        caller = (
            rng.choice(["09121234567", "+989123334455", "02144556677", "", "00442079460000", "09129999999"])
            if trunk
            else ""
        )
        call = endpoint_call(self.pbx, endpoint, Dialled(number=number, at=at, caller=caller))
        keys = tuple(
            rng.choice(["", "", "1", "2", "3", "0", "9", "*", "#", "99", "4", rng.choice(self.numbers)[:4]])
            for _ in range(rng.randint(0, 5))
        )
        return call, keys

    def groups(self, seed: int, count: int, size: int) -> Iterator[Group]:
        """Yield that many groups of that many calls."""
        for number in range(count):
            rng = random.Random(f"{seed}/{self.pbx.site}/{number}")
            at = self.moment(rng)
            yield Group(at, self.world(rng), tuple(self.call(rng, at) for _ in range(size)))


def nobody_logged_in(pbx: Pbx) -> dict[str, str]:
    """Return the answers of queues whose members are all to log in first: in the lab nobody has."""
    found = {}
    for section in pbx.sections("queues.conf"):
        if section.name != "general" and not section.get("member"):
            refused = (section.get("joinempty") or "yes") not in ("yes", "loose")
            found[f"queue:{section.name}"] = "JOINEMPTY" if refused else "TIMEOUT"
    return found


def needs(pbx: Pbx, trace: Trace) -> set[str]:
    """Return what a call can't share with others at the same time: phones, queues, values in astdb, places of a mailbox."""
    found = {f"device {trace.call.endpoint}"}
    for asked in trace.asked:
        kind, subject = asked.question.kind, asked.question.subject
        if kind == "dial":
            found |= {"device " + re.sub(r"^.*@", "", one.partition("/")[2]) for one in subject.split("&")}
        elif kind == "queue":
            for section in pbx.sections("queues.conf"):
                if section.name == subject:
                    found |= {
                        "device " + number
                        for option in section.options
                        if option.key == "member"
                        for number in re.findall(r"/([\w-]+)", option.value)
                    }
            found.add(f"queue {subject}")
        elif kind == "group":
            found.add(f"device {subject.partition('@')[0]}")  # how many calls a phone has
        elif kind not in {"key", "database", "database-has", "hangup"}:
            found.add(f"{kind} {subject}")
    found |= {f"kept {event.subject}" for event in trace.events if event.kind == "keeps"}
    return found


def place_site(witness: Witness, pbx: Pbx, bundle: Bundle, groups: Iterator[Group]) -> Iterator[Placed]:
    """Load a site, place all groups, and compare each call."""

    def load() -> None:
        witness.load(pbx, bundle.files, at=AT, media=[media.file_name for media in bundle.media])

    load()
    for group in groups:
        yield from _place(witness, pbx, group, load)


def _place(
    witness: Witness, pbx: Pbx, group: Group, load: Callable[[], None], way: int = 0
) -> Iterator[Placed]:
    """Place the calls of a group; those that differ are placed again, at last alone in a fresh Asterisk: it remembers the
    states of lamps that calls before have switched, beside astdb.
    """
    rate, together = PASSES[way]
    again = []
    trunks = {f"device {name}": SHARED for name in Ways(pbx).trunks}
    for batch in [group.calls] if together > 1 else [(call,) for call in group.calls]:
        if way + 1 == len(PASSES):
            load()
        witness.prepare(group.world, group.at, rate=rate, reload=way > 0)
        worlds = [replace(group.world, presses=keys) for _, keys in batch]
        traces = [oracle(pbx, call, world) for (call, _), world in zip(batch, worlds, strict=True)]
        lives = witness.place(
            [call for call, _ in batch],
            [presses(trace, pbx) for trace in traces],
            together=together,
            needs=[needs(pbx, trace) for trace in traces],
            limits=trunks,
            timeout=LONGEST,
        )
        for one, world, trace, live in zip(batch, worlds, traces, lives, strict=True):
            verdict = compare(pbx, trace, live)
            if verdict.how == "different" and way + 1 < len(PASSES):
                again.append(one)
            else:
                yield Placed(pbx.site, one[0], world, live, verdict, way=way)
    if again:
        yield from _place(witness, pbx, Group(group.at, group.world, tuple(again)), load, way + 1)
