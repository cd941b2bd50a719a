"""The proof of a backup: its files, streamed back out of the store, are those of its manifest."""

from __future__ import annotations

import contextlib
import hashlib
import tarfile
import time
from collections.abc import Iterable, Mapping
from typing import IO, Any

from .manifest import stored_manifest
from .repository import Repository
from .trouble import Trouble


def _joined(top: str, member: str) -> str:
    """Given the folder that was dumped and a member's name, return the member's path in the snapshot.

    Up to restic 0.16 a member's name is the whole path; later ones begin at the folder.
    """
    name = "/" + member.strip("/")
    return name if name == top or name.startswith(top + "/") else top.rstrip("/") + name


def _matches(file: IO[bytes], entry: Mapping[str, Any]) -> tuple[bool, int]:
    """Return whether a stream has the bytes that an entry of the manifest says, and how many bytes came."""
    digest, length = hashlib.sha256(), 0
    for block in iter(lambda: file.read(1 << 20), b""):
        digest.update(block[: max(0, entry["size"] - length)])
        length += len(block)
    whole = length >= entry["size"] if entry.get("grows") else length == entry["size"]
    return bool(whole and digest.hexdigest() == entry["sha256"]), length


def _tops(snapshot: Mapping[str, Any], files: Mapping[str, Any], only: Iterable[str] | None) -> list[str]:
    """Return the folders of a snapshot that must be read, none of them inside another."""
    tops = sorted(
        snapshot["paths"] if only is None else {files[name]["stored"].rsplit("/", 1)[0] for name in only}
    )
    return [top for top in tops if not any(top != other and top.startswith(other + "/") for other in tops)]


def read_back(
    repository: Repository,
    snapshot: Mapping[str, Any],
    manifest: Mapping[str, Any],
    only: list[str] | None = None,
) -> int:
    """Stream files out of the store and compare them with the manifest; return how many bytes were read.

    ``only`` names the files that must be read (more may be: whole folders are); None means all.
    Raise Trouble ``corrupt`` with ``paths`` for what is missing or differs. Nothing is written to disk.
    """
    files = manifest["files"]
    by_place = {entry["stored"]: name for name, entry in files.items()}
    expected = set(files if only is None else only)
    seen: set[str] = set()
    wrong: set[str] = set()
    total = 0
    for top in _tops(snapshot, files, only):
        with (
            repository.restic.reading("dump", "--no-cache", snapshot["id"], top) as (stream, failures),
            # where the stream breaks off restic's own words follow, or the missing files do
            contextlib.suppress(tarfile.TarError, EOFError),
        ):
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                for member in archive:
                    name = by_place.get(_joined(top, member.name))
                    file = archive.extractfile(member) if name and member.isreg() else None
                    if name is None or file is None:
                        continue
                    good, length = _matches(file, files[name])
                    total += length
                    seen.add(name)
                    if not good:
                        wrong.add(name)
            stream.read()
        for trouble in failures:
            trouble.more["paths"] = sorted(wrong | (expected - seen))[:50]
            raise trouble
    wrong |= expected - seen
    if wrong:
        raise Trouble(
            "corrupt",
            f"{len(wrong)} files in backup {snapshot['id'][:8]} are not what was stored",
            paths=sorted(wrong)[:50],
        )
    return total


def verify(repository: Repository, wanted: str) -> dict[str, Any]:
    """Read a whole backup back from the store and compare every file with its manifest."""
    started = time.monotonic()
    repository.open(may_create=False)
    snapshot = repository.snapshot(wanted)
    manifest = stored_manifest(repository, snapshot)
    total = read_back(repository, snapshot, manifest)
    return {
        "ok": True,
        "snapshot": snapshot["id"][:8],
        "taken": manifest["taken"],
        "release": manifest["release"],
        "files": len(manifest["files"]),
        "bytes": total,
        "seconds": round(time.monotonic() - started, 2),
    }
