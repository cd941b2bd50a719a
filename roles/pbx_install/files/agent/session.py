"""Who is at the other end: the ssh session that started us, as this server knows it."""

from __future__ import annotations

import contextlib
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Session:
    """An ssh session: its user (before sudo), the client's address, and the address and port at which it came in."""

    user: str
    client: str
    server: str
    port: int

    def ends(self) -> tuple[str, str] | None:
        """Return the server's and the client's address; None where the client is the machine itself, or beside it on one wire."""
        client, server = ipaddress.ip_address(self.client.partition("%")[0]), self.server.partition("%")[0]
        return None if client.is_loopback or client.is_link_local or str(client) == server else (server, str(client))


def session() -> Session | None:
    """Return the ssh session that started us, or None where there is none: a timer, a console.

    sudo takes ssh's variables away, so they are looked for at the processes above.
    """
    user = ""
    process = os.getpid()
    for _ in range(20):
        if process <= 1:
            break
        with contextlib.suppress(OSError, ValueError, IndexError):
            variables = _variables(process)
            user = user or variables.get("SUDO_USER", "")
            words = variables.get("SSH_CONNECTION", "").split()
            if len(words) == 4 and words[3].isdigit():
                return Session(user or variables.get("USER", ""), plain(words[0]), plain(words[2]), int(words[3]))
            # The parent is the second word behind the name, which may itself hold blanks and parentheses.
            process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
            continue
        break
    return None


def _variables(process: int) -> Mapping[str, str]:
    text = Path(f"/proc/{process}/environ").read_text(errors="replace")
    return dict(entry.split("=", 1) for entry in text.split("\0") if "=" in entry)


def plain(address: str) -> str:
    """Return an address as rules name it: one of IPv4 that a socket of IPv6 shows is one of IPv4 (::ffff:192.0.2.1)."""
    return address[7:] if address.lower().startswith("::ffff:") and "." in address else address
