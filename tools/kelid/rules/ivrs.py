"""I: menus; P: the prompts that they and announcements play."""

from __future__ import annotations

from collections.abc import Iterator

from kelid.findings import Severity
from kelid.model.site import Prompt, Site
from kelid.rules.registry import Fault, rule

RATE, BITS, CHANNELS, PCM = 8000, 16, 1, 1


def _prompts(site: Site) -> Iterator[Prompt]:
    for ivr in site.ivrs:
        yield ivr.prompt
    for announcement in site.announcements:
        yield announcement.prompt


@rule("I001")
def key_twice(site: Site) -> Iterator[Fault]:
    """A key leads to one place."""
    for ivr in site.ivrs:
        seen = set()
        for entry in ivr.entries:
            if entry.digits in seen:
                yield (
                    entry.place("digits"),
                    f"menu {ivr.name!r} has the key {entry.digits} twice",
                    "keep one of them",
                )
            seen.add(entry.digits)


@rule("I002", Severity.WARNING)
def key_waits(site: Site) -> Iterator[Fault]:
    """A key isn't the beginning of another entry: the menu would have to wait which one is meant."""
    for ivr in site.ivrs:
        for entry in ivr.entries:
            longer = [
                other.digits
                for other in ivr.entries
                if other.digits != entry.digits and other.digits.startswith(entry.digits)
            ]
            if longer:
                text = f"menu {ivr.name!r}: after {entry.digits} it waits whether {longer[0]} is meant"
                yield entry.place("digits"), text, "choose keys of which none begins another"


@rule("I003")
def key_hides_extension(site: Site) -> Iterator[Fault]:
    """In a menu with direct dial no entry is an extension's number."""
    numbers = {extension.number for extension in site.extensions}
    for ivr in site.ivrs:
        for entry in ivr.entries:
            if ivr.direct_dial and entry.digits in numbers and entry.destination.name != entry.digits:
                text = f"menu {ivr.name!r}: the entry {entry.digits} hides the extension of that number"
                yield entry.place("digits"), text, "choose other digits, or leave direct_dial out"


@rule("P001")
def prompt_missing(site: Site) -> Iterator[Fault]:
    """A prompt's file is there."""
    for prompt in _prompts(site):
        if prompt.file and prompt.file not in site.media:
            yield prompt.where, f"there is no file {prompt.file}", "put the sound there"


@rule("P002")
def prompt_format(site: Site) -> Iterator[Fault]:
    """A sound is 8 kHz, 16 bit, mono, which Asterisk plays without a converter."""
    for path, sound in site.media.items():
        if not sound.rate:
            yield sound.where, "this is no whole WAV file", "record or convert it again"
        elif (sound.encoding, sound.rate, sound.bits, sound.channels) != (PCM, RATE, BITS, CHANNELS):
            kind = "PCM" if sound.encoding == PCM else f"encoding {sound.encoding}"
            text = f"the sound is {kind}, {sound.rate} Hz, {sound.bits} bit, {sound.channels} channel(s)"
            name = path.removeprefix("media/")
            fix = f"convert it: sox {name} -r 8000 -b 16 -c 1 -e signed-integer new.wav"
            yield sound.where, text, fix


@rule("P003", Severity.WARNING)
def sound_unused(site: Site) -> Iterator[Fault]:
    """A sound is played somewhere."""
    used = {prompt.file for prompt in _prompts(site)}
    for path, sound in site.media.items():
        if path not in used:
            yield sound.where, "nothing plays this sound", "name it as a prompt, or delete it"


@rule("P004", Severity.WARNING)
def sound_silent(site: Site) -> Iterator[Fault]:
    """A sound is long enough to be heard."""
    for sound in site.media.values():
        if sound.rate and sound.seconds < 0.1:
            yield sound.where, f"the sound is {sound.seconds:.2f} s long", "record it again"
