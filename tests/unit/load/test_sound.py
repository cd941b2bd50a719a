"""What a sound file's bytes say, in every form that sox writes; whatever else stands there is none."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelid.findings import Where
from kelid.load.sound import read_sound

sox = pytest.mark.skipif(not shutil.which("sox"), reason="no sox on this machine")

FORMS = {
    "a.wav": ("wav", 44_100, 2, 16),
    "b.wav": ("wav", 8_000, 1, 16),
    "deep.wav": ("wav", 48_000, 1, 24),
    "a.flac": ("flac", 44_100, 2, 16),
    "a.ogg": ("ogg", 44_100, 2, 0),
    "a.mp3": ("mp3", 44_100, 2, 0),
    "slow.mp3": ("mp3", 16_000, 1, 0),
}


@sox
@pytest.mark.parametrize("name", FORMS)
def test_every_form_tells_its_length_and_shape(name: str, tmp_path: Path) -> None:
    form, rate, channels, bits = FORMS[name]
    width = ["-b", str(bits)] if bits else []
    words = ["sox", "-n", "-r", str(rate), "-c", str(channels), *width, str(tmp_path / name)]
    done = subprocess.run(
        [*words, "synth", "2.5", "sine", "300", "gain", "-6"], check=False, capture_output=True, text=True
    )
    if "no handler" in done.stderr:
        pytest.skip("this sox writes no MP3")
    found = read_sound((tmp_path / name).read_bytes(), Where(name))
    assert (found.form, found.rate, found.channels, found.bits) == (form, rate, channels, bits)
    assert found.seconds == pytest.approx(2.5, abs=0.15)
    if bits == 16 and form == "wav":
        assert found.peak == pytest.approx(0.5, abs=0.01)
    else:
        assert found.peak < 0


def wav(samples: list[int]) -> bytes:
    body = struct.pack(f"<{len(samples)}h", *samples)
    header = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 16_000, 2, 16)
    return (
        struct.pack("<4sI4s", b"RIFF", 36 + len(body), b"WAVE")
        + header
        + struct.pack("<4sI", b"data", len(body))
        + body
    )


@given(st.lists(st.integers(-32_768, 32_767), min_size=1, max_size=2000))
def test_a_short_sound_is_looked_at_whole(samples: list[int]) -> None:
    found = read_sound(wav(samples), Where("x.wav"))
    assert found.peak == pytest.approx(min(1.0, max(map(abs, samples)) / 32_767))
    assert found.clipped == sum(one in {-32_768, 32_767} for one in samples) / len(samples)


def test_silence_of_an_hour_and_a_word_in_it() -> None:
    quiet = [0] * 200_000
    assert read_sound(wav(quiet), Where("x.wav")).peak == 0
    assert read_sound(wav([*quiet, *([9000] * 800), *quiet]), Where("x.wav")).peak > 0.2


@given(
    st.sampled_from([b"", b"RIFF", b"RIFFxxxxWAVEfmt ", b"fLaC", b"OggS", b"ID3", b"\xff\xfb", b"\xff"]),
    st.binary(max_size=200),
)
def test_whatever_stands_there_is_read_without_a_fall(head: bytes, tail: bytes) -> None:
    found = read_sound(head + tail, Where("x"))
    assert found.seconds >= 0
    assert len(found.sha256) == 64


@sox
@pytest.mark.parametrize("name", ["a.flac", "a.ogg", "a.wav"])
def test_half_a_header_is_no_sound(name: str, tmp_path: Path) -> None:
    subprocess.run(["sox", "-n", str(tmp_path / name), "synth", "0.5", "sine", "300"], check=True)
    assert read_sound((tmp_path / name).read_bytes()[:30], Where(name)).form == ""


def test_a_sound_that_was_seen_before_is_at_its_own_place() -> None:
    body = b"RIFF" + bytes(40)
    first, second = Where("sites/a/media/x.wav"), Where("sites/b/media/y.wav")
    assert read_sound(body, first).where == first
    again = read_sound(body, second)
    assert again.where == second
    assert again == read_sound(body, first)
    assert again.sha256 != read_sound(body + b"x", second).sha256
