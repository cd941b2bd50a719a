"""The backup program with real restic and a local repository: what goes in comes out, and nothing is ever half done."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import tarfile
import threading
from pathlib import Path

import pytest
from backup.gather import Gathered
from backup.pbx import Pbx
from backup.proof import _joined
from backup.settings import Settings
from backup.trouble import explain
from fake_pbx import RELEASE, FakePbx

BOX = "/var/spool/asterisk/voicemail/default/101"


def flip_a_byte(store: Path) -> None:
    """Damage every pack of data in a repository, as a dying disk would."""
    for pack in store.glob("data/*/*"):
        body = bytearray(pack.read_bytes())
        body[len(body) // 3] ^= 0x40
        pack.chmod(0o600)
        pack.write_bytes(bytes(body))


def test_what_goes_in_comes_out(pbx: FakePbx, empty: FakePbx) -> None:
    before, rows = pbx.contents(), pbx.astdb_rows()
    shutil.rmtree(pbx.root)
    answer = empty.call("restore")
    assert answer["ok"], answer
    assert empty.contents() == before
    assert empty.astdb_rows() == rows
    assert empty.path("/var/lib/kelid/current").readlink() == Path(f"releases/{RELEASE}")
    assert (answer["release"], answer["replaced"]) == (RELEASE, 0)
    assert empty.path(f"{BOX}/tmp").is_dir()


def test_a_rehearsal_touches_nothing(pbx: FakePbx, tmp_path: Path) -> None:
    before = pbx.contents()
    answer = pbx.call("restore", "--target", str(tmp_path / "rehearsal"))
    assert answer["ok"], answer
    assert pbx.contents() == before
    message = f"{BOX}/INBOX/msg0001.wav"
    assert (tmp_path / "rehearsal" / message.lstrip("/")).read_bytes() == pbx.path(message).read_bytes()


def test_newer_data_is_never_overwritten_unasked(pbx: FakePbx) -> None:
    pbx.write(f"{BOX}/INBOX/msg0003.wav", b"since the backup")
    pbx.astdb("/CF/105", "09120000000")
    before, rows = pbx.contents(), pbx.astdb_rows()
    answer = pbx.call("restore")
    assert answer["code"] == "newer_data", answer
    assert set(answer["paths"]) == {f"{BOX}/INBOX/msg0003.wav", "/var/lib/asterisk/astdb.sqlite3"}
    assert (pbx.contents(), pbx.astdb_rows()) == (before, rows)

    answer = pbx.call("restore", "--force")
    assert answer["ok"], answer
    assert not pbx.path(f"{BOX}/INBOX/msg0003.wav").exists()
    assert pbx.path(answer["kept_in"] + f"{BOX}/INBOX/msg0003.wav").read_bytes() == b"since the backup"


def test_a_failing_restore_moves_everything_back(pbx: FakePbx) -> None:
    link = pbx.path("/var/lib/kelid/current")
    link.unlink()
    (link / "in the way").mkdir(parents=True)  # where the link must go, so the last step of all fails
    pbx.write(f"{BOX}/INBOX/msg0001.wav", b"of now")
    before, rows = pbx.contents(), pbx.astdb_rows()
    answer = pbx.call("restore", "--force")
    assert not answer["ok"]
    assert (pbx.contents(), pbx.astdb_rows()) == (before, rows)
    assert not pbx.path("/var/lib/kelid/backup/restoring").exists()
    assert not pbx.path("/var/lib/kelid/backup/restore").exists()
    assert not list(pbx.path("/var/lib/kelid/backup").glob("replaced-*"))


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a link to another user needs root")
def test_a_planted_link_is_not_followed_by_a_restore(pbx: FakePbx, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "INBOX").mkdir(parents=True, mode=0o755)
    shutil.rmtree(pbx.path(BOX))
    pbx.path(BOX).symlink_to(other)
    os.lchown(pbx.path(BOX), 65534, 65534)
    answer = pbx.call("restore", "--force")
    assert answer["ok"], answer
    assert list((other / "INBOX").iterdir()) == []
    assert not pbx.path(BOX).is_symlink()
    assert pbx.path(f"{BOX}/INBOX/msg0002.wav").is_file()


def test_a_damaged_store_is_noticed_and_never_restored(pbx: FakePbx, empty: FakePbx) -> None:
    flip_a_byte(pbx.store)
    assert pbx.call("verify")["code"] == "corrupt"
    assert empty.call("restore")["code"] == "corrupt"
    assert not empty.path("/var/spool/asterisk").exists()


def test_a_wrong_password_is_told(pbx: FakePbx) -> None:
    assert pbx.call("settings", given=pbx.settings(password="moon and sun"))["files"] == [
        "/etc/kelid/backup.password"
    ]
    for verb in ("run", "restore"):
        answer = pbx.call(verb)
        assert answer["code"] == "wrong_password", answer
        assert "moon and sun" not in json.dumps(answer)


def test_a_store_that_vanished_is_not_made_anew(pbx: FakePbx) -> None:
    shutil.rmtree(pbx.store)
    assert pbx.call("run")["code"] == "repository_gone"
    assert not pbx.store.exists()
    assert pbx.call("list")["code"] == "no_repository"


def test_a_folder_with_other_things_is_left_alone(empty: FakePbx) -> None:
    shutil.rmtree(empty.store)
    empty.store.mkdir()
    (empty.store / "holiday.jpg").write_bytes(b"x")
    assert empty.call("run")["code"] == "corrupt"
    assert [path.name for path in empty.store.iterdir()] == ["holiday.jpg"]


def test_no_backup_of_this_site(pbx: FakePbx) -> None:
    pbx.call("settings", given=pbx.settings(public={"site": "other-clinic"}))
    assert pbx.call("restore")["code"] == "no_snapshot"
    assert pbx.call("verify", "--snapshot", "abcdef12")["code"] == "no_snapshot"


def test_forgetting_keeps_to_the_site(pbx: FakePbx) -> None:
    pbx.call("settings", given=pbx.settings(public={"site": "other-clinic", "keep": {"daily": 1}}))
    assert pbx.call("run")["removed"] == 0
    assert pbx.call("run")["removed"] == 1
    assert len(pbx.call("list")["snapshots"]) == 1
    pbx.call("settings", given=pbx.settings())
    assert len(pbx.call("list")["snapshots"]) == 1


def test_two_at_once_are_refused(pbx: FakePbx) -> None:
    with Pbx(pbx.root).alone():
        assert pbx.call("run")["code"] == "busy"
        assert pbx.call("restore")["code"] == "busy"


def gather(pbx: FakePbx) -> tuple[dict[str, bytes], set[str]]:
    """Return path -> bytes of what would go into a backup now, and what was left out because it is being written."""
    machine = Pbx(pbx.root)
    with Gathered(machine, Settings.read(machine), {}) as gathered:
        found = {}
        for name, entry in gathered.manifest["files"].items():
            found[name] = Path(entry["stored"]).read_bytes()[: entry["size"]]
        return found, gathered.staging.skipped


def test_a_message_that_is_being_recorded_waits(pbx: FakePbx) -> None:
    pbx.write(f"{BOX}/tmp/abc123.wav", b"half a mess")
    pbx.write(f"{BOX}/INBOX/msg0003.txt", "[message]\n")
    child = subprocess.Popen(
        [
            "sh",
            "-c",
            'exec 3>"$1/INBOX/msg0003.wav" 4>"$1/busy.wav"; echo ready; exec cat',
            "sh",
            str(pbx.path(BOX)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    try:
        found, skipped = gather(pbx)
    finally:
        child.communicate()
    assert f"{BOX}/INBOX/msg0002.wav" in found
    waiting = {
        f"{BOX}/INBOX/msg0003.wav",
        f"{BOX}/INBOX/msg0003.txt",
        f"{BOX}/busy.wav",
        f"{BOX}/tmp/abc123.wav",
    }
    assert not waiting & set(found)
    assert waiting <= skipped
    found, _ = gather(pbx)
    assert {f"{BOX}/INBOX/msg0003.wav", f"{BOX}/INBOX/msg0003.txt", f"{BOX}/busy.wav"} <= set(found)


def test_messages_stay_whole_while_a_mailbox_moves(pbx: FakePbx) -> None:
    """A thread renumbers as app_voicemail does when the first message is deleted and a new one arrives."""
    inbox = pbx.path(f"{BOX}/INBOX")
    done = threading.Event()

    def live() -> None:
        number = 100
        while not done.is_set():
            (inbox / ".lock").touch()
            for old, new in ((1, 0), (2, 1)):
                for suffix in ("wav", "txt"):
                    (inbox / f"msg{old:04d}.{suffix}").replace(inbox / f"msg{new:04d}.{suffix}")
            for suffix in ("wav", "txt"):
                (inbox / "new").write_text(f"msg_id={number}\n")
                (inbox / "new").replace(inbox / f"msg0002.{suffix}")
            (inbox / ".lock").unlink()
            number += 1
            done.wait(0.005)

    for index in range(3):
        for suffix in ("wav", "txt"):
            (inbox / f"msg{index:04d}.{suffix}").write_text(f"msg_id={index}\n")
    mover = threading.Thread(target=live)
    mover.start()
    try:
        for _ in range(15):
            found, _ = gather(pbx)
            texts = [found[f"{BOX}/INBOX/msg{index:04d}.txt"] for index in range(3)]
            sounds = [found[f"{BOX}/INBOX/msg{index:04d}.wav"] for index in range(3)]
            assert texts == sounds
            assert len(set(texts)) == 3
    finally:
        done.set()
        mover.join()


def test_astdb_is_whole_in_the_middle_of_a_transaction(pbx: FakePbx, tmp_path: Path) -> None:
    rows = pbx.astdb_rows()
    base = sqlite3.connect(pbx.path("/var/lib/asterisk/astdb.sqlite3"))
    base.execute("insert or replace into astdb values ('/CF/109', 'half')")
    try:
        found, _ = gather(pbx)
    finally:
        base.rollback()
        base.close()
    (tmp_path / "copy.sqlite3").write_bytes(found["/var/lib/asterisk/astdb.sqlite3"])
    copy = sqlite3.connect(tmp_path / "copy.sqlite3")
    assert copy.execute("select key, value from astdb order by key").fetchall() == rows
    copy.close()


def test_half_a_line_of_a_log_waits(pbx: FakePbx) -> None:
    log = pbx.path("/var/log/asterisk/queue_log")
    whole = log.read_bytes()
    log.write_bytes(whole + b"1700000009|2.2|recep")
    assert gather(pbx)[0]["/var/log/asterisk/queue_log"] == whole


def test_a_planted_link_leads_nowhere(pbx: FakePbx, tmp_path: Path) -> None:
    (tmp_path / "shadow").write_text("secret")
    pbx.path(f"{BOX}/INBOX/msg0009.wav").symlink_to(tmp_path / "shadow")
    pbx.path(f"{BOX}/Old").symlink_to(tmp_path)
    assert b"secret" not in gather(pbx)[0].values()


def test_settings_are_private_and_written_once(pbx: FakePbx) -> None:
    given = pbx.settings(
        public={"repository": {"kind": "sftp", "host": "store", "port": 22, "user": "noor", "path": "/pbx"}},
        private_key="-----BEGIN KEY-----\nabc\n",
        known_hosts="[store]:2222 ssh-ed25519 AAAAC3Nz\n",
    )
    before = pbx.path("/etc/kelid/backup.json").read_bytes()
    assert pbx.call("settings", "--check", given=given)["changed"]
    assert pbx.path("/etc/kelid/backup.json").read_bytes() == before
    answer = pbx.call("settings", given=given)
    assert answer["changed"]
    assert not {"sun and moon", "BEGIN"} & set(json.dumps(answer).split())
    assert pbx.call("settings", given=given) == {"ok": True, "changed": False, "files": []}
    assert stat.S_IMODE(pbx.path("/etc/kelid").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in pbx.path("/etc/kelid").iterdir()} == {0o600}
    assert pbx.path("/etc/kelid/known_hosts").read_text() == "kelid-backup-store ssh-ed25519 AAAAC3Nz\n"
    assert (
        "OnCalendar=*-*-* 02:30:00 Asia/Tehran\n"
        in pbx.path("/etc/systemd/system/kelid-backup.timer").read_text()
    )


def test_a_store_without_a_host_key_is_refused(pbx: FakePbx) -> None:
    repository = {"kind": "sftp", "host": "store", "port": 22, "user": "noor", "path": "/pbx"}
    assert (
        pbx.call("settings", given=pbx.settings(public={"repository": repository}))["code"] == "no_host_key"
    )


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("subprocess ssh: Host key verification failed.", "host_key_changed"),
        ("subprocess ssh: ssh: connect to host store port 22: Connection refused", "unreachable"),
        ("subprocess ssh: noor@store: Permission denied (publickey).", "access_denied"),
        ("Fatal: wrong password or no key found", "wrong_password"),
        ("Save(<data/1>) returned error, write: no space left on device", "disk_full"),
        ("Fatal: unable to create lock in backend: repository is already locked by PID 9", "locked"),
        ("error for tree 1234: ciphertext verification failed", "corrupt"),
        ("something that nobody foresaw", "failed"),
    ],
)
def test_what_restic_says_has_a_code(said: str, code: str) -> None:
    assert explain(said).code == code


def test_the_manifest_and_the_stream_agree_on_names() -> None:
    """restic 0.16 and before name a member by its whole path, later ones from the dumped folder on."""
    assert _joined("/a/set", "a/set/files/x") == "/a/set/files/x"
    assert _joined("/a/set", "/files/x") == "/a/set/files/x"


def test_tar_members_are_what_restic_writes(pbx: FakePbx, tmp_path: Path) -> None:
    """The proof reads a tar stream; were restic to change it, this and not a client's backup should tell."""
    environment = {"PATH": "/usr/bin:/bin", "RESTIC_PASSWORD": "sun and moon", "HOME": str(tmp_path)}
    out = subprocess.run(
        ["restic", "-r", str(pbx.store), "--no-cache", "dump", "latest", "/", "--archive", "tar"],
        env=environment,
        capture_output=True,
        check=True,
    ).stdout
    (tmp_path / "all.tar").write_bytes(out)
    with tarfile.open(tmp_path / "all.tar") as archive:
        assert any(name.endswith("backup/set/manifest.json") for name in archive.getnames())
