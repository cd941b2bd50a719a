"""Lines to telephone companies (trunks.yml)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kelid.model.site.base import Placed


class Trunk(Placed):
    """A line to a telephone company over SIP. With ``user`` it registers; without, the address alone says who calls."""

    KIND: ClassVar[str] = "trunk"
    SECRETS: ClassVar[Mapping[str, str]] = {"secret": "password"}

    name: str
    host: str
    port: int
    user: str = ""
    secret: str = ""
    """Name of the password in secrets.yml; "" where there is none."""
    dids: tuple[str, ...]
    caller_id: str = ""
    """The number shown to those who are called; "" leaves it to the telephone company."""
    codecs: tuple[str, ...]
    max_channels: int
    """How many calls at once; 0 means no limit."""
    qualify: int
    """Seconds between the checks whether the other side still answers; 0 means never."""
