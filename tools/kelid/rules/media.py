"""P: prompts and music, and the sounds behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kelid.findings import Severity, Where
from kelid.model.meant import meant
from kelid.model.site import DEFAULT_MUSIC, Recording, Site
from kelid.rules.registry import Fault, rule

READ_BY_SOX = frozenset({1, 2, 3, 6, 7, 17, 49})
"""WAV's numbers of what sox reads: PCM, ADPCM, floating point, A-law, mu-law, IMA ADPCM, GSM 6.10."""
SHORTEST, LONGEST = 0.1, 300
"""Seconds. What is shorter is a click; nobody listens to a prompt of five minutes."""
SILENT = 0.006
"""Loudness, of 1: what is under 44 dB below the loudest possible is noise, and on a telephone nothing."""
CLIPPED = 0.002
"""Share of the samples that may be as loud as possible: more of them is a crackle."""


def _recordings(site: Site) -> Iterator[Recording]:
    for prompt in site.prompts:
        yield from prompt.recordings


def _files(site: Site) -> Iterator[tuple[str, Where]]:
    """Yield every sound that is named, and where."""
    for recording in _recordings(site):
        yield recording.file, recording.place("file")
    for music in site.music_classes:
        for number, file in enumerate(music.files):
            yield file, music.place(f"files.{number}")


@rule("P001")
def sound_missing(site: Site) -> Iterator[Fault]:
    """A sound that is named is there."""
    for file, where in _files(site):
        if file not in site.media:
            near = meant(file, site.media, 0.8)
            way = f"put the sound there; kelid media draft {site.name} speaks a prompt's text until then"
            fix = f"did you mean {near}?" if near else way
            yield where, f"there is no file {file}", fix


@rule("P002")
def sound_unreadable(site: Site) -> Iterator[Fault]:
    """A sound can be read: WAV, FLAC, Ogg Vorbis or MP3, whatever its name says."""
    for path, sound in site.media.items():
        if not sound.form:
            fix = "save it as WAV, FLAC, Ogg Vorbis or MP3 again"
            yield sound.where, "this is no whole sound of a form that can be read", fix
        elif sound.form == "wav" and sound.encoding not in READ_BY_SOX:
            text = f"nothing here reads a WAV file of encoding {sound.encoding}"
            yield sound.where, text, "save it as plain PCM"
        elif not path.endswith(f".{sound.form}"):
            yield sound.where, f"this is {sound.form}, and its name says otherwise", "rename it"


@rule("P003", Severity.WARNING)
def sound_unused(site: Site) -> Iterator[Fault]:
    """A sound belongs to a prompt, or to a class of music."""
    used = {file for file, _ in _files(site)}
    for path, sound in site.media.items():
        if path not in used:
            yield sound.where, "no prompt has this sound", "name it in media.yml, or delete it"


@rule("P004", Severity.WARNING)
def sound_too_short(site: Site) -> Iterator[Fault]:
    """A sound is long enough to be heard."""
    for sound in site.media.values():
        if sound.form and sound.seconds < SHORTEST:
            yield sound.where, f"the sound is {sound.seconds:.2f} s long", "record it again"


@rule("P005")
def sound_differs(site: Site) -> Iterator[Fault]:
    """A recording is the one that was approved."""
    for recording in _recordings(site):
        sound = site.media.get(recording.file)
        if sound and recording.sha256 and recording.sha256 != sound.sha256:
            text = f"{recording.file} isn't the recording with this digest: it has {sound.sha256[:12]}..."
            fix = f"put the approved file back, or listen to this one and run kelid media hash {site.name}"
            yield recording.place("sha256"), text, fix


@rule("P006", Severity.WARNING)
def prompt_too_long(site: Site) -> Iterator[Fault]:
    """A prompt ends before its caller loses patience."""
    for recording in _recordings(site):
        sound = site.media.get(recording.file)
        if sound and sound.seconds > LONGEST:
            text = f"the prompt takes {sound.seconds / 60:.0f} minutes"
            yield recording.place("file"), text, "cut it; music belongs to music_classes"


@rule("P007", Severity.WARNING)
def sound_silent(site: Site) -> Iterator[Fault]:
    """Something is heard in a sound, as far as that is told without decoding it."""
    for sound in site.media.values():
        if 0 <= sound.peak < SILENT and sound.seconds >= SHORTEST:
            yield sound.where, "nothing is heard in this sound", "record it again"


@rule("P008", Severity.WARNING)
def sound_too_loud(site: Site) -> Iterator[Fault]:
    """A sound was not recorded louder than its format can say."""
    for sound in site.media.values():
        if sound.clipped > CLIPPED:
            text = f"{sound.clipped:.1%} of this sound is cut off at the loudest: it crackles"
            yield sound.where, text, "record it again, less loud"


@rule("P009", Severity.WARNING)
def language_missing(site: Site) -> Iterator[Fault]:
    """A prompt is there in each language in which somebody is spoken to."""
    spoken = _languages(site)
    if len(spoken) < 2:
        return
    for prompt in site.prompts:
        there = {recording.language or site.language for recording in prompt.recordings}
        missing = [tag for tag in spoken if not {tag, tag.partition("-")[0]} & there]
        if missing:
            first = prompt.recordings[0].language or site.language
            example = spoken[missing[0]]
            text = f"the prompt {prompt.name!r} isn't there in {' and '.join(missing)} (which {example} asks for)"
            fix = f"add a recording in it (kelid media draft speaks its text); until then it is heard in {first}"
            yield prompt.place("name"), text, fix


def _languages(site: Site) -> Mapping[str, Where]:
    """Return every language in which prompts are heard, and where it is first asked for."""
    found = {site.language: site.place("language")}
    for thing in site.objects():
        for part in (thing, *getattr(thing, "entries", ())):
            tag = getattr(part, "language", "")
            if tag and tag not in found:
                found[tag] = part.place("language")
    return found


@rule("P010", Severity.NOTE)
def text_missing(site: Site) -> Iterator[Fault]:
    """Of a recording it is known what it says."""
    for recording in _recordings(site):
        if not recording.text:
            fix = "add text: what is spoken, for whoever records it anew, and for those who can't listen"
            yield recording.place("file"), f"nobody knows what {recording.file} says", fix


@rule("P011", Severity.NOTE)
def machine_speaks(site: Site) -> Iterator[Fault]:
    """A prompt is spoken by a person."""
    drafts = [item for item in _recordings(site) if item.draft]
    if drafts:
        names = ", ".join(item.file.removeprefix("media/") for item in drafts[:6])
        more = f" and {len(drafts) - 6} more" if len(drafts) > 6 else ""
        what = "one recording was" if len(drafts) == 1 else f"{len(drafts)} recordings were"
        fix = f"record them, put the files in their place, and run kelid media hash {site.name}"
        yield drafts[0].place("draft"), f"{what} spoken by a machine: {names}{more}", fix


@rule("P012")
def language_twice(site: Site) -> Iterator[Fault]:
    """A prompt has one recording in a language."""
    for prompt in site.prompts:
        seen = set()
        for recording in prompt.recordings:
            tag = recording.language or site.language
            if tag in seen:
                text = f"the prompt {prompt.name!r} is there twice in {tag}"
                yield recording.where, text, "keep one of them, or say another language"
            seen.add(tag)


@rule("P013", Severity.WARNING)
def music_unknown(site: Site) -> Iterator[Fault]:
    """A class of music is the site's own, or ``default``."""
    own = [item.name for item in site.music_classes]
    for reference in site.uses.get("music_class", ()):
        if reference.name not in {DEFAULT_MUSIC, *own}:
            near = meant(reference.name, own)
            fix = f"did you mean {near!r}?" if near else f"add it to music_classes, or say {DEFAULT_MUSIC}"
            text = f"there is no music class {reference.name!r}: the music of Asterisk's packages is heard"
            yield reference.where, text, fix


@rule("P014", Severity.WARNING)
def music_unused(site: Site) -> Iterator[Fault]:
    """A class of music is heard somewhere."""
    used = {reference.name for reference in site.uses.get("music_class", ())}
    for item in site.music_classes:
        if item.name not in used | {DEFAULT_MUSIC}:
            yield (
                item.place("name"),
                f"nothing plays the music class {item.name!r}",
                "name it somewhere, or remove it",
            )
