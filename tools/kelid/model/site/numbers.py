"""The internal numbers of a site: what a phone can dial to get to an object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kelid.findings import Where
from kelid.model.destination import KINDS
from kelid.model.record import Record
from kelid.model.site.base import Placed, Point

if TYPE_CHECKING:
    from kelid.model.site import Site


class InternalNumber(Record):
    """A number, what it calls, and where it is written. ``private``: it calls a boss, past the secretary."""

    number: str
    point: Point
    owner: Placed
    where: Where
    private: bool = False

    def __str__(self) -> str:
        """Return what has the number, in words."""
        kind, name = self.point
        what = f"{kind.replace('_', ' ')} {name}"
        return f"the private number of {what}" if self.private else what


def internal_numbers(site: Site) -> Iterator[InternalNumber]:
    """Yield the numbers of the extensions, and of every other object with a key ``number`` to which calls can be sent."""
    for extension in site.extensions:
        point = ("extension", extension.number)
        yield InternalNumber(
            number=extension.number, point=point, owner=extension, where=extension.place("number")
        )
        secretary = extension.secretary
        if secretary and secretary.private_number:
            yield InternalNumber(
                number=secretary.private_number,
                point=point,
                owner=extension,
                where=secretary.place("private_number"),
                private=True,
            )
    for thing in site.objects():
        number = thing.__dict__.get("number")
        if number and thing.KIND in KINDS and thing.KIND != "extension":
            yield InternalNumber(
                number=number, point=(thing.KIND, thing.label), owner=thing, where=thing.place("number")
            )
