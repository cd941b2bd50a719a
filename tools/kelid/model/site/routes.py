"""Which way calls come in and go out, and who may call what (routes.yml)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kelid.model.destination import Destination
from kelid.model.site.base import Placed


class InboundRoute(Placed):
    """What happens with calls to a number (``did``), from a caller, on a trunk; "" takes any.

    ``did`` and ``caller_id`` are numbers, or patterns of Asterisk's without the leading underscore.
    """

    KIND: ClassVar[str] = "inbound_route"
    REFERS: ClassVar[Mapping[str, str]] = {"trunk": "trunk", "musicclass": "music_class"}

    name: str
    trunk: str = ""
    did: str = ""
    caller_id: str = ""
    destination: Destination
    caller_id_prefix: str = ""
    language: str = ""
    musicclass: str = ""
    alert_info: str = ""
    priority: int = 0
    """Place in queues; callers with a higher one come first."""
    record: bool = False
    blacklist: bool = True
    ringing: bool = False
    answer_delay: int = 0
    fax_destination: Destination | None = None
    """Where a call goes in which a fax machine is heard; None: nobody listens for one."""
    fax_wait: int = 4


COSTLY = frozenset({"international", "premium"})
"""Kinds of routes that are worth a fraud."""


class DialPattern(Placed):
    """Numbers that a route takes, by Asterisk's pattern without the leading underscore, and what of them is sent.

    ``caller_number`` is the pattern of the callers' own numbers; "" takes all.
    """

    match: str
    strip: int = 0
    prepend: str = ""
    caller_number: str = ""


class OutboundRoute(Placed):
    """Which dialled numbers leave by which trunks, in order. ``kind`` says what they cost and need."""

    KIND: ClassVar[str] = "outbound_route"
    REFERS: ClassVar[Mapping[str, str]] = {
        "trunks": "trunk",
        "pin_set": "pin_set",
        "time_group": "time_group",
        "musicclass": "music_class",
    }

    name: str
    kind: str
    patterns: tuple[DialPattern, ...]
    trunks: tuple[str, ...]
    pin_set: str = ""
    time_group: str = ""
    caller_id: str = "extension"
    """``extension``, ``trunk``, ``anonymous``, or a number."""
    musicclass: str = ""
    record: bool = False
    max_duration: int = 0

    @property
    def emergency(self) -> bool:
        """Return True for an emergency route: it is open to every extension and always wins."""
        return self.kind == "emergency"

    @property
    def costly(self) -> bool:
        """Return True for a route that is worth a fraud."""
        return self.kind in COSTLY


class PermissionClass(Placed):
    """Which outbound routes an extension may use. Internal calls and emergency routes are always allowed.

    ``allow_from_outside`` is the reason why calls that no phone makes may use its costly routes without a PIN;
    "" forbids it.
    """

    KIND: ClassVar[str] = "permission_class"
    REFERS: ClassVar[Mapping[str, str]] = {"routes": "outbound_route"}

    name: str
    routes: tuple[str, ...]
    max_calls: int = 0
    allow_from_outside: str = ""

    def open_to_outside(self, route: OutboundRoute) -> bool:
        """Return True if a call of this class that no phone makes may use a route of the class."""
        return not route.costly or bool(route.pin_set or self.allow_from_outside)


class Cap(Placed):
    """How many calls, and minutes, may go to routes of some kinds; 0 means no limit. ``per``: site, class or extension."""

    KIND: ClassVar[str] = "cap"
    REFERS: ClassVar[Mapping[str, str]] = {"permission_classes": "permission_class", "prompt": "prompt"}

    name: str
    kinds: tuple[str, ...]
    per: str
    permission_classes: tuple[str, ...] = ()
    """Classes whose calls count; none for all."""
    calls_at_once: int = 0
    calls_per_hour: int = 0
    calls_per_day: int = 0
    minutes_per_hour: int = 0
    minutes_per_day: int = 0
    prompt: str = ""


class Blacklist(Placed):
    """Callers from outside who are refused; ``anonymous`` is ``allow``, ``reject`` or ``announce``."""

    REFERS: ClassVar[Mapping[str, str]] = {"prompt": "prompt", "anonymous_prompt": "prompt"}

    patterns: tuple[str, ...]
    allow: tuple[str, ...]
    anonymous: str
    prompt: str = ""
    anonymous_prompt: str


class Pin(Placed):
    """One PIN of a set; the calls that it opens are booked to ``account_code``."""

    SECRETS: ClassVar[Mapping[str, str]] = {"secret": "pin"}

    account_code: str
    secret: str


class PinSet(Placed):
    """PINs, any of which opens what names the set. ``prompt`` asks for one."""

    KIND: ClassVar[str] = "pin_set"
    REFERS: ClassVar[Mapping[str, str]] = {"prompt": "prompt"}

    name: str
    prompt: str
    pins: tuple[Pin, ...]
