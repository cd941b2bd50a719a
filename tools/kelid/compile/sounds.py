"""Sounds on the server: under which name each lies, so that it is found in the caller's language without a question.

A name is a digest of what it plays: the sources' digests, what they are converted to, and the number of the way in which
they are. So a sound that changes has another name, no release disturbs another's, and the same site gives the same names
whatever machine converts, and whatever version of sox that has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from kelid.model.pbx import CONVERTER, Media
from kelid.model.site import Prompt, Recording, Site

MEDIA = "/var/lib/kelid/media"
"""Where the server keeps the site's sounds."""


def asterisk_language(tag: str) -> str:
    """Given a BCP 47 tag, return the language as Asterisk writes it: en_US, which falls back to en (main/file.c)."""
    return tag.replace("-", "_")


def file_name(*parts: str) -> str:
    """Return the name, without suffix, of what is made of these parts: digests of sources, and languages."""
    return hashlib.sha256("\0".join(("kelid sound", CONVERTER, *parts)).encode()).hexdigest()


def prompt_name(site: Site, prompt: Prompt) -> str:
    """Return the name of a prompt's sound.

    A prompt in several languages has one name: the first recording lies under it, the others in folders of their languages
    beside it. Asterisk looks in the folder of the caller's language first (fileexists_core in main/file.c; of an absolute
    path too, where the folder stands before the last part).
    """
    first, *others = prompt.recordings
    parts = [part for other in others for part in (_language(site, other), _digest(site, other.file))]
    return file_name(_digest(site, first.file), *parts)


def path(site: Site, file: str) -> str:
    """Return where a sound lies that is played alone, without suffix."""
    return f"{MEDIA}/{file_name(_digest(site, file))}"


def media(site: Site) -> tuple[Media, ...]:
    """Return all sounds of the prompts and of the music, in order of their names."""
    found = {item.name: item for item in _media(site)}
    return tuple(found[name] for name in sorted(found))


def _media(site: Site) -> Iterator[Media]:
    for prompt in site.prompts:
        name = prompt_name(site, prompt)
        for number, recording in enumerate(prompt.recordings):
            folder = f"{_language(site, recording)}/" if number else ""
            yield Media(_digest(site, recording.file), recording.file, f"{folder}{name}")
    for item in site.music_classes:
        for file in item.files:
            yield Media(_digest(site, file), file, file_name(_digest(site, file)))


def _language(site: Site, recording: Recording) -> str:
    return asterisk_language(recording.language or site.language)


def _digest(site: Site, file: str) -> str:
    return site.media[file].sha256
