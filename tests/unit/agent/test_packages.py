"""What is made of an installed package, and what stands in for the folders of the live Asterisk."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from agent import packages

STATUS = """Package: asterisk
Status: install ok installed
Priority: optional
Version: 1:22.10.1
Config-Version: 1:22.9.0
Conffiles:
 /etc/asterisk/asterisk.conf 0123456789abcdef0123456789abcdef
 /etc/default/asterisk fedcba9876543210fedcba9876543210
Description: Open Source Private Branch Exchange
 It has a second line,
 .
 and a third.
"""


def test_a_package_knows_nothing_of_its_installation() -> None:
    assert list(packages._fields(STATUS)) == [
        "Package: asterisk",
        "Priority: optional",
        "Version: 1:22.10.1",
        "Description: Open Source Private Branch Exchange",
        " It has a second line,",
        " .",
        " and a third.",
    ]


def test_new_files_cover_live_ones_and_the_others_stay(tmp_path: Path) -> None:
    fresh, live, target = tmp_path / "fresh", tmp_path / "live", tmp_path / "target"
    for path, text in {
        fresh / "app_queue.so": "new",
        live / "app_queue.so": "old",
        live / "codec_of_another_package.so": "other",
        fresh / "documentation" / "core.xml": "new",
        live / "documentation" / "core.xml": "old",
        live / "documentation" / "more.xml": "other",
        live / "sounds" / "hello.gsm": "other",
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (live / "custom").symlink_to("nowhere")

    packages.merged(fresh, live, target)

    found = {str(path.relative_to(target)): path.read_text() for path in target.rglob("*") if path.is_file()}
    assert found == {
        "app_queue.so": "new",
        "codec_of_another_package.so": "other",
        "documentation/core.xml": "new",
        "documentation/more.xml": "other",
    }
    assert (target / "sounds" / "hello.gsm").read_text() == "other"
    assert (target / "custom").is_symlink()


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="no dpkg here to make packages with")
def test_an_installed_package_becomes_a_package_again(tmp_path: Path) -> None:
    """tzdata is on every Debian; what dpkg says of it, and each of its files, is in the package that is made."""
    known = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "tzdata"], capture_output=True, text=True, check=False
    )
    if known.returncode:
        pytest.skip("tzdata is not installed")

    made = packages.pack(["tzdata"], tmp_path / "old")

    field = subprocess.run(
        ["dpkg-deb", "--field", made[0], "Version"], capture_output=True, text=True, check=True
    )
    assert field.stdout.strip() == known.stdout
    contents = subprocess.run(["dpkg-deb", "-c", made[0]], capture_output=True, text=True, check=True).stdout
    assert "./usr/share/zoneinfo/Asia/Tehran" in contents


def test_files_that_only_new_packages_have_go_again(tmp_path: Path) -> None:
    """What a killed dpkg had unpacked, also under the name that it has until it is whole; never what another package has."""
    known, fresh = Path(shutil.which("dpkg") or "").resolve(), tmp_path / "lab" / "new"
    build = tmp_path / "build"
    (build / "DEBIAN").mkdir(parents=True)
    (build / "DEBIAN" / "control").write_text(
        "Package: lab\nVersion: 1\nArchitecture: all\nMaintainer: lab\nDescription: lab\n"
    )
    for path in (known, fresh):
        (build / path.relative_to("/")).parent.mkdir(parents=True, exist_ok=True)
        (build / path.relative_to("/")).write_text("new")
    subprocess.run(["dpkg-deb", "--build", build, tmp_path / "lab.deb"], check=True, capture_output=True)

    assert packages.brought([tmp_path / "lab.deb"]) == [str(fresh.parent), str(fresh)]

    fresh.parent.mkdir()
    half = fresh.with_name("new.dpkg-new")
    for path in (fresh, half):
        path.write_text("new")
    packages._take_away([str(fresh.parent), str(fresh), str(known)])
    assert not fresh.parent.exists()
    assert known.exists()

    fresh.parent.mkdir()
    (fresh.parent / "somebody's").touch()
    packages._take_away([str(fresh.parent), str(fresh)])
    assert list(fresh.parent.iterdir())
