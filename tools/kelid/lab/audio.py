"""What was heard on a call: whether it was sound at all, and which prompt it was.

Prompts are recognised by how loud they are over time, which survives every codec of a phone line.
"""

from __future__ import annotations

import array
import math
import sys
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_FRAME = 0.02
"""Seconds over which loudness is taken."""

_FLOOR = 40.0
"""Amplitude (of 32767) below which everything counts as silence: a codec's hiss."""


_BEGINNING = 75
"""Frames (1.5 seconds) by which a prompt that was cut off is recognised."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A prompt that was recognised: its name, when it began (seconds into the recording), and how sure it is (0 to 1)."""

    prompt: str
    at: float
    score: float


def loudness(path: Path) -> list[float]:
    """Return the amplitude (root of the mean square, 0 to 32767) of each 20 ms of a 16-bit mono wav file."""
    with wave.open(str(path), "rb") as sound:
        if sound.getsampwidth() != 2 or sound.getnchannels() != 1:
            raise ValueError(f"{path} is not 16-bit mono")
        rate = sound.getframerate()
        samples = array.array("h", sound.readframes(sound.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    size = round(rate * _FRAME)
    frames = [samples[start : start + size] for start in range(0, len(samples) - size + 1, size)]
    return [math.sqrt(sum(value * value for value in frame) / size) for frame in frames]


def seconds_of_sound(path: Path) -> float:
    """Return how many seconds of a recording are louder than silence."""
    return sum(_FRAME for level in loudness(path) if level > _FLOOR * 3)


def recognise(recording: Path, prompts: Mapping[str, Path], *, least: float = 0.85) -> list[Heard]:
    """Given a recording and prompts as wav files, return those that were played, in the order of playing.

    A prompt counts from a correlation of ``least`` on; of prompts that overlap the surest counts. A prompt shorter than
    half a second has too little shape to be recognised.
    """
    heard = _levels(loudness(recording))
    found = []
    for name, path in prompts.items():
        shape = _trim(_levels(loudness(path)))
        if len(shape) * _FRAME < 0.5:
            continue
        matches, frames = _matches(heard, shape, least), len(shape)
        if not matches and frames > _BEGINNING:
            # A caller who presses a key cuts the prompt off: then its beginning has to do.
            matches, frames = _matches(heard, shape[:_BEGINNING], max(least, 0.9)), _BEGINNING
        found += [
            (Heard(name, round(start * _FRAME, 2), round(score, 3)), frames * _FRAME)
            for start, score in matches
        ]
    kept: list[tuple[Heard, float]] = []
    for one, length in sorted(found, key=lambda pair: -pair[0].score):
        if all(one.at >= other.at + span * 0.8 or one.at + length * 0.8 <= other.at for other, span in kept):
            kept.append((one, length))
    return sorted((one for one, _ in kept), key=lambda item: item.at)


def _levels(amplitudes: list[float]) -> list[float]:
    """Return loudness as the ear takes it: logarithmic, with a floor."""
    return [math.log(max(value, _FLOOR)) for value in amplitudes]


def _trim(levels: list[float]) -> list[float]:
    """Leave out silence at both ends."""
    floor = math.log(_FLOOR) + 0.5
    loud = [index for index, level in enumerate(levels) if level > floor]
    return levels[loud[0] : loud[-1] + 1] if loud else []


def _matches(heard: list[float], shape: list[float], least: float) -> list[tuple[int, float]]:
    """Return the places (in frames) where the shape correlates best with what was heard, and how well."""
    size = len(shape)
    mean = sum(shape) / size
    deviations = [value - mean for value in shape]
    norm = math.sqrt(sum(value * value for value in deviations))
    scores = []
    for start in range(len(heard) - size + 1):
        window = heard[start : start + size]
        middle = sum(window) / size
        spread = math.sqrt(max(sum(value * value for value in window) - size * middle * middle, 0.0))
        product = sum(left * right for left, right in zip(deviations, window, strict=True))
        scores.append(product / (norm * spread) if spread > 1e-6 and norm > 1e-6 else 0.0)
    return [
        (index, score)
        for index, score in enumerate(scores)
        if score >= least and score == max(scores[max(0, index - size) : index + size])
    ]
