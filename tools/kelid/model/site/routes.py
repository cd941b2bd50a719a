"""Which way calls come in and go out, and who may call what (routes.yml)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kelid.model.destination import Destination
from kelid.model.site.base import Placed


class InboundRoute(Placed):
    """What happens with calls to one DID of a trunk."""

    KIND: ClassVar[str] = "inbound_route"
    REFERS: ClassVar[Mapping[str, str]] = {"trunk": "trunk"}

    name: str
    trunk: str
    did: str
    destination: Destination


class OutboundRoute(Placed):
    """Which dialled numbers leave by which trunks, in order. Patterns are Asterisk's, without the leading underscore."""

    KIND: ClassVar[str] = "outbound_route"
    REFERS: ClassVar[Mapping[str, str]] = {"trunks": "trunk"}

    name: str
    patterns: tuple[str, ...]
    strip: int
    prepend: str
    trunks: tuple[str, ...]
    emergency: bool
    """An emergency route is open to every extension and always wins."""


class PermissionClass(Placed):
    """Which outbound routes an extension may use. Internal calls and emergency routes are always allowed."""

    KIND: ClassVar[str] = "permission_class"
    REFERS: ClassVar[Mapping[str, str]] = {"routes": "outbound_route"}

    name: str
    routes: tuple[str, ...]


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
