"""A site's sounds: what each is and how loud, drafts of what nobody has recorded, and the digests of what was approved."""

from __future__ import annotations

from collections.abc import Iterator
from math import log10
from pathlib import Path

from kelid.findings import Exit, KelidError, Where
from kelid.load.sound import read_sound
from kelid.model.record import Record, replace
from kelid.model.site import Recording, Site, Sound
from kelid.pipeline.drafts import Draft, schemas
from kelid.sounds.convert import converted
from kelid.sounds.speak import spoken

SILENCE = -100.0
"""What stands for the loudness of nothing at all, in dB."""


class Row(Record):
    """One sound as ``kelid media list`` shows it.

    ``owner`` is the prompt or the class of music, ``level`` the loudest sample in dB below the loudest possible (None: not
    told), ``state`` one of missing, unreadable, differs (from its digest), draft, silent, recorded, approved.
    """

    owner: str
    language: str
    file: str
    state: str
    form: str = ""
    seconds: float = 0.0
    level: float | None = None


def rows(site: Site, folder: Path) -> list[Row]:
    """Return every sound that the site names, the prompts' before the music. ``folder`` is the site's."""
    found = []
    for prompt in site.prompts:
        for recording in prompt.recordings:
            language = recording.language or site.language
            sound = site.media.get(recording.file)
            row = Row(owner=prompt.name, language=language, file=recording.file, state="missing")
            found.append(_row(row, sound, folder, recording))
    for music in site.music_classes:
        for file in music.files:
            row = Row(owner=f"music {music.name}", language="", file=file, state="missing")
            found.append(_row(row, site.media.get(file), folder))
    return found


def _row(row: Row, sound: Sound | None, folder: Path, recording: Recording | None = None) -> Row:
    """Return the row with what is known of its sound."""
    if sound is None:
        return row
    if not sound.form:
        return replace(row, state="unreadable")
    try:
        heard = sound if sound.peak >= 0 else read_sound(converted(folder / row.file, sound), Where(""))
        level = max(SILENCE, 20 * log10(heard.peak)) if heard.peak > 0 else SILENCE
    except KelidError:  # no sox, or it can't read the file: apply says which
        level = None
    return replace(
        row,
        state=_state(sound, recording, level),
        form=f"{sound.form} {sound.rate} Hz {'mono' if sound.channels == 1 else f'{sound.channels} channels'}",
        seconds=sound.seconds,
        level=level,
    )


def _state(sound: Sound, recording: Recording | None, level: float | None) -> str:
    if recording and recording.sha256 and recording.sha256 != sound.sha256:
        return "differs"
    if level is not None and level < -44:
        return "silent"
    if recording and recording.draft:
        return "draft"
    return "approved" if recording and recording.sha256 else "recorded"


def speak(draft: Draft, site: Site, prompts: list[str]) -> list[str]:
    """Speak what has no recording, or a draft that may say something else by now; return what was done, in words.

    ``prompts`` are names, none for all of them. Raise KelidError for a name that is none, or if nothing can be spoken.
    """
    unknown = [name for name in prompts if name not in {prompt.name for prompt in site.prompts}]
    if unknown:
        there = ", ".join(prompt.name for prompt in site.prompts) or "none"
        raise KelidError(f"{site.name} has no prompt {unknown[0]!r}; it has {there}", exit=Exit.USAGE)
    done = []
    for path, name, recording in _recordings(site):
        if (prompts and name not in prompts) or (recording.file in site.media and not recording.draft):
            continue
        present = site.media.get(recording.file)
        if present and present.sha256 != recording.sha256:
            done.append(
                f"{recording.file}: somebody put another file there; kelid media hash {site.name} takes it"
            )
            continue
        if not recording.text:
            done.append(f"{recording.file}: nobody has written what it says; add text")
            continue
        if not recording.file.endswith(".wav"):
            done.append(f"{recording.file}: a draft is a .wav file; name it so")
            continue
        body = spoken(recording.text, recording.language or site.language)
        sound = read_sound(body, Where(recording.file))
        draft.put(recording.file, body)
        _set(draft, path, "sha256", sound.sha256)
        _set(draft, path, "draft", value=True)
        done.append(f"{recording.file}: {sound.seconds:.1f} s, spoken by a machine")
    return done


def approve(draft: Draft, site: Site) -> list[str]:
    """Write the digest of every recording as it is now; what somebody recorded over a draft is none any more."""
    done = []
    for path, _, recording in _recordings(site):
        sound = site.media.get(recording.file)
        if sound is None or sound.sha256 == recording.sha256:
            continue
        _set(draft, path, "sha256", sound.sha256)
        if recording.draft and recording.sha256:
            draft.document("media").remove((*path, "draft"))
            done.append(f"{recording.file}: recorded, no draft any more")
        else:
            done.append(f"{recording.file}: {sound.sha256[:12]}...")
    return done


def _recordings(site: Site) -> Iterator[tuple[tuple[str | int, ...], str, Recording]]:
    for number, prompt in enumerate(site.prompts):
        for place, recording in enumerate(prompt.recordings):
            yield ("prompts", number, "recordings", place), prompt.name, recording


def _set(draft: Draft, path: tuple[str | int, ...], key: str, value: str | bool) -> None:
    document = draft.document("media")
    recordings = schemas()["media"]["properties"]["prompts"]["items"]["properties"]["recordings"]
    text = "true" if value is True else value
    if (document.data((*path, key)) or "") != text:
        document.set((*path, key), value, order=list(recordings["items"]["properties"]))
