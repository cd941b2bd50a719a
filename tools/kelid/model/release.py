"""A release: the very bytes that a server gets, under a name that tells them apart and gives no secret away."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ADOPTED = "0" * 64
"""The release under which the agent keeps what a server had before kelid; people call it release 0."""


def release_name(name: str) -> str:
    """Return what people call a release: ``0`` for what was there before kelid, else how its name begins."""
    if name == ADOPTED:
        return "0"
    base, _, moved = name.partition(".")
    return base[:12] + (f".{moved}" if moved else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """``archive`` holds secrets: it goes to the server over ssh and nowhere else. ``manifest`` holds none."""

    name: str
    manifest: dict[str, Any] = field(repr=False)
    archive: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostEntry:
    """One machine of a site as the inventory knows it. ``role`` is ``primary`` or ``standby``."""

    site: str
    role: str
    address: str
    port: int
    user: str
    host_key: str
    commit: str
    client: str = ""
    tags: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return what the inventory calls the machine."""
        return host_name(self.site, self.role)


def host_name(site: str, role: str) -> str:
    """Return what the inventory calls a site's machine: the site's own name, and for a standby ``noor-clinic.standby``."""
    return site if role == "primary" else f"{site}.{role}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSettings:
    """What the server's backup program needs. ``public`` may be shown; the rest goes to the server and nowhere else."""

    public: dict[str, Any]
    password: str = field(repr=False)
    private_key: str = field(repr=False)
    known_hosts: str
