"""The call flow of a site, from its objects: each has its name, and each way the line of YAML behind it.

Drawn is what the site's files say. What users set by code (forwards, do-not-disturb) can send any call of an extension
elsewhere; it isn't drawn. Phones that ring in a queue or a group do nothing else: their extension's own ways are not taken
there, so they are places of their own. Ways to places that many things end at (the end of a call) have one place each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from kelid.findings import NOWHERE, Where
from kelid.model.destination import Destination
from kelid.model.flow import Flow, Link, Place
from kelid.model.inbound import routes_of
from kelid.model.numbers import InternalNumber, all_numbers, direct_dials
from kelid.model.patterns import parse
from kelid.model.record import EMPTY, replace
from kelid.model.site import (
    Announcement,
    Extension,
    InboundRoute,
    Ivr,
    OutboundRoute,
    PermissionClass,
    Placed,
    Queue,
    RingGroup,
    Schedule,
    Site,
    Trunk,
)

_ENDS = frozenset({"hangup", "busy", "refused"})
"""Kinds of places of which each way has one of its own: a picture in which all calls end at one point can't be read."""


def site_flow(site: Site, start: str = "", *, every: bool = False) -> Flow:
    """Return the call flow of a site from all of its ways in, or from one: ``trunk:NAME``, ``extension:NUMBER``, ``phones``.

    Numbers that can be dialled are one place together; with ``every`` each of them is a way of its own. Raise ValueError,
    with what there is, for a start that the site hasn't got.
    """
    if start:
        return _Drawing(site, every=every).drawn(start)
    # What phones call is a picture of its own beside that of calls from outside: both use the same trunks, and lines from
    # everywhere to them would hide all else.
    outside = _Drawing(site, every=every).drawn(*(f"trunk:{trunk.name}" for trunk in site.trunks))
    return joined(outside, apart(_Drawing(site, every=every).drawn("phones"), "phones"))


def apart(flow: Flow, mark: str) -> Flow:
    """Return the flow with other keys, so that it can stand beside one of the same places."""
    places = tuple(item._replace(key=f"{item.key}~{mark}") for item in flow.places)
    links = tuple(
        item._replace(source=f"{item.source}~{mark}", target=f"{item.target}~{mark}") for item in flow.links
    )
    return replace(flow, places=places, links=links)


def joined(one: Flow, other: Flow) -> Flow:
    """Return two flows of one site in one."""
    return replace(
        one,
        places=(*one.places, *other.places),
        links=(*one.links, *other.links),
        notes=(*one.notes, *other.notes),
    )


class _Drawing:
    """What was found so far; each place is looked at once."""

    def __init__(self, site: Site, *, every: bool) -> None:
        """Take the site, and whether each number that can be dialled is drawn."""
        self.site = site
        self.every = every
        self.places: dict[str, Place] = {}
        self.links: list[Link] = []
        self.left: list[Callable[[], None]] = []
        self.notes: list[str] = []
        self.by_name = {(thing.KIND, thing.label): thing for thing in site.objects() if thing.KIND}
        self.numbers = list(all_numbers(site))

    def drawn(self, *starts: str) -> Flow:
        """Return the flow from some ways in."""
        trunks = {trunk.name: trunk for trunk in self.site.trunks}
        extensions = {extension.number: extension for extension in self.site.extensions}
        for start in starts:
            kind, _, name = start.partition(":")
            if start == "phones":
                self.classes()
            elif kind == "trunk" and name in trunks:
                self.trunk(trunks[name])
            elif kind == "extension" and name in extensions:
                self.phone(extensions[name])
            else:
                there = [f"trunk:{known}" for known in trunks] + ["phones"]
                there += [f"extension:{known}" for known in list(extensions)[:20]]
                raise ValueError(f"{self.site.name} has no way in {start!r}; it has {', '.join(there)}")
        while self.left:
            self.left.pop(0)()
        return Flow(
            title=self.site.name,
            names=self.site.names,
            language=self.site.language,
            places=tuple(self.places.values()),
            links=tuple(self.links),
            notes=tuple(self.notes),
        )

    # --- places and links ------------------------------------------------------------------------

    def add(self, place: Place, look: Callable[[], None] | None = None) -> str:
        """Add a place; what it leads to is looked at later, once. Return its key."""
        if place.key not in self.places:
            self.places[place.key] = place
            if look:
                self.left.append(look)
        return place.key

    def link(self, source: str, target: str, why: str, detail: str = "", where: Where = NOWHERE) -> None:
        """Add a link."""
        self.links.append(Link(source, target, why, detail, where))

    def end(self, source: str, kind: str, why: str, detail: str = "", where: Where = NOWHERE) -> None:
        """Add a link to an end, which is the source's own."""
        key = self.add(Place(f"{kind}@{source}", kind, ""))
        self.link(source, key, why, detail, where)

    def go(self, source: str, to: Destination, why: str, detail: str = "", where: Where = NOWHERE) -> None:
        """Add a link to a destination."""
        where = to.where if to.where.file else where
        if to.kind in _ENDS:
            self.end(source, to.kind, why, detail, where)
        else:
            self.link(source, self.destination(to), why, detail, where)

    def destination(self, to: Destination) -> str:
        """Return the key of the place that a destination is, added if it is new."""
        if to.kind == "external":
            return self.external(to)
        if to.kind == "custom":
            return self.add(Place(f"custom:{to.name}", "custom", to.name, where=to.where))
        if to.kind == "voicemail":
            return self.mailbox(to.name)
        return self.thing(self.by_name[to.kind, to.name])

    def thing(self, thing: Any) -> str:
        """Return the key of the place that an object of the site is."""
        kind = thing.KIND
        key = f"{kind}:{thing.label}"
        facts = _FACTS[kind](thing) if kind in _FACTS else ()
        look = getattr(self, f"from_{kind}", None)
        place = Place(key, kind, thing.label, getattr(thing, "names", EMPTY), tuple(facts), thing.where)
        return self.add(place, (lambda: look(key, thing)) if look else None)

    def mailbox(self, number: str) -> str:
        """Return the key of a mailbox."""
        extension = self.by_name["extension", number]
        assert isinstance(extension, Extension)  # noqa: S101 - the table is by kind
        key = f"voicemail:{number}"

        def look() -> None:
            box = extension.voicemail
            if box and box.operator_destination:
                self.go(key, box.operator_destination, "operator", "0")

        return self.add(Place(key, "voicemail", number, extension.names, where=extension.where), look)

    def phones(self, source: str, why: str, numbers: Iterable[str], where: Where, detail: str = "") -> None:
        """Add phones that ring for a source, and do nothing else."""
        text = ranges(numbers)
        key = self.add(Place(f"phones:{why}@{source}", "phones", text, where=where))
        self.link(source, key, why, detail, where)

    def external(self, to: Destination) -> str:
        """Return the key of a number outside; it leaves by the first route of its class that takes it."""
        key = f"external:{to.name}@{to.permission_class}"

        def look() -> None:
            payer = self.by_name["permission_class", to.permission_class]
            assert isinstance(payer, PermissionClass)  # noqa: S101 - the table is by kind
            for route in self.routes(payer):
                if any(_takes(item.match, to.name) for item in route.patterns):
                    self.link(key, self.route(route), "pays", to.permission_class, payer.where)
                    break

        return self.add(Place(key, "external", to.name, where=to.where), look)

    # --- ways in ---------------------------------------------------------------------------------

    def trunk(self, trunk: Trunk) -> None:
        """Add a trunk as a way in."""
        key = self.add(Place(f"trunk:{trunk.name}", "trunk", trunk.name, where=trunk.where))
        found = routes_of(self.site, trunk)
        for route in found:
            self.inbound(key, route)
        if any(route.blacklist for route in found):
            black = self.site.blacklist
            where = black.where if black else self.site.where
            if self.blacklists:
                self.end(key, "refused", "blacklisted", where=where)
            if black and black.anonymous != "allow":
                self.end(key, "refused", "hidden", where=black.place("anonymous"))
        if trunk.max_channels_in:
            self.end(key, "busy", "full_trunk", where=trunk.place("max_channels_in"))
        if trunk.internal:
            self.inside(key)
            if trunk.permission_class:
                payer = self.by_name["permission_class", trunk.permission_class]
                self.out(key, payer)
        if not any(not route.did and not route.caller_id for route in found):
            self.end(key, "refused", "other", where=trunk.where)

    @property
    def blacklists(self) -> bool:
        """Return True if anybody can be on a blacklist: of the site's file, or of the phones' own."""
        black = self.site.blacklist
        codes = self.site.features.feature_codes
        added = any(codes.get(key, "off") != "off" for key in ("blacklist_add", "blacklist_last"))
        return added or bool(black and black.patterns)

    def inbound(self, source: str, route: InboundRoute) -> None:
        """Add what an inbound route does."""
        why = "number" if route.did else "other"
        detail = f"{route.did} {route.caller_id and f'({route.caller_id})'}".strip()
        if route.fax_destination:
            self.go(source, route.fax_destination, "fax_heard", detail, route.where)
        self.go(source, route.destination, why, detail, route.where)

    def classes(self) -> None:
        """Add the phones, by what they may call."""
        for payer in self.site.permission_classes:
            numbers = [item.number for item in self.site.extensions if item.permission_class == payer.name]
            if numbers:
                facts = (("numbers", ranges(numbers)),)
                key = self.add(
                    Place(f"class:{payer.name}", "class", payer.name, facts=facts, where=payer.where)
                )
                self.inside(key, shared=True)
                self.out(key, payer, phone=True)
                refused = self.add(Place("refused@classes", "refused", ""))
                self.link(key, refused, "other", where=payer.where)

    def phone(self, extension: Extension) -> None:
        """Add one phone as a way in, with every number that it can dial."""
        key = self.add(
            Place(
                f"phone:{extension.number}", "phone", extension.number, extension.names, where=extension.where
            )
        )
        self.dialled(key, self.numbers, "inside", extension.where)
        payer = self.by_name["permission_class", extension.permission_class]
        self.out(key, payer, phone=True)
        self.end(key, "refused", "other", where=extension.where)

    def dialled(self, source: str, numbers: Sequence[InternalNumber], why: str, where: Where) -> None:
        """Add the way to internal numbers: to all of them at once, or to what each belongs to."""
        if not numbers:
            return
        if not self.every and len(numbers) > 1:
            text = ranges(item.number for item in numbers)
            self.link(source, self.add(Place(f"inside@{source}", "inside", text)), why, where=where)
            return
        for item in numbers:
            if item.use == "slot":
                slot = Place(f"slot:{item.thing.label}", "parking", item.thing.label, where=item.where)
                self.link(source, self.add(slot), why, item.number, where)
            else:
                self.link(source, self.thing(item.thing), why, item.number, where)

    def inside(self, source: str, *, shared: bool = False) -> None:
        """Add the way to all internal numbers; ``shared`` by many."""
        text = ranges(item.number for item in self.numbers)
        key = "inside" if self.every or shared else f"inside@{source}"
        look = (lambda: self.dialled(key, self.numbers, "goes", NOWHERE)) if self.every else None
        self.link(source, self.add(Place(key, "inside", text), look), "inside")

    def out(self, source: str, payer: Placed, *, phone: bool = False) -> None:
        """Add the routes that a class may use, and those of emergency calls, which everybody may."""
        assert isinstance(payer, PermissionClass)  # noqa: S101 - the table is by kind
        for route in self.routes(payer, phone=phone):
            detail = ", ".join(item.match for item in route.patterns)
            self.link(source, self.route(route), "number", detail, route.where)

    def routes(self, payer: PermissionClass, *, phone: bool = False) -> Iterator[OutboundRoute]:
        """Yield the routes that a class may use, in the order in which they are tried (``compile/classes.py``)."""
        known = {route.name: route for route in self.site.outbound_routes}
        yield from (route for route in known.values() if route.emergency)
        mine = [known[name] for name in payer.routes if name in known and not known[name].emergency]
        costly = sorted((route for route in mine if route.costly), key=lambda route: route.kind != "premium")
        yield from (route for route in costly if phone or payer.open_to_outside(route))
        yield from (route for route in mine if not route.costly)

    def route(self, route: OutboundRoute) -> str:
        """Return the key of an outbound route, with the trunks that it tries."""
        key = f"route:{route.name}"

        def look() -> None:
            if route.time_group and not route.emergency:
                self.end(key, "refused", "out_of_hours", route.time_group, route.place("time_group"))
            for index, name in enumerate(route.trunks):
                trunk = self.by_name.get(("trunk", name))
                if trunk is None:
                    continue
                line = self.add(Place(f"line:{name}", "line", name, where=trunk.where))
                why = "next_line" if index else "line"
                order = str(index + 1) if len(route.trunks) > 1 else ""
                self.link(key, line, why, order, route.place(f"trunks.{index}"))

        facts = [("pin", route.pin_set)] if route.pin_set and not route.emergency else []
        return self.add(Place(key, "route", route.name, facts=tuple(facts), where=route.where), look)

    # --- what each kind of object leads to -------------------------------------------------------

    def from_schedule(self, key: str, schedule: Schedule) -> None:
        """Add the ways of a schedule that can ever be taken."""
        override = schedule.override
        opens = bool(schedule.hours or schedule.time_groups or (override and override.open_code))
        if opens:
            self.go(key, schedule.open_destination, "open", where=schedule.where)
        self.go(key, schedule.closed_destination, "closed", where=schedule.where)
        known = {calendar.name: calendar for calendar in self.site.calendars}
        if any(next(known[name].all(), None) for name in schedule.calendars if name in known):
            self.go(key, schedule.holiday_destination, "holiday", where=schedule.where)
        if override:
            to = override.destination or schedule.closed_destination
            self.go(key, to, "night", override.code, override.where)

    def from_ivr(self, key: str, ivr: Ivr) -> None:
        """Add the keys of a menu, the numbers that can be dialled in it, and the ways of who presses none."""
        parents = [
            other
            for other in self.site.ivrs
            if other.name != ivr.name and any(_is(entry.destination, ivr) for entry in other.entries)
        ]
        for entry in ivr.entries:
            self.entry(key, parents, entry.destination, "key", entry.digits)
        self.dialled(key, direct_dials(self.site, ivr), "dials", ivr.place("direct_dial"))
        self.entry(key, parents, ivr.timeout_destination, "nothing", "")
        self.entry(key, parents, ivr.invalid_destination, "wrong", "")

    def entry(self, key: str, parents: list[Ivr], to: Destination, why: str, detail: str) -> None:
        """Add one way out of a menu; one without a menu before it is heard again instead."""
        if to.kind == "repeat" or (to.kind == "parent" and not parents):
            self.link(key, key, why, detail, to.where)
        elif to.kind == "parent":
            for parent in parents:
                self.link(key, self.thing(parent), why, detail, to.where)
        else:
            self.go(key, to, why, detail)

    def from_announcement(self, key: str, item: Announcement) -> None:
        """Add what follows an announcement."""
        if item.repeat_key:
            self.link(key, key, "key", item.repeat_key, item.place("repeat_key"))
        self.go(key, item.destination, "then", where=item.where)

    def from_queue(self, key: str, queue: Queue) -> None:
        """Add the members of a queue, and the ways out of it."""
        members = [member.extension for member in (*queue.members, *queue.dynamic.members)]
        classes = queue.dynamic.permission_classes
        members += [item.number for item in self.site.extensions if item.permission_class in classes]
        if members:
            self.phones(key, "rings", dict.fromkeys(members), queue.where, str(queue.timeout))
        for item in queue.keys:
            self.go(key, item.destination, "key", item.digit)
        if queue.callback:
            self.end(key, "hangup", "called_back", queue.callback.digit, queue.callback.where)
        if queue.full_destination:
            self.go(key, queue.full_destination, "full")
        if queue.empty_destination:
            self.go(key, queue.empty_destination, "empty")
        self.go(key, queue.destination, "waited", str(queue.max_wait or ""), queue.where)

    def from_ring_group(self, key: str, group: RingGroup) -> None:
        """Add who rings in a group, and the way on."""
        inside = [member.extension for member in group.members if member.extension]
        if inside:
            self.phones(key, "rings", inside, group.where, str(group.ring_time))
        for member in group.members:
            if member.external:
                to = Destination("external", member.external, member.permission_class, member.where)
                self.go(key, to, "rings", str(group.ring_time))
        self.go(key, group.destination, "no_answer", where=group.where)

    def from_extension(self, key: str, extension: Extension) -> None:
        """Add who else rings for an extension, and the ways of calls that it can't take."""
        if extension.secretary:
            secretary = extension.secretary
            self.phones(key, "secretary", [secretary.extension], secretary.where, str(secretary.ring_time))
        for number in extension.follow_me.numbers if extension.follow_me else ():
            if number.extension:
                self.phones(key, "follow", [number.extension], number.where, str(number.seconds))
            else:
                to = Destination("external", number.external, extension.permission_class, number.where)
                self.go(key, to, "follow", str(number.seconds))
        self.go(key, extension.no_answer, "no_answer", where=extension.where)
        self.go(key, extension.busy, "is_busy", where=extension.where)
        self.go(key, extension.unavailable, "unavailable", where=extension.where)

    def from_parking(self, key: str, lot: Any) -> None:
        """Add where a call goes that nobody fetches."""
        self.go(key, lot.destination, "unfetched", str(lot.timeout), lot.where)

    def from_directory(self, key: str, directory: Any) -> None:
        """Add who can be found in a directory."""
        people = [item for item in self.numbers if _listed(item, directory)]
        self.dialled(key, people, "found", directory.where)
        self.go(key, directory.destination, "nobody", where=directory.where)

    def from_callback(self, key: str, item: Any) -> None:
        """Add what a caller hears who is called back; all others hear the busy tone."""
        self.go(key, item.destination, "called_back", where=item.where)
        self.end(key, "busy", "not_called_back", where=item.where)

    def from_disa(self, key: str, disa: Any) -> None:
        """Add what can be dialled after the PIN."""
        self.end(key, "refused", "may_not", where=disa.where)
        self.inside(key)
        self.out(key, self.by_name["permission_class", disa.permission_class])
        self.end(key, "refused", "no_number", where=disa.where)


def _is(to: Destination, ivr: Ivr) -> bool:
    return to.kind == "ivr" and to.name == ivr.name


def _listed(item: InternalNumber, directory: Any) -> bool:
    """Return True for an extension that the directory knows: those with a mailbox (app_directory reads voicemail.conf)."""
    thing = item.thing
    return (
        isinstance(thing, Extension)
        and not item.use
        and thing.voicemail is not None
        and thing.number not in directory.exclude
    )


def _takes(pattern: str, number: str) -> bool:
    return parse(pattern).takes(number)


_FACTS: dict[str, Callable[[Any], list[tuple[str, str]]]] = {
    "ivr": lambda ivr: [("prompt", ivr.prompt)],
    "announcement": lambda item: [("prompt", item.prompt)],
    "extension": lambda item: [("seconds", str(item.ring_time))],
    "queue": lambda queue: [("strategy", queue.strategy)],
    "ring_group": lambda group: [("strategy", group.strategy)],
    "conference": lambda room: [("pin", "pin")] if room.pin_secret else [],
    "disa": lambda disa: [("pin", disa.pin_set)],
}
"""Kind of object -> what a picture says of one beside its name."""


def ranges(numbers: Iterable[str]) -> str:
    """Return numbers as people write many: ``101-108, 201``, in their order, and each once."""
    rows: list[tuple[str, str]] = []
    for number in dict.fromkeys(numbers):
        if rows:
            first, last = rows[-1]
            follows = number.isdigit() and last.isdigit() and len(number) == len(last)
            if follows and int(number) == int(last) + 1:
                rows[-1] = (first, number)
                continue
        rows.append((number, number))
    texts = []
    for first, last in rows:
        if first == last:
            texts.append(first)
        elif int(last) == int(first) + 1:
            texts += [first, last]
        else:
            texts.append(f"{first}-{last}")
    return ", ".join(texts)
