"""Menus and announcements (ivrs.yml)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kelid.model.destination import Destination
from kelid.model.site.base import Names, Placed


class IvrEntry(Placed):
    """What one key, or several in a row, leads to."""

    CHOSEN: ClassVar[bool] = True

    digits: str
    destination: Destination


class Ivr(Placed):
    """A menu. After ``retries`` repetitions a caller who presses nothing, or something wrong, is sent on."""

    KIND: ClassVar[str] = "ivr"
    REFERS: ClassVar[Mapping[str, str]] = {"prompt": "prompt"}

    name: str
    names: Names
    prompt: str
    timeout: int
    retries: int
    direct_dial: bool
    entries: tuple[IvrEntry, ...]
    timeout_destination: Destination
    invalid_destination: Destination


class Announcement(Placed):
    """A prompt that is played once, and where the call goes then."""

    KIND: ClassVar[str] = "announcement"
    REFERS: ClassVar[Mapping[str, str]] = {"prompt": "prompt"}

    name: str
    names: Names
    prompt: str
    destination: Destination
