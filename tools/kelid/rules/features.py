"""F: feature codes, keys, parking, paging, conferences, directories, speed dials, DISA and call-back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kelid.findings import Severity, Where
from kelid.model.feature_codes import FEATURE_CODES, OFF
from kelid.model.meant import instead
from kelid.model.numbers import internal_numbers
from kelid.model.patterns import Pattern, parse
from kelid.model.site import Callback, Disa, OutboundRoute, Site
from kelid.model.site.features import MOST_SLOTS
from kelid.rules.registry import Fault, rule, secret_rule


def _codes(site: Site) -> list[tuple[str, str, bool, Where]]:
    """Return every feature code, with what it is, whether digits follow it, and its place; a schedule's codes have H011."""
    features = site.features
    return [
        (code, key, bool(FEATURE_CODES[key].takes), features.place(f"feature_codes.{key}"))
        for key, code in features.feature_codes.items()
        if code != OFF and key in FEATURE_CODES
    ]


@rule("F001")
def code_twice(site: Site) -> Iterator[Fault]:
    """A feature code means one thing, and none begins another that digits follow."""
    codes = _codes(site)
    for index, (code, what, _, where) in enumerate(codes):
        for other, before, takes, earlier in codes[:index]:
            # A default is blamed on nobody: the code that was written has a place.
            place = where if where.file else earlier
            if code == other:
                yield place, f"{code} is the code of {before} and of {what}", "give one of them another code"
            elif takes and code.startswith(other) and code[len(other)].isdigit():
                yield (
                    place,
                    f"{code} ({what}) is also {other} ({before}) with {code[len(other) :]} after it",
                    "give one of them another code",
                )


@rule("F002")
def code_is_number(site: Site) -> Iterator[Fault]:
    """A feature code isn't a number that phones call, nor how one begins."""
    # Numbers have digits alone, and most codes begin with a star.
    codes = [found for found in _codes(site) if found[0].isdigit()]
    if not codes:
        return
    numbers = {item.number: str(item) for item in internal_numbers(site)}
    numbers |= {extension.number: f"extension {extension.number}" for extension in site.extensions}
    numbers |= dict.fromkeys(site.dial.emergency, "an emergency number")
    for code, what, takes, where in codes:
        for number, holder in numbers.items():
            if number == code or (takes and number.startswith(code)):
                text = f"the code {code} ({what}) hides {number}, {holder}"
                yield where, text, "begin the code with a star"
                break


@rule("F003", Severity.WARNING)
def code_hides_outside(site: Site) -> Iterator[Fault]:
    """A feature code isn't a number that an outbound route would take."""
    patterns = [
        (route, pattern)
        for route in site.outbound_routes
        if not route.emergency
        for pattern in _patterns(route)
    ]
    for code, what, _, where in _codes(site):
        taken = next((route for route, pattern in patterns if pattern.takes(code)), None)
        if taken:
            text = f"the code {code} ({what}) hides a number that the route {taken.name!r} takes"
            yield where, text, "give it another code, or narrow the route's pattern"


def _patterns(route: OutboundRoute) -> Iterator[Pattern]:
    """Yield the patterns of the route that can be read."""
    for pattern in route.patterns:
        try:
            yield parse(pattern.match)
        except ValueError:
            continue


def _payers(site: Site) -> Iterator[Disa | Callback]:
    yield from site.disa
    yield from site.callbacks


@rule("F005")
def class_unknown(site: Site) -> Iterator[Fault]:
    """The permission class that pays is at the site."""
    known = [item.name for item in site.permission_classes]
    for thing in _payers(site):
        if thing.permission_class not in known:
            text = f"{thing.KIND} {thing.name!r}: there is no permission class {thing.permission_class!r}"
            yield thing.place("permission_class"), text, instead(thing.permission_class, known, "routes.yml")


@rule("F006")
def slots_wrong(site: Site) -> Iterator[Fault]:
    """The slots of a parking lot are numbers of one length, the first before the last, and not too many."""
    for lot in site.parking_lots:
        where = lot.place("slots")
        count = int(lot.last) - int(lot.first) + 1
        if len(lot.first) != len(lot.last) or count < 1:
            text = f"parking lot {lot.name!r}: {lot.slots} is no range of numbers of one length"
            yield where, text, "write the first and the last: 701-720"
        elif count > MOST_SLOTS:
            text = f"parking lot {lot.name!r} has {count} slots"
            yield where, text, f"the most is {MOST_SLOTS}; nobody remembers more"


@rule("F007")
def moderator_by_number(site: Site) -> Iterator[Fault]:
    """The moderators' number of a conference asks for a PIN of their own, and is there where there is such a PIN."""
    for room in site.conferences:
        if room.moderator_number and not room.moderator_pin_secret:
            text = f"conference {room.name!r}: whoever dials {room.moderator_number} is a moderator"
            yield (
                room.place("moderator_number"),
                text,
                "add moderator_pin_secret, or name phones in moderators",
            )
        elif room.moderator_pin_secret and not room.moderator_number:
            text = f"conference {room.name!r}: nothing asks for the moderators' PIN"
            yield room.place("moderator_pin_secret"), text, "add moderator_number"


@rule("F008")
def nobody_begins(site: Site) -> Iterator[Fault]:
    """A conference that waits for a moderator, or ends with one, can have one."""
    for room in site.conferences:
        waits = "wait_for_moderator" if room.wait_for_moderator else "end_with_moderator"
        if (room.wait_for_moderator or room.end_with_moderator) and not (
            room.moderators or room.moderator_number
        ):
            text = f"conference {room.name!r} has no moderator"
            yield room.place(waits), text, "name phones in moderators, or add moderator_number and its PIN"


@secret_rule("F009")
def pins_alike(site: Site, secrets: Mapping[str, str]) -> Iterator[Fault]:
    """Who knows a conference's PIN doesn't know that of its moderators."""
    for room in site.conferences:
        pin, other = secrets.get(room.pin_secret), secrets.get(room.moderator_pin_secret)
        if pin is not None and pin == other:
            text = f"conference {room.name!r}: its PIN and that of its moderators are the same"
            yield room.place("moderator_pin_secret"), text, "make another at random"


@rule("F010", Severity.WARNING)
def open_conference(site: Site) -> Iterator[Fault]:
    """A caller from outside gets into a conference with a PIN only."""
    rooms = [room for room in site.conferences if not room.pin_secret]
    reached = _from_outside(site) if rooms else set()
    for room in rooms:
        if ("conference", room.name) in reached:
            text = f"callers from outside come into the conference {room.name!r} without a PIN"
            yield room.place("name"), text, "add pin_secret"


def _from_outside(site: Site) -> set[tuple[str, str]]:
    onward: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for way in site.ways:
        onward.setdefault(way.source, []).append(way.target)
    front = [("inbound_route", route.name) for route in site.inbound_routes]
    reached = set(front)
    while front:
        for target in onward.get(front.pop(), ()):
            if target not in reached:
                reached.add(target)
                front.append(target)
    return reached


@rule("F011", Severity.WARNING)
def costly_without_cap(site: Site) -> Iterator[Fault]:
    """Where callers from outside can get to costly numbers, by DISA or call-back, a cap says how often."""
    classes = {item.name: item for item in site.permission_classes}
    paid: list[tuple[str, str, Where]] = [
        (f"{thing.KIND}:{thing.name}", thing.permission_class, thing.place("permission_class"))
        for thing in _payers(site)
    ]
    paid += [
        (
            f"queue:{queue.name}, key {queue.callback.digit}",
            queue.callback.permission_class,
            queue.callback.place("digit"),
        )
        for queue in site.queues
        if queue.callback
    ]
    for name, permission_class, where in paid:
        payer = classes.get(permission_class)
        for route in site.outbound_routes:
            if payer is None or route.name not in payer.routes or not route.costly:
                continue
            capped = any(
                route.kind in cap.kinds
                and (not cap.permission_classes or payer.name in cap.permission_classes)
                for cap in site.caps
            )
            if payer.open_to_outside(route) and not capped:
                way = f"{name} -> class {payer.name} -> route {route.name} ({route.kind})"
                yield where, f"no cap holds for {way}", "add a cap in routes.yml"


@rule("F012", Severity.WARNING)
def not_in_directory(site: Site) -> Iterator[Fault]:
    """Who has a mailbox can be found in the directory: it has a name in Latin letters, which are on the keys."""
    excluded = {number for directory in site.directories for number in directory.exclude}
    for extension in site.extensions if site.directories else ():
        if extension.voicemail is None or extension.number in excluded:
            continue
        if not any(char.isascii() and char.isalpha() for text in extension.names.values() for char in text):
            text = f"no directory finds extension {extension.number}: its name has no Latin letters"
            yield extension.place("names"), text, "add en: to its names, or name it in exclude"


@rule("F013")
def speed_dial_wrong(site: Site) -> Iterator[Fault]:
    """A speed dial's code is there once, and its number is one that somebody can call."""
    inside = {extension.number for extension in site.extensions} | {
        item.number for item in internal_numbers(site)
    }
    seen: set[str] = set()
    for item in site.speed_dials:
        if item.code in seen:
            yield (
                item.place("code"),
                f"there are two speed dials {item.code}",
                "give one of them another code",
            )
        seen.add(item.code)
        if item.number not in inside and not any(
            pattern.takes(item.number) for route in site.outbound_routes for pattern in _patterns(route)
        ):
            text = f"speed dial {item.code}: nobody can call {item.number}"
            yield item.place("number"), text, "write it as a phone would dial it"


@rule("F014")
def keys_alike(site: Site) -> Iterator[Fault]:
    """A key during a call does one thing, and none begins another."""
    keys = site.features.in_call_keys
    named = [(key, getattr(keys, key)) for key in ("blind_transfer", "attended_transfer", "park", "record")]
    for index, (key, text) in enumerate(named):
        for other, before in named[:index]:
            if text and before and (text.startswith(before) or before.startswith(text)):
                yield (
                    keys.place(key),
                    f"{text} ({key}) and {before} ({other}) begin alike",
                    "change one of them",
                )


@rule("F015")
def callers_wrong(site: Site) -> Iterator[Fault]:
    """Who is called back is told by patterns that Asterisk understands."""
    for item in site.callbacks:
        for index, text in enumerate(item.callers):
            try:
                parse(text)
            except ValueError as problem:
                message = f"callback {item.name!r}: {text!r} is no pattern: {problem}"
                yield item.place(f"callers.{index}"), message, "correct the pattern"


@rule("F004", Severity.WARNING)
def parks_nothing(site: Site) -> Iterator[Fault]:
    """A key that parks calls needs a parking lot called default, where Asterisk puts them."""
    keys = site.features.in_call_keys
    if keys.park and not any(lot.name == "default" for lot in site.parking_lots):
        text = "the key that parks puts calls into the lot 'default', and the site has none of that name"
        yield (
            keys.place("park"),
            text,
            "call a parking lot default, or let phones transfer calls to a lot's number",
        )
