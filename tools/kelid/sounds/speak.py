"""A text spoken by espeak-ng: a draft, until somebody records it.

Tried with espeak-ng 1.51: its Persian reads figures in both scripts as words (۱۲ as دوازده), and parts of a word that are
held apart by a zero-width non-joiner with the right stress (بخش‌ها).
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from kelid.findings import Exit, KelidError

WORDS_A_MINUTE = 140
"""Slower than espeak-ng's own 175: a telephone swallows more than a loudspeaker."""
LIMIT = 60
"""Seconds for either program."""
INSTALL = "apt-get install espeak-ng sox"


def spoken(text: str, language: str) -> bytes:
    """Given words and their BCP 47 tag, return them as WAV of 8000 Hz, 16 bit, mono; the same words give the same bytes.

    Raise KelidError if a program is missing or doesn't speak that language.
    """
    programs = {name: shutil.which(name) for name in ("espeak-ng", "sox")}
    missing = [name for name, path in programs.items() if path is None]
    if missing:
        raise KelidError(f"a draft needs {' and '.join(missing)}: {INSTALL}", exit=Exit.FAILURE)
    with tempfile.TemporaryDirectory(prefix="kelid-draft-") as folder:
        words, raw, made = (Path(folder) / name for name in ("words.txt", "raw.wav", "made.wav"))
        words.write_text(text, encoding="utf-8")
        voice = ["-v", language.lower(), "-s", str(WORDS_A_MINUTE), "-b", "1"]
        # From a file: no text of the site becomes an option.
        _run([str(programs["espeak-ng"]), *voice, "-f", str(words), "-w", str(raw)], f"speak {language}")
        form = ["-r", "8000", "-b", "16", "-c", "1", "-e", "signed-integer"]
        _run(
            [str(programs["sox"]), "-V1", "-R", str(raw), *form, str(made), "gain", "-n", "-3"], "convert it"
        )
        return made.read_bytes()


def _run(words: list[str], what: str) -> None:
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, errors="replace", check=False, timeout=LIMIT
        )
    except subprocess.TimeoutExpired as problem:
        raise KelidError(
            f"{Path(words[0]).name} took more than {LIMIT} seconds", exit=Exit.FAILURE
        ) from problem
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        raise KelidError(f"{Path(words[0]).name} can't {what}: {last}", exit=Exit.FAILURE)
