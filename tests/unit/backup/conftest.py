"""A filled PBX and its backup, made once with the program as it is shipped; every test works on a copy."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from kelid.deliver.program import program as packed

FILES = Path(__file__).parents[3] / "roles" / "pbx_backup" / "files"
sys.path.insert(0, str(FILES))  # `import backup`, for what needs no restic

from backup.pbx import Pbx  # noqa: E402
from backup.repository import Repository  # noqa: E402
from backup.settings import Settings, install  # noqa: E402
from fake_pbx import FakePbx, make_key_cheap  # noqa: E402


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the backup program, packed into one file as a server gets it."""
    path = tmp_path_factory.mktemp("program") / "backup"
    path.write_bytes(packed(FILES / "backup"))
    return path


@pytest.fixture(scope="session")
def template(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a filled PBX and a store that holds one backup of it; tests work on copies."""
    if shutil.which("restic") is None:
        pytest.skip("restic is not installed")
    folder = tmp_path_factory.mktemp("template")
    pbx = FakePbx(folder / "pbx", folder / "store", program)
    pbx.fill()
    assert pbx.call("settings", given=pbx.settings())["changed"]
    machine = Pbx(pbx.root)
    with machine.alone():
        Repository(machine, Settings.read(machine)).open(may_create=True)
    assert machine.state()["repository_id"]
    make_key_cheap(pbx.store)
    answer = pbx.call("run")
    assert answer["ok"], answer
    return folder


@pytest.fixture
def pbx(template: Path, program: Path, tmp_path: Path) -> FakePbx:
    """Return a PBX with data, whose backup is in the store."""
    shutil.copytree(template, tmp_path / "copy", symlinks=True)
    pbx = FakePbx(tmp_path / "copy" / "pbx", tmp_path / "copy" / "store", program)
    assert install(Pbx(pbx.root), pbx.settings(), check=False)["changed"]  # the store lies elsewhere now
    shutil.copy(
        template / "pbx/var/lib/kelid/backup/state.json", pbx.path("/var/lib/kelid/backup/state.json")
    )
    return pbx


@pytest.fixture
def empty(pbx: FakePbx, tmp_path: Path) -> FakePbx:
    """Return a new PBX that knows the store of ``pbx`` and holds nothing."""
    new = FakePbx(tmp_path / "new", pbx.store, pbx.program)
    assert install(Pbx(new.root), new.settings(), check=False)["changed"]
    return new
