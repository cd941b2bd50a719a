"""Bringing a PBX back: refuse what must not be, fetch and verify, then exchange."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .fetch import fetch, stage_of
from .manifest import size_of, stored_manifest
from .pbx import MARKER, Pbx
from .present import newer_here
from .replace import put_in_place
from .repository import Repository
from .trouble import Trouble


def restore(pbx: Pbx, repository: Repository, wanted: str, *, force: bool) -> dict[str, Any]:
    """Fetch a backup, verify every file, then put it in place."""
    started = time.monotonic()
    with pbx.alone(also_applies=True):
        _refuse_running(pbx)
        repository.open(may_create=False)
        snapshot = repository.snapshot(wanted)
        manifest = stored_manifest(repository, snapshot)
        if not force:
            _refuse_other_asterisk(pbx, manifest)
        stage = stage_of(pbx)
        try:
            staged = fetch(repository, snapshot, manifest, stage)
            _refuse_running(pbx)
            if not force:
                _refuse_newer(pbx, manifest, staged)
            kept, moved = put_in_place(pbx, manifest, staged)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
        return {
            **_answer(snapshot, manifest),
            "replaced": moved,
            "kept_in": pbx.named(kept) if moved else None,
            "seconds": round(time.monotonic() - started, 2),
        }


def rehearse(pbx: Pbx, repository: Repository, wanted: str, *, target: Path) -> dict[str, Any]:
    """Fetch a backup into an empty folder and verify every file; touch nothing else."""
    started = time.monotonic()
    with pbx.alone():
        repository.open(may_create=False)
        snapshot = repository.snapshot(wanted)
        manifest = stored_manifest(repository, snapshot)
        target.mkdir(parents=True, mode=0o700, exist_ok=True)
        if any(target.iterdir()):
            raise Trouble("not_empty", f"{target} is not empty")
        staged = fetch(repository, snapshot, manifest, target / ".staged")
        for name, place in staged.items():
            here = target / name.lstrip("/")
            here.parent.mkdir(parents=True, exist_ok=True)
            place.replace(here)
        shutil.rmtree(target / ".staged")
        return {
            **_answer(snapshot, manifest),
            "target": str(target),
            "seconds": round(time.monotonic() - started, 2),
        }


def _answer(snapshot: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return what every restore answers."""
    return {
        "ok": True,
        "snapshot": snapshot["id"][:8],
        "taken": manifest["taken"],
        "release": manifest["release"],
        "commit": manifest["commit"],
        "files": len(manifest["files"]),
        "bytes": size_of(manifest),
        "parts": manifest["parts"],
    }


def _refuse_running(pbx: Pbx) -> None:
    """Raise Trouble if an Asterisk runs on this machine (not one of another container that /proc also shows)."""
    here = os.stat(pbx.root)
    for process in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if (
                not process.isdigit()
                or Path(f"/proc/{process}/comm").read_text(encoding="utf-8").strip() != "asterisk"
            ):
                continue
            there = os.stat(f"/proc/{process}/root")
            if (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino):
                raise Trouble(
                    "asterisk_running",
                    "Asterisk runs on this machine; stop it first: systemctl stop asterisk",
                )


def _refuse_other_asterisk(pbx: Pbx, manifest: Mapping[str, Any]) -> None:
    """Raise Trouble if the release in the backup was rendered for another major version of Asterisk."""
    if pbx.root != Path("/") or not manifest.get("asterisk"):
        return
    try:
        said = subprocess.run(["asterisk", "-V"], capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        raise Trouble("no_asterisk", "this machine has no Asterisk; run pbx_install first") from None
    found = re.search(r"(\d+)", said)
    if found and int(found.group(1)) != manifest["asterisk"]:
        raise Trouble(
            "wrong_asterisk",
            f"the backup is of an Asterisk {manifest['asterisk']} and this machine has {found.group(1)}; "
            "restore onto the same, or say --force and apply the site again",
        )


def _refuse_newer(pbx: Pbx, manifest: Mapping[str, Any], staged: Mapping[str, Path]) -> None:
    """Raise Trouble if this PBX holds what the backup lacks, unless a restore that was cut off left it half-way."""
    newer = [] if (pbx.work / MARKER).exists() else sorted(newer_here(pbx, manifest, staged))
    if newer:
        raise Trouble(
            "newer_data",
            f"this PBX holds {len(newer)} things that the backup of {manifest['taken']} lacks or has otherwise, "
            f"for example {', '.join(newer[:3])}; take a backup of them first, or say --force",
            paths=newer[:50],
        )
