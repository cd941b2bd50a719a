"""Which internal numbers a site has beside its extensions', and what each leads to."""

from __future__ import annotations

from collections.abc import Iterator

from kelid.findings import Where
from kelid.model.destination import KINDS
from kelid.model.record import Record
from kelid.model.site import ParkingLot, Placed, Site


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
