"""For each change of calls one call that really makes the difference, in the words in which ``kelid trace`` takes it.

The search is that of ``simulate/witnesses.py``; here is what a call is made of: where it may come from so that the two dial
plans take it alike, and how a world is written on a command line. What can't be written there is no witness.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from kelid.findings import KelidError
from kelid.model.behaviour import BehaviourChange, CallChange, WayIn, Witness
from kelid.model.call import ANSWERS, QUESTIONS, Call, World
from kelid.model.moments import LATIN, moment
from kelid.model.number_format import received
from kelid.model.pbx import Pbx
from kelid.model.record import replace
from kelid.model.site import CallWorld, Site, Trunk
from kelid.model.trace import Event
from kelid.pipeline import Checked, calls
from kelid.pipeline.calls import ENDPOINT, Dialled
from kelid.simulate import witnesses as search

TRIES = 400
"""Runs of both dial plans for one change."""

MOST_PHONES = 4
"""Phones of a change that stands for many from which a call is tried."""

LEAST, SHARE = 1.0, 0.25
"""Processor time for all changes: so many seconds, or this share of what the walk has taken, whichever is more."""

EARLIER = (0, 5, 15, 30, 60, 120, 300, 600)
"""Seconds by which a call is tried earlier that must come to a border of time in one of its waits."""

CONTEXT = "context:"
"""What the context of a tree in which a call begins stands behind, in ``Witness.start``."""


class Start(NamedTuple):
    """Where a call comes from, the numbers as they are given, and the call as each of both sides takes it."""

    start: str
    number: str
    caller: str
    calls: tuple[Call, Call]
    caller_name: str = ""


class House(Protocol):
    """Two states of one configuration, as ``kelid trace`` is told of them."""

    @property
    def pbxs(self) -> tuple[Pbx, Pbx]:
        """Return both PBXs."""

    @property
    def zone(self) -> str:
        """Return the time zone by whose clock a moment is given."""

    def starts(self, way: WayIn, phones: Sequence[str], dialled: Dialled) -> Iterator[Start]:
        """Yield where a call may come from, and be the same to both sides: the same number in the same context."""

    def said(self, device: str) -> str:
        """Return what ``--device`` takes for a device of Asterisk's."""

    def world(self, world: World) -> World:
        """Return the world that a command line makes of this one's parts."""

    def command(self, start: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the words from the verb up to where the call comes from: for before, and for now."""


class Trees:
    """Two configuration folders: calls come from endpoints and contexts as they are. Without paths there is no command."""

    def __init__(
        self, before: Pbx, after: Pbx, zone: str = "", paths: tuple[Path, Path] | None = None
    ) -> None:
        """Given both sides as they were read, and where from."""
        self.pbxs = (before, after)
        self.zone = zone or "UTC"
        self._paths = paths
        self._endpoints = frozenset.intersection(*(frozenset(calls.named_origins(pbx)) for pbx in self.pbxs))

    def starts(self, way: WayIn, phones: Sequence[str], dialled: Dialled) -> Iterator[Start]:
        """Yield the endpoints of a way in, or its context where it has none."""
        known = [name for name in phones if name in self._endpoints and way.kind != "context"]
        for name in known:
            made = tuple(calls.endpoint_call(pbx, name, dialled) for pbx in self.pbxs)
            yield Start(name, dialled.number, dialled.caller, (made[0], made[1]))
        if not known:
            try:
                made = tuple(calls.context_call(pbx, way.context, dialled) for pbx in self.pbxs)
            except KelidError:
                return
            yield Start(f"{CONTEXT}{way.context}", dialled.number, dialled.caller, (made[0], made[1]))

    def said(self, device: str) -> str:
        """Return the device: a tree has no other words."""
        return device

    def world(self, world: World) -> World:
        """Return the world."""
        return world

    def command(self, start: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the commands as far as the start."""
        if self._paths is None:
            return (), ()
        context = start.startswith(CONTEXT)
        where = option("--context", start.removeprefix(CONTEXT)) if context else option("--from", start)
        zone = option("--zone", self.zone) if self.zone != "UTC" else ()
        one, other = (("trace", *option("--tree", str(path)), *zone, *where) for path in self._paths)
        return one, other


class Sites:
    """Two revisions of a site, in the site's own words where it has some on both sides."""

    def __init__(
        self,
        before: Checked,
        after: Checked,
        revisions: tuple[str | None, str | None],
        options: Sequence[str] = (),
    ) -> None:
        """Given both, checked, their revisions (None: the working tree), and options that every command takes."""
        self.pbxs = (before.pbx, after.pbx)
        self._sites: tuple[Site, Site] = (before.site, after.site)
        self.zone = after.site.time_zone
        self._revisions, self._options = revisions, tuple(options)
        self._plain = Trees(*self.pbxs, self.zone)
        self._words = {
            names[0]: text
            for text, names in (
                *((f"extension:{one.number}", _devices(self._sites, one.number)) for one in after.site.extensions),
                *((f"trunk:{one.name}", _lines(self._sites, one.name)) for one in after.site.trunks),
            )
            if len(names) == 1
        }  # fmt: skip

    def starts(self, way: WayIn, phones: Sequence[str], dialled: Dialled) -> Iterator[Start]:
        """Yield calls of the site's extensions and trunks; where it has no such words, of endpoints and contexts."""
        for name in phones:
            found = False
            for start, trunk in self._named(way, name):
                for number, caller in _given(self._sites[1], trunk, dialled):
                    given = dialled._replace(number=number, caller=caller)
                    made = self._both(start, given)
                    if made is not None and _is(made, way, dialled):
                        found = True
                        yield Start(start, number, caller, made)
                        break
            if not found and (made := self._both(f"{ENDPOINT}{name}", dialled)) and _is(made, way, dialled):
                yield Start(f"{ENDPOINT}{name}", dialled.number, dialled.caller, made)
        made = self._both(f"custom:{way.context}", dialled)
        if made is not None and not any(name in self._plain._endpoints for name in phones):
            yield Start(f"custom:{way.context}", dialled.number, dialled.caller, made)

    def _named(self, way: WayIn, name: str) -> Iterator[tuple[str, Trunk | None]]:
        if way.kind == "anonymous":
            yield "anonymous", None
        for one in self._sites[1].extensions:
            if way.kind == "phone" and one.devices and one.devices[0].endpoint == name:
                yield f"extension:{one.number}", None
        for trunk in self._sites[1].trunks:
            if way.kind == "trunk" and name in (trunk.name, f"from-trunk-{trunk.name}"):
                yield f"trunk:{trunk.name}", trunk

    def _both(self, start: str, dialled: Dialled) -> tuple[Call, Call] | None:
        """Return the call as both sides take it, None where one of them doesn't know of it."""
        try:
            made = [
                calls.site_call(site, pbx, start, dialled)
                for site, pbx in zip(self._sites, self.pbxs, strict=True)
            ]
        except KelidError:
            return None
        return made[0], made[1]

    def said(self, device: str) -> str:
        """Return ``extension:101`` for the only phone of an extension."""
        return self._words.get(device, device)

    def world(self, world: World) -> World:
        """Return the world as a site's trace makes it."""
        made = CallWorld(
            devices={self.said(name): state for name, state in world.devices.items()},
            otherwise=world.otherwise,
            in_use=tuple(sorted(map(self.said, world.in_use))),
            database=world.database,
            answers=world.answers,
        )
        return calls.site_world(self._sites[1], made, [one or "-" for one in world.presses])

    def command(self, start: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the commands as far as the start."""
        rows = [
            (
                "trace", self._sites[1].name, *self._options,
                *(option("--revision", revision) if revision else ()), *option("--from", start),
            )
            for revision in self._revisions
        ]  # fmt: skip
        return rows[0], rows[1]


def _devices(sites: Sequence[Site], number: str) -> tuple[str, ...]:
    """Return the devices of an extension, () where both sides don't have the same."""
    found = [_of(site, f"extension:{number}") for site in sites]
    return found[0] if found[0] == found[1] else ()


def _lines(sites: Sequence[Site], name: str) -> tuple[str, ...]:
    found = [_of(site, f"trunk:{name}") for site in sites]
    return found[0] if found[0] == found[1] else ()


def _of(site: Site, text: str) -> tuple[str, ...]:
    try:
        return calls.devices(site, text)
    except KelidError:
        return ()


def _is(made: tuple[Call, Call], way: WayIn, dialled: Dialled) -> bool:
    """Return True if both sides take the very call: that number, in the way's context, and from that caller."""
    return all(one.exten == (dialled.number or "s") for one in made) and all(
        one.caller == dialled.caller for one in made if dialled.caller
    )


def _given(site: Site, trunk: Trunk | None, dialled: Dialled) -> Iterator[tuple[str, str]]:
    """Yield numbers, as a site's trace is given them, that may come in as these."""
    numbers, callers = [dialled.number], [dialled.caller]
    if trunk is not None:
        if dialled.number == "s":
            numbers.append("")
        numbers += [received(dialled.number, trunk.did_in, site.dial), *trunk.dids]
        callers.append(received(dialled.caller, trunk.caller_id_in, site.dial))
    yield from dict.fromkeys(itertools.product(numbers, callers))


# --- the search ----------------------------------------------------------------------------------


class Names(Protocol):
    """How events are said in a change (``pipeline.behaviour.Sounds``)."""

    def named(self, event: Event, side: int) -> Event:
        """Return an event of a side as it is told."""


def with_witnesses(change: BehaviourChange, house: House, names: Names, *, spent: float) -> BehaviourChange:
    """Return the change with a witness for each of its changes for which one was found, those first; none is left out.

    ``spent``: seconds of processor time that the walk has taken; the search gets a share of it.
    """
    if not change.changes:
        return change
    both = search.sides(*house.pbxs)
    end = time.process_time() + max(LEAST, SHARE * spent)
    # The simplest first: what needs many things to be so takes longer, and is found less often.
    order = sorted(range(len(change.changes)), key=lambda at: len(change.changes[at].conditions))
    found: dict[int, Witness | None] = {}
    for done, at in enumerate(order):
        now = time.process_time()
        mine = min(end, now + 4 * (end - now) / (len(order) - done))
        made = (
            witness_of(house, start, parted, names)
            for start, parted in partings(change.changes[at], house, both, names, tries=TRIES, end=mine)
        )
        found[at] = next((one for one in made if one is not None), None)
    rows = [replace(one, witness=found[at]) if found[at] else one for at, one in enumerate(change.changes)]
    # What was really seen comes first; the rest stays told.
    return replace(change, changes=tuple(sorted(rows, key=lambda one: one.witness is None)))


def partings(
    change: CallChange,
    house: House,
    both: search.Sides,
    names: Names,
    *,
    tries: int,
    end: float,
    base: World | None = None,
) -> Iterator[tuple[Start, search.Parted]]:
    """Yield calls of a change, in worlds in which they part as it tells.

    ``base``: the world of an ordinary day. ``tries`` and ``end`` as in ``simulate.witnesses``.
    """
    starts = list(starts_of(change, house))
    way = search.wanted(change.example[3:])

    def told(before: tuple[Event, ...], after: tuple[Event, ...]) -> bool:
        real = [
            [names.named(event, side) for event in tail[:1]]
            for side, tail in enumerate((before, after))
        ]  # fmt: skip
        return search.same(change.before, real[0]) and search.same(change.after, real[1])

    pairs = [start.calls for start in starts]
    for found in search.witnesses(both, pairs, way, told, base=base or World(), tries=tries, end=end):
        yield starts[found.call], found


def starts_of(change: CallChange, house: House) -> Iterator[Start]:
    """Yield the calls that a change is tried with: of its example, from some of its phones."""
    given = dict(change.example[:3])
    if "at" not in given:
        return
    at = datetime.fromtimestamp(int(given["at"]), UTC).astimezone(ZoneInfo(house.zone))
    chosen = [answer for name, answer in change.example[3:] if name.startswith("phone:")]
    phones = (
        chosen[-1:] or [*change.way_in.names[:MOST_PHONES], *change.way_in.names[-1:]] or [change.way_in.name]
    )
    caller = given["caller"] if change.way_in.kind != "phone" else ""
    name = next((text for key, text in reversed(change.example[3:]) if key == "caller-name:"), "")
    number = given["dialled"]
    if number.translate(LATIN) != number or caller.translate(LATIN) != caller:
        return
    earlier = EARLIER if any(name.startswith("clock:") for name, _ in change.example[3:]) else (0,)
    for seconds in earlier:
        dialled = Dialled(number, at - timedelta(seconds=seconds), caller, name)
        for start in house.starts(change.way_in, list(dict.fromkeys(phones)), dialled):
            yield start._replace(caller_name=name)


def witness_of(house: House, start: Start, found: search.Parted, names: Names) -> Witness | None:
    """Return a call that parts as a witness; None where no command line can say its world."""
    at = start.calls[1].at
    when = at_text(at, house.zone)
    words = world_words(house, found.world)
    if when is None or words is None:
        return None
    given = (
        *(option("--did", start.number) if start.number else ()),
        *(option("--caller", start.caller) if start.caller else ()),
        *(option("--caller-name", start.caller_name) if start.caller_name else ()),
        "--at",
        when,
        *words,
    )
    earlier, command = ((*row, *given) if row else () for row in house.command(start.start))
    if not all(map(_can_be_written, (*earlier, *command))):
        return None
    before, after = (
        tuple(names.named(event._replace(step=-1), side) for event in tail)
        for side, tail in enumerate(found.tails)
    )
    return Witness(
        start=start.start,
        number=start.number,
        caller=start.caller,
        at=at,
        world=found.world,
        before=before,
        after=after,
        command=command,
        earlier=earlier,
        caller_name=start.caller_name,
    )


# --- a command line ------------------------------------------------------------------------------


def at_text(at: datetime, zone: str) -> str | None:
    """Return a moment as ``--at`` reads it by the clock of a zone, None where it can't be said."""
    plain = f"{at:%Y-%m-%d %H:%M:%S}".removesuffix(":00")
    for text in (plain, f"{plain} {at:%z}"):
        try:
            if moment(text, zone).timestamp() == at.timestamp():
                return text
        except ValueError:
            continue
    return None


def world_words(house: House, world: World) -> tuple[str, ...] | None:
    """Return the options that say a world, None where they can't."""
    if world.globals or house.world(world) != world:
        return None
    pairs: list[tuple[str, str, str]] = [
        *(("--device", house.said(name), state) for name, state in world.devices.items()),
        *(("--db", key, value) for key, value in world.database.items()),
        *(("--answer", name, answer) for name, answer in world.answers.items()),
    ]
    if any(not name or "=" in name for _, name, _ in pairs):
        return None
    if any(name.partition(":")[0] not in QUESTIONS for name in world.answers) or "-" in world.presses:
        return None
    words: list[str] = []
    for one in world.presses:
        words += option("--press", one or "-")
    if world.otherwise != ANSWERS:
        words += ["--otherwise", world.otherwise]
    for name, key, value in pairs:
        words += option(name, f"{key}={value}")
    for device in sorted(world.in_use):
        words += option("--in-use", house.said(device))
    return tuple(words)


def option(name: str, value: str) -> tuple[str, ...]:
    """Return an option with its value, as one word where the value would be taken for an option."""
    return (f"{name}={value}",) if value.startswith("-") and value != "-" else (name, value)


def _can_be_written(word: str) -> bool:
    """Return True if a word can stand on a command line."""
    try:
        return "\0" not in word and bool(word.encode())
    except UnicodeEncodeError:
        return False
