"""The playbooks as people start them, without kelid in front: install, apply, verify, status on a bare host."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from kelid.lab import Host, Lab, missing_requirements

pytestmark = pytest.mark.lab

SITE = "noor-clinic"


@dataclass(frozen=True)
class Played:
    """What a playbook's run gave: exit status, output, and the recap's counts."""

    status: int
    output: str

    @property
    def changed(self) -> int:
        """Return how many tasks changed something."""
        found = re.search(r"changed=(\d+)", self.output)
        assert found, self.output
        return int(found[1])


@dataclass(frozen=True)
class Control:
    """The control node, with one bare host and a copy of the sample sites."""

    root: Path
    sites: Path
    lab: Lab
    host: Host

    def play(self, name: str, *more: str, environment: Mapping[str, str] | None = None) -> Played:
        """Run a playbook on the site's host."""
        tools = Path(sys.executable).parent
        given = {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "ANSIBLE_CONFIG": str(self.root / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "KELID_SITES": str(self.sites),
            "KELID_SITE": SITE,
            "KELID_ADDRESS": self.host.address,
            "KELID_IDENTITY": str(self.lab.key),
            "KELID_KNOWN_HOSTS": str(self.lab.known_hosts),
            **(environment or {}),
        }
        done = subprocess.run(
            [tools / "ansible-playbook", "-i", "inventory.kelid.yml", f"playbooks/{name}.yml", *more],
            cwd=self.root,
            env={**os.environ, **given},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        return Played(done.returncode, done.stdout + done.stderr)

    @property
    def current(self) -> str:
        """Return what the server reads."""
        return self.host.run(["readlink", "/var/lib/kelid/current"]).stdout.strip()

    def ring_for(self, seconds: int) -> None:
        """Change the site: how long the queue rings its members."""
        path = self.sites / SITE / "queues.yml"
        text, found = re.subn(r"(?m)^(\s+timeout: )\d+", rf"\g<1>{seconds}", path.read_text(encoding="utf-8"))
        assert found
        path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    """Return a control node with one bare host, taken down at the end."""
    missing = missing_requirements()
    if missing:
        pytest.skip("; ".join(missing))
    root = Path(__file__).resolve().parents[2]
    sites = tmp_path_factory.mktemp("control") / "sites"
    shutil.copytree(root / "sites", sites)
    name = f"roles-{os.getpid()}-{secrets.token_hex(2)}"
    try:
        lab = Lab.up(name)
        yield Control(root, sites, lab, lab.create_host("pbx", "bare"))
    finally:
        Lab(name).down()


@pytest.fixture(scope="module")
def installed(control: Control) -> Control:
    """Return the control node once its host is a PBX; before that, what can't become one is refused."""
    host = control.host
    host.shell("cp /etc/os-release /root/os-release; sed -i 's/^ID=.*/ID=ubuntu/' /etc/os-release")
    refused = control.play("install")
    assert refused.status == 2
    assert "kelid installs only Debian's own packages" in " ".join(refused.output.split())
    host.shell("cp --remove-destination /root/os-release /etc/os-release")

    # An Asterisk so old exists in no package here: a program stands in that only tells its version.
    host.write("/usr/local/sbin/asterisk", "#!/bin/sh\necho Asterisk 13.1.0\n", mode="0755")
    refused = control.play("install")
    assert "Asterisk 13 is installed, and 16 is the oldest" in " ".join(refused.output.split())
    host.run(["rm", "/usr/local/sbin/asterisk"])

    host.shell(
        "mkdir /root/apt; mv /etc/apt/sources.list* /var/lib/apt/lists /root/apt/; mkdir -p /var/lib/apt/lists"
    )
    refused = control.play("install")
    assert "has no package asterisk" in " ".join(refused.output.split())
    host.shell("rm -r /var/lib/apt/lists; mv /root/apt/lists /var/lib/apt/; mv /root/apt/* /etc/apt/")
    assert host.run(["test", "-e", "/var/lib/kelid"], check=False).returncode == 1

    early = control.play("status")
    assert early.status == 2
    assert "run kelid install" in early.output
    first = control.play("install")
    assert first.status == 0, first.output
    assert first.changed > 0
    return control


def test_a_second_install_changes_nothing(installed: Control) -> None:
    """The same run again finds everything in its place."""
    again = installed.play("install")
    assert again.status == 0, again.output
    assert again.changed == 0


def test_a_changed_agent_is_replaced(installed: Control) -> None:
    """Check mode tells of it and leaves it; the install puts the same bytes back, and nothing beside them."""
    agent = "/usr/local/lib/kelid/agent"
    before = installed.host.shell(f"sha256sum {agent}; stat -c '%a %U:%G' {agent}; ls /usr/local/lib/kelid")
    installed.host.shell(f"echo >> {agent}; chmod 700 {agent}")
    checked = installed.play("install", "--check")
    assert checked.status == 0, checked.output
    assert checked.changed == 1
    assert installed.host.run(["stat", "-c", "%a", agent]).stdout == "700\n"
    repaired = installed.play("install")
    assert repaired.status == 0, repaired.output
    assert repaired.changed == 1
    assert (
        installed.host.shell(f"sha256sum {agent}; stat -c '%a %U:%G' {agent}; ls /usr/local/lib/kelid")
        == before
    )


def test_check_mode_says_so_and_changes_nothing(installed: Control) -> None:
    """Before the first apply, check mode tells that there is something to do."""
    before = installed.current
    checked = installed.play("apply", "--check")
    assert checked.status == 0, checked.output
    assert checked.changed == 1
    assert installed.current == before


def test_apply_verify_and_apply_again(installed: Control) -> None:
    """The sample clinic goes out as it is in the repository; the second time nothing changes."""
    applied = installed.play("apply")
    assert applied.status == 0, applied.output
    again = installed.play("apply")
    assert again.status == 0, again.output
    assert again.changed == 0
    assert installed.play("verify").status == 0
    assert "101" in installed.host.asterisk("pjsip show endpoint 101")


def test_what_does_not_verify_is_taken_back(installed: Control) -> None:
    """The verification is made to miss a context: the release before is back, and the reason is told."""
    installed.play("apply")
    before = installed.current
    installed.ring_for(21)
    failed = installed.play(
        "apply", "-e", '{"pbx_config_expect": {"contexts": ["none-such"]}, "pbx_config_verify_limit": 1}'
    )
    assert failed.status == 2
    told = " ".join(failed.output.split())
    assert "context none-such is missing from the running Asterisk" in told
    assert "the release before is back" in told
    assert installed.current == before
    assert installed.host.run(["test", "-e", "/var/lib/kelid/armed.json"], check=False).returncode == 1


def test_a_stale_plan_is_refused(installed: Control) -> None:
    """An apply that names another base than the server's is refused, with the reason."""
    before = installed.current
    installed.ring_for(22)
    plans = {"kelid_plans": {SITE: {"base": "f" * 64}}}
    refused = installed.play("apply", "-e", json.dumps(plans))
    assert refused.status == 2
    assert "plan again" in refused.output
    assert installed.current == before


def test_a_wrong_host_key_stops_everything(installed: Control, tmp_path: Path) -> None:
    """The site's server has another key than the one that is known: nothing is sent."""
    known = tmp_path / "known_hosts"
    pair = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(pair)], check=True)
    known.write_text(f"{installed.host.address} {pair.with_suffix('.pub').read_text()}", encoding="utf-8")
    # A connection of an earlier run must not be taken over: it was checked against the right key.
    fresh = {"KELID_KNOWN_HOSTS": str(known), "ANSIBLE_SSH_ARGS": "-o ControlPath=none"}
    stopped = installed.play("status", environment=fresh)
    assert stopped.status == 4
    assert (
        "Host key verification failed" in stopped.output
        or "HOST IDENTIFICATION HAS CHANGED" in stopped.output
    )


def test_no_secret_in_the_output(installed: Control) -> None:
    """Also with -vvv, what Ansible writes holds no secret of the site."""
    from kelid import pipeline
    from kelid.load import load_site
    from kelid.load.vault import unlock

    installed.ring_for(23)
    played = installed.play("apply", "-vvv")
    assert played.status == 0, played.output
    password = pipeline.find_password(installed.sites, SITE)
    assert password
    values = unlock(load_site(installed.sites / SITE).vault, password)
    assert len(values) > 5
    shown = [name for name, value in values.items() if len(value) > 5 and value in played.output]
    assert shown == []


def test_a_file_changed_by_hand_does_not_verify(installed: Control) -> None:
    """Drift is told by the verification."""
    installed.host.shell("echo '; by hand' >> /var/lib/kelid/current/queues.conf")
    told = installed.play("verify")
    assert told.status == 2
    assert "queues.conf was changed on the server by hand" in " ".join(told.output.split())
    repaired = installed.play("apply")
    assert repaired.status == 0, repaired.output
    assert installed.play("verify").status == 0
