"""Make a release of a bundle: put the secrets in their places, name it, and pack it for the server."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import io
import json
import tarfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kelid.findings import Exit, KelidError
from kelid.model.bundle import Bundle
from kelid.model.pbx import SECRET, Media
from kelid.model.release import Release

KEY_NAME = "release_key"
"""The secret under which secrets are hashed: without it nobody can guess a PIN from a release's name."""


def secret_names(bundle: Bundle) -> tuple[str, ...]:
    """Return the names of the secrets that the bundle's text asks for, sorted."""
    return tuple(sorted({match[1] for text in bundle.files.values() for match in SECRET.finditer(text)}))


def secret_digests(names: Sequence[str], secrets: Mapping[str, str]) -> dict[str, str]:
    """Given names and the opened vault, return name -> HMAC-SHA256 of the value under the vault's own key.

    Raise KelidError if a value is missing.
    """
    missing = [name for name in (*names, KEY_NAME) if name not in secrets]
    if missing:
        raise KelidError(f"secrets.yml holds no {', '.join(sorted(set(missing)))}", exit=Exit.INVALID)
    key = secrets[KEY_NAME].encode()
    return {
        name: hmac.new(key, f"{name}\0{secrets[name]}".encode(), hashlib.sha256).hexdigest() for name in names
    }


def release_name(bundle_digest: str, digests: Mapping[str, str]) -> str:
    """Return the name of the release: 64 hexadecimal digits over the bundle and the secrets' HMACs."""
    total = hashlib.sha256(f"kelid release 1\0{bundle_digest}\0".encode())
    for name in sorted(digests):
        total.update(f"{name}\0{digests[name]}\0".encode())
    return total.hexdigest()


def fill(text: str, secrets: Mapping[str, str], escape: Callable[[str], str]) -> str:
    """Given text with tokens, return it with the secrets (or their MD5) in place, each through the escape of every value.

    Raise KelidError (naming the secret, never its value) if the escape refuses it. A line stays one line.
    """

    def value(match: Any) -> str:
        name = str(match[1])
        if match[2]:
            # Asterisk's own form (app_authenticate, option m). It hides no PIN from somebody who has the file.
            return hashlib.md5(secrets[name].encode(), usedforsecurity=False).hexdigest()
        try:
            return escape(secrets[name])
        except (ValueError, KelidError):
            # The cause is cut off on purpose: its message may quote the value.
            raise KelidError(
                f"the value of secret {name} can't stand in a configuration file (control character, blank at an end)",
                exit=Exit.INVALID,
            ) from None

    return SECRET.sub(value, text)


def make_release(
    bundle: Bundle,
    *,
    secrets: Mapping[str, str],
    escape: Callable[[str], str],
    expect: Mapping[str, Any],
    reloads: Sequence[tuple[tuple[str, ...], str]],
    restart: Sequence[str],
    media: Callable[[Media], bytes],
    commit: str,
    dirty: bool,
    tool: str,
    sealed: str = "",
    guard: Callable[[Mapping[str, str]], Mapping[str, Any]] = lambda _: {},
) -> Release:
    """Given a bundle and the opened vault, return the release; ``media`` gives the bytes of a sound as the server gets them.

    ``guard`` gives, from digests of the secrets, what no later change may touch unasked (``model/guard.py``).
    ``sealed`` is a digest of the vault as it lies on the disk: while that is the same, so are the secrets, and nobody need
    open it to know. The same input gives the same bytes: no clock goes in.
    """
    digests = secret_digests(secret_names(bundle), secrets)
    name = release_name(bundle.digest, digests)
    final = {path: fill(text, secrets, escape).encode() for path, text in bundle.files.items()}
    manifest: dict[str, Any] = {
        "format": 1,
        "release": name,
        "site": bundle.site,
        "commit": commit,
        "dirty": dirty,
        "kelid": tool,
        "asterisk": bundle.asterisk,
        "bundle": bundle.digest,
        "sealed": sealed,
        "secrets": digests,
        "files": {
            path: {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}
            for path, body in sorted(final.items())
        },
        "media": sorted(item.file_name for item in bundle.media),
        "media_sources": {item.file_name: item.source for item in bundle.media},
        "media_digests": {item.file_name: item.sha256 for item in bundle.media},
        "reloads": [{"files": list(files), "command": command} for files, command in reloads],
        "restart": list(restart),
        "expect": dict(expect),
        "guard": dict(guard(digests)),
    }
    members = {"manifest.json": (json.dumps(manifest, sort_keys=True, indent=1) + "\n").encode()}
    members |= {f"files/{path}": body for path, body in final.items()}
    members |= {f"bundle/{path}": text.encode() for path, text in bundle.files.items()}
    members |= {f"media/{item.file_name}": media(item) for item in bundle.media}
    return Release(name=name, manifest=manifest, archive=_pack(members))


def _pack(members: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=5, mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name in sorted(members, key=lambda path: (path != "manifest.json", path)):
            info = tarfile.TarInfo(name)
            info.size = len(members[name])
            info.mode = 0o600
            archive.addfile(info, io.BytesIO(members[name]))
    return packed.getvalue()
