"""Where everything lies on a server, and what releases and prompts are called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ADOPTED = "0" * 64
"""The name of the release that holds what the server had before kelid."""
NAME = re.compile(r"[0-9a-f]{64}(\.drift-[0-9]+)?\Z")
DIGEST = re.compile(r"[0-9a-f]{64}\Z")
MEDIA = re.compile(r"([a-z]{2,3}(_[A-Z]{2})?/)?[0-9a-f]{64}\.wav\Z")
"""A sound below the folder of the media; one language of several lies in that language's folder, where Asterisk looks first."""


@dataclass
class Places:
    """Where everything lies. Tests put it elsewhere."""

    state: Path = Path("/var/lib/kelid")
    asterisk_conf: Path = Path("/etc/asterisk/asterisk.conf")
    units: Path = Path("/run/systemd/system")
    faxes: Path = Path("/var/spool/asterisk/fax")
    hardened: Path = Path("/etc/kelid/hardened")
    """The mark of a server whose releases' firewall is put in force."""
    jails: Path = Path("/etc/fail2ban/jail.d")
    loaded: Path = Path("/run/kelid-firewall")
    """The digest of the rules that are in force; a reboot takes both away."""

    sshd: Path = Path("/etc/ssh/sshd_config.d/00-kelid.conf")
    """What sshd is told: the first word on a matter counts, and the name decides which is first."""
    sudoers: Path = Path("/etc/sudoers.d/kelid")

    @property
    def releases(self) -> Path:
        """The folder of the releases."""
        return self.state / "releases"

    @property
    def current(self) -> Path:
        """The link to the release that Asterisk reads."""
        return self.state / "current"

    @property
    def media(self) -> Path:
        """The folder of the sounds, by a digest of what is played."""
        return self.state / "media"

    @property
    def armed(self) -> Path:
        """The record of the way back; there only between the switch and its confirmation."""
        return self.state / "armed.json"

    @property
    def way_back(self) -> Path:
        """The link to the release before, which becomes ``current`` when a change is undone; there only while armed."""
        return self.state / ".way-back"

    @property
    def upgrade(self) -> Path:
        """Where the packages of an upgrade lie, the new and the old; there only until it is confirmed or undone."""
        return self.state / "upgrade"

    @property
    def names(self) -> Path:
        """What the names in the firewall's rules were looked up as last."""
        return self.state / "names.json"

    @property
    def receipts(self) -> Path:
        """The journal of receipts."""
        return self.state / "receipts.jsonl"

    def cancelled(self, change: str) -> Path:
        """The mark that somebody wants a change no more, while it is still under way."""
        return self.state / f".cancel-{change}"
