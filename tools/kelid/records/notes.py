"""Receipts beside the commits that they speak of: git notes in ``refs/notes/kelid``, one JSON line for each.

Each line is the one of the server's own journal, so ``kelid receipts --verify`` can look for it there. Lines never
change, so notes of several clones merge by git's strategy ``cat_sort_uniq``.
"""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from kelid.findings import KelidError
from kelid.model.record import EMPTY
from kelid.records.git import blobs, environment, nearest
from kelid.records.receipts import entry_of

REF = "refs/notes/kelid"

Done = subprocess.CompletedProcess[str]


def add(folder: Path, commit: str, lines: Sequence[str]) -> None:
    """Add lines to the note of a commit in the repository of a folder; those that are there already are no mistake.

    Raise KelidError where git can't do that.
    """
    with _alone(folder):
        there = _lines(folder, commit)
        fresh = [line for line in lines if line not in there]
        if not fresh:
            return
        text = "".join(f"{line}\n" for line in (*there, *fresh))
        words = ("notes", f"--ref={REF}", "add", "--force", "--file=-", commit)
        done = _git(folder, *words, feed=text, by=_somebody(folder))
        if done.returncode:
            raise KelidError(f"git can't note the receipt on commit {commit[:12]}: {_reason(done)}")


def lines_of(folder: Path, site: str, server: str = "primary") -> list[str]:
    """Return the lines of all notes that speak of a site's machine; none where there is no repository."""
    listed = _git(folder, "notes", f"--ref={REF}", "list")
    ids = [row.split()[0].encode() for row in listed.stdout.splitlines()] if not listed.returncode else []
    lines = (line for blob in blobs(folder, ids) for line in blob.decode(errors="replace").splitlines())
    return [line for line in lines if _speaks_of(line, site, server)]


def _speaks_of(line: str, site: str, server: str) -> bool:
    entry = entry_of(line)
    return entry.get("site") == site and entry.get("server", "primary") == server


def _lines(folder: Path, commit: str) -> list[str]:
    shown = _git(folder, "notes", f"--ref={REF}", "show", commit)
    return [] if shown.returncode else [line for line in shown.stdout.splitlines() if line.strip()]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a lock of the repository: several sites are applied at once, and git loses one of two notes that meet."""
    found = _git(folder, "rev-parse", "--path-format=absolute", "--git-common-dir")
    if found.returncode:
        raise KelidError(f"no git repository keeps {folder}, so no note can be written: {_reason(found)}")
    try:
        handle = os.open(Path(found.stdout.strip()) / "kelid-notes.lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as problem:
        raise KelidError(f"no git note can be written: {problem.strerror}: {problem.filename}") from problem
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _git(folder: Path, *arguments: str, feed: str = "", by: Mapping[str, str] = EMPTY) -> Done:
    try:
        return subprocess.run(
            ["git", "-C", str(nearest(folder)), *arguments],
            input=feed,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            env={**environment(), **by},
        )
    except FileNotFoundError as problem:
        raise KelidError("git is not installed; it keeps the sites' history") from problem


def _somebody(folder: Path) -> Mapping[str, str]:
    """Return whom git is to name where it knows no name itself; who made the change stands in the receipt."""
    if not _git(folder, "var", "GIT_COMMITTER_IDENT").returncode:
        return EMPTY
    names = {"NAME": "kelid", "EMAIL": f"kelid@{socket.gethostname()}"}
    return {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in names.items()}


def _reason(done: Done) -> str:
    return (done.stderr.strip().splitlines() or ["no reason was given"])[-1].removeprefix("fatal: ")
