"""Programs and waiting."""

from __future__ import annotations

import errno
import io
import os
import select
import subprocess
import time
from pathlib import Path
from typing import Any, Callable

SILENCE = 60.0
"""Seconds after which whoever sends nothing is taken for gone; he has the lock meanwhile."""


def run(*command: str, limit: float = 30.0, feed: bytes = b"") -> subprocess.CompletedProcess[str]:
    """Run a program without a shell; return what it did. A program that is missing or too slow counts as failed.

    ``feed`` is what it reads.
    """
    try:
        done = subprocess.run(command, capture_output=True, timeout=limit, check=False, input=feed)
        said = [text.decode(errors="replace").replace("\r\n", "\n") for text in (done.stdout, done.stderr)]
        return subprocess.CompletedProcess(command, done.returncode, *said)
    except FileNotFoundError as problem:
        return subprocess.CompletedProcess(command, 127, "", str(problem))
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", f"{command[0]} took more than {limit:.0f} s")


class Feed(io.RawIOBase):
    """A program's input that isn't waited for in vain for ever: a sender whose network went away says no goodbye."""

    def __init__(self, handle: int, limit: float = SILENCE) -> None:
        """Given the file descriptor, and the seconds in which something must come."""
        self._handle, self._limit = handle, limit

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, into: Any) -> int:
        """Take what has come, nothing at the end. Raise TimeoutError where nothing comes."""
        if not select.select([self._handle], [], [], self._limit)[0]:
            raise TimeoutError(errno.ETIMEDOUT, f"nothing came for {self._limit:.0f} s")
        found = os.read(self._handle, len(into))
        into[: len(found)] = found
        return len(found)


def until(condition: Callable[[], bool], limit: float, pause: float = 0.02) -> bool:
    """Wait until the condition holds, at most ``limit`` seconds. Return whether it does."""
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


def boot_id() -> str:
    """Return what names this boot of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
