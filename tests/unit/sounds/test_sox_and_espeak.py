"""What sox and espeak-ng are asked for: the form that Asterisk plays, the same bytes each time, and plain words when not."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from kelid.findings import Exit, KelidError, Where
from kelid.load.sound import read_sound
from kelid.model.record import replace
from kelid.sounds.convert import converted, is_final
from kelid.sounds.speak import spoken

sox = pytest.mark.skipif(not shutil.which("sox"), reason="no sox on this machine")
espeak = pytest.mark.skipif(not shutil.which("espeak-ng"), reason="no espeak-ng on this machine")


@pytest.fixture
def flac(tmp_path: Path) -> Path:
    path = tmp_path / "loud.flac"
    words = ["sox", "-n", "-r", "44100", "-c", "2", "-b", "24", str(path)]
    subprocess.run([*words, "synth", "1", "square", "440", "gain", "-0.1"], check=True)
    return path


@sox
def test_any_source_becomes_what_asterisk_plays(flac: Path, tmp_path: Path) -> None:
    source = read_sound(flac.read_bytes(), Where(""))
    body = converted(flac, source, cache=tmp_path / "one")
    made = read_sound(body, Where(""))
    assert is_final(made)
    assert made.seconds == pytest.approx(1)
    assert made.clipped < 0.001  # a square wave overshoots at another rate
    assert converted(flac, source, cache=tmp_path / "two") == body
    kept = list((tmp_path / "one").iterdir())
    assert [path.name for path in kept] == [f"{source.sha256}-wav8000-1.wav"]


@sox
def test_what_was_converted_once_needs_no_sox(
    flac: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = read_sound(flac.read_bytes(), Where(""))
    body = converted(flac, source, cache=tmp_path / "cache")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert converted(flac, source, cache=tmp_path / "cache") == body
    with pytest.raises(KelidError, match="apt-get install sox") as stopped:
        converted(flac, source, cache=tmp_path / "other")
    assert stopped.value.exit is Exit.FAILURE


def test_what_asterisk_plays_already_needs_no_sox(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    path = root / "sites" / "noor-clinic" / "media" / "closed.wav"
    source = read_sound(path.read_bytes(), Where(""))
    assert converted(path, source, cache=tmp_path / "cache") == path.read_bytes()
    assert not (tmp_path / "cache").exists()


@sox
def test_a_damaged_source_is_named_and_nothing_is_kept(flac: Path, tmp_path: Path) -> None:
    flac.write_bytes(flac.read_bytes()[:42])
    source = read_sound(flac.read_bytes(), Where(""))
    with pytest.raises(KelidError, match=r"loud\.flac") as stopped:
        converted(flac, replace(source, form="ogg"), cache=tmp_path / "cache")
    assert stopped.value.exit is Exit.INVALID
    assert list((tmp_path / "cache").iterdir()) == []


@sox
def test_a_source_that_is_changed_meanwhile_is_refused(flac: Path, tmp_path: Path) -> None:
    source = read_sound(flac.read_bytes(), Where(""))
    flac.write_bytes(b"fLaC")
    with pytest.raises(KelidError, match="changed") as stopped:
        converted(flac, source, cache=tmp_path)
    assert stopped.value.exit is Exit.REFUSED


@sox
@espeak
@pytest.mark.parametrize(
    ("language", "text"), [("fa", "بخش‌ها، ۱۲ نفر"), ("en", "--help Welcome"), ("en-GB", "Hello")]
)
def test_a_text_is_spoken_the_same_each_time(language: str, text: str) -> None:
    body = spoken(text, language)
    sound = read_sound(body, Where(""))
    assert is_final(sound)
    assert sound.seconds > 0.4
    assert 0.5 < sound.peak < 0.8
    assert spoken(text, language) == body


@sox
@espeak
def test_a_language_that_nobody_speaks_is_said() -> None:
    with pytest.raises(KelidError, match="espeak-ng can't speak zz"):
        spoken("hello", "zz")
