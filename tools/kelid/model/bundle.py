"""The rendered text of a PBX: what would lie in Asterisk's configuration directory, with tokens where secrets go."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import ClassVar

from kelid.findings import Where
from kelid.model.pbx import Media
from kelid.model.record import EMPTY, Record


class Bundle(Record):
    """Path -> text, and the media that the text names. Equal bundles have equal digests, wherever their YAML stood.

    ``lines`` maps a path to the YAML place behind each of its lines (index 0 is line 1; None where the tool alone decided).
    """

    UNCOMPARED: ClassVar[frozenset[str]] = frozenset({"lines"})

    site: str
    asterisk: int
    files: Mapping[str, str]
    media: tuple[Media, ...] = ()
    lines: Mapping[str, tuple[Where | None, ...]] = EMPTY

    @property
    def digest(self) -> str:
        """Return sha256 over the paths, texts and media, as 64 hexadecimal digits."""
        total = hashlib.sha256(f"kelid bundle 1\0{self.asterisk}\0".encode())
        for path in sorted(self.files):
            body = self.files[path].encode()
            total.update(f"{path}\0{len(body)}\0".encode())
            total.update(body)
        for media in sorted(self.media, key=lambda item: item.name):
            total.update(f"media\0{media.name}\0".encode())
        return total.hexdigest()
