"""What an extension does with its calls beside ringing (extensions.yml): recording, follow-me, boss and secretary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kelid.model.site.base import Placed


class RecordedCalls(Placed):
    """Which calls are recorded: each ``always``, ``on_demand`` or ``never``."""

    inbound_external: str = "never"
    inbound_internal: str = "never"
    outbound_external: str = "never"
    outbound_internal: str = "never"


class FollowMeNumber(Placed):
    """Another number of an extension's owner: ``extension`` or ``external``, the other one is "" (rule U003)."""

    REFERS: ClassVar[Mapping[str, str]] = {"extension": "extension"}

    extension: str = ""
    external: str = ""
    seconds: int = 20
    confirm: bool = True


class FollowMe(Placed):
    """Where an owner is looked for: one number after the other (``hunt``), or all with the phone (``ringall``)."""

    REFERS: ClassVar[Mapping[str, str]] = {"confirm_prompt": "prompt"}

    strategy: str
    numbers: tuple[FollowMeNumber, ...]
    confirm_prompt: str


class Secretary(Placed):
    """Who answers first for a boss. ``vip`` are the callers who needn't pass by the secretary."""

    REFERS: ClassVar[Mapping[str, str]] = {"extension": "extension"}

    extension: str
    ring_time: int = 15
    vip: tuple[str, ...] = ()
    private_number: str = ""
