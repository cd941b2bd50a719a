"""Feature codes and keys, parking, paging, conferences, speed dials, and what is said of recording (features.yml)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kelid.model.destination import Destination
from kelid.model.record import EMPTY
from kelid.model.site.base import Names, Placed

MOST_SLOTS = 200
"""Slots of a parking lot: rules refuse more, and nothing counts further."""


class InCallKeys(Placed):
    """What phones can press during a call (features.conf); "" for what they can't. Only extensions have these keys."""

    blind_transfer: str = ""
    attended_transfer: str = ""
    park: str = ""
    record: str = ""


class CallRecording(Placed):
    """What goes for every call that is recorded, whoever asked for it."""

    REFERS: ClassVar[Mapping[str, str]] = {"announcement": "prompt"}

    announcement: str = ""
    """The prompt that tells callers; "" for none."""
    beep: int = 0
    """Seconds between the tones that remind of it; 0 for none."""


class Features(Placed):
    """What holds for the whole site. ``feature_codes`` has every code by its key, ``off`` where there is none."""

    feature_codes: Mapping[str, str] = EMPTY
    in_call_keys: InCallKeys = InCallKeys()
    recording: CallRecording = CallRecording()


class ParkingLot(Placed):
    """Where calls wait for somebody to fetch them: ``number`` parks, each number of ``slots`` (``701-720``) fetches."""

    KIND: ClassVar[str] = "parking"
    REFERS: ClassVar[Mapping[str, str]] = {"musicclass": "music_class"}

    name: str
    names: Names
    number: str
    slots: str
    timeout: int
    return_to_origin: bool
    return_time: int
    find_slot: str
    musicclass: str
    destination: Destination

    @property
    def first(self) -> str:
        """Return the first slot."""
        return self.slots.partition("-")[0]

    @property
    def last(self) -> str:
        """Return the last slot."""
        return self.slots.partition("-")[2]

    def numbers(self) -> tuple[str, ...]:
        """Return the slots one by one, none where the range is written the wrong way round."""
        first = int(self.first)
        last = min(int(self.last), first + MOST_SLOTS - 1)
        return tuple(str(slot).zfill(len(self.first)) for slot in range(first, last + 1))


class Page(Placed):
    """Phones that answer by themselves, so that one can speak through all of them at once."""

    KIND: ClassVar[str] = "page"
    REFERS: ClassVar[Mapping[str, str]] = {"members": "extension", "prompt": "prompt"}

    name: str
    names: Names
    number: str = ""
    members: tuple[str, ...]
    duplex: bool
    quiet: bool
    skip_busy: bool
    max_duration: int
    prompt: str = ""


class Conference(Placed):
    """A room where any number of callers meet (confbridge.conf)."""

    KIND: ClassVar[str] = "conference"
    REFERS: ClassVar[Mapping[str, str]] = {"moderators": "extension", "musicclass": "music_class"}
    SECRETS: ClassVar[Mapping[str, str]] = {"pin_secret": "pin", "moderator_pin_secret": "pin"}

    name: str
    names: Names
    number: str = ""
    moderator_number: str = ""
    pin_secret: str = ""
    moderator_pin_secret: str = ""
    moderators: tuple[str, ...] = ()
    max_members: int
    language: str = ""
    musicclass: str
    record: bool
    announce_join_leave: bool
    announce_count: bool
    music_when_alone: bool
    mute_on_entry: bool
    wait_for_moderator: bool
    end_with_moderator: bool


class SpeedDial(Placed):
    """A short code for a number; the call is the phone's own, and is paid by its class."""

    KIND: ClassVar[str] = "speed_dial"
    NAMED_BY: ClassVar[str] = "code"

    code: str
    number: str
    names: Names


class Directory(Placed):
    """Callers find an extension by the letters of its owner's name."""

    KIND: ClassVar[str] = "directory"
    REFERS: ClassVar[Mapping[str, str]] = {"exclude": "extension"}

    name: str
    names: Names
    number: str = ""
    search_by: str
    exclude: tuple[str, ...] = ()
    destination: Destination
