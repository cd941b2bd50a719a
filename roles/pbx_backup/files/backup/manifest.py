"""The manifest of a backup: what it holds of each file, folder and link, and whether a stored one can be trusted."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from typing import Any

from .repository import Repository
from .trouble import Trouble

FORMAT = 1
"""Of the manifest; a program of another format refuses the backup."""


def _is_safe(path: str) -> bool:
    """Return True for an absolute path without steps upwards or control characters."""
    return path.startswith("/") and os.path.normpath(path) == path and not re.search(r"[\x00-\x1f\x7f]", path)


def size_of(manifest: Mapping[str, Any]) -> int:
    """Return the sum of the files' sizes in bytes."""
    return sum(entry["size"] for entry in manifest["files"].values())


def stored_manifest(repository: Repository, snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest inside a snapshot. Raise Trouble if it is not the one that was stored."""
    top = next((path for path in snapshot["paths"] if path.endswith("/backup/set")), None)
    if top is None:
        raise Trouble("no_snapshot", f"snapshot {snapshot['id'][:8]} was not made by kelid")
    body = repository.restic.run("dump", "--no-cache", snapshot["id"], f"{top}/manifest.json").encode()
    tagged = next((tag[9:] for tag in snapshot.get("tags", []) if tag.startswith("manifest=")), "")
    manifest: dict[str, Any] = json.loads(body)
    if hashlib.sha256(body).hexdigest() != tagged or manifest.get("site") != repository.site:
        raise Trouble(
            "corrupt", f"the manifest in snapshot {snapshot['id'][:8]} is not the one that was stored"
        )
    if manifest.get("format") != FORMAT:
        raise Trouble(
            "bad_format", f"the backup has format {manifest.get('format')}, this program reads {FORMAT}"
        )
    for name, entry in manifest["files"].items():
        if not _is_safe(name) or not _is_safe(entry["stored"]):
            raise Trouble("corrupt", f"the backup names an impossible path: {name}")
    for name in (*manifest["directories"], *manifest["links"]):
        if not _is_safe(name):
            raise Trouble("corrupt", f"the backup names an impossible path: {name}")
    return manifest
