"""The files of a configuration folder, by their path in it: nothing outside of the folder is ever opened.

A folder may be hostile, or just a copy that lacks what its links point to. So the paths are listed once, without following
links to other places, and a file is read when somebody asks for it.
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from kelid.readback.lines import decode

MOST_FILES = 20_000
"""Files of a folder that are listed; a configuration has some hundred."""

MOST_BYTES = 32 * 1024 * 1024
"""Bytes of one file that are read."""

MOST_ALL = 64 * 1024 * 1024
"""Bytes of all files together that are read."""

MOST_LINES = 600_000
"""Lines of all files together that are looked at: a hundred thousand extensions have some four hundred thousand."""

DEEPEST = 12
"""Folders within folders that are looked into."""

ETC = "/etc/asterisk/"
"""Where the folder lies on its own machine: absolute paths below it mean the folder."""

_BRACES = re.compile(r"\{([^{}]*)\}")
_MOST_GLOBS = 256


class Files:
    """Path in the folder (``custom/a.conf``) -> text. ``outside`` are links that lead out of it, ``cut`` what is too large.

    ``complete`` is False where the folder has more files than are listed.
    """

    def __init__(self, source: Path | Mapping[str, bytes]) -> None:
        """Given a folder, or the bytes of its files by path, list what there is. Raise OSError for no folder."""
        self.outside: dict[str, str] = {}
        self.cut: set[str] = set()
        self.unreadable: dict[str, str] = {}
        self.complete = True
        self._bytes = MOST_ALL
        self._lines = MOST_LINES
        self._texts: dict[str, str | None] = {}
        self._given: Mapping[str, bytes] = {}
        self._real: dict[str, Path] = {}
        if isinstance(source, Path):
            self._top = source.resolve(strict=True)
            self._list(self._top, "", 0, {self._top})
            self.paths = frozenset(self._real)
        else:
            self._given = source
            self.paths = frozenset(source)

    def _list(self, folder: Path, prefix: str, depth: int, above: set[Path]) -> None:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as problem:
            self.unreadable[prefix or "."] = problem.strerror or str(problem)
            return
        for entry in entries:
            if len(self._real) >= MOST_FILES:
                self.complete = False
                return
            path = f"{prefix}{entry.name}"
            real = folder / entry.name
            try:
                if entry.is_symlink():
                    target = Path(os.path.realpath(real))
                    if not target.is_relative_to(self._top):
                        self.outside[path] = str(target)
                        continue
                    real = target
                mode = real.stat().st_mode
            except OSError as problem:
                self.unreadable[path] = problem.strerror or str(problem)
                continue
            if stat.S_ISDIR(mode):
                if depth < DEEPEST and real not in above:
                    self._list(real, f"{path}/", depth + 1, above | {real})
                elif real not in above:
                    self.complete = False
            elif stat.S_ISREG(mode):
                self._real[path] = real

    def text(self, path: str) -> str | None:
        """Return the text of a file, None where there is none or it can't be read."""
        if path not in self._texts:
            data = self._given.get(path) if path in self._given else self._read(path)
            self._texts[path] = None if data is None else decode(self._fitting(path, data))
        return self._texts[path]

    def _read(self, path: str) -> bytes | None:
        if path not in self._real:
            return None
        try:
            with self._real[path].open("rb") as file:
                return file.read(MOST_BYTES + 1)
        except OSError as problem:
            self.unreadable[path] = problem.strerror or str(problem)
            return None

    def _fitting(self, path: str, data: bytes) -> bytes:
        """Return as many lines of a file as there is room for; what is cut off is told in ``cut``."""
        room = min(MOST_BYTES, self._bytes)
        if len(data) > room:
            self.cut.add(path)
            data = data[: data.rfind(b"\n", 0, room) + 1]
        lines = data.count(b"\n") + 1
        if lines > self._lines:
            self.cut.add(path)
            data = b"".join(line + b"\n" for line in data.split(b"\n", self._lines)[: self._lines])
            lines = self._lines
        self._bytes -= len(data)
        self._lines -= lines
        return data

    def find(self, pattern: str) -> list[str] | None:
        """Given what stands after ``#include``, return the paths that it means, in order; None where it leaves the folder.

        As glob(3) with GLOB_BRACE and GLOB_NOMAGIC (main/config.c); relative paths begin at the folder, as in Asterisk.
        """
        inside = self.inside(pattern)
        if inside is None:
            return None
        found: list[str] = []
        for one in _braces(inside):
            if any(character in one for character in "*?["):
                found += sorted(path for path in self.paths if _globs(one, path))
            elif one in self.paths:
                found.append(one)
        return found

    def inside(self, path: str) -> str | None:
        """Return a path as one in the folder; None if it leads elsewhere, also by a link."""
        if path.startswith("/"):
            if not path.startswith(ETC):
                return None
            path = path.removeprefix(ETC)
        parts: list[str] = []
        for part in PurePosixPath(path).parts:
            if part == "..":
                if not parts:
                    return None
                parts.pop()
            elif part != "/":
                parts.append(part)
        inside = "/".join(parts)
        return (
            None if any(inside == link or inside.startswith(f"{link}/") for link in self.outside) else inside
        )


def _braces(pattern: str) -> Iterator[str]:
    """Yield what ``{a,b}`` in a pattern stands for; hostile ones are cut off."""
    front = [pattern]
    for _ in range(_MOST_GLOBS):
        if not front:
            return
        one = front.pop(0)
        found = _BRACES.search(one)
        if found is None:
            yield one
        else:
            words = found[1].split(",")[:_MOST_GLOBS]
            front[:0] = [f"{one[: found.start()]}{word}{one[found.end() :]}" for word in words]


def _globs(pattern: str, path: str) -> bool:
    """Return True if a path fits: ``*`` takes no slash, and no dot at the beginning of a name."""
    wanted, parts = pattern.split("/"), path.split("/")
    return len(wanted) == len(parts) and all(
        (not part.startswith(".") or want.startswith(".")) and fnmatch.fnmatchcase(part, want)
        for want, part in zip(wanted, parts, strict=True)
    )
