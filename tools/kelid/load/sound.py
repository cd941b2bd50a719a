"""What a WAV file's header says, read by hand: Python's ``wave`` raises for everything but plain PCM."""

from __future__ import annotations

import hashlib
import struct

from kelid.findings import Where
from kelid.model.site import Sound

_EXTENSIBLE = 0xFFFE


def read_sound(content: bytes, where: Where) -> Sound:
    """Given a file's bytes, return what it is. ``rate`` stays 0 where it is no whole RIFF WAVE file.

    Source: Microsoft's Multimedia Programming Interface and Data Specifications 1.0, chapter "WAVE".
    """
    digest = hashlib.sha256(content).hexdigest()
    broken = Sound(sha256=digest, where=where)
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        return broken
    position, header, length = 12, b"", -1
    while position + 8 <= len(content):
        name = content[position : position + 4]
        size = int.from_bytes(content[position + 4 : position + 8], "little")
        if name == b"fmt ":
            header = content[position + 8 : position + 8 + size]
        elif name == b"data":
            length = size if position + 8 + size <= len(content) else -1
            break
        position += 8 + size + size % 2
    if len(header) < 16 or length < 0:
        return broken
    encoding, channels, rate, bytes_a_second, _, bits = struct.unpack("<HHIIHH", header[:16])
    if encoding == _EXTENSIBLE and len(header) >= 26:
        encoding = int.from_bytes(header[24:26], "little")
    if not rate or not bytes_a_second:
        return broken
    return Sound(
        sha256=digest,
        encoding=encoding,
        rate=rate,
        bits=bits,
        channels=channels,
        seconds=length / bytes_a_second,
        where=where,
    )
