"""What is played, and the sound files behind it (media.yml)."""

from __future__ import annotations

from typing import ClassVar

from kelid.findings import NOWHERE, Where
from kelid.model.record import Record
from kelid.model.site.base import Placed

BUILTIN = "builtin:"
"""How a prompt begins that is a sound of Asterisk's packages and none of the site's: ``builtin:vm-goodbye``."""


class Recording(Placed):
    """A prompt in one language: a file of the site (``media/welcome.wav``) and the words that are spoken in it.

    ``language`` "" is the site's own; ``sha256`` is what was written, "" where nothing was.
    """

    file: str
    language: str = ""
    text: str = ""
    sha256: str = ""


class Prompt(Placed):
    """What is played where an object names it, in the caller's language if there is a recording in it."""

    KIND: ClassVar[str] = "prompt"

    name: str
    recordings: tuple[Recording, ...]


class Sound(Record):
    """A file under the site's ``media/``, as its header describes it; ``rate`` 0 where it is no WAV file that can be read.

    ``encoding`` is WAV's own number of the format: 1 is PCM.
    """

    UNCOMPARED: ClassVar[frozenset[str]] = frozenset({"where"})

    sha256: str
    encoding: int = 0
    rate: int = 0
    bits: int = 0
    channels: int = 0
    seconds: float = 0.0
    where: Where = NOWHERE
