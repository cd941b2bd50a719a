"""P: prompts, and the sounds behind them."""

from __future__ import annotations

from collections.abc import Iterator

from kelid.findings import Severity
from kelid.model.site import Recording, Site
from kelid.rules.registry import Fault, rule

RATE, BITS, CHANNELS, PCM = 8000, 16, 1, 1


def _recordings(site: Site) -> Iterator[Recording]:
    for prompt in site.prompts:
        yield from prompt.recordings


@rule("P001")
def prompt_missing(site: Site) -> Iterator[Fault]:
    """A prompt's file is there."""
    for recording in _recordings(site):
        if recording.file not in site.media:
            yield recording.place("file"), f"there is no file {recording.file}", "put the sound there"


@rule("P002")
def prompt_format(site: Site) -> Iterator[Fault]:
    """A sound is 8 kHz, 16 bit, mono, which Asterisk plays without a converter."""
    for path, sound in site.media.items():
        if not sound.form:
            yield sound.where, "this is no whole sound of a form that is known", "record or convert it again"
        elif sound.form != "wav" or (sound.encoding, sound.rate, sound.bits, sound.channels) != (
            PCM,
            RATE,
            BITS,
            CHANNELS,
        ):
            kind = "PCM" if sound.encoding == PCM else f"encoding {sound.encoding}"
            text = f"the sound is {kind}, {sound.rate} Hz, {sound.bits} bit, {sound.channels} channel(s)"
            name = path.removeprefix("media/")
            fix = f"convert it: sox {name} -r 8000 -b 16 -c 1 -e signed-integer new.wav"
            yield sound.where, text, fix


@rule("P003", Severity.WARNING)
def sound_unused(site: Site) -> Iterator[Fault]:
    """A sound belongs to a prompt."""
    used = {recording.file for recording in _recordings(site)}
    used.update(file for item in site.music_classes for file in item.files)
    for path, sound in site.media.items():
        if path not in used:
            yield sound.where, "no prompt has this sound", "name it in media.yml, or delete it"


@rule("P004", Severity.WARNING)
def sound_silent(site: Site) -> Iterator[Fault]:
    """A sound is long enough to be heard."""
    for sound in site.media.values():
        if sound.rate and sound.seconds < 0.1:
            yield sound.where, f"the sound is {sound.seconds:.2f} s long", "record it again"
