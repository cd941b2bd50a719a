"""Menus and announcements (ivrs.yml)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kelid.model.destination import Destination
from kelid.model.site.base import Names, Placed


class IvrEntry(Placed):
    """What one key, or several in a row, leads to. ``language``: that of the caller from there on; "" as before."""

    CHOSEN: ClassVar[bool] = True

    digits: str
    destination: Destination
    language: str = ""


class Ivr(Placed):
    """A menu. After ``retries`` repetitions a caller who presses nothing, or something wrong, is sent on.

    ``direct_dial`` holds kinds (``extensions``) and numbers (``101``, ``101-119``) that callers may dial in it.
    """

    KIND: ClassVar[str] = "ivr"
    REFERS: ClassVar[Mapping[str, str]] = {
        "prompt": "prompt",
        "timeout_prompt": "prompt",
        "invalid_prompt": "prompt",
    }

    name: str
    names: Names
    number: str = ""
    prompt: str
    timeout: int
    digit_timeout: int
    retries: int
    timeout_prompt: str = ""
    invalid_prompt: str = ""
    direct_dial: tuple[str, ...] = ()
    entries: tuple[IvrEntry, ...]
    timeout_destination: Destination
    invalid_destination: Destination


class Announcement(Placed):
    """A prompt that is played once, and where the call goes then.

    With ``skip`` any key ends it; ``repeat_key`` plays it again.
    """

    KIND: ClassVar[str] = "announcement"
    REFERS: ClassVar[Mapping[str, str]] = {"prompt": "prompt"}

    name: str
    names: Names
    number: str = ""
    prompt: str
    answer: bool
    skip: bool
    repeat_key: str = ""
    destination: Destination
