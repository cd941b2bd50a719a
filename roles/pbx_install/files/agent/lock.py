"""The server's one lock."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from .refusal import Refusal
from .tools import until


@contextlib.contextmanager
def locked(state: Path, wait: float = 0.0) -> Iterator[None]:
    """Hold the server's one lock; raise Refusal ``busy`` when another holds it for longer than ``wait`` seconds."""
    try:
        handle = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except FileNotFoundError:
        raise Refusal(
            "not_installed", f"{state} isn't there; run `kelid install` (or the playbook install) first"
        ) from None

    def take() -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    try:
        if not until(take, wait, pause=0.2):
            raise Refusal(
                "busy",
                "another change is under way on this server; wait until it is through and plan again",
            )
        yield
    finally:
        os.close(handle)
