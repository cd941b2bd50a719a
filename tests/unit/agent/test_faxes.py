"""Faxes by mail: what is sent, what waits for another try, and what is struck out."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from agent import faxes
from agent.journal import Journal
from agent.places import Places

NAME = "20261126-101500-front-02144556677-1700000000.12.tif"


class Database:
    """What Asterisk's command line says and does about one family."""

    def __init__(self, **kept: str) -> None:
        self.kept = kept

    def ask(self, command: str) -> str:
        words = command.split()
        if words[1] == "del":
            self.kept.pop(words[3])
            return "Database entry removed.\n"
        rows = [f"/faxes/{name:<42}: {fax:<25}" for name, fax in self.kept.items()]
        return "\n".join([*rows, f"{len(rows)} results found.", ""])


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A server with a fax that waits, and a program for mail that keeps what it is given."""
    (tmp_path / "current").mkdir()
    (tmp_path / "current" / "fax-mail.list").write_text(
        "other a@b.example\nfront office@fax.example pbx@fax.example\n"
    )
    (tmp_path / "fax").mkdir()
    (tmp_path / "fax" / NAME).write_bytes(b"II*\0page")
    program = tmp_path / "sendmail"
    program.write_text(f"#!/bin/sh\ntest ! -e {tmp_path}/busy && cat > {tmp_path}/mail\n")
    program.chmod(0o755)
    monkeypatch.setattr(faxes, "SENDMAIL", str(program))
    return SimpleNamespace(
        at=Places(state=tmp_path, faxes=tmp_path / "fax"),
        live=Database(**{NAME: "front"}),
        journal=Journal(tmp_path / "journal"),
    )


def test_a_fax_is_sent_once(server: Any) -> None:
    assert faxes.send_faxes(server) == {"ok": True, "sent": [NAME], "waiting": [], "dropped": []}
    mail = (server.at.state / "mail").read_text()
    assert "To: office@fax.example\n" in mail
    assert "From: front <pbx@fax.example>\n" in mail
    assert "Subject: Fax from 02144556677\n" in mail
    assert f'filename="{NAME}"' in mail
    assert server.live.kept == {}
    assert faxes.send_faxes(server)["sent"] == []


def test_what_can_not_be_sent_is_tried_for_a_week(server: Any) -> None:
    (server.at.state / "busy").touch()
    assert faxes.send_faxes(server)["waiting"] == [NAME]
    assert server.live.kept == {NAME: "front"}
    week = time.time() - faxes.GIVEN_UP - 60
    os.utime(server.at.faxes / NAME, (week, week))
    assert faxes.send_faxes(server)["dropped"] == [NAME]
    assert server.live.kept == {}
    assert (server.at.faxes / NAME).exists()


@pytest.mark.parametrize("change", ["address", "file", "name"])
def test_what_nobody_wants_or_has_is_struck_out(server: Any, change: str) -> None:
    if change == "address":
        (server.at.state / "current" / "fax-mail.list").unlink()
    elif change == "file":
        (server.at.faxes / NAME).unlink()
    else:
        server.live.kept = {"passwd": "front"}
    told = faxes.send_faxes(server)
    assert (told["sent"], len(told["dropped"])) == ([], 1)
    assert server.live.kept == {}
    assert not (server.at.state / "mail").exists()
