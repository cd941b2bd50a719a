"""The set that goes into a backup: what of the PBX belongs to it, each mailbox and database as it was at one moment."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .files import being_written, utc
from .manifest import FORMAT
from .pbx import OWN_NAMES, PARTS, Pbx, is_queue_log
from .settings import Settings
from .staging import Staging
from .trouble import Trouble


def _view(folder: int) -> dict[str, tuple[int, int, int]]:
    """Return name -> (inode, size, time) of the files in a folder."""
    found = {}
    for name in sorted(os.listdir(folder)):
        with contextlib.suppress(FileNotFoundError):
            status = os.lstat(name, dir_fd=folder)
            if not stat.S_ISDIR(status.st_mode):
                found[name] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return found


class Gathered:
    """A set, gathered while the block runs and removed after it."""

    def __init__(self, pbx: Pbx, settings: Settings, before: Mapping[str, Mapping[str, Any]]) -> None:
        """``before``: the files of the last manifest; a file of equal inode, size and time is not read again."""
        self.pbx = pbx
        self.settings = settings
        self.before = before
        self.staging = Staging(pbx)
        self.manifest: dict[str, Any] = {}

    def __enter__(self) -> Gathered:
        """Gather. Raise Trouble ``disk_full`` if the databases' copies don't fit."""
        self.staging.open()
        try:
            self._collect()
        except OSError as problem:
            self.staging.remove()
            if problem.errno == errno.ENOSPC:
                raise Trouble(
                    "disk_full", "this PBX's own disk is full; nothing was stored", where="local"
                ) from problem
            raise
        except BaseException:
            self.staging.remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the links and copies."""
        self.staging.remove()

    def _collect(self) -> None:
        staging, contents = self.staging, self.settings.contents
        taken = time.time()
        databases = self._databases(contents)
        staging.demand(sum(path.stat().st_size for _, path in databases))
        writing = being_written()
        release = self._release() if "config" in contents else {}
        self._trees(contents, writing)
        for part, place in self._databases(contents):
            staging.add_database(part, place)
        self._settle(being_written())
        parts: dict[str, int] = {}
        for entry in staging.files.values():
            parts[entry["part"]] = parts.get(entry["part"], 0) + 1
        self.manifest = {
            "format": FORMAT,
            "site": self.settings.site,
            "taken": utc(taken),
            "release": release.get("release", ""),
            "commit": release.get("commit", ""),
            "asterisk": int(release.get("asterisk", 0)),
            "contents": contents,
            "parts": parts,
            "files": staging.files,
            "directories": staging.directories,
            "links": staging.links,
        }

    def _trees(self, contents: Iterable[str], writing: set[tuple[int, int]]) -> None:
        """Gather every file of the contents that is no database."""
        for part in contents:
            for path in PARTS[part]:
                if part != "astdb":
                    self._tree(part, path, writing, grows=part == "cdr" or path.endswith(".jsonl"))
        if "config" in contents or "prompts" in contents:
            self._tree("prompts" if "prompts" in contents else "config", "/var/lib/kelid/media", writing)
        if "queue_log" in contents:
            logs = self.pbx.place("/var/log/asterisk")
            for log in sorted(logs.iterdir()) if logs.is_dir() else []:
                if is_queue_log(log.name):
                    self._tree("queue_log", self.pbx.named(log), writing, grows=True)

    def _settle(self, writing: set[tuple[int, int]]) -> None:
        """Leave out what is being written by now, and put the digest of all else into the manifest."""
        staging = self.staging
        for name, entry in list(staging.files.items()):
            status = os.lstat(entry["stored"])
            if (status.st_dev, status.st_ino) in writing and not entry.get("grows"):
                staging.drop(name)
        for name in list(staging.skipped):
            staging.drop(name)
        for name in list(staging.files):
            if name in staging.files:  # another file of its message may have taken it along
                staging.seal(name, self.before.get(name, {}))

    def _release(self) -> dict[str, str]:
        """Gather the live release and the link to it; return its name and commit."""
        link = self.pbx.home / "current"
        if not link.is_symlink():
            return {}
        target = os.readlink(link)
        self.staging.add_link("/var/lib/kelid/current", target, link.lstat())
        folder = Path(os.path.normpath(self.pbx.home / target))
        self._parents(self.pbx.named(folder))
        self._tree("config", self.pbx.named(folder), set())
        name, commit, asterisk = folder.name, "", ""
        with contextlib.suppress(OSError, ValueError):
            manifest = json.loads((folder / ".kelid" / "manifest.json").read_text(encoding="utf-8"))
            name, commit = str(manifest.get("release", name)), str(manifest.get("commit", ""))
            asterisk = str(int(manifest.get("asterisk", 0)))
        return {"release": name, "commit": commit, "asterisk": asterisk or "0"}

    def _databases(self, contents: Iterable[str]) -> list[tuple[str, Path]]:
        """Return (part, place) of the SQLite databases that belong to the contents."""
        found = []
        place = self.pbx.place(PARTS["astdb"][0])
        if "astdb" in contents and place.is_file():
            found.append(("astdb", place))
        logs = self.pbx.place("/var/log/asterisk")
        if "cdr" in contents and logs.is_dir():
            found += [
                ("cdr", path)
                for path in sorted(logs.glob("*.db"))
                if path.is_file() and not path.is_symlink()
            ]
        return found

    def _parents(self, name: str) -> None:
        """Note the owner and mode of the folders of ours above a path."""
        folder = Path(name).parent
        while str(folder).startswith("/var/lib/kelid"):
            self.staging.add_folder(str(folder), self.pbx.place(str(folder)).stat())
            folder = folder.parent

    def _tree(self, part: str, path: str, writing: set[tuple[int, int]], *, grows: bool = False) -> None:
        """Gather a file, or all files below a folder."""
        top = self.pbx.place(path)
        try:
            status = top.lstat()
            if stat.S_ISLNK(status.st_mode) and status.st_uid == 0:
                top = Path(os.path.realpath(top))  # an administrator moved it to a bigger disk
                status = top.lstat()
        except FileNotFoundError:
            return
        if stat.S_ISREG(status.st_mode):
            folder = os.open(top.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                self.staging.add_file(part, path, top.name, folder, writing, grows=grows)
            finally:
                os.close(folder)
            return
        for folder_path, folders, files, folder in os.fwalk(top, follow_symlinks=False):
            below = os.path.relpath(folder_path, top)
            here = path if below == "." else f"{path}/{below}"
            self.staging.add_folder(here, os.fstat(folder))
            for name in [name for name in folders if name in OWN_NAMES]:
                folders.remove(name)
            for name in list(folders):
                if stat.S_ISLNK(os.lstat(name, dir_fd=folder).st_mode):
                    self.staging.add_link_in(here, name, folder)
            if part == "voicemail":
                if below.split("/")[-1] == "tmp":
                    self.staging.skipped.update(f"{here}/{name}" for name in files)
                    continue  # messages are recorded here and come into INBOX whole
                self._mailbox(here, folder, writing)
                continue
            for name in files:
                self.staging.add_file(part, f"{here}/{name}", name, folder, writing, grows=grows)

    def _mailbox(self, here: str, folder: int, writing: set[tuple[int, int]]) -> None:
        """Gather one voicemail folder as it was at one moment.

        app_voicemail renumbers messages when one goes, and a message arrives file by file, its .txt last. It does both
        while it holds the folder's ``.lock``, so: look, link, look again, and begin anew if anything moved.
        """
        limit = time.monotonic() + 5
        while True:
            view = _view(folder)
            sounds = {name.split(".")[0] for name in view if name.startswith("msg")}
            texts = {name.split(".")[0] for name in view if name.startswith("msg") and name.endswith(".txt")}
            patient = time.monotonic() < limit
            if (".lock" in view or sounds != texts) and patient:
                time.sleep(0.02)
                if sounds != texts and _view(folder) == view and ".lock" not in view:
                    limit = min(limit, time.monotonic() + 0.5)  # an orphan stays one; it is data all the same
                continue
            for name in view:
                if not name.startswith(".lock"):
                    self.staging.add_file("voicemail", f"{here}/{name}", name, folder, writing)
            if _view(folder) == view:
                return
            for name in view:
                if f"{here}/{name}" in self.staging.files:
                    self.staging.take_back(f"{here}/{name}")
            if not patient:
                raise Trouble(
                    "busy_files", f"{here} kept changing for 5 seconds; nothing was stored, try again"
                )
