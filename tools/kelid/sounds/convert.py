"""Sources of sounds -> what Asterisk plays: WAV, 8000 Hz, 16 bit, mono. What is that already needs no converter.

The conversion is sox's, the same bytes each time, and is kept by (source, target, our number of the way): a release names
its sounds by these alone, so that two machines with other versions of sox make the same release.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from kelid.findings import Exit, KelidError
from kelid.model.pbx import CONVERTER
from kelid.model.site import Sound

RATE, BITS, CHANNELS, PCM = 8000, 16, 1, 1
LIMIT = 300
"""Seconds that sox may take for one file; an hour of music takes it some ten."""
INSTALL = "apt-get install sox libsox-fmt-mp3"


def is_final(sound: Sound) -> bool:
    """Return whether Asterisk plays the file as it is."""
    return (sound.form, sound.encoding, sound.rate, sound.bits, sound.channels) == (
        "wav",
        PCM,
        RATE,
        BITS,
        CHANNELS,
    )


def cache_folder() -> Path:
    """Return where converted sounds are kept: below ``XDG_CACHE_HOME``, else below ~/.cache."""
    top = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(top) / "kelid" / "media"


def converted(source: Path, sound: Sound, *, cache: Path | None = None) -> bytes:
    """Given a source and what is known of it, return the bytes that Asterisk plays.

    Raise KelidError if it isn't the file that was checked, or sox is missing or can't read it.
    """
    body = source.read_bytes()
    if hashlib.sha256(body).hexdigest() != sound.sha256:
        raise KelidError(f"{source.name} was changed while it was read; try again", exit=Exit.REFUSED)
    if is_final(sound):
        return body
    folder = cache or cache_folder()
    kept = folder / f"{sound.sha256}-{CONVERTER}.wav"
    if not kept.is_file():
        program = shutil.which("sox")
        if program is None:
            raise KelidError(
                f"{source.name} is to be converted, and there is no sox on this machine: {INSTALL}; "
                f"a WAV file of {RATE} Hz, {BITS} bit, mono needs none",
                exit=Exit.FAILURE,
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as work:
                made = Path(work) / "made.wav"
                _run(program, source, sound.form, made)
                made.replace(kept)
        except OSError as problem:
            raise KelidError(
                f"converted sounds can't be kept in {folder}: {problem.strerror}", exit=Exit.FAILURE
            ) from problem
    return kept.read_bytes()


def _run(program: str, source: Path, form: str, target: Path) -> None:
    """Convert; both channels of a stereo file are heard, and what would be too loud at the new rate is turned down (-G)."""
    # -R: what is random in it (dither) is the same each time; comments of the source stay behind.
    before = ["-V1", "-R", "-G", "-t", form, str(source), "--comment", ""]
    after = ["-t", "wav", "-r", str(RATE), "-b", str(BITS), "-c", str(CHANNELS), "-e", "signed-integer"]
    words = [program, *before, *after, str(target)]
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, errors="replace", check=False, timeout=LIMIT
        )
    except subprocess.TimeoutExpired as problem:
        raise KelidError(
            f"sox took more than {LIMIT} seconds for {source.name}", exit=Exit.FAILURE
        ) from problem
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        hint = f"; for MP3 it needs a part of its own: {INSTALL}" if "no handler" in last else ""
        raise KelidError(f"sox can't convert {source.name}: {last}{hint}", exit=Exit.INVALID)
