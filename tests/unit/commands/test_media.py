"""``kelid media``: drafts of what is missing, digests of what was approved, and a list of all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kelid.commands import main
from kelid.findings import Exit

pytestmark = pytest.mark.skipif(
    not (shutil.which("sox") and shutil.which("espeak-ng")), reason="no sox or no espeak-ng on this machine"
)


def states(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    capsys.readouterr()
    assert main(["media", "list", "noor-clinic", "--json"]) == Exit.OK
    return {
        row["file"].removeprefix("media/"): row["state"]
        for row in json.loads(capsys.readouterr().out)["sounds"]
    }


def test_from_a_missing_recording_to_an_approved_one(
    clinic: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    closed = clinic / "media" / "closed.wav"
    recorded = closed.read_bytes()
    before = (clinic / "media.yml").read_text()
    closed.unlink()
    assert states(capsys)["closed.wav"] == "missing"
    assert main(["check", "noor-clinic"]) == Exit.INVALID

    assert main(["media", "draft", "noor-clinic", "--dry-run"]) == Exit.OK
    assert not closed.exists()
    assert main(["media", "draft", "noor-clinic"]) == Exit.OK
    assert states(capsys) == {
        "welcome.wav": "recorded",
        "departments.wav": "recorded",
        "closed.wav": "draft",
        "holiday.wav": "recorded",
    }
    assert main(["check", "noor-clinic"]) == Exit.OK
    added = [
        line for line in (clinic / "media.yml").read_text().splitlines() if line not in before.splitlines()
    ]
    assert [line.split(":")[0].strip() for line in added] == ["sha256", "draft"]

    spoken = closed.read_bytes()
    assert main(["media", "draft", "noor-clinic"]) == Exit.OK
    assert closed.read_bytes() == spoken

    closed.write_bytes(recorded)
    assert states(capsys)["closed.wav"] == "differs"
    assert main(["media", "draft", "noor-clinic"]) == Exit.INVALID
    assert closed.read_bytes() == recorded, "a draft never takes the place of what somebody recorded"
    assert main(["media", "hash", "noor-clinic"]) == Exit.OK
    assert set(states(capsys).values()) == {"approved"}
    assert "draft" not in (clinic / "media.yml").read_text()


def test_a_prompt_that_is_none(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["media", "draft", "noor-clinic", "welcom"]) == Exit.USAGE
    assert "it has welcome, departments, closed, holiday" in capsys.readouterr().err
