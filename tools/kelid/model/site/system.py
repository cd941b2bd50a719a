"""The machines, how numbers are written in their country, and which numbers are for what (site.yml)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from typing import ClassVar

from kelid.model.site.base import Placed

TESTED_ASTERISK = (16, 22)
"""Major versions of Asterisk that the tests run; newer ones than 16 are taken too."""


class Server(Placed):
    """A machine, and how to reach it."""

    address: str
    port: int = 22
    user: str = "root"
    host_key: str = ""
    """The server's public host key as in a known_hosts line (``ssh-ed25519 AAAA...``); "" means: known_hosts decides."""


class Servers(Placed):
    """The machines that run the PBX: the standby takes the same release, so both have the same Asterisk."""

    asterisk: int = 22
    """The major version of Asterisk that they run."""
    primary: Server
    standby: Server | None = None

    def each(self) -> Iterator[tuple[str, Server]]:
        """Yield the machines with what each is: ``primary``, ``standby``."""
        yield "primary", self.primary
        if self.standby:
            yield "standby", self.standby


class MaintenanceWindow(Placed):
    """When Asterisk may be restarted, in the site's time zone: ``days`` are of ``sat sun mon tue wed thu fri``.

    An ``end`` that isn't after ``start`` is on the day that follows.
    """

    days: tuple[str, ...]
    start: time
    end: time


class About(Placed):
    """What an inventory needs to know of a site: whose it is, by which words it is chosen, its machines."""

    name: str
    client: str
    tags: tuple[str, ...] = ()
    """What a change of many sites chooses them by; the PBX itself has nothing of it."""
    servers: Servers
    time_zone: str
    maintenance: tuple[MaintenanceWindow, ...] = ()


class DialRules(Placed):
    """How numbers are written and dialled in the client's country (ITU-T E.164 country codes, without a plus sign)."""

    country_code: str
    area_code: str
    trunk_prefix: str
    international_prefix: str
    emergency: tuple[str, ...]
    premium: tuple[str, ...] = ()
    """Patterns of numbers that only premium routes take."""


class Range(Placed):
    """Some internal numbers, from the first to the last, for one kind of object."""

    kind: str
    """The key under ``ranges`` that it stands under."""
    first: str
    last: str

    def __contains__(self, number: object) -> bool:
        """Return True if the number is one of them; ``0101`` is not between 100 and 199."""
        return (
            isinstance(number, str) and len(number) == len(self.first) and self.first <= number <= self.last
        )

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{self.first}-{self.last}" if self.first != self.last else self.first


class Profile(Placed):
    """A set of values for extensions; what it says is already merged into the extensions that name it."""

    KIND: ClassVar[str] = "profile"

    name: str


RANGED = {
    "extension": "extensions",
    "ring_group": "ring_groups",
    "queue": "queues",
    "ivr": "ivrs",
    "conference": "conferences",
    "parking": "parking",
    "page": "pages",
}
"""Kind of object -> the key under ``ranges`` that its numbers belong to; what isn't here belongs to ``others``."""


def range_of(text: str) -> tuple[str, str]:
    """Given ``100-199`` or ``8``, return the first and the last number."""
    first, _, last = text.partition("-")
    return first, last or first
