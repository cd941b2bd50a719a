"""What is kept where (backup.yml)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import ClassVar

from kelid.model.site.base import Placed


class BackupPolicy(Placed):
    """What is kept where (restic). ``kind`` is ``sftp`` (host, port, user, path) or ``local`` (path: another disk)."""

    SECRETS: ClassVar[Mapping[str, str]] = {"password_secret": "password", "key_secret": "key"}
    HOLDER: ClassVar[str] = "the backup"

    kind: str
    path: str
    host: str = ""
    port: int
    user: str = ""
    host_key: str = ""
    """Public host key of the sftp server; required with ``sftp``: a backup never goes to an unknown machine."""
    password_secret: str
    key_secret: str = ""
    """Name of the ssh private key that opens the sftp server; "" with ``local``."""
    at: time
    """When the server backs itself up every day, in the site's time zone."""
    keep_daily: int
    keep_weekly: int
    keep_monthly: int
    contents: tuple[str, ...]
    """Of: config astdb voicemail recordings prompts cdr queue_log."""
