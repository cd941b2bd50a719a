"""Phones that ring together or in turn (ring_groups.yml)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kelid.model.destination import Destination
from kelid.model.site.base import Names, Placed


class RingGroupMember(Placed):
    """Who rings: ``extension``, or ``external`` with the ``permission_class`` that pays; the others are "" (rule W003)."""

    REFERS: ClassVar[Mapping[str, str]] = {"extension": "extension", "permission_class": "permission_class"}

    extension: str = ""
    external: str = ""
    permission_class: str = ""
    confirm: bool = True


class RingGroup(Placed):
    """A ring group, with FreePBX's words. Nobody answered: ``destination``."""

    KIND: ClassVar[str] = "ring_group"
    REFERS: ClassVar[Mapping[str, str]] = {"confirm_prompt": "prompt", "musicclass": "music_class"}

    name: str
    names: Names
    number: str = ""
    """The internal number that calls it; "" for none."""
    strategy: str
    ring_time: int
    members: tuple[RingGroupMember, ...]
    skip_busy: bool
    caller_id_prefix: str = ""
    musicclass: str = ""
    """The music that callers hear; "" for the ringing tone."""
    language: str = ""
    alert_info: str = ""
    """How phones ring: the text of the header Alert-Info."""
    recording: str
    confirm_prompt: str
    destination: Destination
