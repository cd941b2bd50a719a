"""Files and folders: what is written survives a power cut, what is read is compared by its bytes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from pathlib import Path


def sync_dir(path: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(root: Path) -> None:
    """Make all files and folders under ``root`` survive a power cut."""
    for folder, _, names in os.walk(root):
        for name in names:
            handle = os.open(os.path.join(folder, name), os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        sync_dir(Path(folder))


def write_whole(path: Path, data: bytes, mode: int = 0o640, gid: int = -1) -> None:
    """Put ``data`` at ``path`` by one rename: a reader sees the old content or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".tmp-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fchmod(out.fileno(), mode)
            if gid >= 0:
                os.fchown(out.fileno(), 0, gid)
            os.fsync(out.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    sync_dir(path.parent)


def digest_of(path: Path) -> str:
    """Return sha256 of a file's bytes as 64 hexadecimal digits."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            total.update(block)
    return total.hexdigest()


def tree_files(root: Path) -> dict[str, Path]:
    """Return the files of a release, by their path below it, without what is the agent's own (.kelid)."""
    found = {}
    for folder, folders, names in os.walk(root):
        if Path(folder) == root:
            folders[:] = [name for name in folders if name != ".kelid"]
        for name in names:
            path = Path(folder, name)
            found[str(path.relative_to(root))] = path
    return found


def link_of(path: Path) -> str:
    """Return where a link leads; "" where there is none."""
    try:
        return os.readlink(path)
    except OSError:
        return ""


def rows_of(path: Path) -> list[str]:
    """Return the lines of a file, none where it can't be read."""
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []


def remove(path: Path) -> None:
    """Take a file, link or folder away; one that isn't there is no problem."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()


def own_tree(tree: Path, gid: int) -> None:
    """Give a tree the owner and modes of a release."""
    for folder, _, names in os.walk(tree):
        os.chown(folder, 0, gid)
        os.chmod(folder, 0o750)
        for name in names:
            path = os.path.join(folder, name)
            os.chown(path, 0, gid, follow_symlinks=False)
            if not os.path.islink(path):
                os.chmod(path, 0o640)
