"""How SIP and sound reach the PBX (site.yml)."""

from __future__ import annotations

from typing import ClassVar

from kelid.model.site.base import Placed

PORTS = {"udp": 5060, "tcp": 5060, "tls": 5061, "wss": 8089}
"""Protocol -> the port that it has unless site.yml says otherwise."""


class Transport(Placed):
    """One way to speak SIP. ``certificate`` and ``private_key`` are paths on the server; a key never lies in git."""

    protocol: str
    address: str = "0.0.0.0"  # noqa: S104 - a PBX listens for phones; site.yml may name one address
    port: int
    certificate: str = ""
    private_key: str = ""
    method: str = "tlsv1_2"
    ciphers: tuple[str, ...] = ()
    tos: str = ""

    @property
    def name(self) -> str:
        """Return the transport's name in Asterisk."""
        return f"transport-{self.protocol}"

    @property
    def secure(self) -> bool:
        """Return True if it has a certificate."""
        return self.protocol in {"tls", "wss"}


class Nat(Placed):
    """What Asterisk says of itself where the server stands behind an address translation."""

    external_media_address: str
    external_signaling_address: str
    external_signaling_port: int = 0
    """0: the transport's own."""
    local_net: tuple[str, ...]


class Mail(Placed):
    """Whom mail of the phone system comes from. Without a ``name`` it bears the site's."""

    address: str
    name: str = ""


class Rtp(Placed):
    """How sound travels: UDP ports from ``start`` to ``end``."""

    start: int = 10000
    end: int = 20000
    strict: bool = True
    stun: str = ""


class Acl(Placed):
    """A set of networks that phones may come from. Without ``deny`` all others may not."""

    KIND: ClassVar[str] = "acl"

    name: str
    permit: tuple[str, ...]
    deny: tuple[str, ...] = ()


class Opening(Placed):
    """A port of the server that others than phones and trunks reach, and who."""

    protocol: str
    port: int
    sources: tuple[str, ...]
    """Networks and addresses (``from`` in YAML)."""


class Bans(Placed):
    """When a stranger is banned: after ``maxretry`` failures in ``findtime`` seconds, for ``bantime`` seconds."""

    maxretry: int = 5
    findtime: int = 600
    bantime: int = 3600


class Firewall(Placed):
    """What may reach the server beside what its trunks, gateways and transports need."""

    ssh_from: tuple[str, ...]
    phones_from: tuple[str, ...] = ()
    remote_phones: bool = False
    remote_rate: int = 20
    """SIP packets, or new connections, a second that one unknown address may send."""
    allow: tuple[Opening, ...] = ()
    bans: Bans = Bans()
