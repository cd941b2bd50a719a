"""Several files at once: all change, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from kelid.edit.files import diff, write_all
from kelid.findings import Exit, KelidError


@pytest.fixture
def files(tmp_path: Path) -> dict[Path, bytes | None]:
    found: dict[Path, bytes | None] = {tmp_path / name: name.encode() for name in ("a", "b", "c")}
    for path, body in found.items():
        path.write_bytes(body or b"")
    return found


def lying(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_all_are_written_and_their_modes_stay(files: dict[Path, bytes | None], tmp_path: Path) -> None:
    (tmp_path / "b").chmod(0o640)
    write_all(
        {**files, tmp_path / "new" / "d": None}, {**dict.fromkeys(files, b"x"), tmp_path / "new" / "d": b"y"}
    )
    assert [path.read_bytes() for path in files] == [b"x"] * 3
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o640
    assert lying(tmp_path / "new") == {"d": b"y"}


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_where_one_can_not_be_written_all_are_as_before(
    files: dict[Path, bytes | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    count = 0
    rename = Path.replace

    def replace(path: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == fails_at:
            raise OSError(28, "No space left on device", str(target))
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    before = lying(tmp_path)
    with pytest.raises(KelidError, match="No space left on device; nothing was changed"):
        write_all(files, dict.fromkeys(files, b"x"))
    assert lying(tmp_path) == before


def test_what_changed_meanwhile_stops_all(files: dict[Path, bytes | None], tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(b"mine")
    before = lying(tmp_path)
    with pytest.raises(KelidError, match="changed in between") as caught:
        write_all(files, dict.fromkeys(files, b"x"))
    assert caught.value.exit is Exit.REFUSED
    assert lying(tmp_path) == before


def test_the_difference_cuts_sealed_values_short() -> None:
    before = "a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3963\n  3964\nb: dead\n"
    after = before.replace("  3963\n", "  4444\n").replace("dead", "beef")
    assert diff("x.yml", before, after).splitlines()[3:] == [
        " a: !vault |",
        "   $ANSIBLE_VAULT ...",
        "-  $ANSIBLE_VAULT ...",
        "+  $ANSIBLE_VAULT ...",
        "   $ANSIBLE_VAULT ...",
        "-b: dead",
        "+b: beef",
    ]
