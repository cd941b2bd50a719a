"""``kelid plan`` and ``kelid apply`` as an engineer meets them, against a real server over ssh.

The tests of this file share one server and run in their order: each leaves it on the clinic's release.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import operator_shell
from kelid import pipeline
from kelid.findings import Exit
from kelid.lab import Host, Lab, Phone
from kelid.lab.processes import wait_until

pytestmark = pytest.mark.lab

SAMPLES = pipeline.root() / "sites"


@dataclass
class Clinic:
    """A copy of the sample clinic in a repository of its own, and the lab host that is its server."""

    lab: Lab
    host: Host
    folder: Path

    @property
    def site(self) -> Path:
        return self.folder / "sites" / "noor-clinic"

    @property
    def secrets(self) -> dict[str, str]:
        sites = self.folder / "sites"
        return pipeline.secrets_of(sites, pipeline.check(sites, "noor-clinic"), None)

    def environment(self) -> dict[str, str]:
        return operator_shell.environment()

    def words(self, verb: str, *arguments: str, site: str = "noor-clinic", **server: str) -> list[str]:
        return operator_shell.on_server(self.lab, self.host, verb, site, *arguments, **server)

    def kelid(
        self, verb: str, *arguments: str, site: str = "noor-clinic", server: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.words(verb, *arguments, site=site, **(server or {})),
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    def start(self, verb: str, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.words(verb, *arguments),
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def edit(self, file: str, before: str, after: str) -> None:
        path = self.site / file
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{before!r} stands {text.count(before)} times in {file}"
        path.write_text(text.replace(before, after), encoding="utf-8")

    def commit(self, message: str = "change") -> None:
        identity = ["-c", "user.name=tests", "-c", "user.email=tests@kelid.example"]
        start = [] if (self.folder / ".git").exists() else [["init", "-q", "-b", "main"]]
        for arguments in (
            *start,
            ["add", "-A"],
            [*identity, "commit", "-q", "--allow-empty", "-m", message],
        ):
            subprocess.run(["git", *arguments], cwd=self.folder, check=True, env=self.environment())

    def undo_edits(self) -> None:
        subprocess.run(["git", "checkout", "-q", "."], cwd=self.folder, check=True, env=self.environment())

    def release(self) -> str:
        return Path(self.host.run(["readlink", "/var/lib/kelid/current"]).stdout.strip()).name


@pytest.fixture(scope="module")
def clinic(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    folder = tmp_path_factory.mktemp("clinic")
    shutil.copytree(SAMPLES / "noor-clinic", folder / "sites" / "noor-clinic")
    shutil.copy(SAMPLES / pipeline.SAMPLE_PASSWORD, folder / "sites")
    clinic = Clinic(lab, lab.create_host("clinic", "pbx"), folder)
    clinic.commit("as ordered")
    # The trunk's host must be there: a trunk whose name doesn't resolve is an object that Asterisk loses at a reload.
    lab.create_telco(
        "02188001234",
        clinic.secrets["trunk_mokhaberat"],
        name="clinic-telco",
        aliases=["sip.mokhaberat.example"],
    )
    yield clinic
    lab.destroy_host("clinic")
    lab.destroy_host("clinic-telco")


@pytest.fixture
def edited(clinic: Clinic) -> Iterator[Clinic]:
    """The clinic; what the test edits is put back afterwards."""
    yield clinic
    clinic.undo_edits()


@pytest.fixture(scope="module")
def phones(clinic: Clinic) -> Iterator[tuple[Phone, Phone]]:
    """Phones 101 and 103, registered at the clinic's server."""
    made = [
        clinic.lab.phone(f"clinic{n}", n, clinic.secrets[f"extension_{n}"], "clinic") for n in ("101", "103")
    ]
    for phone in made:
        phone.register()
    for phone in made:
        phone.wait_registered()
    yield made[0], made[1]
    for phone in made:
        phone.stop()
        clinic.lab.remove_phone(phone.name)


def call(phones: tuple[Phone, Phone]) -> None:
    """Call from one phone to the other, and answer."""
    one, other = phones
    one.call("103")
    other.wait_incoming()
    other.answer()
    one.wait_answered()
    one.hangup()
    one.wait_ended()
    other.wait_ended()


def test_a_server_without_the_agent_says_what_to_do(clinic: Clinic) -> None:
    done = clinic.kelid("plan")

    assert done.returncode not in (Exit.OK, Exit.CHANGES)
    assert "install" in done.stderr


def test_install_then_plan_then_apply_then_nothing_to_do(clinic: Clinic) -> None:
    assert clinic.kelid("install").returncode == Exit.OK
    assert clinic.kelid("plan").returncode == Exit.CHANGES

    applied = clinic.kelid("apply", "--yes")
    assert applied.returncode == Exit.OK, applied.stderr

    release = clinic.release()
    again = clinic.kelid("apply", "--yes")
    assert again.returncode == Exit.OK
    assert "Nothing to do" in again.stdout
    password = clinic.folder / "sites" / pipeline.SAMPLE_PASSWORD
    kept = password.rename(password.with_name("away"))
    closed = clinic.kelid("apply", "--yes", "--json")
    kept.rename(password)
    assert closed.returncode == Exit.OK, "the server has it already, and yet the vault was to be opened"
    assert json.loads(closed.stdout) == {"ok": True, "changed": False, "release": release, "plan": ""}
    assert clinic.kelid("plan").returncode == Exit.OK
    assert clinic.kelid("verify").returncode == Exit.OK
    assert clinic.release() == release
    assert "armed     no" in clinic.kelid("status").stdout


def test_nobody_said_yes(edited: Clinic) -> None:
    edited.edit("queues.yml", "timeout: 20", "timeout: 22")
    release = edited.release()

    assert edited.kelid("apply").returncode == Exit.REFUSED
    assert edited.release() == release


def test_the_old_release_goes_on_serving_when_only_asterisk_notices_the_fault(
    edited: Clinic, phones: tuple[Phone, Phone]
) -> None:
    """No reader of YAML or dial plan knows every application that a server has; the private Asterisk there does."""
    call(phones)
    release = edited.release()
    process = edited.host.run(["pidof", "-s", "asterisk"]).stdout
    custom = edited.site / "custom" / "greeting.conf"
    custom.parent.mkdir()
    custom.write_text("[greeting]\nexten => s,1,Answer()\n same => n,PlayTheHits(loud)\n", encoding="utf-8")

    done = edited.kelid("apply", "--yes")
    shutil.rmtree(custom.parent)

    assert done.returncode == Exit.REFUSED, done.stdout + done.stderr
    assert re.search(
        r"^sites/noor-clinic/custom/greeting\.conf:3(:\d+)? A001 Asterisk refuses it: .*PlayTheHits",
        done.stderr,
        re.M,
    ), done.stderr
    assert "the running system was not touched" in done.stderr
    assert edited.release() == release
    assert edited.host.run(["pidof", "-s", "asterisk"]).stdout == process
    call(phones)


def test_what_only_the_live_asterisk_notices_is_undone_under_a_call(
    edited: Clinic, phones: tuple[Phone, Phone]
) -> None:
    """A staged copy has no network, so a trunk's host that nobody can resolve is first seen when the live one reloads."""
    release = edited.release()
    edited.edit("trunks.yml", "host: sip.mokhaberat.example", "host: nobody.mokhaberat.example")
    one, other = phones
    one.call("103")
    other.wait_incoming()
    other.answer()
    one.wait_answered()

    guarded = edited.kelid("apply", "--yes")
    done = edited.kelid("apply", "--yes", "--override", "trunk:mokhaberat=they moved")

    assert guarded.returncode == Exit.REFUSED
    assert "trunk mokhaberat changes; if that is meant, say so: --override trunk:mokhaberat" in guarded.stderr
    one.digits("5")
    assert other.wait_for("digit")["digit"] == "5"
    one.hangup()
    one.wait_ended()
    other.wait_ended()
    assert done.returncode == Exit.ROLLED_BACK, done.stdout + done.stderr
    assert re.search(
        r"^sites/noor-clinic/trunks\.yml:4:\d+ A001 .*nobody\.mokhaberat\.example", done.stderr, re.M
    ), done.stderr
    assert "the old release is back" in done.stderr
    assert edited.release() == release
    assert edited.kelid("verify").returncode == Exit.OK
    assert "armed     no" in edited.kelid("status").stdout
    call(phones)


def test_a_phone_reaches_its_own_mailbox_and_no_other(clinic: Clinic, phones: tuple[Phone, Phone]) -> None:
    phones[0].call("*97")
    phones[0].wait_answered()
    phones[0].hangup()
    assert phones[0].wait_ended().answered

    without = clinic.lab.phone("clinic102", "102", clinic.secrets["extension_102"], "clinic")
    try:
        without.register()
        without.wait_registered()
        without.call("*97")
        ended = without.wait_ended()
    finally:
        without.stop()
        clinic.lab.remove_phone("clinic102")
    assert (ended.answered, ended.code) == (False, 404)


def test_only_what_changed_is_reloaded_and_a_call_goes_on(
    edited: Clinic, phones: tuple[Phone, Phone]
) -> None:
    edited.edit("ivrs.yml", 'digits: "4"', 'digits: "5"')
    edited.commit("another key")
    one, other = phones
    one.call("103")
    other.wait_incoming()
    other.answer()
    one.wait_answered()

    done = edited.kelid("apply", "--yes", "--json")

    answer = json.loads(done.stdout)
    assert done.returncode == Exit.OK, done.stderr
    assert answer["reloads"] == ["dialplan reload"]
    assert answer["restarted"] is False
    before = one.packets()["received"]
    one.digits("1")
    assert other.wait_for("digit")["digit"] == "1"
    assert one.packets()["received"] > before
    one.hangup()
    one.wait_ended()
    other.wait_ended()
    assert "5" in edited.host.asterisk("dialplan show 5@ivr-departments")


def test_a_plan_that_was_approved_and_is_no_longer_true_is_refused(edited: Clinic) -> None:
    edited.edit("queues.yml", "timeout: 20", "timeout: 22")
    digest = json.loads(edited.kelid("plan", "--json").stdout)["digest"]
    edited.edit("queues.yml", "timeout: 22", "timeout: 23")
    release = edited.release()

    done = edited.kelid("apply", "--yes", "--plan-digest", digest)

    assert done.returncode == Exit.REFUSED
    assert edited.release() == release


def test_a_plan_that_was_written_down_is_done_or_nothing(edited: Clinic) -> None:
    plan = edited.folder / "noor.plan.json"
    edited.edit("queues.yml", "timeout: 20", "timeout: 22")
    assert edited.kelid("plan", "--out", str(plan)).returncode == Exit.CHANGES
    whole = plan.read_bytes()
    before = edited.release()

    plan.write_bytes(whole.replace(b'"timeout"', b'"timeouu"', 1))
    forged = edited.kelid("apply", site=str(plan))
    plan.write_bytes(whole)
    edited.host.shell("echo '; by hand' >> /var/lib/kelid/current/queues.conf")
    stale = edited.kelid("apply", site=str(plan))
    assert (forged.returncode, stale.returncode) == (Exit.REFUSED, Exit.REFUSED)
    assert "not as it was written" in forged.stderr
    assert "changed by hand since" in stale.stderr
    assert edited.release() == before
    edited.host.shell("sed -i '$d' /var/lib/kelid/current/queues.conf")

    done = edited.kelid("apply", site=str(plan))
    again = edited.kelid("apply", site=str(plan))
    assert done.returncode == Exit.OK, done.stderr
    assert edited.release() == json.loads(whole)["release"]
    assert again.returncode == Exit.OK
    assert "Nothing to do" in again.stdout


def test_an_earlier_release_comes_back_and_every_step_has_its_receipt(clinic: Clinic) -> None:
    """The story of the tests before this one is in the journal too, and in git's notes."""
    listed = json.loads(clinic.kelid("releases", "--json").stdout)
    assert [item["release"] for item in listed["releases"] if item["current"]] == [clinic.release()]
    back = clinic.kelid("rollback", "--yes", "--json")
    assert back.returncode == Exit.OK, back.stderr
    assert clinic.release() == listed["previous"]
    named = clinic.kelid("rollback", "--yes", listed["current"][:9])
    assert named.returncode == Exit.OK, named.stderr
    assert clinic.release() == listed["current"]
    assert clinic.kelid("rollback", "--yes", "ffffff").returncode == Exit.REFUSED

    told = json.loads(clinic.kelid("receipts", "--json", "-n", "0", "--verify").stdout)
    assert told["problems"] == []
    newest = told["receipts"][-1]
    assert (newest["verb"], newest["result"], newest["release"]) == ("rollback", "done", listed["current"])
    assert newest["account"]["machine"]
    assert newest["account"]["plan"]
    assert newest["came_from"]["address"]
    codes = {receipt["code"] for receipt in told["receipts"]}
    assert "stale_plan" in codes  # the test before this one
    shown = subprocess.run(
        ["git", "notes", "--ref=kelid", "show"],
        cwd=clinic.folder,
        capture_output=True,
        text=True,
        check=True,
        env=clinic.environment(),
    )
    assert newest["change"] in shown.stdout

    clinic.host.shell(r"sed -i '2s/\(\"event\": \"\)/\1x/' /var/lib/kelid/receipts.jsonl")
    forged = clinic.kelid("receipts", "--verify")
    clinic.host.shell(r"sed -i '2s/\(\"event\": \"\)x/\1/' /var/lib/kelid/receipts.jsonl")
    assert forged.returncode == Exit.FAILURE
    assert "receipt 3: the line is not bound to the one before" in forged.stdout
    assert clinic.kelid("receipts", "--verify").returncode == Exit.OK


def test_a_change_that_needs_a_restart_says_why_and_waits_for_leave(edited: Clinic) -> None:
    release = edited.release()
    path = edited.site / "site.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\ntransports:\n  - {{protocol: udp, port: 5070}}\n", encoding="utf-8")

    never = edited.kelid("apply", "--yes", "--when", "never")
    window = edited.kelid("apply", "--yes", "--when", "window")

    assert (
        "restart: needed for pjsip_transport.conf: a SIP transport that is up keeps its address"
        in never.stdout
    )
    assert "every call that is up ends" in never.stdout
    assert never.returncode == Exit.REFUSED
    if window.returncode == Exit.REFUSED:  # by the clinic's clock none is open now
        assert "no maintenance window is open; the next opens" in window.stderr
        assert edited.release() == release
    else:
        assert window.returncode == Exit.OK, window.stderr
        assert edited.kelid("rollback", "--yes").returncode == Exit.OK


def test_a_file_changed_by_hand_is_seen_and_put_back(clinic: Clinic) -> None:
    clinic.host.shell("echo '; by hand' >> /var/lib/kelid/current/queues.conf")

    status = clinic.kelid("status")
    plan = clinic.kelid("plan")
    applied = clinic.kelid("apply", "--yes")

    assert status.returncode == Exit.CHANGES
    assert "drift     queues.conf" in status.stdout
    assert "changed on the server by hand" in plan.stdout
    assert applied.returncode == Exit.OK, applied.stderr
    assert clinic.kelid("status").returncode == Exit.OK
    assert "by hand" not in clinic.host.read("/var/lib/kelid/current/queues.conf")


def test_a_changed_secret_is_named_and_never_shown(clinic: Clinic) -> None:
    from kelid.load.vault import read_password, seal

    canary = "Canary-7f3a9b2c41d8"
    password = read_password(clinic.folder / "sites" / pipeline.SAMPLE_PASSWORD)
    path = clinic.site / "secrets.yml"
    text = path.read_text(encoding="utf-8")
    sealed = "".join(f"  {line}\n" for line in seal(canary, password).splitlines())
    path.write_text(
        re.sub(r"(?m)^extension_108: !vault \|\n(  .*\n)+", f"extension_108: !vault |\n{sealed}", text),
        encoding="utf-8",
    )
    clinic.commit("a new password for 108")

    plan = clinic.kelid("plan", "-vv", "--lines")
    applied = clinic.kelid("apply", "--yes", "-vv", "--lines")

    assert "secrets changed: extension_108" in plan.stdout
    assert applied.returncode == Exit.OK, applied.stderr
    assert canary in clinic.host.read("/var/lib/kelid/current/pjsip.conf")
    for shown in (plan, applied):
        assert canary not in shown.stdout + shown.stderr
    elsewhere = clinic.host.run(
        ["grep", "-rl", canary, "/var/lib/kelid", "/var/log", "/tmp", "/etc"], check=False
    ).stdout.split()
    assert elsewhere
    assert all(
        re.fullmatch(r"/var/lib/kelid/(releases/[0-9a-f]{64}|current)/pjsip\.conf", path)
        for path in elsewhere
    )


def test_a_control_node_that_dies_half_way(edited: Clinic) -> None:
    """The change stays armed, nobody takes it for done, and the server's own way back ends it."""
    release = edited.release()
    edited.edit("queues.yml", "timeout: 20", "timeout: 27")
    node = edited.start("apply", "--yes")
    wait_until("the change to be armed", lambda: armed(edited), timeout=60)
    for process in (*descendants(node.pid), node.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    node.wait()

    status = edited.kelid("status")
    again = edited.kelid("apply", "--yes")
    edited.host.run(
        ["systemctl", "start", "kelid-undo.service"]
    )  # what the timer does when its time has come

    assert "armed     yes" in status.stdout
    assert again.returncode == Exit.REFUSED
    assert "never confirmed" in again.stderr
    assert edited.release() == release
    assert not armed(edited)
    assert edited.kelid("verify").returncode == Exit.OK
    # The next run says what happened, whatever it was to do; the one after it goes on.
    planned, told, once_more = (
        edited.kelid("plan"),
        edited.kelid("apply", "--yes"),
        edited.kelid("apply", "--yes"),
    )
    assert planned.returncode == told.returncode == Exit.ROLLED_BACK
    assert "went back to release" in planned.stdout
    assert "was put in force and never confirmed, so this server went back" in told.stderr
    assert once_more.returncode == Exit.OK, once_more.stderr
    edited.undo_edits()
    assert edited.kelid("apply", "--yes").returncode == Exit.OK
    assert edited.release() == release


def test_an_apply_that_is_interrupted_goes_back_at_once(edited: Clinic) -> None:
    """Ctrl-C while the change is armed: the server is asked to go back, and the message says what state it is in."""
    release = edited.release()
    edited.edit("queues.yml", "timeout: 20", "timeout: 29")
    node = subprocess.Popen(
        edited.words("apply", "--yes"),
        cwd=edited.folder,
        env=edited.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_until("the change to be armed", lambda: armed(edited), timeout=60)
    os.killpg(node.pid, signal.SIGINT)
    _, said = node.communicate(timeout=120)

    assert node.returncode == 130, said
    assert "is undone" in said or "was verified and confirmed before" in said, said
    assert not armed(edited)
    assert (edited.release() == release) is ("is undone" in said)
    edited.undo_edits()
    assert edited.kelid("apply", "--yes").returncode == Exit.OK


def armed(clinic: Clinic) -> bool:
    return clinic.host.run(["test", "-e", "/var/lib/kelid/armed.json"], check=False).returncode == 0


def descendants(process: int) -> list[int]:
    """Return the processes that a process started, and those that they started."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found = [process]
    for parent in found:
        found += [child for child, its in parents.items() if its == parent]
    return found[1:]


def test_a_host_that_does_not_answer(clinic: Clinic) -> None:
    nobody = clinic.lab.free_address()

    done = clinic.kelid("apply", "--yes", server={"--address": nobody})

    assert done.returncode == Exit.UNREACHABLE
    assert "could not reach the server" in done.stderr


def test_a_wrong_host_key_gets_nothing(edited: Clinic, tmp_path: Path) -> None:
    edited.edit("queues.yml", "timeout: 20", "timeout: 22")
    other = edited.lab.host_key("clinic").split()[0]
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")], check=True)
    public = (tmp_path / "key.pub").read_text(encoding="utf-8").split()[1]
    (tmp_path / "known_hosts").write_text(f"{edited.host.address} {other} {public}\n", encoding="utf-8")
    release = edited.release()

    done = edited.kelid("apply", "--yes", server={"--known-hosts": str(tmp_path / "known_hosts")})

    assert done.returncode == Exit.UNREACHABLE, done.stderr
    assert "host key" in done.stderr.lower()
    assert edited.release() == release


def test_a_wrong_vault_password_sends_nothing(edited: Clinic, tmp_path: Path) -> None:
    edited.edit("queues.yml", "timeout: 20", "timeout: 22")
    (tmp_path / "password").write_text("wrong\n", encoding="utf-8")

    done = edited.kelid("apply", "--yes", "--vault-password-file", str(tmp_path / "password"))

    assert done.returncode == Exit.INVALID
    assert "the vault's password is wrong" in done.stderr


def test_a_full_disk_leaves_everything_as_it_was(edited: Clinic, phones: tuple[Phone, Phone]) -> None:
    edited.edit("queues.yml", "timeout: 20", "timeout: 24")
    release = edited.release()
    edited.host.shell(
        "set -e\ncp -a /var/lib/kelid /root/kelid\n"
        "mount -t tmpfs -o size=8m tmpfs /var/lib/kelid\ncp -a /root/kelid/. /var/lib/kelid/\n"
        "chown root:asterisk /var/lib/kelid\nchmod 750 /var/lib/kelid\n"
        "dd if=/dev/zero of=/var/lib/kelid/filler bs=4k 2>/dev/null || true"
    )
    try:
        done = edited.kelid("apply", "--yes")
        during = edited.release()
        call(phones)
    finally:
        edited.host.shell("umount /var/lib/kelid && rm -rf /root/kelid")

    assert done.returncode == Exit.REFUSED, done.stdout + done.stderr
    assert "disk_full" in done.stderr
    assert during == release


def play(
    clinic: Clinic, *arguments: str, known_hosts: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the playbook apply with nothing of kelid's in front."""
    environment = {
        **clinic.environment(),
        "KELID_SITES": str(clinic.folder / "sites"),
        "KELID_SITE": "noor-clinic",
        "KELID_ADDRESS": clinic.host.address,
        "KELID_IDENTITY": str(clinic.lab.key),
        "KELID_KNOWN_HOSTS": str(known_hosts or clinic.lab.known_hosts),
    }
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    return subprocess.run(
        [program, "-i", "inventory.kelid.yml", "playbooks/apply.yml", *arguments],
        cwd=pipeline.root(),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def test_the_playbooks_run_without_kelid_in_front(clinic: Clinic) -> None:
    done = play(clinic)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"changed=0 .*unreachable=0 .*failed=0", done.stdout), done.stdout


def test_the_vault_password_that_ansible_was_given_counts(edited: Clinic, tmp_path: Path) -> None:
    """Where something is to be done: else no vault is opened."""
    samples = (edited.folder / "sites" / pipeline.SAMPLE_PASSWORD).read_text(encoding="utf-8")
    (tmp_path / "right").write_text(samples.splitlines()[-1] + "\n", encoding="utf-8")
    (tmp_path / "wrong").write_text("another\n", encoding="utf-8")

    edited.edit("queues.yml", "timeout: 20", "timeout: 29")

    wrong = play(edited, "--vault-password-file", str(tmp_path / "wrong"))
    right = play(edited, "--vault-password-file", str(tmp_path / "right"))

    assert right.returncode == 0, right.stdout + right.stderr
    assert wrong.returncode != 0
    assert "the vault's password is wrong" in wrong.stdout + wrong.stderr
    edited.edit("queues.yml", "timeout: 29", "timeout: 20")
    assert play(edited).returncode == 0


def test_an_asterisk_that_does_not_run_is_said_and_an_apply_starts_it(edited: Clinic) -> None:
    edited.host.run(["systemctl", "stop", "asterisk"])

    told = {verb: edited.kelid(verb, "--json") for verb in ("status", "verify")}
    nothing = edited.kelid("apply", "--yes", "--json")
    edited.edit("queues.yml", "timeout: 20", "timeout: 28")
    applied = edited.kelid("apply", "--yes")

    assert {verb: done.returncode for verb, done in told.items()} == dict.fromkeys(told, Exit.FAILURE)
    assert json.loads(told["status"].stdout)["asterisk"]["running"] is False
    assert "running" in json.loads(told["verify"].stdout)["message"]
    assert nothing.returncode == Exit.FAILURE
    assert "Asterisk is NOT running" in json.loads(nothing.stdout)["message"]
    assert applied.returncode == Exit.OK, applied.stderr
    assert edited.host.run(["systemctl", "is-active", "asterisk"]).stdout.strip() == "active"


def test_a_connection_that_was_kept_does_not_serve_a_run_with_other_host_keys(
    clinic: Clinic, tmp_path: Path
) -> None:
    (tmp_path / "known_hosts").write_text("", encoding="utf-8")

    trusted = play(clinic)
    stranger = play(clinic, known_hosts=tmp_path / "known_hosts")

    assert trusted.returncode == 0, trusted.stdout + trusted.stderr
    assert "unreachable=1" in stranger.stdout, stranger.stdout
