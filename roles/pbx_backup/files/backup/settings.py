"""The settings of a PBX's backups: read from /etc/kelid, and put there with the daily timer."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .files import holds, write_whole
from .pbx import Pbx
from .trouble import Trouble

STORE_ALIAS = "kelid-backup-store"
"""The name under which the store's host key stands in known_hosts, so that a store that moved keeps its key."""
UNITS = "/etc/systemd/system"

SERVICE = """\
# Written by kelid. What a backup holds and where it goes: /etc/kelid/backup.json
[Unit]
Description=Back this PBX up and prove the backup
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=/usr/local/lib/kelid/backup run
# Calls come first
Nice=15
IOSchedulingClass=idle
TimeoutStartSec=10h
"""

TIMER = """\
# Written by kelid from the site's backup.yml
[Unit]
Description=Back this PBX up every day

[Timer]
OnCalendar=*-*-* {at} {zone}
Persistent=true
AccuracySec=1min

[Install]
WantedBy=timers.target
"""


class Settings:
    """What a site's backup policy says, as /etc/kelid/backup.json holds it."""

    def __init__(self, public: Mapping[str, Any]) -> None:
        """Take the site's name, the repository, what is kept, the contents and the time zone."""
        self.site = str(public["site"])
        self.repository: dict[str, Any] = public["repository"]
        self.keep: dict[str, int] = public["keep"]
        self.contents: list[str] = list(public["contents"])
        self.time_zone = str(public.get("time_zone") or "UTC")

    @classmethod
    def read(cls, pbx: Pbx) -> Settings:
        """Read the settings of a PBX. Raise Trouble if it has none."""
        try:
            return cls(json.loads((pbx.etc / "backup.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise Trouble(
                "not_set_up", "this PBX has no backup settings; run the backup playbook first"
            ) from None


def install(pbx: Pbx, given: Mapping[str, Any], *, check: bool) -> dict[str, Any]:
    """Put the settings into /etc/kelid and set the timer. Write only what differs; with ``check`` nothing."""
    secret, units = _secret_files(pbx, given), _units(pbx, given["public"])
    wanted = {**secret, **units}
    changed = [path for path, (data, mode) in wanted.items() if not holds(path, data, mode)]
    if not check and changed:
        for folder in (pbx.etc, pbx.work):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        pbx.place(UNITS).mkdir(parents=True, exist_ok=True)
        old = {}
        with contextlib.suppress(OSError, ValueError):
            old = json.loads((pbx.etc / "backup.json").read_text(encoding="utf-8"))
        for path in changed:
            write_whole(path, *wanted[path])
        if old and old.get("repository") != given["public"]["repository"]:
            pbx.remember(repository_id=None)
        if pbx.root == Path("/") and any(path in units for path in changed):
            _systemctl("daemon-reload")
            _systemctl("enable", "kelid-backup.timer")
            _systemctl("restart", "kelid-backup.timer")
    return {"ok": True, "changed": bool(changed), "files": sorted(pbx.named(path) for path in changed)}


def _secret_files(pbx: Pbx, given: Mapping[str, Any]) -> dict[Path, tuple[bytes, int]]:
    """Return path -> (bytes, mode) of the settings and secrets. Raise Trouble if the store's host key is missing."""
    keys = [
        " ".join(fields[1:3])
        for fields in (line.split() for line in str(given.get("known_hosts") or "").splitlines())
        if len(fields) >= 3 and not fields[0].startswith("#")
    ]
    if given["public"]["repository"]["kind"] == "sftp" and not keys:
        raise Trouble(
            "no_host_key", "the store's host key is not set; a backup never goes to an unknown machine"
        )
    private_key = str(given.get("private_key") or "")
    texts = {
        "backup.json": json.dumps(given["public"], sort_keys=True, indent=1) + "\n",
        "backup.password": str(given["password"]).rstrip("\n") + "\n",
        "backup_key": private_key.rstrip("\n") + "\n" if private_key else "",
        "known_hosts": "".join(f"{STORE_ALIAS} {key}\n" for key in keys),
    }
    return {pbx.etc / name: (text.encode(), 0o600) for name, text in texts.items()}


def _units(pbx: Pbx, public: Mapping[str, Any]) -> dict[Path, tuple[bytes, int]]:
    """Return path -> (bytes, mode) of systemd's units. Raise Trouble for a time or zone that is none."""
    time = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::[0-5][0-9])?", str(public["at"]))
    zone = str(public["time_zone"])
    if time is None:
        raise Trouble("bad_settings", f"{public['at']!r} is not a time of the day")
    if not re.fullmatch(r"[A-Za-z0-9_+/-]{1,64}", zone):
        raise Trouble("bad_settings", f"{zone!r} is not a time zone")
    timer = TIMER.format(at=f"{time.group(1)}:{time.group(2)}:00", zone=zone)
    texts = {"kelid-backup.service": SERVICE, "kelid-backup.timer": timer}
    return {pbx.place(UNITS) / name: (text.encode(), 0o644) for name, text in texts.items()}


def _systemctl(*arguments: str) -> None:
    """Run systemctl. Raise Trouble if it fails."""
    done = subprocess.run(["systemctl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Trouble("failed", f"systemctl {' '.join(arguments)} failed", log=done.stderr.splitlines()[-5:])
