"""What ends a verb, and what the words of restic and ssh mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

TROUBLE: tuple[tuple[str, str], ...] = (
    (
        "host_key_changed",
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed|No \S+ host key is known",
    ),
    ("access_denied", r"Permission denied|Too many authentication failures|Load key .*: (invalid|error)"),
    (
        "unreachable",
        r"Connection refused|Connection timed out|No route to host|Network is unreachable|Could not resolve hostname"
        r"|Connection closed by|Connection reset|kex_exchange_identification|Broken pipe|Name or service not known",
    ),
    ("disk_full", r"no space left on device|No space left on device|disk quota exceeded|Disk quota exceeded"),
    ("wrong_password", r"wrong password or no key found|config cannot be loaded: ciphertext"),
    ("locked", r"already locked|unable to create lock|repository is locked"),
    (
        "corrupt",
        r"ciphertext verification failed|invalid data returned|does not match|not found in (?:repository|index)"
        r"|hash mismatch|damaged|repository contains errors|Pack .* contains|data blob .* not found"
        r"|unable to load (?:index|tree|snapshot|blob)|wrong (?:length|size|hash)|invalid (?:blob|header|file|pack)"
        r"|has length|pack .*(?:missing|truncated)|returned error.*(?:EOF|does not exist)",
    ),
    ("unreachable", r"unable to start the sftp session|ssh command exited|connection lost|unexpected packet"),
)

ADVICE = {
    "unreachable": "the backup store can't be reached; check its address, port and network",
    "host_key_changed": "the store shows another host key than the one in backup.yml; find out why before you change it",
    "access_denied": "the store refuses the key of this PBX, or the folder; check the account and its authorized_keys",
    "wrong_password": "the repository does not open with this site's backup password",
    "locked": "another process holds the repository; a lock left by a dead one goes by itself after 30 minutes",
    "corrupt": "the repository is damaged; keep it, take a backup into a new one, and see `restic repair`",
    "failed": "restic failed",
}


class Trouble(Exception):
    """What ends a verb: a code for machines, a message for people, and more members for the answer."""

    def __init__(self, code: str, message: str, **more: Any) -> None:
        """Keep the code, the message and whatever else the answer shall hold."""
        super().__init__(message)
        self.code = code
        self.more = more


class Changed(Exception):
    """A file changed between the moment when it was gathered and the moment when restic read it."""


def explain(
    err: str, out: str = "", failing: str = "failed", *, is_full: Callable[[], bool] = lambda: False
) -> Trouble:
    """Given what restic or ssh said, return the Trouble that it means, with the code ``failing`` if no word is known.

    ``is_full`` asks the store whether its disk is full; it is called only where the words leave that open.
    """
    text = err + "\n" + out
    code = next((code for code, pattern in TROUBLE if re.search(pattern, text)), failing)
    if code == failing and "SSH_FX_FAILURE" in text and is_full():
        code = "disk_full"  # OpenSSH's sftp server has one word for every failure of a write
    lines = [line.strip() for line in err.splitlines() if line.strip() and "@@@@" not in line]
    more = {"where": "store"} if code == "disk_full" else {}
    advice = (
        "the backup store is full; make room there"
        if code == "disk_full"
        else ADVICE.get(code, ADVICE["failed"])
    )
    return Trouble(code, advice, log=lines[-8:], **more)
