"""The journal of receipts: what was done to this server and what was refused, by whom, each line bound to the one before.

One JSON object per line. ``prev`` of a line is sha256 of the line before it, as it stands in the file without its line feed
(``FIRST`` for the first one), so nothing can be changed, taken out or put in between without every later line showing it. A
line counts once its line feed is on the disk; what a crash left behind the last line feed is cut off by the next one to
write, which says how much that was (``torn``).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .disk import sync_dir
from .refusal import Refusal
from .session import session
from .tools import boot_id

FIRST = "0" * 64
"""What the first line has instead of the digest of one before it."""
SPARE = 16 * 1024
"""Bytes that are kept aside, so that a full disk doesn't keep the journal from saying what became of a change."""
TAIL = 64 * 1024
"""Bytes at the end of the journal among which its last lines are."""

SAID = ("change", "site", "server", "who", "login", "machine", "commit", "plan", "when")
"""What the control node says of a change, each a text; ``overrides`` (name -> reason) and ``dirty`` stand beside them."""
LONGEST = 400
"""Characters that one text of an account may have; a journal is no place for more."""


def account_of(text: str) -> dict[str, Any]:
    """Return what the control node says of a change, without what doesn't belong into a receipt.

    Raise Refusal ``bad_account`` for what is no such thing.
    """
    if not text:
        return {}
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise Refusal(
            "bad_account", "what the control node says of this change can't be read; is kelid as new as the agent?"
        )
    account: dict[str, Any] = {key: plain(given[key]) for key in SAID if given.get(key)}
    overrides = given.get("overrides")
    if isinstance(overrides, dict) and overrides:
        account["overrides"] = {plain(name): plain(reason) for name, reason in sorted(overrides.items())}
    if given.get("dirty"):
        account["dirty"] = True
    return account


def plain(text: object) -> str:
    """Return a text without control characters, at most ``LONGEST`` long."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", str(text)).strip()[:LONGEST]


def came_from() -> dict[str, str]:
    """Return the ssh client and the user of the session that started us, as this server knows them; {} where there is none."""
    found = session()
    return {"user": plain(found.user), "address": plain(found.client)} if found else {}


def digest_of_line(line: bytes) -> str:
    """Return what the next line names as the one before it; ``line`` is without its line feed."""
    return hashlib.sha256(line).hexdigest()


@dataclass(frozen=True)
class Receipts:
    """The journal of receipts at ``path``; ``gid`` is the group that may read it."""

    path: Path
    gid: int = -1

    @property
    def spare(self) -> Path:
        """The file that keeps room for the journal's next lines."""
        return self.path.with_suffix(".spare")

    def add(self, event: str, *, must: bool = False, **what: Any) -> dict[str, Any]:
        """Add a line; return it with its digest: ``line``, ``digest``.

        Raise OSError with ``must`` where that can't be; else return {}, because a full disk must not stop the way back.
        """
        try:
            return self._append(
                {key: value for key, value in {"event": event, **what}.items() if value not in (None, "", {}, [])}
            )
        except OSError:
            if must:
                raise
            return {}

    def lines(self, last: int = 0) -> list[str]:
        """Return the journal's lines that stand whole, oldest first; with ``last`` only so many of the newest."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return []
        rows = data[: data.rfind(b"\n") + 1].split(b"\n")[:-1]
        return [row.decode(errors="replace") for row in rows[-last:]]

    def newest(self) -> Iterator[dict[str, Any]]:
        """Yield the entries among the journal's last lines, the newest first."""
        for row in reversed(self._tail()):
            with contextlib.suppress(ValueError):
                found = json.loads(row)
                if isinstance(found, dict):
                    yield found

    def last(self) -> dict[str, Any] | None:
        """Return the last line of the journal that stands whole and can be read, or None."""
        return next(self.newest(), None)

    def entries(self) -> list[dict[str, Any]]:
        """Return the lines that can be read as what they say, oldest first."""
        found = []
        for row in self.lines():
            with contextlib.suppress(ValueError):
                entry = json.loads(row)
                if isinstance(entry, dict):
                    found.append(entry)
        return found

    def became(self, change: str) -> dict[str, Any] | None:
        """Return the newest entry of a change, or None where the journal has none lately."""
        return next((entry for entry in self.newest() if entry.get("change") == change), None)

    def _tail(self) -> list[bytes]:
        """Return the last lines that stand whole."""
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - TAIL))
                data = file.read()
        except FileNotFoundError:
            return []
        rows = data[: data.rfind(b"\n") + 1].split(b"\n")[:-1]
        return rows if size <= TAIL else rows[1:]

    def _append(self, what: Mapping[str, Any]) -> dict[str, Any]:
        there = self.path.exists()
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)  # a refusal for being busy is written while another change is under way
            end, rest = self._end(handle)
            rows = self._tail()
            entry: dict[str, Any] = {
                **what,
                "n": self._number(rows),
                "prev": digest_of_line(rows[-1]) if rows else FIRST,
                "time": int(time.time()),
                # A clock may be wrong or set: this boot of the machine, and its seconds since then, are beyond that.
                "boot": boot_id(),
                "up": round(time.clock_gettime(time.CLOCK_BOOTTIME), 1),
            }
            if rest:
                os.ftruncate(handle, end)
                entry["torn"] = rest
            line = json.dumps(entry, sort_keys=True, ensure_ascii=False).encode(errors="backslashreplace")
            self._write(handle, end, line + b"\n")
            if self.gid >= 0 and os.fstat(handle).st_gid != self.gid:
                os.fchown(handle, 0, self.gid)
            if not there:
                sync_dir(self.path.parent)
            self._keep_spare()
        finally:
            os.close(handle)
        return {"line": line.decode(), "digest": digest_of_line(line)}

    @staticmethod
    def _end(handle: int) -> tuple[int, int]:
        """Return where the last whole line ends, and how many bytes a crash left behind it."""
        size = os.fstat(handle).st_size
        at = size
        while at > 0:
            start = max(0, at - TAIL)
            found = os.pread(handle, at - start, start).rfind(b"\n")
            if found >= 0:
                return start + found + 1, size - (start + found + 1)
            at = start
        return 0, size

    @staticmethod
    def _number(rows: list[bytes]) -> int:
        """Return the number of the next line: one more than the last one that can be read, and than those after it."""
        for beyond, row in enumerate(reversed(rows), 1):
            with contextlib.suppress(ValueError, KeyError, TypeError):
                return int(json.loads(row)["n"]) + beyond
        return len(rows) + 1

    def _write(self, handle: int, at: int, data: bytes) -> None:
        """Put the bytes there, on the disk for good, or leave the file as it was."""
        for attempt in (1, 2):
            try:
                done = 0
                while done < len(data):
                    done += os.pwrite(handle, data[done:], at + done)
                os.fsync(handle)
            except OSError as problem:
                with contextlib.suppress(OSError):
                    os.ftruncate(handle, at)
                if attempt == 1 and problem.errno in (errno.ENOSPC, errno.EDQUOT) and self.spare.exists():
                    self.spare.unlink()
                    continue
                raise
            return

    def _keep_spare(self) -> None:
        """Keep room for the next lines, if there is any."""
        if self.spare.exists():
            return
        with contextlib.suppress(OSError):
            handle = os.open(self.spare, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(handle, 0, SPARE)
            except OSError:
                self.spare.unlink()
                raise
            finally:
                os.close(handle)
