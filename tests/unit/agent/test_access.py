"""What sshd and sudo are told: which files that concerns, and that they are what they were after a way back."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from agent import access as module
from agent.access import Access, asked_of
from agent.places import Places
from agent.refusal import Refusal
from agent.session import Session

PROGRAM = """#!/bin/sh
echo "$(basename "$0") $*" >> "{log}"
case "$0 $*" in
  *is-active*) echo active;;
  *systemctl*show*) echo 0;;
  *visudo*) ! grep -q nonsense "$2" 2>/dev/null;;
esac
"""
"""Stands in for systemctl, visudo and sshd's trial: what those do is for the lab's tests (test_hardening.py)."""


@pytest.fixture
def access(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Access:
    programs = tmp_path / "bin"
    for folder in (programs, tmp_path / "sshd_config.d", tmp_path / "sudoers.d"):
        folder.mkdir()
    for name in ("systemctl", "visudo", "unshare", "ssh-keygen"):
        (programs / name).write_text(PROGRAM.format(log=tmp_path / "log"))
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setattr(module, "session", lambda: None)
    monkeypatch.setattr(module, "READS", 0.1)
    return Access(
        Places(sshd=tmp_path / "sshd_config.d" / "00-kelid.conf", sudoers=tmp_path / "sudoers.d" / "kelid")
    )


def asked(access: Access) -> list[str]:
    """Return what programs were asked so far."""
    log = access.at.sshd.parents[1] / "log"
    return log.read_text().splitlines() if log.exists() else []


ASKED = {
    "sshd": "PasswordAuthentication no\n",
    "sudoers": "keeper ALL = (root) /bin/true\n",
    "user": "keeper",
}
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="files are given to root")


@needs_root
def test_what_is_in_place_is_not_put_there_again(access: Access) -> None:
    odd = access.odd(ASKED)
    assert set(odd) == {str(access.at.sshd), str(access.at.sudoers)}

    access.put(odd)

    assert access.odd(ASKED) == {}
    assert (access.at.sudoers.stat().st_mode & 0o777, access.at.sshd.stat().st_mode & 0o777) == (0o440, 0o644)
    assert "systemctl reload ssh.service" in asked(access)


@needs_root
def test_what_was_there_is_back_with_its_mode_and_what_was_not_is_gone(access: Access) -> None:
    access.at.sudoers.write_text("# somebody's\n")
    access.at.sudoers.chmod(0o400)
    odd = access.odd(ASKED)
    # As the record of the way back keeps it.
    saved = json.loads(json.dumps({path: was for path, (was, _) in odd.items()}))
    access.put(odd)

    assert access.back(saved) == ""

    assert not access.at.sshd.exists()
    assert access.at.sudoers.read_text() == "# somebody's\n"
    assert access.at.sudoers.stat().st_mode & 0o777 == 0o400
    assert asked(access).count("systemctl reload ssh.service") == 2


@needs_root
def test_a_mode_that_sudo_takes_offence_at_is_corrected(access: Access) -> None:
    access.put(access.odd(ASKED))
    access.at.sudoers.chmod(0o666)
    assert set(access.odd(ASKED)) == {str(access.at.sudoers)}


def test_what_is_not_asked_for_is_left_alone(access: Access) -> None:
    assert set(access.odd({**ASKED, "sudoers": ""})) == {str(access.at.sshd)}
    assert access.odd({}) == {}


def test_what_is_not_the_language_of_sudo_is_refused(access: Access) -> None:
    with pytest.raises(Refusal, match="would be wrong") as refused:
        access.judge(access.odd({"sudoers": "nonsense\n"}), "")
    assert refused.value.code == "bad_access"
    assert not access.at.sudoers.exists()
    assert not list(Path("/run").glob("kelid-login-*"))


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"sshd": 7}', b'"text"'])
def test_what_cannot_be_read_is_refused(data: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        asked_of(data)
    assert refused.value.code == "bad_access"


@pytest.mark.parametrize(
    ("client", "server", "ends"),
    [
        ("192.0.2.1", "192.0.2.2", ("192.0.2.2", "192.0.2.1")),
        ("2001:db8::1", "2001:db8::2", ("2001:db8::2", "2001:db8::1")),
        ("127.0.0.1", "127.0.0.1", None),
        ("fe80::1%eth0", "fe80::2%eth0", None),
        ("192.0.2.2", "192.0.2.2", None),
    ],
)
def test_who_comes_from_the_machine_itself_is_not_tried(
    client: str, server: str, ends: tuple[str, str] | None
) -> None:
    assert Session("root", client, server, 22).ends() == ends
