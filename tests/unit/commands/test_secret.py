"""``kelid secret``: sealed, renewed, and shown to nobody who didn't ask."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from kelid import pipeline
from kelid.commands import main
from kelid.findings import Exit
from kelid.load.vault import unlock


def opened(clinic: Path, name: str, password: bytes) -> str:
    return unlock({name: pipeline.load_vault(clinic.parent, clinic.name)[name]}, password)[name]


def test_show_prints_one_value_and_asks_for_a_terminal(
    clinic: Path, sample_password: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["secret", "show", "noor-clinic", "extension_101"]) == Exit.REFUSED
    assert capsys.readouterr().out == ""
    assert main(["secret", "show", "noor-clinic", "extension_101", "--force"]) == Exit.OK
    assert capsys.readouterr().out == opened(clinic, "extension_101", sample_password) + "\n"
    assert main(["secret", "show", "noor-clinic", "extension_999", "--force"]) == Exit.USAGE


def test_rotate_makes_new_ones_of_the_same_kind(
    clinic: Path, sample_password: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["extension_101", "voicemail_101", "release_key", "backup_ssh_key", "backup_password"]
    before = [opened(clinic, name, sample_password) for name in names]
    text = (clinic / "secrets.yml").read_text()

    assert main(["secret", "rotate", "noor-clinic", *names]) == Exit.OK

    out, err = capsys.readouterr()
    after = [opened(clinic, name, sample_password) for name in names]
    assert not set(before) & set(after)
    assert not any(value in out + err for value in after)
    assert after[1].isdigit()
    assert after[3].startswith("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    assert "public half of backup_ssh_key: ssh-ed25519 " in err
    # Comments and order stay, and so does every secret that wasn't named.
    keys = [row for row in text.splitlines() if not row.startswith(" ")]
    assert [
        row for row in (clinic / "secrets.yml").read_text().splitlines() if not row.startswith(" ")
    ] == keys
    assert main(["check", "noor-clinic", "--today", "2026-11-23"]) == Exit.OK


def test_set_reads_standard_input_and_judges(
    clinic: Path, sample_password: bytes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("from-the-telco-77\n"))
    assert main(["secret", "set", "noor-clinic", "trunk_mokhaberat"]) == Exit.OK
    assert opened(clinic, "trunk_mokhaberat", sample_password) == "from-the-telco-77"
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert main(["secret", "set", "noor-clinic", "trunk_mokhaberat"]) == Exit.INVALID
    assert opened(clinic, "trunk_mokhaberat", sample_password) == "from-the-telco-77"
    out, err = capsys.readouterr()
    assert "K003" in err
    assert "from-the-telco-77" not in out + err
    assert main(["secret", "set", "noor-clinic", "trunk_other"]) == Exit.USAGE


def test_list_names_what_each_is_for_and_what_is_missing(
    clinic: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = clinic / "trunks.yml"
    path.write_text(path.read_text().replace("secret: trunk_mokhaberat", "secret: trunk_new"))
    assert main(["secret", "list", "noor-clinic", "--json"]) == Exit.OK
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["secrets"]}
    assert rows["extension_101"]["for"] == "extension 101"
    assert rows["trunk_new"]["file"] is None
    assert rows["trunk_mokhaberat"]["for"] is None
