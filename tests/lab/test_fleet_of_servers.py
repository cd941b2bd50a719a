"""Many sites at once, against real servers: `kelid apply` in waves, the same by plain Ansible, and as AWX's mesh carries it.

The tests share three servers and run in their order; each leaves all of them on what the sites say.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import operator_shell
from kelid import pipeline
from kelid.findings import Exit
from kelid.lab import Host, Lab
from kelid.lab.processes import wait_until
from lab.carried_python import carry_python
from newer_packages import NAMES as NAMES_OF_PACKAGES
from newer_packages import NEWER, offer

pytestmark = pytest.mark.lab

SAMPLES = pipeline.root() / "sites"
NAMES = ("east", "south", "west")


@dataclass
class Company:
    """Three clinics in a repository of their own, and their servers."""

    lab: Lab
    hosts: dict[str, Host]
    folder: Path

    @property
    def sites(self) -> Path:
        return self.folder / "sites"

    def environment(self, **more: str) -> dict[str, str]:
        return operator_shell.environment(ANSIBLE_NOCOLOR="1", **more)

    def run(self, words: list[str], **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            cwd=self.folder,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            check=False,
            timeout=400,
        )

    def apply(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run(
            [sys.executable, "-m", "kelid", "apply", "--yes", "--identity", str(self.lab.key), *words]
        )

    def start(self, *words: str, verb: str = "apply") -> subprocess.Popen[str]:
        """Start an apply (or another verb) that answers in JSON, in a process group of its own."""
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "kelid", verb, "--yes", "--json", "--identity", str(self.lab.key)),
                *words,
            ],
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def armed(self, name: str) -> bool:
        return self.hosts[name].run(["test", "-e", "/var/lib/kelid/armed.json"], check=False).returncode == 0

    def receipts(self, name: str) -> list[dict[str, Any]]:
        """Return the journal of a server, oldest first."""
        return [
            json.loads(line) for line in self.hosts[name].read("/var/lib/kelid/receipts.jsonl").splitlines()
        ]

    def result(self, *words: str) -> dict[str, Any]:
        done = self.apply("--json", *words)
        found: dict[str, Any] = json.loads(done.stdout)
        assert found["exit"] == done.returncode
        return found

    def playbook(self, name: str, *words: str) -> subprocess.CompletedProcess[str]:
        program = Path(sys.executable).with_name("ansible-playbook")
        root = pipeline.root()
        return self.run(
            [
                str(program),
                "-i",
                str(root / "inventory.kelid.yml"),
                str(root / f"playbooks/{name}.yml"),
                *words,
            ],
            ANSIBLE_CONFIG=str(root / "ansible.cfg"),
            ANSIBLE_PRIVATE_KEY_FILE=str(self.lab.key),
            KELID_SITES=str(self.sites),
        )

    def commit(self, folder: Path) -> None:
        identity = ["-c", "user.name=tests", "-c", "user.email=tests@kelid.example"]
        for words in (
            ["init", "-q", "-b", "main"],
            ["add", "-A"],
            [*identity, "commit", "-q", "-m", "sites"],
        ):
            subprocess.run(["git", *words], cwd=folder, check=True, env=self.environment())

    def release(self, name: str) -> str:
        return Path(self.hosts[name].run(["readlink", "/var/lib/kelid/current"]).stdout.strip()).name

    def releases(self) -> dict[str, str]:
        return {name: self.release(name) for name in self.hosts}

    def ring_for(self, seconds: int, *names: str) -> None:
        """Let phones ring for so long at these sites, unless their extension says otherwise."""
        for name in names:
            path = self.sites / name / "site.yml"
            lines = path.read_text(encoding="utf-8").splitlines()
            lines = [f"  ring_time: {seconds}" if line.startswith("  ring_time:") else line for line in lines]
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def spoil(self, name: str) -> Path:
        """Give a site a dial plan that only its server's Asterisk can refuse; return the file."""
        custom = self.sites / name / "custom" / "greeting.conf"
        custom.parent.mkdir()
        custom.write_text(
            "[greeting]\nexten => s,1,Answer()\n same => n,PlayTheHits(loud)\n", encoding="utf-8"
        )
        return custom


@pytest.fixture(scope="module")
def company(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    folder = tmp_path_factory.mktemp("company")
    (folder / "sites").mkdir()
    shutil.copy(SAMPLES / pipeline.SAMPLE_PASSWORD, folder / "sites")
    hosts = {}
    for name in NAMES:
        hosts[name] = lab.create_host(name, "pbx")
        site = folder / "sites" / name
        shutil.copytree(SAMPLES / "noor-clinic", site)
        text = (site / "site.yml").read_text(encoding="utf-8")
        text = text.replace(
            "address: pbx.noor-clinic.example",
            f'address: {hosts[name].address}\n    host_key: "{lab.host_key(name)}"',
        )
        tags = "[capital, clinic]" if name != "west" else "[clinic]"
        (site / "site.yml").write_text(f"{text}\ntags: {tags}\n", encoding="utf-8")
        # Nobody answers at this address, and nobody has to look it up.
        trunks = (site / "trunks.yml").read_text(encoding="utf-8")
        trunks = trunks.replace("sip.mokhaberat.example", "192.0.2.1")
        (site / "trunks.yml").write_text(trunks, encoding="utf-8")
    company = Company(lab, hosts, folder)
    company.commit(folder)
    done = company.playbook("install")
    assert done.returncode == 0, done.stdout + done.stderr
    yield company
    for name in NAMES:
        lab.destroy_host(name)


def by_host(found: dict[str, Any]) -> dict[str, tuple[str, int]]:
    return {item["host"]: (item["result"], item["wave"]) for item in found["sites"]}


def test_all_sites_in_waves_and_then_nothing_to_do(company: Company) -> None:
    found = company.result("--all", "--waves", "1,100%", "--canary", "south")

    assert by_host(found) == {"south": ("applied", 1), "east": ("applied", 2), "west": ("applied", 2)}
    assert found["waves"] == [1, 2]
    assert company.releases() == {item["host"]: item["release"] for item in found["sites"]}

    again = company.result("--all")

    assert again["ok"]
    assert not again["changed"]
    assert by_host(again) == dict.fromkeys(NAMES, ("unchanged", 0))


def test_a_canary_that_fails_keeps_all_others_from_it(company: Company) -> None:
    before = company.releases()
    company.ring_for(21, "east", "west")
    custom = company.spoil("south")

    done = company.apply("--all", "--canary", "south")

    assert done.returncode == Exit.REFUSED, done.stdout + done.stderr
    assert "sites/south/custom/greeting.conf:3" in done.stderr
    assert "2 not started" in done.stdout
    assert company.releases() == before
    shutil.rmtree(custom.parent)


def test_those_with_a_tag(company: Company) -> None:
    """East has a change since the last test, and west too, but not the tag."""
    before = company.releases()

    found = company.result("--tag", "capital")

    assert by_host(found) == {"south": ("unchanged", 0), "east": ("applied", 1)}
    assert {name for name, release in company.releases().items() if release != before[name]} == {"east"}


def test_who_cannot_be_reached_holds_up_the_others_unless_told_otherwise(company: Company) -> None:
    before = company.releases()
    company.lab.kill_host("south")

    held = company.result("--all")

    assert held["exit"] == Exit.UNREACHABLE
    assert company.release("west") == before["west"]

    found = company.result("--all", "--skip-failing")

    assert found["exit"] == Exit.UNREACHABLE
    assert by_host(found) == {"south": ("unreachable", 0), "east": ("unchanged", 0), "west": ("applied", 1)}
    told_of_drift_of_many(company)
    company.lab.boot_host("south")
    assert company.result("--all")["ok"]


def told_of_drift_of_many(company: Company) -> None:
    """Hold that one command tells who is as it should be, who was changed by hand, and who can't be asked (south)."""

    def drift() -> tuple[int, dict[str, Any]]:
        done = company.run(
            [sys.executable, "-m", "kelid", "drift", "--json", "--identity", str(company.lab.key)]
        )
        found: dict[str, Any] = json.loads(done.stdout)
        assert set(found["failed"]) == {"south"}
        return done.returncode, {item["site"]: item["changed"] for item in found["servers"]}

    assert drift() == (Exit.UNREACHABLE, {"east": [], "west": []})
    change = "sed -i 's/^maxlen = .*/maxlen = 77/' /var/lib/kelid/current/queues.conf"
    company.hosts["east"].shell(f"cp -p /var/lib/kelid/current/queues.conf /root/; {change}")

    code, changed = drift()

    assert code == Exit.CHANGES
    assert [(item["kind"], item["name"]) for item in changed["east"]] == [("queue", "reception")]
    assert changed["west"] == []
    company.hosts["east"].shell("cp -p /root/queues.conf /var/lib/kelid/current/queues.conf")


def test_who_is_half_way_goes_back_at_once_when_it_is_called_off(company: Company) -> None:
    """Ctrl-C while the first of them has its way back armed: nobody is left to it, and each site's state is told."""
    before = company.releases()
    company.ring_for(24, *NAMES)
    node = company.start("--all", "--waves", "100%", "--forks", "2")
    wait_until("a change to be armed", lambda: any(map(company.armed, NAMES)), timeout=120, interval=0.05)
    os.killpg(node.pid, signal.SIGINT)
    out, said = node.communicate(timeout=240)

    assert node.returncode == 130, said
    assert not any(map(company.armed, NAMES)), said
    told = json.loads(out)
    assert told["message"].startswith("interrupted: no server was left half-way"), told
    for item in told["sites"]:
        new = company.release(item["host"]) != before[item["host"]]
        ends = {"applied"} if new else {"rolled_back", "refused", "not_started"}
        assert item["result"] in ends, told["sites"]
    back = [item["host"] for item in told["sites"] if item["result"] == "rolled_back"]
    assert all("called off on " in company.receipts(host)[-1]["why"] for host in back)
    assert company.result("--all")["ok"]


def test_two_at_once_that_share_a_site_never_change_it_both(company: Company) -> None:
    before = company.receipts("south")
    company.ring_for(25, *NAMES)

    nodes = [company.start(*names, "--waves", "100%") for names in (("east", "south"), ("west", "south"))]
    said = [node.communicate(timeout=400) for node in nodes]

    codes = [node.returncode for node in nodes]
    assert Exit.OK in codes, said
    assert set(codes) <= {Exit.OK, Exit.REFUSED}, said
    events = [(row["event"], row.get("change")) for row in company.receipts("south")[len(before) :]]
    changes = [event for event in events if event[0] != "refused"]
    assert [event for event, _ in changes] == ["begun", "confirmed"], events
    assert company.result("--all")["ok"]
    assert not any(map(company.armed, NAMES))


def test_a_plain_playbook_does_the_same(company: Company) -> None:
    """Waves, the stop after one that failed, and nothing to do the second time: all of it is in the playbook."""
    before = company.releases()
    company.ring_for(22, *NAMES)
    custom = company.spoil("east")

    stopped = company.playbook("apply", "-e", '{"kelid_waves": [1, "100%"]}')

    assert stopped.returncode, stopped.stdout
    assert "PlayTheHits" in stopped.stdout
    assert company.releases() == before
    shutil.rmtree(custom.parent)

    done = company.playbook("apply", "-l", "tag_capital")

    assert done.returncode == 0, done.stdout
    assert {name for name, release in company.releases().items() if release != before[name]} == {
        "east",
        "south",
    }

    rest = company.playbook("apply")
    again = company.playbook("apply")

    assert (rest.returncode, again.returncode) == (0, 0), rest.stdout + again.stdout
    assert again.stdout.count("changed=0") == len(NAMES)
    assert company.result("--all")["changed"] is False


def test_a_job_is_carried_to_another_machine_as_awx_does(company: Company, tmp_path: Path) -> None:
    """``transmit`` here, ``worker`` on another host, ``process`` here: no secret is in what comes back or is kept."""
    root, lab = pipeline.root(), company.lab
    node = lab.create_host("node", "bare")
    path = carry_python(lab, node)
    before = company.releases()
    company.ring_for(23, *NAMES)
    job = tmp_path / "job"
    project = job / "project"
    for name in ("playbooks", "plugins", "roles", "schemas", "tools"):
        shutil.copytree(root / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("ansible.cfg", "inventory.kelid.yml"):
        shutil.copy(root / name, project)
    shutil.copytree(company.sites, project / "sites")
    password = (pipeline.find_password(company.sites, "east") or b"").decode()
    secrets = pipeline.secrets_of(company.sites, pipeline.check(company.sites, "east"), None)
    (project / "sites" / pipeline.SAMPLE_PASSWORD).unlink()
    company.commit(project)
    program = Path(sys.executable).with_name
    listed = subprocess.run(
        [program("ansible-inventory"), "-i", "inventory.kelid.yml", "--list", "--export"],
        cwd=project,
        env=company.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    (job / "inventory").mkdir()
    hosts = job / "inventory" / "hosts"
    hosts.write_text(f"#!/usr/bin/env python3\nprint({json.dumps(json.loads(listed.stdout))!r})\n")
    hosts.chmod(0o700)
    (job / "env").mkdir()
    shutil.copy(lab.key, job / "env" / "ssh_key")
    (job / "env" / "cmdline").write_text("--ask-vault-pass -vvv")
    (job / "env" / "passwords").write_text(json.dumps({r"^Vault password:\s*?$": password}))

    runner = str(program("ansible-runner"))
    worker = f"env PATH={path} LANG=C.UTF-8 {runner} worker --private-data-dir /var/tmp/carried"
    sent = subprocess.run(
        [runner, "transmit", str(job), "-p", "playbooks/apply.yml"], capture_output=True, check=True
    )
    worked = subprocess.run(
        ["ssh", "-F", str(lab.ssh_config), node.name, worker],
        input=sent.stdout,
        capture_output=True,
        timeout=400,
        check=False,
    )
    done = subprocess.run(
        [runner, "process", str(job)], input=worked.stdout, capture_output=True, timeout=60, check=False
    )

    said = done.stdout.decode() + worked.stderr.decode()
    assert done.returncode == 0, said[-4000:]
    assert said.count("changed=1") == len(NAMES), said[-4000:]
    now = company.releases()
    assert all(now[name] != before[name] for name in NAMES)
    assert company.result("--all")["changed"] is False
    kept = worked.stdout + b"".join(
        path.read_bytes() for path in (job / "artifacts").rglob("*") if path.is_file()
    )
    assert len(kept) > 10_000
    for name, secret in {**secrets, "the vault's password": password}.items():
        assert secret.encode() not in kept, f"{name} came back with the job"


def test_an_upgrade_that_is_called_off_leaves_nobody_half_way(company: Company) -> None:
    """Ctrl-C while dpkg is at work on the first of two: its old packages are whole, the other never began. Then it goes."""

    def packages(name: str) -> set[str]:
        words = ["dpkg-query", "-W", "-f", "${Version} ${db:Status-Status}\n", *NAMES_OF_PACKAGES]
        assert company.hosts[name].run(["dpkg", "--audit"]).stdout == ""
        return set(company.hosts[name].run(words).stdout.splitlines())

    def upgrade(waves: str) -> subprocess.Popen[str]:
        return company.start("--all", "--waves", waves, verb="upgrade")

    newer = ("east", "west")
    before = {name: packages(name) for name in newer}
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda name: offer(company.hosts[name], "+deb14u1", NEWER), newer))
    node = upgrade("1,100%")
    at_it = ["pgrep", "-f", "^dpkg .* -i /var/lib/kelid/upgrade/new/"]
    wait_until(
        "a dpkg at work",
        lambda: company.hosts["east"].run(at_it, check=False).returncode == 0,
        timeout=200,
        interval=0.02,
    )
    os.killpg(node.pid, signal.SIGINT)
    out, said = node.communicate(timeout=300)

    assert node.returncode == 130, said
    told = json.loads(out)
    assert told["message"].startswith("interrupted: no server was left half-way"), told
    results = {item["host"]: item["result"] for item in told["sites"]}
    assert results == {"east": "rolled_back", "south": "unchanged", "west": "not_started"}, told
    assert "old packages are back" in next(
        item["message"] for item in told["sites"] if item["host"] == "east"
    )
    assert {name: packages(name) for name in newer} == before
    assert not any(map(company.armed, newer))
    last = company.receipts("east")[-1]
    assert (last["event"], last["verb"]) == ("undone", "upgrade"), last
    assert "called off" in last["why"], last

    out, said = upgrade("100%").communicate(timeout=400)

    found = json.loads(out)
    assert {item["host"]: item["result"] for item in found["sites"]} == {
        "east": "applied",
        "south": "unchanged",
        "west": "applied",
    }, said
    assert all(line.endswith("+deb14u1 installed") for name in newer for line in packages(name))
