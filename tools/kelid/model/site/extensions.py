"""Phones with a number, and their mailboxes (extensions.yml)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from kelid.findings import Where
from kelid.model.destination import Destination
from kelid.model.site.base import Names, Placed, Point
from kelid.model.site.calls import FollowMe, RecordedCalls, Secretary
from kelid.model.site.devices import Device, PhoneKey


class Voicemail(Placed):
    """An extension's mailbox. ``pin_secret`` names the first PIN; users change theirs by phone, and an apply keeps that.

    ``time_zone`` and ``language`` are "" where those of the site and of the extension hold.
    """

    SECRETS: ClassVar[Mapping[str, str]] = {"pin_secret": "pin"}
    HOLDER: ClassVar[str] = "mailbox"
    CHOSEN: ClassVar[bool] = True

    pin_secret: str
    email: str = ""
    attach: bool = False
    delete: bool = False
    maxmsg: int = 100
    time_zone: str = ""
    language: str = ""
    say_caller_id: bool = False
    envelope: bool = True
    operator_destination: Destination | None = None
    """Where a caller goes who presses 0."""


class Extension(Placed):
    """A number with its phones, which ring together. What its profile and the defaults say is merged into it."""

    KIND: ClassVar[str] = "extension"
    NAMED_BY: ClassVar[str] = "number"
    REFERS: ClassVar[Mapping[str, str]] = {
        "permission_class": "permission_class",
        "profile": "profile",
        "musicclass": "music_class",
    }

    number: str
    names: Names
    profile: str = ""
    permission_class: str
    ring_time: int
    email: str = ""
    outbound_caller_id: str = ""
    emergency_caller_id: str = ""
    call_waiting: bool = True
    max_calls: int = 0
    """How many calls at once; 0 means no limit."""
    call_groups: tuple[str, ...] = ()
    pickup_groups: tuple[str, ...] = ()
    language: str = ""
    """The language of the phone's user; "" for the site's."""
    musicclass: str = ""
    account_code: str = ""
    direct_dial: bool = True
    """False: no caller can dial the number in a menu, whatever the menu says."""
    recording: RecordedCalls | None = None
    follow_me: FollowMe | None = None
    secretary: Secretary | None = None
    voicemail: Voicemail | None
    no_answer: Destination
    busy: Destination
    unavailable: Destination
    devices: tuple[Device, ...]
    keys: tuple[PhoneKey, ...] = ()

    def points(self) -> Iterator[tuple[Point, Where]]:
        """Yield the extension, and its mailbox if it has one."""
        yield from super().points()
        if self.voicemail:
            yield ("voicemail", self.number), self.voicemail.where
