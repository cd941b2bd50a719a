"""The release archive as it comes from the control node: unpacked only where it is whole and harmless."""

from __future__ import annotations

import errno
import gzip
import json
import re
import shutil
import tarfile
import zlib
from pathlib import Path
from typing import IO, Any, NoReturn

from .disk import digest_of, tree_files
from .places import DIGEST, MEDIA
from .refusal import Refusal

MAX_BYTES = 1 << 30
MAX_ENTRIES = 20_000


def bad(why: str) -> NoReturn:
    """Raise Refusal ``bad_archive``."""
    raise Refusal("bad_archive", f"the archive is refused: {why}")


def unpack(archive: IO[bytes], into: Path) -> dict[str, Any]:
    """Unpack the archive; return its manifest. Raise Refusal ``bad_archive`` for anything that a release doesn't have."""
    total = entries = 0
    seen: set[str] = set()
    try:
        # tarfile's own way through gzip stops at the tar's end and never looks at the checksum, which covers every byte.
        with gzip.GzipFile(fileobj=archive) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                entries += 1
                total += member.size
                name = member.name
                parts = name.split("/")
                if entries > MAX_ENTRIES or total > MAX_BYTES:
                    bad("it is too large")
                if not member.isreg():
                    bad(f"{name!r} is not a plain file")
                if name.startswith("/") or any(part in ("", ".", "..") for part in parts) or "\0" in name:
                    bad(f"{name!r} leads out of it")
                if name in seen:
                    bad(f"{name!r} is in it twice")
                if name != "manifest.json" and (len(parts) < 2 or parts[0] not in ("files", "bundle", "media")):
                    bad(f"{name!r} doesn't belong in it")
                if ".kelid" in parts or (parts[0] == "media" and not MEDIA.match("/".join(parts[1:]))):
                    bad(f"{name!r} is no name for such a file")
                seen.add(name)
                target = into / name
                target.parent.mkdir(parents=True, exist_ok=True)
                source = tar.extractfile(member)
                if source is None:
                    bad(f"{name!r} can't be read")
                with target.open("xb") as out:
                    shutil.copyfileobj(source, out, 1 << 20)
            while stream.read(1 << 20):
                total += 1 << 20
                if total > MAX_BYTES:
                    bad("it is too large")
        manifest = json.loads((into / "manifest.json").read_bytes())
    except (
        tarfile.TarError,
        zlib.error,
        EOFError,
        ValueError,
        FileNotFoundError,
        FileExistsError,
        NotADirectoryError,
    ) as problem:
        bad(f"it can't be read ({type(problem).__name__})")
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        bad(f"it can't be read ({problem.strerror or 'damaged'})")
    check_manifest(manifest, into)
    return dict(manifest)


def check_manifest(manifest: Any, into: Path) -> None:
    """Compare the manifest with what was unpacked; raise Refusal at the first thing that is wrong."""
    if not isinstance(manifest, dict) or manifest.get("format") != 1:
        bad("its manifest has another format; is the server's agent as new as kelid?")
    if not (isinstance(manifest.get("release"), str) and DIGEST.match(manifest["release"])):
        bad("its release has no proper name")
    wanted, there = manifest.get("files"), tree_files(into / "files")
    if not isinstance(wanted, dict) or set(wanted) != set(there) or not there:
        bad("its files are not those of its manifest")
    for path, file in there.items():
        if digest_of(file) != wanted[path].get("sha256"):
            bad(f"{path} is damaged")
    if set(tree_files(into / "bundle")) != set(there):
        bad("its bundle's files are not those of its manifest")
    if set(tree_files(into / "media")) != set(manifest.get("media", ())):
        bad("its media are not those of its manifest")
    for entry in manifest.get("reloads", ()):
        if not re.fullmatch(r"[A-Za-z0-9_. -]{1,80}", entry.get("command", "")) or "stop" in entry["command"]:
            bad("a reload command is none")
