"""Read a site's history: files of a revision, the commit that stands now, and whether the working tree differs from it.

Works in whatever repository the sites directory lies in; that may be a private one beside this one.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from kelid.findings import Exit, KelidError


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit by its 40 hexadecimal digits, and whether the folder that was asked about differs from it."""

    id: str
    dirty: bool


def head(folder: Path) -> Commit:
    """Given a folder, return the commit that its repository stands at; ``Commit("", True)`` where there is none."""
    result = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if result.returncode:
        return Commit("", dirty=True)
    status = _git(folder, "status", "--porcelain", "--untracked-files=all", "--", ".")
    return Commit(result.stdout.decode().strip(), dirty=bool(status.returncode or status.stdout.strip()))


def top(folder: Path) -> Path:
    """Return the folder whose repository the folder lies in, or the folder itself where that is none. Starts no program."""
    absolute = folder.absolute()
    return next((each for each in (absolute, *absolute.parents) if (each / ".git").exists()), absolute)


def resolve(folder: Path, revision: str) -> str:
    """Given a revision as git understands it, return its commit.

    Raise KelidError if there is no such revision or the folder is in no repository.
    """
    result = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if result.returncode:
        # Quiet about an unknown name; what git does say (no repository, one of another owner) is the reason.
        why = result.stderr.decode(errors="replace").strip().partition("\n")[0].removeprefix("fatal: ")
        raise KelidError(
            f"git knows no revision {revision!r} for {folder}{why and f' ({why})'}", exit=Exit.USAGE
        )
    return result.stdout.decode().strip()


def files_at(folder: Path, revision: str) -> dict[str, bytes]:
    """Given a folder and a revision, return path (relative to the folder) -> content; empty if the folder was not there.

    Only plain files are returned: a link or a submodule in the tree raises KelidError, as on disk.
    """
    objects = _objects_at(folder, revision)
    return dict(zip(objects, blobs(folder, list(objects.values())), strict=True))


def paths_at(folder: Path, revision: str) -> list[str]:
    """Given a folder and a revision, return the paths of its files then, relative to the folder; raise as ``files_at``."""
    return list(_objects_at(folder, revision))


def _objects_at(folder: Path, revision: str) -> dict[str, bytes]:
    standing = nearest(folder)
    commit = resolve(standing, revision)
    prefix = _git(standing, "rev-parse", "--show-prefix").stdout.decode().strip()
    inside = folder.absolute().relative_to(standing)
    if inside.parts:
        prefix += f"{inside.as_posix()}/"
    objects = {}
    for row in _git(standing, "ls-tree", "-r", "-z", "--full-tree", commit, "--", prefix or ".").stdout.split(
        b"\0"
    ):
        if not row:
            continue
        meta, _, name = row.partition(b"\t")
        mode, kind, object_id = meta.split()
        path = name.decode()[len(prefix) :]
        if kind != b"blob" or mode == b"120000":
            raise KelidError(
                f"{revision}:{prefix}{path} is a link or a submodule; keep plain files there",
                exit=Exit.INVALID,
            )
        objects[path] = object_id
    return objects


def nearest(folder: Path) -> Path:
    """Return the folder, or its nearest parent that is there: only an older revision may still have a site."""
    folder = folder.absolute()
    while not folder.is_dir():
        folder = folder.parent
    return folder


def blobs(folder: Path, ids: list[bytes]) -> list[bytes]:
    """Return the contents of objects that are there, in their order."""
    if not ids:
        return []
    output = _git(folder, "cat-file", "--batch", stdin=b"\n".join(ids) + b"\n").stdout
    found, at = [], 0
    for _ in ids:
        end = output.index(b"\n", at)
        size = int(output[at:end].split()[2])
        found.append(output[end + 1 : end + 1 + size])
        at = end + 1 + size + 1
    return found


def environment() -> dict[str, str]:
    """Return the environment for a git of ours.

    A hook that calls us sets GIT_DIR and the like for its own repository, which need not be the sites' one.
    """
    ours = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_AUTHOR_", "GIT_COMMITTER_")
    return {
        key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key.startswith(ours)
    }


def who(folder: Path) -> str:
    """Return whom git knows the user as, ``Name <address>``; "" where it has no name or the folder no repository."""
    name, address = (
        _git(folder, "config", f"user.{key}").stdout.decode(errors="replace").strip()
        for key in ("name", "email")
    )
    return f"{name} <{address}>" if name and address else name or address


def _git(folder: Path, *arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", "-C", str(nearest(folder)), *arguments],
            input=stdin,
            capture_output=True,
            check=False,
            env=environment(),
        )
    except FileNotFoundError as problem:
        raise KelidError("git is not installed; it keeps the sites' history") from problem
