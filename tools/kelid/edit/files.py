"""Writing several files so that all of them change or none, and showing what would change."""

from __future__ import annotations

import contextlib
import difflib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from kelid.findings import Exit, KelidError

Files = Mapping[Path, bytes | None]
"""Files and what is in them; None: no file."""


def write_all(before: Files, after: Files) -> None:
    """Given what files held when they were read and what they are to hold, put all in place, each by one rename.

    What is new is written beside first. Raise KelidError, with everything as it was, if a file changed in between or
    can't be written.
    """
    ready: dict[Path, Path] = {}
    done: list[Path] = []
    try:
        for path, body in after.items():
            if body is not None:
                ready[path] = _beside(path, body)
        _need_unchanged(before, after)
        for path, body in after.items():
            done.append(path)
            if body is None:
                path.unlink(missing_ok=True)
            else:
                ready[path].replace(path)
                del ready[path]
    except OSError as problem:
        _restore(before, done)
        raise KelidError(f"{problem.filename or ''}: {problem.strerror}; nothing was changed") from problem
    except BaseException:
        _restore(before, done)
        raise
    finally:
        for leftover in ready.values():
            leftover.unlink(missing_ok=True)


def _need_unchanged(before: Files, after: Files) -> None:
    for path in after:
        if _read(path) != before.get(path):
            raise KelidError(
                f"{path} was changed in between; nothing was written, run it again", exit=Exit.REFUSED
            )


def _beside(path: Path, body: bytes) -> Path:
    """Return a new file in the same folder that holds the bytes, on the disk for good."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(body)
            stream.flush()
            mode = path.stat().st_mode & 0o7777 if path.exists() else 0o666 & ~_umask()
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _restore(before: Files, done: list[Path]) -> None:
    for path in done:
        body = before.get(path)
        with contextlib.suppress(OSError):
            if body is None:
                path.unlink(missing_ok=True)
            elif _read(path) != body:
                _beside(path, body).replace(path)


def diff(shown: str, before: str | None, after: str | None) -> str:
    """Return the lines that differ between two texts of a file, as ``diff -u`` prints them; sealed values cut short."""
    rows = difflib.unified_diff(
        (before or "").splitlines(),
        (after or "").splitlines(),
        shown if before is not None else "/dev/null",
        shown if after is not None else "/dev/null",
        n=2,
        lineterm="",
    )
    short: list[str] = []
    for row in rows:
        if _sealed(row):
            instead = f"{row[:1]}  $ANSIBLE_VAULT ..."
            if short[-1:] != [instead]:
                short.append(instead)
        else:
            short.append(row)
    return "".join(f"{row}\n" for row in short)


def _sealed(row: str) -> bool:
    text = row[1:].strip()
    return text.startswith("$ANSIBLE_VAULT") or (
        len(text) > 3 and not set(text) - set("0123456789abcdef") and row[1:2] == " "
    )
