"""What earlier runs found and rendered, by the content that it was made of: kelid itself, the site's files, the day.

One file an entry under ``$XDG_CACHE_HOME/kelid/sites``. An entry is a plain value (JSON and text, never code), holds no
secret, and is believed only if the digest in it fits: what is damaged or of another kind is as good as missing.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import os
import stat
import sys
import zlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from kelid.findings import Finding, KelidError, Severity, Where
from kelid.model.record import EMPTY, Record

LARGEST = 500_000_000
"""Bytes that the cache may have; a rendered site of 200 extensions takes some 25 KB."""

_MAGIC = b"kelid site 2\n"
_DIGEST = 64
_AT_A_TIME = 1 << 18


class Result(Record):
    """What is known of a site: whether it is valid, its findings, and (where it was rendered) its files and their digest.

    ``sums`` has the SHA-256 of each file where the result was remembered: whoever only compares needs no text.
    """

    valid: bool
    findings: tuple[Finding, ...]
    files: Mapping[str, bytes] = EMPTY
    digest: str = ""
    sums: Mapping[str, str] = EMPTY


class _Packed(Mapping[str, bytes]):
    """Files by their paths, unpacked once somebody wants one of them."""

    def __init__(self, packed: bytes, sizes: Mapping[str, int]) -> None:
        self._packed = packed
        self._sizes = sizes

    @functools.cached_property
    def _files(self) -> dict[str, bytes]:
        text = zlib.decompress(self._packed)
        ends = list(itertools.accumulate(self._sizes.values()))
        return {
            path: text[end - size : end] for (path, size), end in zip(self._sizes.items(), ends, strict=True)
        }

    def __getitem__(self, path: str) -> bytes:
        return self._files[path]

    def __contains__(self, path: object) -> bool:
        return path in self._sizes

    def __iter__(self) -> Iterator[str]:
        return iter(self._sizes)

    def __len__(self) -> int:
        return len(self._sizes)


def folder() -> Path:
    """Return where the entries lie."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kelid" / "sites"


@functools.cache
def of_kelid() -> bytes:
    """Return a digest of all that makes results besides a site: kelid's source, schemas, Python and the packages it uses."""
    total = hashlib.sha256(sys.version.encode())
    package = Path(__file__).resolve().parents[1]
    for top in (package, package.parents[1] / "schemas"):
        for place, folders, names in os.walk(top):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            for name in sorted(names):
                body = Path(place, name).read_bytes()
                total.update(f"{place}/{name}\0{len(body)}\0".encode())
                total.update(body)
    for entry in sys.path:
        if entry and Path(entry).is_dir():
            packages = sorted(path.name for path in Path(entry).glob("*.dist-info"))
            total.update("\0".join(packages).encode())
    return total.digest()


def of_folder(top: Path) -> tuple[bytes, bytes] | None:
    """Return two digests of a site's folder: of the content, and of the times and sizes that show if it changes meanwhile.

    None where it holds what can't be read or is neither a file, a folder nor a link: such a site is never remembered.
    """
    content, state = hashlib.sha256(), hashlib.sha256()
    waiting = [(str(top), "")]
    try:
        while waiting:
            place, shown = waiting.pop()
            with os.scandir(place) as entries:
                for entry in sorted(entries, key=lambda item: item.name):
                    path = f"{shown}{entry.name}"
                    about = entry.stat(follow_symlinks=False)
                    state.update(f"{path}\0{about.st_size} {about.st_mtime_ns} {about.st_ino}\0".encode())
                    if stat.S_ISREG(about.st_mode):
                        content.update(f"file\0{path}\0".encode() + _digest(entry.path))
                    elif stat.S_ISDIR(about.st_mode):
                        content.update(f"folder\0{path}\0".encode())
                        waiting.append((entry.path, f"{path}/"))
                    elif stat.S_ISLNK(about.st_mode):
                        content.update(f"link\0{path}\0{Path(entry.path).readlink()}\0".encode())
                    else:
                        return None
    except (OSError, UnicodeEncodeError):
        return None
    return content.digest(), state.digest()


def _digest(path: str) -> bytes:
    """Return the SHA-256 of a file, which may be large."""
    total = hashlib.sha256()
    handle = os.open(path, os.O_RDONLY)
    try:
        while body := os.read(handle, _AT_A_TIME):
            total.update(body)
    finally:
        os.close(handle)
    return total.digest()


class Cache:
    """The entries of one run of kelid, which all have to do with the same source."""

    def __init__(self, place: Path | None = None) -> None:
        """``place`` is the folder of the entries; left out, the user's."""
        self.place = place or folder()
        self._kelid = of_kelid()

    def key(self, content: bytes, *parts: str) -> str:
        """Given the digest of a site's content and what else the result hangs on, return the entry's name."""
        return hashlib.sha256(self._kelid + content + "\0".join(parts).encode()).hexdigest()

    def get(self, key: str, today: date | None) -> Result | None:
        """Return what is remembered under the key for that day (None: today at the site); None if nothing is."""
        import json

        path = self.place / key
        try:
            raw = path.read_bytes()
            digest, body = raw[len(_MAGIC) : len(_MAGIC) + _DIGEST], raw[len(_MAGIC) + _DIGEST :]
            if not raw.startswith(_MAGIC) or hashlib.sha256(body).hexdigest().encode() != digest:
                return None
            head, _, packed = body.partition(b"\n")
            data = json.loads(head)
            if data["key"] != key or data["day"] != str(today or today_at(data["zone"])):
                return None
            os.utime(path)
            return _result(data, packed)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, key: str, day: date, zone: str, result: Result) -> None:
        """Keep a result. A full or read-only disk is no reason to fail: the next run does the work again."""
        import json

        data = {
            "key": key,
            "day": str(day),
            "zone": zone,
            "valid": result.valid,
            "digest": result.digest,
            "findings": [[*f.where, f.code, f.message, f.fix, f.severity.value] for f in result.findings],
            "files": [
                [path, len(body), hashlib.sha256(body).hexdigest()] for path, body in result.files.items()
            ],
        }
        head = json.dumps(data, ensure_ascii=False).encode()
        body = head + b"\n" + zlib.compress(b"".join(result.files.values()), 1)
        try:
            self.place.mkdir(mode=0o700, parents=True, exist_ok=True)
            new = self.place / f".new-{os.getpid()}"
            new.write_bytes(_MAGIC + hashlib.sha256(body).hexdigest().encode() + body)
            new.replace(self.place / key)
        except OSError:
            return

    def prune(self, largest: int = LARGEST) -> None:
        """Remove the entries that were not used for longest, until the others fit."""
        try:
            with os.scandir(self.place) as entries:
                found = sorted(
                    ((about := entry.stat()).st_mtime, about.st_size, entry.path) for entry in entries
                )
        except OSError:
            return
        total = sum(size for _, size, _ in found)
        for _, size, path in found:
            if total <= largest:
                return
            Path(path).unlink(missing_ok=True)
            total -= size


def today_at(zone: str) -> date:
    """Return the day at a place. Raise KelidError for a time zone that nobody knows."""
    try:
        return datetime.now(ZoneInfo(zone)).date()
    except (KeyError, ValueError, OSError) as problem:
        raise KelidError(f"no time zone is called {zone!r}") from problem


def _result(data: Mapping[str, Any], packed: bytes) -> Result:
    return Result(
        valid=data["valid"],
        digest=data["digest"],
        findings=tuple(
            Finding(Where(file, line, column), code, message, fix, Severity(severity))
            for file, line, column, code, message, fix, severity in data["findings"]
        ),
        files=_Packed(packed, {path: size for path, size, _ in data["files"]}),
        sums={path: total for path, _, total in data["files"]},
    )
