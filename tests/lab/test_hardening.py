"""``kelid harden`` and what comes of it, on a Debian host with real nftables, fail2ban, sshd, sudo and Asterisk.

The tests share one server and run in their order; a second host is the stranger.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import operator_shell
from kelid import pipeline
from kelid.findings import Exit
from kelid.lab import Host, Lab
from kelid.lab.processes import wait_until

pytestmark = pytest.mark.lab

SAMPLES = pipeline.root() / "sites"
USER = "keeper"
AGENT = "/usr/local/lib/kelid/agent"
SSHD, SUDOERS = "/etc/ssh/sshd_config.d/00-kelid.conf", "/etc/sudoers.d/kelid"
BY_HAND = "/etc/ssh/sshd_config.d/50-mine.conf"
ELSEWHERE = "203.0.113.0/24"
"""A network (RFC 5737) in which the control node surely isn't."""

GUESS = """
import socket, sys
server, name, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
call = sys.argv[4] if len(sys.argv) > 4 else "guess"
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
    phone.connect((server, 5060))
    phone.settimeout(2)
    here, port = phone.getsockname()
    for turn in range(times):
        phone.send("\\r\\n".join((
            f"REGISTER sip:{server} SIP/2.0",
            f"Via: SIP/2.0/UDP {here}:{port};branch=z9hG4bK{port}{turn};rport",
            f"From: <sip:{name}@{server}>;tag=t{turn}", f"To: <sip:{name}@{server}>",
            f"Call-ID: {port}-{turn}-{call}", f"CSeq: {turn + 1} REGISTER",
            f"Contact: <sip:{name}@{here}:{port}>", "Max-Forwards: 70",
            f'Authorization: Digest username="{name}", realm="asterisk", nonce="1700000000/{turn:032x}", '
            f'uri="sip:{server}", response="{turn:032x}", algorithm=MD5',
            "Content-Length: 0", "", "")).encode())
        try:
            print(phone.recv(4000).split()[1].decode())
        except OSError:
            print("silence")
"""
"""A phone that doesn't know its password: prints the server's answer to each guess."""

LIAR = """#!/bin/sh
case "$*" in *knock*) echo open;; *login*) ;; *) exec /usr/bin/unshare "$@";; esac
"""
"""Stands before unshare: the server believes of any rules, and of any files of sshd, that they let the control node in."""


@dataclass
class Clinic:
    """The sample clinic with a firewall, its server, and somebody who doesn't belong there."""

    lab: Lab
    host: Host
    stranger: Host
    folder: Path

    def kelid(self, verb: str, *words: str, user: str = "") -> subprocess.CompletedProcess[str]:
        who = {"--user": user} if user else {}
        return subprocess.run(
            operator_shell.on_server(self.lab, self.host, verb, "noor-clinic", *words, **who),
            cwd=self.folder,
            env=operator_shell.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )

    def ssh(self, command: str, user: str = "root") -> subprocess.CompletedProcess[str]:
        """Run a command over a connection of its own: what is open already tells nothing of a firewall."""
        words = ["-F", str(self.lab.ssh_config), "-o", "ControlPath=none", "-o", "ConnectTimeout=3"]
        return subprocess.run(
            ["ssh", *words, "-l", user, self.host.name, "--", command],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def play(self, name: str, *words: str, **more: str) -> subprocess.Popen[str]:
        """Start a playbook, as ``ansible-playbook`` alone, without kelid in front of it."""
        tools = Path(sys.executable).parent
        given = {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "ANSIBLE_CONFIG": str(pipeline.root() / "ansible.cfg"),
            "KELID_SITES": str(self.folder / "sites"),
            "KELID_SITE": "noor-clinic",
            "KELID_ADDRESS": self.host.address,
            "KELID_IDENTITY": str(self.lab.key),
            "KELID_KNOWN_HOSTS": str(self.lab.known_hosts),
            **more,
        }
        return subprocess.Popen(
            [tools / "ansible-playbook", "-i", "inventory.kelid.yml", f"playbooks/{name}.yml", *words],
            cwd=pipeline.root(),
            env={**os.environ, **given},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def harden(self, within: int = 180, **options: list[str]) -> subprocess.Popen[str]:
        """Start the playbook of the hardening as root, with options of its role."""
        wanted = {"pbx_hardening_confirm_within": within, **options}
        return self.play("harden", "-e", json.dumps(wanted), KELID_USER="root")

    def armed(self) -> bool:
        return self.host.run(["test", "-e", "/var/lib/kelid/armed.json"], check=False).returncode == 0

    def receipt(self) -> dict[str, Any]:
        """Return the last line of the server's journal."""
        found: dict[str, Any] = json.loads(self.host.read("/var/lib/kelid/receipts.jsonl").splitlines()[-1])
        return found

    def access(self) -> tuple[str, str]:
        """Return what sshd and sudo are told, with modes and owners."""
        tell = "stat -c '%a %U:%G' {0}; cat {0}"
        return self.host.shell(tell.format(SSHD)), self.host.shell(tell.format(SUDOERS))

    def write(self, **keys: str) -> None:
        """Let the site's firewall say this, and nothing else."""
        path = self.folder / "sites" / "noor-clinic" / "site.yml"
        text = path.read_text(encoding="utf-8").partition("\nfirewall:")[0]
        rows = "".join(f"  {key}: {value}\n" for key, value in keys.items())
        path.write_text(text + (f"\nfirewall:\n{rows}" if keys else ""), encoding="utf-8")

    def wall(self, ssh_from: str = "", rate: int = 30) -> None:
        self.write(
            ssh_from=f"[{ssh_from or self.lab.gateway}]",
            phones_from="[192.0.2.0/24]",
            remote_phones="true",
            remote_rate=str(rate),
            bans="{maxretry: 3, bantime: 900}",
        )

    def rules(self) -> str:
        return self.host.run(["nft", "list", "chain", "inet", "kelid", "input"], check=False).stdout

    def current(self) -> str:
        return self.host.run(["readlink", "/var/lib/kelid/current"]).stdout.strip()

    def guess(self, times: int, name: str = "201", call: str = "guess") -> list[str]:
        words = ["python3", "-c", GUESS, self.host.address, name, str(times), call]
        return self.stranger.run(words, timeout=120).stdout.split()

    def banned(self, address: str) -> bool:
        done = self.host.run(
            ["nft", "get", "element", "inet", "kelid", "banned4", f"{{ {address} }}"], check=False
        )
        return done.returncode == 0


@pytest.fixture(scope="module")
def clinic(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    folder = tmp_path_factory.mktemp("walled")
    site = folder / "sites" / "noor-clinic"
    shutil.copytree(SAMPLES / "noor-clinic", site)
    shutil.copy(SAMPLES / pipeline.SAMPLE_PASSWORD, folder / "sites")
    trunks = (site / "trunks.yml").read_text(encoding="utf-8")
    # A name that the lab's name server knows, of a host that never was a phone or a trunk's.
    (site / "trunks.yml").write_text(
        trunks.replace("sip.mokhaberat.example", "sip.walled.example"), encoding="utf-8"
    )
    text = (site / "site.yml").read_text(encoding="utf-8")
    text, found = re.subn(r"(?m)^    user: root$", f"    user: {USER}", text)
    assert found == 1
    (site / "site.yml").write_text(text, encoding="utf-8")
    host = lab.create_host("walled", "pbx")
    clinic = Clinic(lab, host, lab.create_host("stranger", "bare", aliases=("sip.walled.example",)), folder)
    clinic.wall()
    for verb in (["install"], ["apply", "--yes"]):
        done = clinic.kelid(*verb, user="root")
        assert done.returncode == 0, done.stdout + done.stderr
    # Until somebody hardens the server, a release's rules are only text.
    assert clinic.host.run(["sh", "-c", "command -v nft"], check=False).returncode
    done = clinic.kelid("harden", "--yes", user="root")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "hardened" in done.stdout
    yield clinic
    lab.destroy_host("walled")
    lab.destroy_host("stranger")


def test_nobody_but_who_should_reaches_the_server(clinic: Clinic) -> None:
    """ssh is for the control node, by key; SIP for all; AMI and ARI for nobody; files for root and Asterisk."""
    assert "policy drop" in clinic.rules()
    assert clinic.ssh("true").returncode == 0
    told = clinic.host.run(["sshd", "-T"]).stdout.lower()
    assert {"passwordauthentication no", "permitrootlogin prohibit-password"} <= set(told.splitlines())
    knock = f"timeout 2 bash -c 'exec 3<>/dev/tcp/{clinic.host.address}/%d' && echo open || echo shut"
    tried = {port: clinic.stranger.shell(knock % port).strip() for port in (22, 5038, 8088)}
    assert set(tried.values()) == {"shut"}
    listening = clinic.host.run(["ss", "-Hltn"]).stdout
    assert not re.search(r":(5038|8088|8089)\b", listening), listening
    odd = "find -L /var/lib/kelid/current/ -type f ! -path '*/.kelid/*' ! \\( -perm 640 -user root -group asterisk \\)"
    assert clinic.host.shell(odd) == ""
    assert "can_listen" not in clinic.host.asterisk("manager show settings")


def test_the_apply_user_can_apply_and_nothing_else(clinic: Clinic) -> None:
    """A change of the firewall is an apply like any other, and bans outlive it."""
    clinic.host.run(["nft", "add", "element", "inet", "kelid", "banned4", "{ 203.0.113.77 timeout 1h }"])
    clinic.wall(rate=41)

    done = clinic.kelid("apply", "--yes")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "limit rate over 41/second" in clinic.rules()
    assert clinic.banned("203.0.113.77")
    last = clinic.receipt()
    assert (last["event"], last["came_from"]) == ("confirmed", {"user": USER, "address": clinic.lab.gateway})
    assert clinic.kelid("status").returncode == 0
    for forbidden in ("sh -c id", f"{AGENT} harden", f"{AGENT} adopt", "cat /etc/shadow", "nft list ruleset"):
        tried = clinic.ssh(f"sudo -n {forbidden}", user=USER)
        assert tried.returncode != 0, forbidden
        assert "password" in tried.stderr or "not allowed" in tried.stderr, tried.stderr
    assert clinic.ssh("cat /var/lib/kelid/current/pjsip.conf", user=USER).returncode != 0


def test_hardening_again_changes_nothing(clinic: Clinic) -> None:
    done = clinic.kelid("harden", "--check", user="root")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing to do, it is hardened" in done.stdout


def test_who_guesses_is_banned_and_who_is_known_never(clinic: Clinic) -> None:
    """The stranger's host is the trunk first, by its name: no ban reaches it until it is the trunk's no more."""
    ban = ["inet", "kelid", "banned4", f"{{ {clinic.stranger.address} }}"]
    clinic.host.run(["nft", "add", "element", *ban])
    assert set(clinic.guess(2)) == {"404"}  # a trunk registers nothing
    clinic.host.run(["nft", "delete", "element", *ban])
    path = clinic.folder / "sites" / "noor-clinic" / "trunks.yml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("sip.walled.example", "192.0.2.1"), encoding="utf-8"
    )
    override = "trunk:mokhaberat=the company moved"
    done = clinic.kelid("apply", "--yes", "--override", override)
    assert done.returncode == 0, done.stdout + done.stderr

    # What he calls himself names another address: that one has done nothing.
    clinic.guess(6, call='x",RemoteAddress="IPV4/UDP/203.0.113.5/5060')
    clinic.guess(4)
    wait_until("a ban", lambda: clinic.banned(clinic.stranger.address), timeout=30)
    assert clinic.guess(1) == ["silence"]
    assert not clinic.banned("203.0.113.5")

    # Even who bans the control node by hand doesn't shut it out: those who are known come first.
    clinic.host.run(["fail2ban-client", "set", "kelid-asterisk", "banip", clinic.lab.gateway])
    clinic.host.run(
        ["nft", "add", "element", "inet", "kelid", "banned4", f"{{ {clinic.lab.gateway} timeout 1h }}"]
    )
    assert clinic.banned(clinic.lab.gateway)
    assert clinic.ssh("true").returncode == 0
    clinic.host.run(["fail2ban-client", "unban", clinic.lab.gateway])
    clinic.host.run(
        ["nft", "delete", "element", "inet", "kelid", "banned4", f"{{ {clinic.lab.gateway} }}"], check=False
    )
    assert not clinic.banned(clinic.lab.gateway)


def test_rules_that_would_shut_the_control_node_out_are_refused(clinic: Clinic) -> None:
    """They are tried beside the live ones, and nothing is switched."""
    before, current = clinic.rules(), clinic.current()
    clinic.wall(ELSEWHERE)

    done = clinic.kelid("apply", "--yes")

    assert done.returncode == Exit.REFUSED, done.stdout + done.stderr
    assert f"would drop ssh from {clinic.lab.gateway}" in done.stderr
    assert (clinic.rules(), clinic.current()) == (before, current)


def test_a_server_that_shut_the_control_node_out_lets_it_in_again_by_itself(clinic: Clinic) -> None:
    """The trial is made to lie, so the rules come into force: nobody gets in to confirm or undo, and nobody has to."""
    current = clinic.current()
    clinic.host.write("/usr/local/sbin/unshare", LIAR, mode="0755")
    applying = clinic.play("apply", "-e", "pbx_config_confirm_within=35")
    try:
        # By the connection that was there before: rules are about new ones.
        wait_until("the new release", lambda: clinic.current() != current, timeout=120)
        wait_until("the new rules", lambda: ELSEWHERE in clinic.rules(), timeout=20)
        assert clinic.ssh("true").returncode != 0
        output, _ = applying.communicate(timeout=120)
    finally:
        applying.kill()
    assert applying.returncode != 0, output
    wait_until("the way in", lambda: clinic.ssh("true").returncode == 0, timeout=90)
    wait_until("the way back's end", lambda: not clinic.armed(), timeout=30)
    clinic.host.run(["rm", "/usr/local/sbin/unshare"])
    assert clinic.current() == current
    assert ELSEWHERE not in clinic.rules()
    last = clinic.receipt()
    assert (last["event"], last["by"]) == ("undone", "timer")
    clinic.wall(rate=42)
    told = clinic.kelid("apply", "--yes")
    assert told.returncode == Exit.ROLLED_BACK
    assert "by itself" in told.stderr


@pytest.mark.parametrize(
    ("options", "by_hand"),
    [
        ({"pbx_hardening_sshd": ["MaxAuthTries 5"]}, "AllowUsers nobody\n"),
        ({"pbx_hardening_verbs": ["begin"]}, ""),
    ],
    ids=["a file of somebody's that sshd has not read yet", "no sudo"],
)
def test_files_that_would_shut_somebody_out_are_refused(
    clinic: Clinic, options: dict[str, list[str]], by_hand: str
) -> None:
    """A login is tried with them, beside the real sshd and from the control node's address; nothing is switched."""
    before = clinic.access()
    if by_hand:
        clinic.host.write(BY_HAND, by_hand)

    output, _ = clinic.harden(**options).communicate(timeout=120)

    clinic.host.run(["rm", "-f", BY_HAND])
    assert (clinic.receipt()["event"], clinic.receipt()["code"]) == ("refused", "shut_out"), output
    assert clinic.access() == before
    assert [clinic.ssh("true", user).returncode for user in ("root", USER)] == [0, 0]


def test_who_was_shut_out_of_ssh_gets_in_again_by_the_server_alone(clinic: Clinic) -> None:
    """The trial is made to lie, so nobody may log in any more: the server takes its files back, and sshd reads them."""
    before = clinic.access()
    clinic.host.write("/usr/local/sbin/unshare", LIAR, mode="0755")
    hardening = clinic.harden(within=20, pbx_hardening_sshd=["AllowUsers nobody"])
    try:
        wait_until("sshd to let nobody in", lambda: clinic.ssh("true").returncode != 0, timeout=120)
        assert clinic.armed()
        output, _ = hardening.communicate(timeout=120)
    finally:
        hardening.kill()
    assert hardening.returncode != 0, output
    wait_until("the way in", lambda: clinic.ssh("true").returncode == 0, timeout=90)
    wait_until("the way back's end", lambda: not clinic.armed(), timeout=30)
    assert clinic.access() == before
    last = clinic.receipt()
    assert (last["event"], last["verb"], last["by"]) == ("undone", "harden", "timer")
    assert SSHD in last["touched"]

    # The admin gets in, and who applies doesn't: this node sees that and asks the server to go back.
    assert "by itself" in json.loads(clinic.host.run([AGENT, "told"]).stdout)["story"]
    output, _ = clinic.harden(pbx_hardening_verbs=["begin"]).communicate(timeout=120)
    assert f"{USER} may not ask the agent as root" in output
    clinic.host.run(["rm", "/usr/local/sbin/unshare"])
    assert clinic.access() == before
    assert (clinic.receipt()["event"], clinic.receipt()["by"]) == ("undone", "control")
    assert clinic.ssh(f"sudo -n {AGENT} status", USER).returncode == 0


def test_the_firewall_is_there_after_a_reboot(clinic: Clinic) -> None:
    """Before anything listens, without a control node; names are as they were found last."""
    before = clinic.rules().count("accept")
    clinic.lab.kill_host("walled")
    clinic.lab.boot_host("walled")
    assert clinic.rules().count("accept") == before
    assert clinic.ssh("true").returncode == 0
    started = "systemctl show -P ActiveEnterTimestampMonotonic "
    order = clinic.host.shell(f"{started} kelid-firewall.service; {started} ssh.service").split()
    assert int(order[0]) < int(order[1])
    wait_until(
        "fail2ban",
        lambda: clinic.host.run(["fail2ban-client", "status", "kelid-asterisk"], check=False).returncode == 0,
        timeout=60,
    )


def test_a_site_without_a_firewall_takes_it_away(clinic: Clinic) -> None:
    clinic.host.wait_asterisk()
    clinic.write()
    done = clinic.kelid("apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert clinic.rules() == ""
    assert clinic.host.run(["fail2ban-client", "status", "kelid-asterisk"], check=False).returncode != 0
