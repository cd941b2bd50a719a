"""The backup store: a lab host that takes restic's repositories over sftp."""

from __future__ import annotations

from dataclasses import dataclass

from kelid.lab.hosts import Host

USER = "backup"
FOLDER = "/srv/backup"


@dataclass(frozen=True, slots=True)
class Store:
    """The store on its host: ``sftp:backup@NAME:/srv/backup/...``."""

    host: Host

    def install(self) -> None:
        """Make the account of the backups and its folder. Debian brings a user of that name, without a login."""
        self.host.shell(
            f"install -d -o {USER} -g {USER} -m 750 {FOLDER} {FOLDER}/.ssh\n"
            f"usermod -d {FOLDER} -s /bin/sh {USER}\n"
            f"touch {FOLDER}/.ssh/authorized_keys\n"
            f"chown {USER}:{USER} {FOLDER}/.ssh/authorized_keys\nchmod 600 {FOLDER}/.ssh/authorized_keys\n"
        )

    def allow(self, public_key: str) -> None:
        """Let the owner of this ssh key in, for sftp only (a line as in ``id_ed25519.pub``)."""
        line = f'restrict,command="internal-sftp" {public_key.strip()}\n'
        script = f'grep -qxF "$1" {FOLDER}/.ssh/authorized_keys || printf "%s\\n" "$1" >> {FOLDER}/.ssh/authorized_keys'
        self.host.run(["sh", "-c", script, "sh", line.strip()])
