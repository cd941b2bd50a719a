"""Taking a backup: gather, store, prove, and forget what the policy no longer keeps."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from typing import Any

from .files import write_whole
from .gather import Gathered
from .manifest import size_of
from .pbx import MARKER, Pbx
from .proof import read_back
from .repository import Repository
from .settings import Settings
from .trouble import Changed, Trouble

READ_BACK_ALL = 1 << 30
"""Up to this many bytes a new backup is read back whole; above, what is new is, and a seventh of the store each day."""


def take(pbx: Pbx, settings: Settings, repository: Repository) -> dict[str, Any]:
    """Take a backup, prove it, forget what the policy no longer keeps."""
    started = time.monotonic()
    with pbx.alone():
        if (pbx.work / MARKER).exists():
            raise Trouble("half_restored", "a restore was cut off on this PBX; finish it before backing up")
        repository.open(may_create=True)
        answer = _backed_up(pbx, settings, repository)
        proven = time.monotonic()
        try:
            answer["removed"] = repository.forget()
            repository.check(whole=answer["read_back"] == "all")
        except Trouble as trouble:
            trouble.more["snapshot"] = answer["snapshot"]
            trouble.args = (
                f"backup {answer['snapshot']} stands and is proven, but tidying the store failed: {trouble}",
            )
            raise
        answer["seconds"] = {
            "backup": round(proven - started, 2),
            "tidy": round(time.monotonic() - proven, 2),
        }
        pbx.remember(last={key: answer[key] for key in ("snapshot", "taken", "files", "bytes", "release")})
        return {"ok": True, **answer}


def _backed_up(pbx: Pbx, settings: Settings, repository: Repository) -> dict[str, Any]:
    """Back up, three times at most where files change meanwhile."""
    for _ in range(2):
        with contextlib.suppress(Changed):
            return _back_up(pbx, settings, repository)
    try:
        return _back_up(pbx, settings, repository)
    except Changed as changed:
        raise Trouble("busy_files", f"files keep changing while they are read: {changed}") from changed


def _back_up(pbx: Pbx, settings: Settings, repository: Repository) -> dict[str, Any]:
    """Gather the set, store it, read it back. Raise Changed if a file changed in between."""
    before = pbx.last_files()
    with Gathered(pbx, settings, before) as gathered:
        manifest, staging = gathered.manifest, gathered.staging
        body = json.dumps(manifest, sort_keys=True).encode()
        write_whole(staging.main / "manifest.json", body, 0o600)
        summary = _store(repository, gathered, hashlib.sha256(body).hexdigest())
        short = summary["snapshot_id"]
        new = [
            name
            for name, entry in manifest["files"].items()
            if before.get(name, {}).get("sha256") != entry["sha256"]
        ]
        whole = size_of(manifest) <= READ_BACK_ALL
        try:
            snapshot = {"id": short, "paths": [str(stage) for stage in staging.stages()]}
            read_back(repository, snapshot, manifest, None if whole else new)
        except Trouble as trouble:
            changed = [name for name in trouble.more.get("paths", []) if staging.differs(name)]
            with contextlib.suppress(Trouble):
                repository.restic.run("forget", short)
            if changed:
                raise Changed(", ".join(changed)) from trouble
            raise
        write_whole(pbx.work / "manifest.json", body, 0o600)
        return {
            "snapshot": short[:8],
            "taken": manifest["taken"],
            "site": settings.site,
            "release": manifest["release"],
            "commit": manifest["commit"],
            "files": len(manifest["files"]),
            "new": len(new),
            "bytes": size_of(manifest),
            "stored_bytes": summary.get("data_added", 0),
            "read_back": "all" if whole else "new",
            "being_written": sorted(staging.skipped),
            "parts": manifest["parts"],
        }


def _store(repository: Repository, gathered: Gathered, digest: str) -> dict[str, Any]:
    """Let restic store a set whose manifest has this digest; return restic's summary."""
    manifest = gathered.manifest
    tags = {
        "site": repository.site,
        "release": manifest["release"],
        "commit": manifest["commit"],
        "files": str(len(manifest["files"])),
        "bytes": str(size_of(manifest)),
        "manifest": digest,
    }
    # a hard link touches ctime
    ignore = "--ignore-inode" if repository.restic.version() < (0, 12) else "--ignore-ctime"
    arguments = ["backup", "--json", "--host", repository.site, ignore]
    arguments += [part for name, value in tags.items() if value for part in ("--tag", f"{name}={value}")]
    out = repository.restic.run(*arguments, "--", *(str(stage) for stage in gathered.staging.stages()))
    lines: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines()]
    return next(line for line in lines if line.get("message_type") == "summary")
