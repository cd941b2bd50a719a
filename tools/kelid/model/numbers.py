"""Which internal numbers a site has beside its extensions', and what each leads to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kelid.findings import Where
from kelid.model.destination import KINDS
from kelid.model.record import Record
from kelid.model.site import Ivr, ParkingLot, Placed, Site


class InternalNumber(Record):
    """A number that phones dial for an object; ``use`` tells apart what one object has several numbers for.

    ``use`` is "" (what a destination of its kind does), ``slot`` (fetch a parked call), ``moderator`` or ``boss`` (ring an
    extension past its secretary).
    """

    number: str
    thing: Placed
    where: Where
    use: str = ""

    def __str__(self) -> str:
        """Return what has the number, in words: ``conference board``."""
        kind, name = self.thing.KIND.replace("_", " "), self.thing.label
        return {
            "slot": f"a slot of {kind} {name}",
            "moderator": f"the moderators' number of {kind} {name}",
            "boss": f"the private number of {kind} {name}",
        }.get(self.use, f"{kind} {name}")


def internal_numbers(site: Site) -> Iterator[InternalNumber]:
    """Yield the number of every object that calls can be sent to, but for the extensions, and what else rings inside."""
    for thing in site.objects():
        if thing.KIND not in KINDS or thing.KIND == "extension":
            continue
        number = getattr(thing, "number", "")
        if number:
            yield InternalNumber(number=number, thing=thing, where=thing.place("number"))
    for extension in site.extensions:
        secretary = extension.secretary
        if secretary and secretary.private_number:
            where = secretary.place("private_number")
            yield InternalNumber(number=secretary.private_number, thing=extension, where=where, use="boss")
    for room in site.conferences:
        if room.moderator_number:
            where = room.place("moderator_number")
            yield InternalNumber(number=room.moderator_number, thing=room, where=where, use="moderator")
    for lot in site.parking_lots:
        yield from (_slot(lot, number) for number in lot.numbers())


def _slot(lot: ParkingLot, number: str) -> InternalNumber:
    return InternalNumber(number=number, thing=lot, where=lot.place("slots"), use="slot")


def all_numbers(site: Site) -> Iterator[InternalNumber]:
    """Yield the numbers of the extensions too."""
    for extension in site.extensions:
        yield InternalNumber(number=extension.number, thing=extension, where=extension.place("number"))
    yield from internal_numbers(site)


DIRECT_DIAL: Mapping[str, str] = {
    "extensions": "extension",
    "ring_groups": "ring_group",
    "queues": "queue",
    "conferences": "conference",
}
"""What a menu's ``direct_dial`` may call by its kind -> kind. Of a range only these and menus are dialled: what speaks
through loudspeakers, calls outside or asks for a PIN is none of a stranger's business."""

_FROM_MENUS = frozenset({*DIRECT_DIAL.values(), "ivr"})


def is_range(item: str) -> bool:
    """Return whether an item of ``direct_dial`` holds numbers, and no kind."""
    return item[0].isdigit()


def in_item(item: str, number: InternalNumber) -> bool:
    """Return whether an item of ``direct_dial`` takes in a number: ``extensions``, ``101`` or ``101-119``.

    What one object has a number for beside its own (a boss's private one, the moderators' one) is never dialled.
    """
    kind = number.thing.KIND
    if number.use or kind not in _FROM_MENUS:
        return False
    if not is_range(item):
        return kind == DIRECT_DIAL[item]
    first, _, last = item.partition("-")
    return len(number.number) == len(first) and first <= number.number <= (last or first)


def direct_dials(site: Site, ivr: Ivr) -> tuple[InternalNumber, ...]:
    """Return the numbers that callers may dial in a menu; an extension can refuse to be among them."""
    return tuple(
        number
        for number in (all_numbers(site) if ivr.direct_dial else ())
        if getattr(number.thing, "direct_dial", True) is not False
        and any(in_item(item, number) for item in ivr.direct_dial)
    )
