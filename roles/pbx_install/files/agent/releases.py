"""Releases on the disk: placing, naming, switching, comparing and pruning them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .disk import digest_of, link_of, own_tree, remove, sync_dir, sync_tree, tree_files
from .places import ADOPTED, MEDIA, NAME, Places

KEEP = 10
"""How many releases stay on the disk, besides the adopted one."""


def differing(one: Path, other: Path) -> set[str]:
    """Return the paths that are not the same bytes in two releases."""
    first, second = tree_files(one), tree_files(other)
    odd = set(first) ^ set(second)
    odd.update(path for path in set(first) & set(second) if digest_of(first[path]) != digest_of(second[path]))
    return odd


class Releases:
    """The releases of a server: each a folder of its own, one of them current."""

    def __init__(self, places: Places, gid: int) -> None:
        """Keep the places, and the group that may read releases."""
        self.at = places
        self.gid = gid

    def current(self) -> str:
        """Return the name of the current release; "" where there is none."""
        return os.path.basename(link_of(self.at.current))

    def manifest(self, name: str) -> dict[str, Any]:
        """Return the manifest of a release; an empty one for what was adopted."""
        try:
            found = json.loads((self.at.releases / name / ".kelid" / "manifest.json").read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def drift(self, name: str) -> list[str]:
        """Return the paths of a release whose bytes on the disk are not those of its manifest, missing and extra ones too."""
        wanted = self.manifest(name).get("files")
        if wanted is None:
            return []
        there = tree_files(self.at.releases / name)
        odd = set(wanted) ^ set(there)
        odd.update(path for path in set(wanted) & set(there) if digest_of(there[path]) != wanted[path]["sha256"])
        return sorted(odd)

    def state(self, name: str) -> str:
        """Return a digest of the bytes that a release has on the disk now, "" for none: what a plan was made against."""
        if not name:
            return ""
        total = hashlib.sha256(f"{name}\n".encode())
        for path, file in sorted(tree_files(self.at.releases / name).items()):
            total.update(f"{digest_of(file) if file.is_file() else '-'}  {path}\n".encode(errors="surrogateescape"))
        return total.hexdigest()

    def digests(self, name: str) -> dict[str, str]:
        """Return path -> sha256 of the files that a release has on the disk now."""
        files = tree_files(self.at.releases / name)
        return {path: digest_of(file) for path, file in sorted(files.items()) if file.is_file()}

    def adopted_manifest(self) -> dict[str, Any]:
        """Return what stands for the manifest of the adopted release: what Asterisk had loaded when it was adopted."""
        try:
            found = json.loads((self.at.releases / ADOPTED / ".kelid" / "adopted.json").read_text())
        except (OSError, ValueError):
            found = {}
        return {"release": ADOPTED, "expect": found.get("expect") or {}, "files": {}, "reloads": []}

    def expected(self, name: str) -> dict[str, Any]:
        """Return what an Asterisk with a release must show; {} where nobody knows."""
        manifest = self.adopted_manifest() if name == ADOPTED else self.manifest(name)
        return dict(manifest.get("expect") or {})

    def guarded(self, name: str) -> dict[str, Any]:
        """Return what of a release must not be touched unasked, as its manifest says; of the adopted one its endpoints."""
        if name == ADOPTED:
            return {"extensions": self.adopted_manifest()["expect"].get("endpoints", ())}
        return dict(self.manifest(name).get("guard") or {})

    def bundle(self, name: str) -> dict[str, str]:
        """Return the text with tokens of a release, by path; none for what was adopted."""
        folder = self.at.releases / name / ".kelid" / "bundle"
        if not (name and folder.is_dir()):
            return {}
        return {path: file.read_text(errors="replace") for path, file in tree_files(folder).items()}

    def media_there(self, manifest: Mapping[str, Any]) -> bool:
        """Return whether all prompts of a release lie on the server."""
        return all((self.at.media / name).is_file() for name in manifest.get("media", ()))

    def place(self, incoming: Path, manifest: Mapping[str, Any]) -> Path:
        """Move what was unpacked to where the release will live, with owners, modes and fresh times, safe against power cuts."""
        name = str(manifest["release"])
        tree = incoming / "files"
        (tree / ".kelid").mkdir()
        os.replace(incoming / "manifest.json", tree / ".kelid" / "manifest.json")
        os.replace(incoming / "bundle", tree / ".kelid" / "bundle")
        # Asterisk's cache of conf files compares size and time only: no release may share a time with another.
        newest = max(
            (
                int(path.stat().st_mtime)
                for old in self.at.releases.glob("*")
                for path in (old, *tree_files(old).values())
            ),
            default=0,
        )
        moment = max(int(time.time()), newest + 1)
        for folder, _, names in os.walk(tree, topdown=False):
            for each in names:
                path = os.path.join(folder, each)
                os.chown(path, 0, self.gid)
                os.chmod(path, 0o640)
                os.utime(path, (moment, moment))
            os.chown(folder, 0, self.gid)
            os.chmod(folder, 0o750)
            os.utime(folder, (moment, moment))
        for media in manifest.get("media", ()):
            source, target = incoming / "media" / media, self.at.media / media
            if target.is_file() and digest_of(target) == digest_of(source):
                continue
            if target.parent != self.at.media:
                target.parent.mkdir(mode=0o750, exist_ok=True)
                os.chown(target.parent, 0, self.gid)
                os.chmod(target.parent, 0o750)
            os.chown(source, 0, self.gid)
            os.chmod(source, 0o640)
            handle = os.open(source, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)
            os.replace(source, target)
        for folder in {(self.at.media / media).parent for media in manifest.get("media", ())}:
            sync_dir(folder)
        sync_dir(self.at.media)
        sync_tree(tree)
        fresh = self.at.releases / f".new-{name}"
        remove(fresh)
        os.replace(tree, fresh)
        sync_dir(self.at.releases)
        return fresh

    def put(self, fresh: Path, name: str) -> None:
        """Give a placed release its name."""
        remove(self.at.releases / name)
        os.replace(fresh, self.at.releases / name)
        sync_dir(self.at.releases)

    def keep(self, tree: Path, name: str, *, symlinks: bool, notes: Mapping[str, bytes] | None = None) -> None:
        """Copy a tree to a release of this name, links as links or as what they lead to, and make that the current one.

        ``notes`` are files of the agent's own that it gets.
        """
        copy = self.at.releases / f".new-{name}"
        remove(copy)
        shutil.copytree(tree, copy, symlinks=symlinks, ignore_dangling_symlinks=True)
        for path, text in (notes or {}).items():
            (copy / ".kelid").mkdir(exist_ok=True)
            (copy / ".kelid" / path).write_bytes(text)
        own_tree(copy, self.gid)
        sync_tree(copy)
        self.put(copy, name)
        self.flip(name)

    def flip(self, name: str) -> None:
        """Make a release the current one, by one rename; on the way back, of the link that was laid when it was armed."""
        target = f"releases/{name}"
        if link_of(self.at.current) != target:
            fresh = self.at.way_back
            if link_of(fresh) != target:
                fresh = self.at.state / f".tmp-current-{os.getpid()}"
                remove(fresh)
                os.symlink(target, fresh)
            os.replace(fresh, self.at.current)
        sync_dir(self.at.state)

    def prune(self, previous: str) -> None:
        """Keep the newest releases (and the adopted one); prompts go with the last release that uses them."""
        found = [path for path in self.at.releases.iterdir() if NAME.match(path.name) and path.name != ADOPTED]
        found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        keep = {self.current(), previous, ADOPTED, *[path.name for path in found[:KEEP]]}
        for path in found:
            if path.name not in keep:
                # By one rename: cut off half-way, no release is left that lacks some of its files.
                old = path.with_name(f".old-{path.name}")
                os.replace(path, old)
                remove(old)
        used = {media for path in self.at.releases.iterdir() for media in self.manifest(path.name).get("media", ())}
        for name, path in tree_files(self.at.media).items():
            if MEDIA.match(name) and name not in used:
                remove(path)
        for folder in self.at.media.iterdir():
            with contextlib.suppress(OSError):  # a file, or a language that is still spoken
                folder.rmdir()
