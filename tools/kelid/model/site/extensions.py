"""Phones with a number, and their mailboxes (extensions.yml)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from kelid.findings import Where
from kelid.model.destination import Destination
from kelid.model.site.base import Names, Placed, Point


class Voicemail(Placed):
    """An extension's mailbox. ``pin_secret`` names the first PIN; users change theirs by phone, and an apply keeps that."""

    SECRETS: ClassVar[Mapping[str, str]] = {"pin_secret": "pin"}
    HOLDER: ClassVar[str] = "mailbox"

    pin_secret: str
    email: str = ""
    attach: bool = False
    delete: bool = False
    maxmsg: int = 100


class Extension(Placed):
    """A phone with a number. ``secret`` names its SIP password in secrets.yml."""

    KIND: ClassVar[str] = "extension"
    NAMED_BY: ClassVar[str] = "number"
    REFERS: ClassVar[Mapping[str, str]] = {"permission_class": "permission_class"}
    SECRETS: ClassVar[Mapping[str, str]] = {"secret": "password"}

    number: str
    names: Names
    secret: str
    permission_class: str
    ring_time: int
    voicemail: Voicemail | None
    no_answer: Destination
    busy: Destination
    unavailable: Destination

    def points(self) -> Iterator[tuple[Point, Where]]:
        """Yield the extension, and its mailbox if it has one."""
        yield from super().points()
        if self.voicemail:
            yield ("voicemail", self.number), self.voicemail.where
