"""``kelid upgrade`` against a Debian host with real packages: the installed ones, newer ones of the same, and broken ones.

The tests share one server of each Debian that is tried and run in their order.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
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
from newer_packages import NAMES, NEWER, offer

pytestmark = pytest.mark.lab

SAMPLES = pipeline.root() / "sites"

IMAGES = {22: "pbx", 16: "pbx11"}

NOT_EVEN_ALONE = "printf '#!/bin/sh\\necho Asterisk %s; exit 1\\n' \"${new#*:}\" > usr/sbin/asterisk"
ONLY_ALONE = """
mv usr/sbin/asterisk usr/sbin/asterisk.real
cat > usr/sbin/asterisk <<'WRAPPER'
#!/bin/sh
case "$*" in *-V*|*stage*) exec "$0.real" "$@";; esac
exit 1
WRAPPER
chmod 755 usr/sbin/asterisk
"""
"""Loads the release beside the live one, and is of no use as the live one."""


@dataclass
class Clinic:
    """The sample clinic, and the server with its packages."""

    lab: Lab
    host: Host
    folder: Path

    def kelid(self, verb: str, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            operator_shell.on_server(self.lab, self.host, verb, "noor-clinic", *words),
            cwd=self.folder,
            env=operator_shell.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=400,
        )

    def upgrade(self, *words: str) -> dict[str, Any]:
        done = self.kelid("upgrade", "--yes", "--json", *words)
        assert done.stdout, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        assert found["exit"] == done.returncode, done.stderr
        return found

    def offer(self, suffix: str, change: str) -> None:
        """Let the server's apt find packages that are newer by ``suffix``."""
        offer(self.host, suffix, change)

    def packages(self) -> set[str]:
        """Return the versions of Asterisk's packages, and whether dpkg is at peace with them."""
        told = self.host.run(["dpkg-query", "-W", "-f", "${Version} ${db:Status-Status}\n", *NAMES]).stdout
        return set(told.splitlines())

    def running(self) -> str:
        return re.split("[+~]", self.host.asterisk("core show version").split()[1])[0]

    def process(self) -> str:
        return self.host.run(["pidof", "asterisk"]).stdout.strip()


@pytest.fixture(scope="module", params=IMAGES)
def clinic(
    lab: Lab, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Clinic]:
    folder = tmp_path_factory.mktemp("clinic")
    site = folder / "sites" / "noor-clinic"
    shutil.copytree(SAMPLES / "noor-clinic", site)
    shutil.copy(SAMPLES / pipeline.SAMPLE_PASSWORD, folder / "sites")
    # Nobody answers at this address, and nobody has to look it up.
    trunks = (site / "trunks.yml").read_text(encoding="utf-8")
    (site / "trunks.yml").write_text(trunks.replace("sip.mokhaberat.example", "192.0.2.1"), encoding="utf-8")
    about = (site / "site.yml").read_text(encoding="utf-8")
    (site / "site.yml").write_text(
        about.replace("asterisk: 22", f"asterisk: {request.param}"), encoding="utf-8"
    )
    clinic = Clinic(lab, lab.create_host("clinic", IMAGES[request.param]), folder)
    for verb in (["install"], ["apply", "--yes"]):
        done = clinic.kelid(*verb)
        assert done.returncode == 0, done.stdout + done.stderr
    yield clinic
    lab.destroy_host("clinic")


def test_nothing_is_newer(clinic: Clinic) -> None:
    process = clinic.process()

    found = clinic.upgrade()

    assert [item["result"] for item in found["sites"]] == ["unchanged"]
    assert clinic.process() == process


def test_sources_that_cannot_be_reached_are_not_without_anything_newer(clinic: Clinic) -> None:
    clinic.host.write("/etc/apt/sources.list.d/gone.list", "deb http://127.0.0.1:9/ gone main\n")
    try:
        found = clinic.upgrade()
    finally:
        clinic.host.run(["rm", "/etc/apt/sources.list.d/gone.list"])

    assert found["exit"] == Exit.REFUSED
    assert "apt-get update failed" in found["sites"][0]["message"], found["sites"]


def test_packages_that_do_not_take_the_release_never_meet_the_live_one(clinic: Clinic) -> None:
    packages, process = clinic.packages(), clinic.process()
    clinic.offer("+deb14u1", NOT_EVEN_ALONE)

    found = clinic.upgrade()

    assert found["exit"] == Exit.REFUSED
    assert found["sites"][0]["code"] == "staging_failed"
    assert (clinic.packages(), clinic.process()) == (packages, process)


def test_the_old_packages_are_back_when_the_new_ones_do_not_run(clinic: Clinic) -> None:
    """No repository has the old ones any more: only what was installed can have made them."""
    packages, version, process = clinic.packages(), clinic.running(), clinic.process()
    clinic.offer("+deb14u2", ONLY_ALONE)
    clinic.host.run(["sh", "-c", "rm -f /var/cache/apt/archives/*.deb"])

    found = clinic.upgrade()

    assert found["exit"] == Exit.ROLLED_BACK
    assert "the old packages are back" in found["sites"][0]["message"]
    assert (clinic.packages(), clinic.running()) == (packages, version)
    assert clinic.process() != process
    assert clinic.host.run(["test", "-e", "/usr/sbin/asterisk.real"], check=False).returncode
    assert clinic.host.run(["test", "-e", "/var/lib/kelid/upgrade"], check=False).returncode
    assert clinic.kelid("verify").returncode == 0


def test_who_is_not_confirmed_before_a_reboot_is_undone_by_it(clinic: Clinic) -> None:
    packages, version = clinic.packages(), clinic.running()
    clinic.offer("+deb14u3", NEWER)

    told = json.loads(clinic.host.run(["/usr/local/lib/kelid/agent", "upgrade"], timeout=300).stdout)

    assert told["asterisk"] == clinic.running() != version
    clinic.lab.kill_host("clinic")
    clinic.lab.boot_host("clinic")
    clinic.host.wait_asterisk()
    assert (clinic.packages(), clinic.running()) == (packages, version)
    assert clinic.host.run(["test", "-e", "/var/lib/kelid/armed.json"], check=False).returncode
    assert clinic.kelid("apply", "--yes").returncode == Exit.ROLLED_BACK  # it says what the reboot did, once


def test_a_call_is_let_end_and_then_the_new_packages_are_in_force(clinic: Clinic) -> None:
    version = clinic.running()
    clinic.offer("+deb14u4", NEWER)
    clinic.host.asterisk("channel originate Local/*43@from-class-internal application Wait 900")
    wait_until(
        "a call",
        lambda: "0 active channels" not in clinic.host.asterisk("core show channels count"),
        timeout=20,
    )

    refused = clinic.upgrade("--limit", "0")

    assert refused["sites"][0]["code"] == "calls_active", refused
    assert clinic.running() == version

    with ThreadPoolExecutor(1) as pool:
        upgrading = pool.submit(clinic.upgrade, "--when", "drain", "--limit", "10m")
        wait_until(
            "the new packages",
            lambda: any("+deb14u4" in line for line in clinic.packages()),
            timeout=300,
        )
        assert clinic.running() == version
        clinic.host.asterisk("channel request hangup all")
        found = upgrading.result()

    assert [item["result"] for item in found["sites"]] == ["applied"], found
    assert clinic.running() != version
    assert all(line.endswith("+deb14u4 installed") for line in clinic.packages())
    assert clinic.kelid("verify").returncode == 0
    assert [item["result"] for item in clinic.upgrade()["sites"]] == ["unchanged"]
    assert clinic.host.run(["test", "-e", "/var/lib/kelid/upgrade"], check=False).returncode
    assert clinic.host.run(["test", "-e", "/usr/sbin/policy-rc.d"], check=False).returncode
