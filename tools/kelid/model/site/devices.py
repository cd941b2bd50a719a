"""The phones of an extension, and the keys with lamps on them (extensions.yml)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kelid.model.site.base import Placed


class Device(Placed):
    """One phone: an endpoint of its own, with a password of its own. All phones of an extension ring together.

    What it doesn't say is as the extension, its profile or the defaults say.
    """

    REFERS: ClassVar[Mapping[str, str]] = {"acl": "acl"}
    SECRETS: ClassVar[Mapping[str, str]] = {"secret": "password"}

    name: str = ""
    """"" for the extension's own phone, which registers with the number alone."""
    endpoint: str
    """The user that it registers as: ``101``, ``101-mobile``."""
    secret: str
    mac: str = ""
    """Twelve hexadecimal digits in small letters."""
    model: str = ""
    location: str = ""
    transport: str = "udp"
    codecs: tuple[str, ...] = ("alaw", "ulaw", "g722")
    media_encryption: str = "no"
    media_encryption_optimistic: bool = False
    webrtc: bool = False
    nat: bool = True
    dtmf_mode: str = "rfc4733"
    t38_udptl: bool = False
    qualify: int = 60
    """Seconds; 0 means never, as with the other times."""
    rtp_timeout: int = 0
    rtp_timeout_hold: int = 0
    device_state_busy_at: int = 0
    acl: str = ""


class PhoneKey(Placed):
    """A key with a lamp. One of the fields after ``title`` says what it is for; the others are ""."""

    REFERS: ClassVar[Mapping[str, str]] = {
        "extension": "extension",
        "queue": "queue",
        "schedule": "schedule",
        "conference": "conference",
    }

    USES: ClassVar[tuple[str, ...]] = (
        "extension",
        "queue",
        "schedule",
        "conference",
        "parking",
        "feature",
        "number",
    )

    title: str
    extension: str = ""
    queue: str = ""
    schedule: str = ""
    conference: str = ""
    parking: str = ""
    feature: str = ""
    number: str = ""

    @property
    def uses(self) -> tuple[str, ...]:
        """Return the fields that say what the key is for; a good key has one."""
        return tuple(use for use in self.USES if getattr(self, use))
