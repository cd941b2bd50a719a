"""Backups over real ssh onto a real store: a PBX is destroyed and comes back on a new machine, byte for byte.

The failures are real too: a store with another host key, a full disk, a repository with a flipped bit, a killed backup.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kelid.deliver.program import program
from kelid.lab import Host, Lab, missing_requirements

pytestmark = pytest.mark.lab

PROGRAM = Path(__file__).parents[2] / "roles" / "pbx_backup" / "files" / "backup"
RELEASE = "5e" * 32
BOX = "/var/spool/asterisk/voicemail/default/101"
FILL = f"""
install -d -m 750 -o root -g asterisk /var/lib/kelid /var/lib/kelid/releases /var/lib/kelid/media
cp -a /etc/asterisk /var/lib/kelid/releases/{RELEASE}
chown -R root:asterisk /var/lib/kelid/releases
mkdir /var/lib/kelid/releases/{RELEASE}/.kelid
echo '{{"release": "{RELEASE}", "commit": "{"1" * 40}"}}' > /var/lib/kelid/releases/{RELEASE}/.kelid/manifest.json
ln -s releases/{RELEASE} /var/lib/kelid/current
sed -i -e 's/^\\[directories\\](!)/[directories]/' /etc/asterisk/asterisk.conf
sed -i -e 's|^astetcdir =>.*|astetcdir => /var/lib/kelid/current|' /etc/asterisk/asterisk.conf
head -c 90000 /dev/urandom > /var/lib/kelid/media/{"d" * 64}.wav
chgrp asterisk /var/lib/kelid/media/*.wav
systemctl restart asterisk
runuser -u asterisk -- sh -e <<'END'
umask 027
mkdir -p {BOX}/INBOX {BOX}/Old {BOX}/tmp {BOX}/unavail.d
for number in $(seq -w 0 39); do
  head -c 30000 /dev/urandom > {BOX}/INBOX/msg00$number.wav
  printf '[message]\\norigmailbox=101\\nmsg_id=%s\\n' "$number" > {BOX}/INBOX/msg00$number.txt
done
head -c 20000 /dev/urandom > {BOX}/unavail.wav
printf '[general]\\npassword=4711\\n' > {BOX}/secret.conf
chmod 600 {BOX}/secret.conf
mkdir -p /var/spool/asterisk/monitor/2026/11/23
head -c 400000 /dev/urandom > /var/spool/asterisk/monitor/2026/11/23/call.wav
echo '"","09121234567","101"' > /var/log/asterisk/cdr-csv/Master.csv
echo '1700000000|1.1|reception|NONE|ENTERQUEUE||09121234567|1' >> /var/log/asterisk/queue_log
END
asterisk -rx 'database put CF 101 102'
asterisk -rx 'database put DND 103 YES'
asterisk -rx 'database put Queue/PersistentMembers reception PJSIP/104'
"""
PLACES = "/etc/asterisk/asterisk.conf /var/lib/kelid/current /var/lib/kelid/releases /var/lib/kelid/media"
PLACES += " /var/spool/asterisk/voicemail /var/spool/asterisk/monitor /var/log/asterisk/cdr-csv /var/log/asterisk/queue_log"
LOOK = f"""
find {PLACES} -type f -print0 | sort -z | xargs -0 sha256sum
find {PLACES} -printf '%p %m %u %g %l\\n' | sort
sqlite3 -readonly /var/lib/asterisk/astdb.sqlite3 "select * from astdb where key not like '/pbx/%' order by key"
"""  # noqa: S608 - a fixed query


@dataclass
class Story:
    """A lab with a store, a PBX that is backed up there, and how to call the program on a host."""

    lab: Lab
    key: Path
    store_key: str

    @property
    def pbx(self) -> Host:
        """Return the PBX."""
        return self.lab.host("pbx")

    @property
    def store(self) -> Host:
        """Return the store."""
        return self.lab.host("store")

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Return the settings that the control node would send; ``changes`` go into the repository, or name secrets."""
        repository = {
            "kind": "sftp",
            "host": "backup.noor-clinic.example",
            "port": 22,
            "user": "backup",
            "path": "/srv/backup/noor",
        }
        secrets = {"password": "sun and moon", "private_key": self.key.read_text(encoding="ascii")}
        secrets["known_hosts"] = f"backup.noor-clinic.example {self.store_key}\n"
        secrets.update({name: changes.pop(name) for name in list(changes) if name in secrets})
        public = {
            "site": "noor-clinic",
            "repository": {**repository, **changes},
            "keep": {"daily": 7, "weekly": 4, "monthly": 6},
            "contents": ["config", "astdb", "voicemail", "recordings", "prompts", "cdr", "queue_log"],
            "time_zone": "Asia/Tehran",
            "at": "02:30",
        }
        return {"public": public, **secrets}

    def set_up(self, host: Host, **changes: Any) -> dict[str, Any]:
        """Install the program and its settings, as the role does."""
        body = base64.b64encode(program(PROGRAM)).decode()
        host.write("/root/program", body)
        host.shell(
            "mkdir -p /usr/local/lib/kelid; cd /usr/local/lib/kelid\n"
            "base64 -d /root/program > backup; chmod 755 backup; rm /root/program"
        )
        return self.give(host, **changes)

    def give(self, host: Host, **changes: Any) -> dict[str, Any]:
        """Send settings."""
        done = host.run(
            ["/usr/local/lib/kelid/backup", "settings"],
            input=json.dumps(self.settings(**changes)),
            check=False,
        )
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def call(self, host: Host, *arguments: str) -> dict[str, Any]:
        """Run a verb and return its answer."""
        done = host.run(["/usr/local/lib/kelid/backup", *arguments], check=False, timeout=120)
        assert done.stdout, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        assert done.returncode == (0 if answer["ok"] else 1)
        return answer


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Return a PBX with real data and one proven backup on the store."""
    if missing := missing_requirements():
        pytest.skip("; ".join(missing))
    key = tmp_path_factory.mktemp("keys") / "backup_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    lab = Lab.up(f"backup{os.getpid()}")
    try:
        lab.create_store(
            key.with_suffix(".pub").read_text(encoding="ascii"), aliases=("backup.noor-clinic.example",)
        )
        pbx = lab.create_host("pbx", "pbx")
        pbx.wait_asterisk()
        pbx.shell(FILL)
        story = Story(lab, key, lab.host_key("store"))
        assert story.set_up(pbx)["changed"]
        yield story
    finally:
        lab.down()


@pytest.fixture(scope="module")
def backup(story: Story) -> dict[str, Any]:
    """Return the answer of the first backup."""
    answer = story.call(story.pbx, "run")
    assert answer["ok"], answer
    return answer


def test_the_first_backup_is_proven(story: Story, backup: dict[str, Any]) -> None:
    assert (backup["read_back"], backup["being_written"], backup["release"]) == ("all", [], RELEASE)
    assert backup["parts"]["voicemail"] == 82
    assert [item["id"] for item in story.call(story.pbx, "list")["snapshots"]] == [backup["snapshot"]]


def test_the_timer_is_the_sites(story: Story) -> None:
    assert story.pbx.shell(
        "systemctl is-enabled kelid-backup.timer; systemctl is-active kelid-backup.timer"
    ).split() == ["enabled", "active"]
    assert "02:30:00 Asia/Tehran" in story.pbx.shell("systemctl cat kelid-backup.timer")
    assert story.give(story.pbx) == {"ok": True, "changed": False, "files": []}


def test_no_secret_is_an_argument_or_in_the_journal(story: Story, backup: dict[str, Any]) -> None:
    story.pbx.shell("systemctl start --no-block kelid-backup.service")
    seen, limit = "", time.monotonic() + 60
    while "sftp.command" not in seen:
        assert time.monotonic() < limit, "restic never ran"
        seen = story.pbx.shell("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; true")
    story.pbx.shell("systemctl start kelid-backup.service", timeout=120)  # joins the one that runs
    told = story.pbx.shell("journalctl -u kelid-backup --no-pager -o cat")
    assert '"ok": true' in told
    for text in (seen, told, json.dumps(backup)):
        assert "sun and moon" not in text
        assert "OPENSSH PRIVATE KEY" not in text


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"password": "moon and sun"}, "wrong_password"),
        ({"port": 9}, "unreachable"),
        ({"port": 2222}, "host_key_changed"),
        ({"user": "nobody"}, "access_denied"),
    ],
)
def test_a_store_that_is_not_ours_gets_nothing(
    story: Story, backup: dict[str, Any], changes: dict[str, Any], code: str
) -> None:
    # another machine answers at the store's address: one more sshd with another key
    if code == "host_key_changed":
        story.store.shell(
            "test -f /root/other || ssh-keygen -q -t ed25519 -N '' -f /root/other\n"
            "mkdir -p /run/sshd; /usr/sbin/sshd -o HostKey=/root/other -o PidFile=/run/other.pid -p 2222"
        )
    try:
        story.give(story.pbx, **changes)
        answer = story.call(story.pbx, "run")
        assert answer["code"] == code, answer
        assert "moon and sun" not in json.dumps(answer)
    finally:
        story.give(story.pbx)
    assert "set" not in story.pbx.shell("ls /var/lib/kelid/backup").split()


def test_a_full_store_is_told_and_the_old_backup_stands(story: Story, backup: dict[str, Any]) -> None:
    story.store.shell("mkdir -p /srv/small; mount -t tmpfs -o size=1m,uid=$(id -u backup) tmpfs /srv/small")
    story.give(story.pbx, path="/srv/small/noor")
    try:
        answer = story.call(story.pbx, "run")
        assert (answer["code"], answer["where"]) == ("disk_full", "store"), answer
    finally:
        story.give(story.pbx)
        story.store.shell("umount /srv/small")
    assert story.call(story.pbx, "verify")["ok"]


def test_a_full_disk_of_the_pbx_is_told(story: Story, backup: dict[str, Any]) -> None:
    story.pbx.shell(
        "cp -a /var/lib/kelid/backup /root/kept; mount -t tmpfs -o size=4m,mode=700 tmpfs /var/lib/kelid/backup"
    )
    try:
        answer = story.call(story.pbx, "run")
        assert (answer["code"], answer["where"]) == ("disk_full", "local"), answer
        story.pbx.shell("mount -o remount,size=200m /var/lib/kelid/backup")
        # now calls and messages lie on another file system than the work folder, where no link can go
        answer = story.call(story.pbx, "run")
        assert answer["ok"], answer
        assert answer["parts"] == backup["parts"]
    finally:
        story.pbx.shell("umount /var/lib/kelid/backup")
    assert not story.pbx.shell("find /var/spool /var/log -name '.kelid*'")


def test_a_killed_backup_leaves_nothing_in_the_way(story: Story, backup: dict[str, Any]) -> None:
    story.pbx.shell(
        "cd /var/spool/asterisk/monitor; head -c 30000000 /dev/urandom > big.wav; chown asterisk: big.wav"
    )
    story.pbx.shell(
        "setsid /usr/local/lib/kelid/backup run >/dev/null 2>&1 </dev/null & program=$!\n"
        "for try in $(seq 600); do pgrep -P $program -f 'restic.* backup ' >/dev/null && break; sleep 0.05; done\n"
        "pgrep -P $program -f 'restic.* backup ' >/dev/null\n"
        "kill -9 $program",
        timeout=60,
    )
    answer = story.call(story.pbx, "run")
    assert answer["ok"], answer
    assert answer["parts"]["recordings"] == 2
    assert "set" not in story.pbx.shell("ls /var/lib/kelid/backup").split()


def test_the_pbx_comes_back_on_another_machine(story: Story, backup: dict[str, Any]) -> None:
    story.pbx.shell("rm /var/spool/asterisk/monitor/big.wav")
    answer = story.call(story.pbx, "run")
    assert answer["ok"], answer
    refused = story.call(story.pbx, "restore")
    assert refused["code"] == "asterisk_running", refused
    before = story.pbx.shell(LOOK)
    assert "msg0039.wav" in before
    assert "/CF/101|102" in before
    story.lab.destroy_host("pbx")

    new = story.lab.create_host("pbx", "pbx")
    new.wait_asterisk()
    # another number for the same user, as on another distribution; the backup must go by the name
    new.shell(
        "systemctl stop asterisk; usermod -u 4242 asterisk; groupmod -g 4243 asterisk\n"
        "chown -R asterisk:asterisk /var/lib/asterisk /var/log/asterisk /var/spool/asterisk /var/cache/asterisk"
    )
    assert "msg0039.wav" not in new.shell(LOOK, check=False)
    assert story.set_up(new)["changed"]
    restored = story.call(new, "restore")
    assert restored["ok"], restored
    assert restored["snapshot"] == answer["snapshot"]
    assert new.shell(LOOK) == before
    assert new.shell(f"stat -c %u:%g {BOX}/INBOX/msg0000.wav").split() == ["4242:4243"]
    new.shell("systemctl start asterisk")
    new.wait_asterisk()
    assert "102" in new.asterisk("database get CF 101")
    assert "/var/lib/kelid/current" in new.asterisk("core show settings")
    left = new.shell("ls -A /var/lib/kelid/backup").split()
    assert [name for name in left if not name.startswith("replaced-")] == ["lock"]


def test_a_flipped_bit_in_the_store_is_noticed(story: Story, backup: dict[str, Any]) -> None:
    story.store.shell(
        "cp -a /srv/backup/noor /srv/backup/damaged\n"
        "pack=$(find /srv/backup/damaged/data -type f -size +200k | sort | head -n 1)\n"
        "printf '\\377\\000\\377' | dd of=$pack bs=1 seek=100000 conv=notrunc status=none"
    )
    story.give(story.pbx, path="/srv/backup/damaged")
    answer = story.call(story.pbx, "verify")
    assert answer["code"] == "corrupt", answer
    story.pbx.shell("systemctl stop asterisk; touch /root/mark")
    answer = story.call(story.pbx, "restore", "--force")
    assert answer["code"] == "corrupt", answer
    changed = f"find {PLACES} -newercm /root/mark -not -path '*/backup*'"
    assert not story.pbx.shell(changed)
