"""The model of a disk after a power cut: what it says may be lost, and what may not."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from reliability.disks import Disk, Op, Recorder, Replay

NOTHING = re.compile(r"(?!)")


def hexed(path: str) -> str:
    """Return a path as strace writes it with -xx."""
    return "".join(f"\\x{byte:02x}" for byte in path.encode())


NEW, FILE, FOLDER = hexed("/d/new"), hexed("/d/file"), hexed("/d")
SYNC = f"fsync(3<{NEW}>) = 0\n"
WRITES = f"""\
openat(AT_FDCWD</>, "{NEW}", O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0666) = 3<{NEW}>
write(3<{NEW}>, "{hexed("new")}", 3) = 3
{SYNC}close(3<{NEW}>) = 0
rename("{NEW}", "{FILE}") = 0
openat(AT_FDCWD</>, "{FOLDER}", O_RDONLY|O_DIRECTORY|O_CLOEXEC) = 3<{FOLDER}>
fsync(3<{FOLDER}>) = 0
"""
"""strace's record of a program that puts ``new`` in the place of /d/file."""


@pytest.fixture
def before(tmp_path: Path) -> Disk:
    (tmp_path / "file").write_bytes(b"old")
    return Disk.read(tmp_path)


def contents(before: Disk, ops: list[Op]) -> set[tuple[str, bytes]]:
    """Return what may be found in ``file`` after a power cut, and whether it was cut off at the end."""
    last = len(ops) - 1
    replay = Replay(before, ops, NOTHING)
    states = [*replay.in_order(), *replay.without_order(random.Random(1), draws=4)]  # noqa: S311
    return {
        ("end" if state.moment == last else "middle", state.disk.nodes[state.disk.find("file")].data)
        for state in states
    }


def recorded(before: Disk, record: str = WRITES) -> list[Op]:
    recorder = Recorder(before, "/d")
    recorder.read(record.encode())
    assert recorder.disk.nodes[recorder.disk.find("file")].data == b"new"
    return recorder.ops


def test_what_is_synced_before_it_gets_its_name_is_old_or_new(before: Disk) -> None:
    assert contents(before, recorded(before)) == {
        ("middle", b"old"),
        ("middle", b"new"),
        ("end", b"new"),
    }


def test_what_is_not_synced_may_be_empty(before: Disk) -> None:
    assert ("end", b"") in contents(before, recorded(before, WRITES.replace(SYNC, "")))


def test_a_name_that_is_not_synced_may_be_lost_though_the_program_has_ended(before: Disk) -> None:
    without = [op for op in recorded(before) if not (op.what == "sync" and op.node == 0)]

    assert ("end", b"old") in contents(before, without)


def test_a_disk_is_written_as_it_was_read(before: Disk, tmp_path: Path) -> None:
    place = tmp_path / "again"
    place.mkdir()
    before.write(place)

    assert Disk.read(place).digest(NOTHING) == before.digest(NOTHING)
