"""The agent's firewall: what is asked of nft and fail2ban, with programs that write down what they were asked."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from agent import firewall as module
from agent.firewall import Firewall
from agent.places import Places
from agent.refusal import Refusal
from agent.session import plain

RULES = "# name sip_udp_names sip.example\n# name sip_udp_names gone.example\ntable inet kelid {\n}\n"
PROGRAM = """#!/bin/sh
echo "$(basename "$0") $*" >> "{log}"
case "$0 $*" in
  *getent*sip.example) echo '198.51.100.7 STREAM'; echo '2001:db8::7 STREAM';;
  *getent*) exit 2;;
  *nft*--check*|*nft*--file*) if test -e "{home}/fails"; then cat "{home}/fails" >&2; exit 1; fi;;
  *nft*list*) test -e "{home}/loaded"; exit;;
esac
case "$0 $*" in *nft*--check*) ;; *nft*--file*) cat > "{home}/loaded";; esac
exit 0
"""
"""Stands in for nft, fail2ban and getent: what they do with the kernel is for the lab's tests (test_hardening.py)."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Firewall:
    programs = tmp_path / "bin"
    for folder in (programs, tmp_path / "state/releases/a", tmp_path / "jails"):
        folder.mkdir(parents=True)
    for name in ("nft", "fail2ban-client", "systemctl", "getent"):
        (programs / name).write_text(PROGRAM.format(log=tmp_path / "log", home=tmp_path))
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setattr(module, "session", lambda: None)
    at = Places(
        state=tmp_path / "state",
        hardened=tmp_path / "hardened",
        jails=tmp_path / "jails",
        loaded=tmp_path / "digest",
    )
    tree = at.releases / "a"
    (tree / "firewall.list").write_text(RULES)
    (tree / "bans.list").write_text("[kelid-asterisk]\nenabled = true\n")
    (tree / "trusted.list").write_text("10.0.0.0/8\nsip.example\ngone.example\n")
    at.current.symlink_to("releases/a")
    return Firewall(at)


def asked(server: Firewall) -> list[str]:
    """Return what programs were asked since the last time."""
    log = server.at.state.parent / "log"
    rows = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return rows


def test_a_server_that_was_not_hardened_is_left_alone(server: Firewall) -> None:
    assert not server.settle()
    assert asked(server) == []


def test_rules_are_loaded_once_with_what_names_were_found_as(server: Firewall) -> None:
    """A second look changes nothing; rules that somebody took away come back."""
    server.at.hardened.touch()
    server.judge(server.at.current)
    assert server.settle()
    home = server.at.state.parent
    assert (home / "loaded").read_text() == (
        f"{RULES}flush set inet kelid sip_udp_names4\nadd element inet kelid sip_udp_names4 {{ 198.51.100.7 }}\n"
        "flush set inet kelid sip_udp_names6\nadd element inet kelid sip_udp_names6 { 2001:db8::7 }\n"
    )
    assert server.in_force(server.at.current)
    assert not server.settle()
    (home / "loaded").unlink()
    assert not server.in_force(server.at.current)
    assert server.settle()


def test_rules_that_are_in_force_are_not_tried_again(server: Firewall) -> None:
    """Most applies change nothing of the firewall, and a trial takes its time."""
    server.at.hardened.touch()
    server.judge(server.at.current)
    server.settle()
    asked(server)
    server.judge(server.at.current)
    assert asked(server) == ["nft list table inet kelid"]
    other = server.at.releases / "b"
    other.mkdir()
    (other / "firewall.list").write_text(RULES + "# more\n")
    server.judge(other)
    assert "nft --check --file -" in asked(server)


def test_a_name_that_nobody_answers_for_stays_what_it_was(server: Firewall) -> None:
    """On a day without DNS a trunk isn't held out."""
    server.at.hardened.touch()
    server.at.names.write_text(json.dumps({"gone.example": ["192.0.2.9"], "odd": ["}; flush ruleset"]}))
    assert server.look_up(server.at.current) == {
        "sip.example": ["198.51.100.7", "2001:db8::7"],
        "gone.example": ["192.0.2.9"],
    }
    assert server.known()["gone.example"] == ["192.0.2.9"]


def test_a_release_that_comes_back_finds_its_names(server: Firewall) -> None:
    """At an undo nothing is looked up: it mustn't wait for a name server."""
    server.look_up(server.at.current)
    other = server.at.releases / "b"
    other.mkdir()
    (other / "firewall.list").write_text("table inet kelid {\n}\n")
    (other / "trusted.list").write_text("10.0.0.0/8\n")
    server.look_up(other)
    assert server.known()["sip.example"] == ["198.51.100.7", "2001:db8::7"]


def test_fail2ban_is_told_addresses_and_no_names(server: Firewall) -> None:
    server.at.hardened.touch()
    server.look_up(server.at.current)
    server.settle()
    told = (server.at.jails / "kelid-trusted.local").read_text()
    assert "\n  10.0.0.0/8\n  198.51.100.7\n  2001:db8::7\n" in told
    assert "example" not in told
    assert (server.at.jails / "kelid.local").read_text().startswith("[kelid-asterisk]")


def test_a_release_without_a_firewall_takes_it_away(server: Firewall) -> None:
    server.at.hardened.touch()
    server.settle()
    asked(server)
    (server.at.current / "firewall.list").unlink()
    assert server.settle()
    assert "nft delete table inet kelid" in asked(server)
    assert list(server.at.jails.iterdir()) == []
    assert not server.settle()


def test_rules_that_nft_refuses_are_a_refusal(server: Firewall) -> None:
    """Also where a table in the way was tried to be replaced whole."""
    server.at.hardened.touch()
    (server.at.state.parent / "fails").write_text("syntax error")
    with pytest.raises(Refusal, match="nft refuses the rules: syntax error") as refused:
        server.settle()
    assert refused.value.code == "bad_rules"
    assert not server.at.loaded.exists()
    with pytest.raises(Refusal, match="syntax error"):
        server.judge(server.at.current)


def test_without_the_programs_it_is_refused_with_what_to_do(
    server: Firewall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    with pytest.raises(Refusal, match="run `kelid harden`"):
        server.judge(server.at.current)


def test_an_address_of_ipv4_is_one_however_a_socket_shows_it() -> None:
    assert [plain("::ffff:192.0.2.1"), plain("2001:db8::1"), plain("192.0.2.1")] == [
        "192.0.2.1",
        "2001:db8::1",
        "192.0.2.1",
    ]
