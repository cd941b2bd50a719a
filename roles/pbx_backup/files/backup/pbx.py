"""The places of a PBX, what it remembers of its backups, and its lock."""

from __future__ import annotations

import contextlib
import fcntl
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .files import write_whole
from .trouble import Trouble

MARKER = "restoring"
"""While this file exists in the work folder Asterisk must not start: a restore was cut off half-way."""
PARTS: dict[str, tuple[str, ...]] = {
    "config": (
        "/etc/asterisk/asterisk.conf",
        "/var/lib/kelid/journal.jsonl",
        "/var/lib/kelid/receipts.jsonl",
    ),
    "astdb": ("/var/lib/asterisk/astdb.sqlite3",),
    "voicemail": ("/var/spool/asterisk/voicemail",),
    "recordings": ("/var/spool/asterisk/monitor",),
    "prompts": ("/var/lib/asterisk/sounds/custom", "/usr/share/asterisk/sounds/custom"),
    "cdr": ("/var/log/asterisk/cdr-csv", "/var/log/asterisk/cdr-custom", "/var/log/asterisk/cel-custom"),
    "queue_log": (),
}
"""Contents of a policy -> places, as Debian's packages have them; what is found by a pattern stands in `gather`."""
OWN_NAMES = (".kelid-backup", ".kelid-restore")
"""Folders of ours beside a client's data."""


def is_queue_log(name: str) -> bool:
    """Return True for the name of queue_log or of one of its rotated files."""
    return re.fullmatch(r"queue_log(?:[.-][0-9.-]+)?(?:\.gz|\.xz)?", name) is not None


class Pbx:
    """The places of one PBX. ``root`` is "/" on a PBX and a folder in tests."""

    def __init__(self, root: Path) -> None:
        """Only compute paths."""
        self.root = root
        self.etc = self.place("/etc/kelid")
        self.home = self.place("/var/lib/kelid")
        self.work = self.home / "backup"
        self.cache = self.place("/var/cache/kelid/restic")

    def place(self, path: str) -> Path:
        """Return where a path of the PBX lies on this machine."""
        return self.root / path.lstrip("/")

    def named(self, path: Path) -> str:
        """Return the PBX's name for a place on this machine."""
        return "/" + str(path.relative_to(self.root))

    def state(self) -> dict[str, Any]:
        """Return what this PBX remembers of its backups."""
        try:
            found = json.loads((self.work / "state.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def remember(self, **values: Any) -> None:
        """Add to what this PBX remembers of its backups."""
        write_whole(self.work / "state.json", json.dumps({**self.state(), **values}).encode(), 0o600)

    def last_files(self) -> dict[str, dict[str, Any]]:
        """Return the files of the last backup that this PBX took and proved; empty if there is none."""
        try:
            found: dict[str, dict[str, Any]] = json.loads(
                (self.work / "manifest.json").read_text(encoding="utf-8")
            )["files"]
        except (OSError, ValueError, KeyError):
            return {}
        return found

    @contextlib.contextmanager
    def alone(self, *, also_applies: bool = False) -> Iterator[None]:
        """Hold this PBX's backup lock, and with ``also_applies`` the agent's. Raise Trouble ``busy`` if another has it."""
        self.work.mkdir(parents=True, mode=0o700, exist_ok=True)
        self.cache.mkdir(parents=True, mode=0o700, exist_ok=True)
        with contextlib.ExitStack() as held:
            for place in (self.work / "lock", *([self.home / "lock"] if also_applies else [])):
                file = held.enter_context(place.open("a"))
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise Trouble("busy", "a backup, a restore or an apply is running on this PBX") from None
            if also_applies and (self.home / "armed.json").exists():
                raise Trouble("busy", "a change of this PBX is not confirmed yet; wait for it, or undo it")
            yield
