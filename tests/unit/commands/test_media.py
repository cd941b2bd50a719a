"""``kelid media``: drafts of what is missing, digests of what was approved, and a list of all."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from kelid.commands import main
from kelid.findings import Exit, Where
from kelid.load.sound import read_sound
from kelid.pipeline import release
from kelid.sounds.convert import is_final

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


def test_the_server_gets_what_asterisk_plays_whatever_the_source_was(
    clinic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    source = clinic / "media" / "closed.flac"
    words = ["sox", str(clinic / "media" / "closed.wav"), "-r", "44100", "-c", "2", str(source)]
    subprocess.run(words, check=True)
    (clinic / "media" / "closed.wav").unlink()
    text = (clinic / "media.yml").read_text().replace("closed.wav", "closed.flac")
    (clinic / "media.yml").write_text(text)

    made = release.make_release(clinic.parent, "noor-clinic")
    sounds = made.manifest["media_sources"]
    name = next(name for name, path in sounds.items() if path == "media/closed.flac")
    with tarfile.open(fileobj=io.BytesIO(made.archive)) as archive:
        member = archive.extractfile(f"media/{name}")
        assert member
        sound = read_sound(member.read(), Where(name))
    assert is_final(sound)
    assert sound.seconds == pytest.approx(4.9, abs=0.1)
    assert release.make_release(clinic.parent, "noor-clinic").archive == made.archive
