"""Files, owners and digests: what every other module does to a disk."""

from __future__ import annotations

import contextlib
import errno
import grp
import hashlib
import os
import pwd
import shutil
import stat
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .trouble import Trouble


def utc(seconds: float) -> str:
    """Given seconds since the epoch, return ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_whole(path: Path, data: bytes, mode: int) -> None:
    """Put a file in place by one rename, so that it is the old one or the new one at every moment."""
    new = path.with_name(path.name + ".new")
    with contextlib.suppress(FileNotFoundError):
        new.unlink()
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    new.replace(path)


def user_name(uid: int) -> str:
    """Return the name of a user, or the number as text where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def group_name(gid: int) -> str:
    """Return the name of a group, or the number as text where it has none."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def user_id(name: str) -> int:
    """Given a user's name (or a number as text), return its number on this machine. Raise Trouble if there is none."""
    try:
        return int(name) if name.isdigit() else pwd.getpwnam(name).pw_uid
    except KeyError:
        raise Trouble(
            "no_user",
            f"the backup's files belong to user {name!r}, which this machine lacks; run pbx_install",
        ) from None


def group_id(name: str) -> int:
    """Given a group's name (or a number as text), return its number on this machine. Raise Trouble if there is none."""
    try:
        return int(name) if name.isdigit() else grp.getgrnam(name).gr_gid
    except KeyError:
        raise Trouble(
            "no_user",
            f"the backup's files belong to group {name!r}, which this machine lacks; run pbx_install",
        ) from None


def digest_of(path: Path, limit: int | None = None) -> str:
    """Return sha256 of a file, or of its first ``limit`` bytes."""
    total = hashlib.sha256()
    left = limit
    with path.open("rb") as file:
        while True:
            block = file.read(1 << 20 if left is None else min(1 << 20, left))
            if not block:
                return total.hexdigest()
            total.update(block)
            if left is not None:
                left -= len(block)


def last_line_end(path: Path) -> int:
    """Return how many bytes of a log are whole lines: a line that is being written doesn't count."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - 65536)
            file.seek(start)
            found = file.read(end - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            end = start
    return 0


def being_written() -> set[tuple[int, int]]:
    """Return (device, inode) of every file that some process holds open for writing: recordings that are not finished."""
    found: set[tuple[int, int]] = set()
    for process in os.listdir("/proc"):
        if not process.isdigit() or int(process) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            for number in os.listdir(f"/proc/{process}/fd"):
                with contextlib.suppress(OSError, ValueError, IndexError):
                    status = os.stat(f"/proc/{process}/fd/{number}")
                    if not stat.S_ISREG(status.st_mode):
                        continue
                    text = Path(f"/proc/{process}/fdinfo/{number}").read_text(encoding="ascii")
                    if int(text.split("flags:")[1].split()[0], 8) & os.O_ACCMODE != os.O_RDONLY:
                        found.add((status.st_dev, status.st_ino))
    return found


def holds(path: Path, data: bytes, mode: int) -> bool:
    """Return True if a file has these bytes and this mode."""
    try:
        return path.read_bytes() == data and stat.S_IMODE(path.stat().st_mode) == mode
    except OSError:
        return False


def move(old: Path, new: Path) -> None:
    """Rename; where another file system lies between, copy with owner, mode and times under another name, then rename."""
    try:
        old.replace(new)
    except OSError as problem:
        if problem.errno != errno.EXDEV:
            raise
        status = old.lstat()
        part = new.with_name("." + new.name + ".kelid-new")
        shutil.copyfile(old, part, follow_symlinks=False)
        os.chown(part, status.st_uid, status.st_gid, follow_symlinks=False)
        part.chmod(stat.S_IMODE(status.st_mode))
        os.utime(part, ns=(status.st_atime_ns, status.st_mtime_ns))
        part.replace(new)
        old.unlink()


def remove_if_empty(folder: Path) -> None:
    """Remove a folder if it is empty."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def link(place: Path, target: str, entry: Mapping[str, Any] | None) -> None:
    """Make or turn a symbolic link by one rename."""
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.with_name("." + place.name + ".kelid-new")
    with contextlib.suppress(FileNotFoundError):
        new.unlink()
    new.symlink_to(target)
    if entry is not None:
        os.lchown(new, user_id(entry["user"]), group_id(entry["group"]))
    new.replace(place)
