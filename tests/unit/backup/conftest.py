"""A PBX that is only a folder, with a repository beside it: enough for real restic, without root or a lab."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PROGRAM = Path(__file__).parents[3] / "roles" / "pbx_backup" / "files" / "backup.py"
RELEASE = "ab" * 32


class FakePbx:
    """The places that the backup program knows, under a folder of the test's."""

    def __init__(self, root: Path, store: Path) -> None:
        """Make an empty PBX at ``root`` that backs up to ``store``."""
        self.root = root
        self.store = store
        root.mkdir(parents=True)

    def path(self, name: str) -> Path:
        """Return where a path of the PBX lies."""
        return self.root / name.lstrip("/")

    def write(self, name: str, data: bytes | str, mode: int = 0o640) -> Path:
        """Write a file of the PBX."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        path.chmod(mode)
        return path

    def call(self, *arguments: str, given: object = None) -> dict[str, Any]:
        """Run the program as the role does; return its answer. The exit status must fit it."""
        done = subprocess.run(
            [sys.executable, str(PROGRAM), "--root", str(self.root), *arguments],
            input=json.dumps(given) if given is not None else None,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stdout, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        assert done.returncode == (0 if answer["ok"] else 1), done.stderr
        return answer

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Return settings as the control node sends them."""
        public = {
            "site": "noor-clinic",
            "repository": {"kind": "local", "path": str(self.store), "host": "", "port": 22, "user": ""},
            "keep": {"daily": 7, "weekly": 4, "monthly": 6},
            "contents": ["config", "astdb", "voicemail", "recordings", "prompts", "cdr", "queue_log"],
            "time_zone": "Asia/Tehran",
            "at": "02:30",
        }
        public.update(changes.pop("public", {}))
        return {"public": public, "password": "sun and moon", "private_key": "", "known_hosts": "", **changes}

    def fill(self) -> None:
        """Put a clinic's data onto the PBX."""
        self.write(
            "/etc/asterisk/asterisk.conf", "[directories]\nastetcdir => /var/lib/kelid/current\n", 0o644
        )
        release = f"/var/lib/kelid/releases/{RELEASE}"
        self.write(f"{release}/pjsip.conf", "[101]\ntype = endpoint\n")
        manifest = {"release": RELEASE, "commit": "c" * 40}
        self.write(f"{release}/.kelid/manifest.json", json.dumps(manifest))
        self.path("/var/lib/kelid/current").symlink_to(f"releases/{RELEASE}")
        self.write("/var/lib/kelid/media/" + "d" * 64 + ".wav", b"RIFF prompt")
        self.write("/var/lib/kelid/journal.jsonl", '{"event": "confirm"}\n')
        box = "/var/spool/asterisk/voicemail/default/101"
        for number in range(3):
            self.write(f"{box}/INBOX/msg{number:04d}.wav", bytes([number]) * 3000)
            self.write(f"{box}/INBOX/msg{number:04d}.txt", f"[message]\norigmailbox=101\nmsg_id={number}\n")
        self.write(f"{box}/unavail.wav", b"greeting" * 100)
        self.write(f"{box}/secret.conf", "[general]\npassword=4711\n", 0o600)
        self.path(f"{box}/tmp").mkdir()
        self.write("/var/spool/asterisk/monitor/2026/11/call.wav", b"\1\2" * 9000)
        self.write("/var/log/asterisk/cdr-csv/Master.csv", '"","101","102"\n"","102","101"\n')
        self.write("/var/log/asterisk/queue_log", "1700000000|1.1|reception|NONE|ENTERQUEUE||09121234567|1\n")
        self.astdb("/CF/101", "102")
        self.astdb("/DND/103", "YES")

    def astdb(self, key: str, value: str) -> None:
        """Set a value of astdb."""
        place = self.path("/var/lib/asterisk/astdb.sqlite3")
        place.parent.mkdir(parents=True, exist_ok=True)
        with sqlite3.connect(place) as base:
            base.execute(
                "create table if not exists astdb (key varchar(256) primary key, value varchar(256))"
            )
            base.execute("insert or replace into astdb values (?, ?)", (key, value))
        base.close()

    def astdb_rows(self) -> list[tuple[str, str]]:
        """Return all of astdb."""
        base = sqlite3.connect(self.path("/var/lib/asterisk/astdb.sqlite3"))
        rows = base.execute("select key, value from astdb order by key").fetchall()
        base.close()
        return rows

    def contents(self) -> dict[str, tuple[int, bytes]]:
        """Return path -> (mode, bytes) of the client's data; databases are compared by their rows instead."""
        found = {}
        for top in ("etc/asterisk", "var/lib/kelid", "var/spool", "var/log"):
            for path in sorted((self.root / top).rglob("*")):
                name = str(path.relative_to(self.root))
                if path.is_file() and not name.startswith(("var/lib/kelid/backup/", "var/lib/kelid/lock")):
                    found[name] = (path.stat().st_mode, path.read_bytes())
        return found


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a filled PBX and a store that holds one backup of it; tests work on copies."""
    if shutil.which("restic") is None:
        pytest.skip("restic is not installed")
    folder = tmp_path_factory.mktemp("template")
    pbx = FakePbx(folder / "pbx", folder / "store")
    pbx.fill()
    assert pbx.call("settings", given=pbx.settings())["changed"]
    answer = pbx.call("run")
    assert answer["ok"], answer
    return folder


@pytest.fixture
def pbx(template: Path, tmp_path: Path) -> FakePbx:
    """Return a PBX with data, whose backup is in the store."""
    shutil.copytree(template, tmp_path / "copy", symlinks=True)
    pbx = FakePbx.__new__(FakePbx)
    pbx.root, pbx.store = tmp_path / "copy" / "pbx", tmp_path / "copy" / "store"
    assert pbx.call("settings", given=pbx.settings())["changed"]  # the store lies elsewhere now
    shutil.copy(
        template / "pbx/var/lib/kelid/backup/state.json", pbx.path("/var/lib/kelid/backup/state.json")
    )
    return pbx


@pytest.fixture
def empty(pbx: FakePbx, tmp_path: Path) -> FakePbx:
    """Return a new PBX that knows the store of ``pbx`` and holds nothing."""
    new = FakePbx(tmp_path / "new", pbx.store)
    assert new.call("settings", given=new.settings())["changed"]
    return new


@pytest.fixture(scope="session")
def program() -> ModuleType:
    """Return the program as a module, for what needs no restic."""
    spec = importlib.util.spec_from_file_location("kelid_backup_program", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
