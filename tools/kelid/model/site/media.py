"""What is played, and the sound files behind it (media.yml)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kelid.findings import NOWHERE, Where
from kelid.model.record import EMPTY, Record
from kelid.model.site.base import Names, Placed

BUILTIN = "builtin:"
"""How a prompt begins that is a sound of Asterisk's packages and none of the site's: ``builtin:vm-goodbye``."""

DEFAULT_MUSIC = "default"
"""The music class that Asterisk plays wherever none is named."""


class Recording(Placed):
    """A prompt in one language: a file of the site (``media/welcome.wav``) and the words that are spoken in it.

    ``language`` "" is the site's own; ``sha256`` is what was written, "" where nothing was. A ``draft`` was spoken by a
    machine, until somebody records it.
    """

    file: str
    language: str = ""
    text: str = ""
    sha256: str = ""
    draft: bool = False


class Prompt(Placed):
    """What is played where an object names it, in the caller's language if there is a recording in it."""

    KIND: ClassVar[str] = "prompt"

    name: str
    names: Names = EMPTY
    recordings: tuple[Recording, ...]


class MusicClass(Placed):
    """Pieces of music that are played one after the other (``linear``, ``randstart``) or at ``random``.

    ``announcement`` is a prompt between two pieces, "" for none.
    """

    KIND: ClassVar[str] = "music_class"
    REFERS: ClassVar[Mapping[str, str]] = {"announcement": "prompt"}

    name: str
    names: Names = EMPTY
    files: tuple[str, ...]
    sort: str
    announcement: str = ""


class Sound(Record):
    """A file under the site's ``media/``, as its bytes describe it; ``form`` "" where it is none that can be read.

    ``form`` is ``wav``, ``flac``, ``ogg`` or ``mp3``; ``encoding`` WAV's own number of the format, 1 for PCM, 0 elsewhere.
    ``peak`` is the loudest of the samples that were looked at, 0 to 1; negative where none was (what is compressed).
    """

    UNCOMPARED: ClassVar[frozenset[str]] = frozenset({"where"})

    sha256: str
    form: str = ""
    encoding: int = 0
    rate: int = 0
    bits: int = 0
    channels: int = 0
    seconds: float = 0.0
    peak: float = -1.0
    clipped: float = 0.0
    """Share of the samples that are as loud as the format can say, 0 to 1."""
    where: Where = NOWHERE
