"""A PBX that is only a folder, with a repository beside it: enough for real restic, without root or a lab."""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.poly1305 import Poly1305

PASSWORD = "sun and moon"
RELEASE = "ab" * 32


class FakePbx:
    """The places that the backup program knows, under a folder of the test's."""

    def __init__(self, root: Path, store: Path, program: Path) -> None:
        """Make an empty PBX at ``root`` that backs up to ``store`` with the packed ``program``; keep one that is there."""
        self.root = root
        self.store = store
        self.program = program
        root.mkdir(parents=True, exist_ok=True)

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
            [sys.executable, str(self.program), "--root", str(self.root), *arguments],
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
        return {"public": public, "password": PASSWORD, "private_key": "", "known_hosts": "", **changes}

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
        self.write("/var/lib/kelid/receipts.jsonl", '{"event": "confirmed"}\n')
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


def make_key_cheap(store: Path) -> None:
    """Wrap a repository's master key anew, with the least work that restic accepts for its password.

    restic makes every opening cost half a second, to slow down who guesses; these tests open one a hundred times.
    The format is that of restic's design document: AES-256-CTR, and Poly1305-AES over the ciphertext.
    """
    (old,) = (store / "keys").iterdir()
    key = json.loads(old.read_bytes())
    master = _unsealed(_user_key(key), base64.b64decode(key["data"]))
    key.update(N=2, r=1, p=1)
    key["data"] = base64.b64encode(_sealed(_user_key(key), master)).decode()
    body = json.dumps(key).encode()
    (store / "keys" / hashlib.sha256(body).hexdigest()).write_bytes(body)
    old.unlink()


def _user_key(key: dict[str, Any]) -> bytes:
    """Return the 64 bytes that the password gives: for AES 32, for the authentication's own AES 16, its multiplier 16."""
    salt, cost = base64.b64decode(key["salt"]), {"n": key["N"], "r": key["r"], "p": key["p"]}
    return hashlib.scrypt(PASSWORD.encode(), salt=salt, maxmem=1 << 30, dklen=64, **cost)


def _counted(key: bytes, nonce: bytes, data: bytes) -> bytes:
    """Encrypt or decrypt."""
    return Cipher(algorithms.AES(key[:32]), modes.CTR(nonce)).encryptor().update(data)


def _seal_of(key: bytes, nonce: bytes, ciphertext: bytes) -> bytes:
    """Return the 16 bytes that prove a ciphertext."""
    once = Cipher(algorithms.AES(key[32:48]), modes.ECB()).encryptor().update(nonce)  # noqa: S305 - one block, Poly1305-AES
    return Poly1305.generate_tag(key[48:] + once, ciphertext)


def _unsealed(key: bytes, sealed: bytes) -> bytes:
    nonce, ciphertext, seal = sealed[:16], sealed[16:-16], sealed[-16:]
    assert _seal_of(key, nonce, ciphertext) == seal
    return _counted(key, nonce, ciphertext)


def _sealed(key: bytes, plain: bytes) -> bytes:
    nonce = bytes(range(16))
    ciphertext = _counted(key, nonce, plain)
    return nonce + ciphertext + _seal_of(key, nonce, ciphertext)
