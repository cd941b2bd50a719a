"""What is staged for a backup: hard links to files, copies of databases, and what the manifest says of each."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import sqlite3
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .files import digest_of, group_name, last_line_end, user_name
from .pbx import PARTS, Pbx
from .trouble import Trouble

SPARE = 32 << 20
"""Bytes that must stay free on the PBX's own disk."""


class Staging:
    """The folders from which restic reads, and the entries of what lies in them.

    Links cost no space and hold each file even if Asterisk renames or removes it meanwhile. Each file system has a
    staging folder of its own, because a link can't leave its file system.
    """

    def __init__(self, pbx: Pbx) -> None:
        """Only compute paths; ``open`` makes the folder."""
        self.pbx = pbx
        self.main = pbx.work / "set"
        self.by_device: dict[int, Path] = {}
        self.skipped: set[str] = set()
        self.files: dict[str, dict[str, Any]] = {}
        self.directories: dict[str, dict[str, Any]] = {}
        self.links: dict[str, dict[str, Any]] = {}

    def open(self) -> None:
        """Make the staging folder, without what a killed run left."""
        self.remove()
        self.main.mkdir(parents=True, mode=0o700)
        self.by_device[self.main.stat().st_dev] = self.main

    def remove(self) -> None:
        """Remove every staging folder, also those that a killed run left."""
        tops = [
            self.pbx.place(path)
            for part in ("voicemail", "recordings", "cdr", "prompts")
            for path in PARTS[part]
        ]
        for stage in {*self.by_device.values(), self.main, *(top / ".kelid-backup" for top in tops)}:
            if stage.is_dir() and not stage.is_symlink():
                shutil.rmtree(stage)

    def stages(self) -> list[Path]:
        """Return the staging folders, the one with the manifest first."""
        return [self.main, *sorted(stage for stage in self.by_device.values() if stage != self.main)]

    def differs(self, name: str) -> bool:
        """Return True if a gathered file no longer has the bytes that the manifest says."""
        entry = self.files.get(name)
        if entry is None:
            return False
        try:
            return bool(digest_of(Path(entry["stored"]), entry["size"]) != entry["sha256"])
        except OSError:
            return True

    def demand(self, size: int) -> None:
        """Raise Trouble ``disk_full`` if copies of ``size`` bytes would not fit."""
        free = shutil.disk_usage(self.main).free
        if free < size + SPARE:
            raise Trouble(
                "disk_full",
                f"this PBX's own disk has {free >> 20} MB free and a backup needs {(size + SPARE) >> 20}",
                where="local",
            )

    def add_folder(self, name: str, status: os.stat_result) -> None:
        """Note a folder's owner and mode."""
        self.directories[name] = {
            "mode": f"{stat.S_IMODE(status.st_mode):04o}",
            "user": user_name(status.st_uid),
            "group": group_name(status.st_gid),
        }

    def add_link(self, path: str, target: str, status: os.stat_result) -> None:
        """Note a symbolic link."""
        self.links[path] = {
            "target": target,
            "user": user_name(status.st_uid),
            "group": group_name(status.st_gid),
        }

    def add_link_in(self, here: str, name: str, folder: int) -> None:
        """Note the symbolic link ``name`` in an open folder whose path on the PBX is ``here``."""
        target = os.readlink(name, dir_fd=folder)
        self.add_link(f"{here}/{name}", target, os.lstat(name, dir_fd=folder))

    def add_file(
        self,
        part: str,
        path: str,
        name: str,
        folder: int,
        writing: set[tuple[int, int]],
        *,
        grows: bool = False,
    ) -> None:
        """Link one file into the staging folder of its file system. What is being written is left for the next backup."""
        try:
            status = os.lstat(name, dir_fd=folder)
            if stat.S_ISLNK(status.st_mode):
                self.add_link_in(path.rsplit("/", 1)[0], name, folder)
                return
            if not stat.S_ISREG(status.st_mode):
                return
            if (status.st_dev, status.st_ino) in writing and not grows:
                self.skipped.add(path)
                return
            stored = self._stage(os.fstat(folder).st_dev, path) / "files" / path.lstrip("/")
            stored.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(name, stored, src_dir_fd=folder, follow_symlinks=False)
            except OSError as problem:
                if problem.errno != errno.EXDEV:
                    raise
                self._copy(name, stored, folder)
        except FileNotFoundError:
            return  # it went before it could be linked
        status = stored.lstat()
        if not stat.S_ISREG(status.st_mode):
            stored.unlink()
            return
        self._note(part, path, stored, status, grows=grows)

    def _stage(self, device: int, path: str) -> Path:
        if device not in self.by_device:
            top = next((top for tops in PARTS.values() for top in tops if path.startswith(top + "/")), None)
            if top is None:
                return self.main  # small things on a file system of their own are copied
            stage = Path(os.path.realpath(self.pbx.place(top))) / ".kelid-backup"
            stage.mkdir(mode=0o700)
            self.by_device[device] = stage
        return self.by_device[device]

    def _copy(self, name: str, stored: Path, folder: int) -> None:
        """Copy a file that can't be linked, with its time; never through a symbolic link."""
        source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
        with os.fdopen(source, "rb") as file, stored.open("wb") as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
            status = os.fstat(source)
        os.chmod(stored, stat.S_IMODE(status.st_mode))
        os.chown(stored, status.st_uid, status.st_gid)
        os.utime(stored, ns=(status.st_mtime_ns, status.st_mtime_ns))

    def seal(self, name: str, old: Mapping[str, Any]) -> None:
        """Put the digest of a gathered file into the manifest."""
        entry = self.files[name]
        stored = Path(entry["stored"])
        if entry.get("grows"):
            entry["size"] = last_line_end(stored) if not name.endswith((".gz", ".xz")) else entry["size"]
            entry["sha256"] = digest_of(stored, entry["size"])
            return
        same = all(old.get(key) == entry[key] for key in ("inode", "size", "mtime"))
        if same and "sha256" in old and not entry.get("database"):
            entry["sha256"] = old["sha256"]
            return
        entry["sha256"] = digest_of(stored)
        status = stored.stat()
        if (status.st_size, status.st_mtime_ns) != (entry["size"], entry["mtime"]):
            self.drop(name)  # it was changed while it was read: the next backup has it

    def add_database(self, part: str, path: Path) -> None:
        """Copy a database through SQLite's own backup, which sees no half transaction however busy Asterisk is."""
        stored = self.main / "files" / self.pbx.named(path).lstrip("/")
        stored.parent.mkdir(parents=True, exist_ok=True)
        status = path.stat()
        try:
            with (
                contextlib.closing(
                    sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)
                ) as source,
                contextlib.closing(sqlite3.connect(stored)) as copy,
            ):
                source.backup(copy)
                if copy.execute("pragma integrity_check").fetchone() != ("ok",):
                    raise Trouble(
                        "damaged_here",
                        f"{self.pbx.named(path)} is damaged on this PBX; nothing was stored",
                    )
        except sqlite3.Error as problem:
            if "full" in str(problem):
                raise Trouble(
                    "disk_full", "this PBX's own disk is full; nothing was stored", where="local"
                ) from problem
            raise Trouble("damaged_here", f"{self.pbx.named(path)} can't be read: {problem}") from problem
        os.utime(stored, ns=(status.st_mtime_ns, status.st_mtime_ns))
        self._note(part, self.pbx.named(path), stored, status)
        self.files[self.pbx.named(path)]["database"] = True

    def _note(
        self, part: str, name: str, stored: Path, status: os.stat_result, *, grows: bool = False
    ) -> None:
        self.files[name] = {
            "stored": str(stored),
            "size": stored.stat().st_size,
            "mode": f"{stat.S_IMODE(status.st_mode):04o}",
            "user": user_name(status.st_uid),
            "group": group_name(status.st_gid),
            "mtime": status.st_mtime_ns,
            "inode": status.st_ino,
            "part": part,
        }
        if grows:
            self.files[name]["grows"] = True

    def drop(self, name: str) -> None:
        """Leave out a file that is being written, and with it the other files of the same message."""
        stem = re.match(r"(.*/msg\d+)\.", name)
        same = [other for other in self.files if stem and other.startswith(stem.group(1) + ".")]
        self.skipped.update((name, *same))
        for other in {name, *same} & set(self.files):
            self.take_back(other)

    def take_back(self, name: str) -> None:
        """Unlink a staged file and forget its entry."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.files.pop(name)["stored"])
