"""Putting verified files in place: what lay there moves aside, and any failure moves everything back."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

from .files import group_id, link, move, remove_if_empty, user_id, write_whole
from .pbx import MARKER, Pbx
from .present import covered, data_here
from .trouble import Trouble


def put_in_place(pbx: Pbx, manifest: Mapping[str, Any], staged: Mapping[str, Path]) -> tuple[Path, int]:
    """Move the verified files to where they belong, and what lay there aside; return the folder of it and how many.

    A marker that systemd looks at keeps Asterisk from starting on half a restore.
    """
    aside = pbx.work / ("replaced-" + datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ"))
    for old in pbx.work.glob("replaced-*"):
        shutil.rmtree(old)
    marker = pbx.work / MARKER
    write_whole(marker, (manifest["taken"] + "\n").encode(), 0o600)
    exchange = Exchange(pbx, aside)
    try:
        exchange.clear(manifest)
        exchange.make_folders(manifest["directories"])
        exchange.place_files(staged)
        exchange.set_links(manifest["links"])
        exchange.check(manifest)
        os.sync()
    except BaseException as problem:
        exchange.undo()
        shutil.rmtree(aside, ignore_errors=True)
        marker.unlink()
        if isinstance(problem, OSError) and problem.errno == errno.ENOSPC:
            raise Trouble(
                "disk_full", "the disk is full; everything is as it was", where="local"
            ) from problem
        raise
    marker.unlink()
    return aside, exchange.moved


class Exchange:
    """The steps of a restore on the disk, each with its way back."""

    def __init__(self, pbx: Pbx, aside: Path) -> None:
        """``aside``: where to move what lies in the way."""
        self.pbx = pbx
        self.aside = aside
        self.moved = 0
        self.ways_back: list[Callable[[], None]] = []

    def undo(self) -> None:
        """Go back, the last step first."""
        for step in reversed(self.ways_back):
            step()

    def clear(self, manifest: Mapping[str, Any]) -> None:
        """Move aside the client's data for which the backup speaks, whatever its files replace, and databases' journals."""
        leaving = [name for name, _ in data_here(self.pbx) if covered(name, manifest)]
        known = set(leaving)
        files = manifest["files"]
        leaving += [name for name in files if name not in known and self.pbx.place(name).exists()]
        for suffix in ("-journal", "-wal", "-shm"):
            leaving += [name + suffix for name in files if self.pbx.place(name + suffix).exists()]
        for name in leaving:
            self._put_aside(name)

    def _put_aside(self, name: str) -> None:
        here, away = self.pbx.place(name), self.aside / name.lstrip("/")
        away.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        move(here, away)
        self.ways_back.append(partial(move, away, here))
        self.moved += 1

    def make_folders(self, directories: Mapping[str, Mapping[str, Any]]) -> None:
        """Make the backup's folders, with their owners and modes."""
        for name, entry in sorted(directories.items()):
            folder = self.pbx.place(name)
            if folder.is_symlink() and folder.lstat().st_uid != 0:
                # not an administrator's: it could lead the owners and modes that follow anywhere
                self._put_aside(name)
            if not folder.is_dir():
                folder.mkdir(parents=True)
                self.ways_back.append(partial(remove_if_empty, folder))
            os.chown(folder, user_id(entry["user"]), group_id(entry["group"]))
            folder.chmod(int(entry["mode"], 8))

    def place_files(self, staged: Mapping[str, Path]) -> None:
        """Move the verified files in."""
        for name, place in staged.items():
            here = self.pbx.place(name)
            here.parent.mkdir(parents=True, exist_ok=True)
            move(place, here)
            self.ways_back.append(here.unlink)

    def set_links(self, links: Mapping[str, Mapping[str, Any]]) -> None:
        """Set the symbolic links."""
        for name, entry in links.items():
            here = self.pbx.place(name)
            was = os.readlink(here) if here.is_symlink() else None
            link(here, entry["target"], entry)
            self.ways_back.append(partial(link, here, was, None) if was else here.unlink)

    def check(self, manifest: Mapping[str, Any]) -> None:
        """Raise Trouble if something of the backup is not in place."""
        wanted = {*manifest["files"], *manifest["links"]}
        missing = [name for name in wanted if not os.path.lexists(self.pbx.place(name))]
        if missing:
            raise Trouble("failed", f"{len(missing)} files are not in place after all", paths=missing[:50])
