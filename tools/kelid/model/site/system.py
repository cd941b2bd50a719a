"""The machine, and how numbers are written in its country (site.yml)."""

from __future__ import annotations

from kelid.model.site.base import Placed

TESTED_ASTERISK = (16, 22)
"""Major versions of Asterisk that the tests run; newer ones than 16 are taken too."""


class Server(Placed):
    """The machine that runs the PBX, and how to reach it."""

    address: str
    port: int = 22
    user: str = "root"
    host_key: str = ""
    """The server's public host key as in a known_hosts line (``ssh-ed25519 AAAA...``); "" means: known_hosts decides."""
    asterisk: int = 22
    """The major version of Asterisk that the server runs."""


class DialRules(Placed):
    """How numbers are written and dialled in the client's country (ITU-T E.164 country codes, without a plus sign)."""

    country_code: str
    area_code: str
    trunk_prefix: str
    international_prefix: str
    emergency: tuple[str, ...]
    premium: tuple[str, ...] = ()
    """Patterns of numbers that only premium routes take."""
