"""The backup policy."""

from __future__ import annotations

from kelid.load.build.source import Source
from kelid.model.site import BackupPolicy


def build(source: Source) -> BackupPolicy | None:
    """Return the policy, or None; with sftp the key's secret has its name by convention."""
    if "backup" not in source.files:
        return None
    view = source.file("backup")
    conventional = "backup_ssh_key" if view.get("kind") == "sftp" else ""
    return view.make(BackupPolicy, key_secret=view.get("key_secret", conventional))
