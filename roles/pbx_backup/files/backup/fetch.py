"""Fetching a backup: into a folder of its own, and every file there verified before anything else is touched."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .files import digest_of, group_id, user_id
from .manifest import size_of
from .pbx import Pbx
from .repository import Repository
from .staging import SPARE
from .trouble import Trouble


def stage_of(pbx: Pbx) -> Path:
    """Return an empty folder on the file system that holds the calls and messages: there a rename suffices."""
    spool = pbx.place("/var/spool/asterisk")
    pbx.work.mkdir(parents=True, mode=0o700, exist_ok=True)
    other = spool.is_dir() and spool.stat().st_dev != pbx.work.stat().st_dev
    stage = spool / ".kelid-restore" if other else pbx.work / "restore"
    if stage.exists():
        shutil.rmtree(stage)
    return stage


def fetch(
    repository: Repository, snapshot: Mapping[str, Any], manifest: Mapping[str, Any], stage: Path
) -> dict[str, Path]:
    """Restore a snapshot into an empty folder and verify it; return path on the PBX -> verified file, owner and mode set."""
    stage.mkdir(parents=True, mode=0o700)
    total = size_of(manifest)
    free = shutil.disk_usage(stage).free
    if free < total + SPARE:
        raise Trouble(
            "disk_full",
            f"the backup needs {total >> 20} MB here and {free >> 20} MB are free; nothing was changed",
            where="local",
        )
    try:
        repository.restic.run("restore", "--no-cache", snapshot["id"], "--target", str(stage))
    except Trouble as trouble:
        if trouble.code == "disk_full":
            trouble.args = ("this machine's disk is full; nothing was changed",)
            trouble.more["where"] = "local"
        raise
    staged: dict[str, Path] = {}
    wrong: list[str] = []
    owners = {(entry["user"], entry["group"]) for entry in manifest["files"].values()}
    numbers = {owner: (user_id(owner[0]), group_id(owner[1])) for owner in owners}
    for name, entry in manifest["files"].items():
        place = stage / entry["stored"].lstrip("/")
        if not _is_whole(place, entry):
            wrong.append(name)
            continue
        os.chown(place, *numbers[entry["user"], entry["group"]])
        place.chmod(int(entry["mode"], 8))
        os.utime(place, ns=(entry["mtime"], entry["mtime"]))
        staged[name] = place
    if wrong:
        raise Trouble(
            "corrupt",
            f"{len(wrong)} files came back other than they were stored; nothing was changed",
            paths=sorted(wrong)[:50],
        )
    return staged


def _is_whole(place: Path, entry: Mapping[str, Any]) -> bool:
    """Return True if a fetched file is what the manifest says; a log that grew meanwhile is cut to that first."""
    try:
        status = place.lstat()
        if entry.get("grows") and stat.S_ISREG(status.st_mode) and status.st_size > entry["size"]:
            os.truncate(place, entry["size"])
            status = place.lstat()
        return bool(
            stat.S_ISREG(status.st_mode)
            and status.st_size == entry["size"]
            and digest_of(place) == entry["sha256"]
        )
    except OSError:
        return False
