"""What a sound file's bytes say of it, read by hand: no program is started, and nothing is decoded, for a check.

WAV, FLAC, Ogg Vorbis and MP3, which sox reads. Only of WAV's plain samples is it known how loud they are.
"""

from __future__ import annotations

import hashlib
import struct
import sys
from typing import Any

from kelid.findings import Where
from kelid.model.site import Sound

_PCM = 1
_EXTENSIBLE = 0xFFFE
_LOOKED_AT = 16_384
"""How many samples of a file are looked at for its loudness: speech is never so sparse, and a check stays fast."""
_LOUDEST = 32_767
_REMEMBERED = 4096
"""Sounds of which it is kept what they are: the same voice speaks to the callers of many sites."""
_MPEG_RATES = (44_100, 48_000, 32_000)
_KBIT_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBIT_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
"""Bit rates of layer III by their index: of MPEG 1, and of MPEG 2 and 2.5 (ISO 11172-3 and 13818-3)."""

_read_before: dict[str, dict[str, Any]] = {}
"""What sounds are, by their digests."""


def read_sound(content: bytes, where: Where) -> Sound:
    """Given a file's bytes, return what it is. ``form`` stays "" where it is no whole file of a form that is known."""
    digest = hashlib.sha256(content).hexdigest()
    facts = _read_before.get(digest)
    if facts is None:
        facts = _facts(content)
        if len(_read_before) < _REMEMBERED:
            _read_before[digest] = facts
    return Sound(sha256=digest, where=where, **facts)


def _facts(content: bytes) -> dict[str, Any]:
    if content[:4] == b"RIFF":
        return _wav(content)
    if content[:4] == b"fLaC":
        return _flac(content)
    if content[:4] == b"OggS":
        return _ogg(content)
    if content[:3] == b"ID3" or content[:1] == b"\xff":
        return _mp3(content)
    return {}


def _wav(content: bytes) -> dict[str, Any]:
    """Source: Microsoft's Multimedia Programming Interface and Data Specifications 1.0, chapter "WAVE"."""
    if content[8:12] != b"WAVE":
        return {}
    position, header, start, length = 12, b"", 0, -1
    while position + 8 <= len(content):
        name = content[position : position + 4]
        size = int.from_bytes(content[position + 4 : position + 8], "little")
        if name == b"fmt ":
            header = content[position + 8 : position + 8 + size]
        elif name == b"data":
            start = position + 8
            length = size if start + size <= len(content) else -1
            break
        position += 8 + size + size % 2
    if len(header) < 16 or length < 0:
        return {}
    encoding, channels, rate, bytes_a_second, _, bits = struct.unpack("<HHIIHH", header[:16])
    if encoding == _EXTENSIBLE and len(header) >= 26:
        encoding = int.from_bytes(header[24:26], "little")
    if not rate or not bytes_a_second:
        return {}
    facts = {
        "form": "wav",
        "encoding": encoding,
        "rate": rate,
        "bits": bits,
        "channels": channels,
        "seconds": length / bytes_a_second,
    }
    if encoding == _PCM and bits == 16:
        facts |= _loudness(memoryview(content)[start : start + length - length % 2])
    return facts


def _loudness(samples: memoryview) -> dict[str, float]:
    """Given samples of 16 bits, return the loudest of every nth, and the share that is at the very end of the scale."""
    step = len(samples) // 2 // _LOOKED_AT | 1  # odd, so that both channels of a stereo file have their turn
    looked = samples.cast("h")[::step].tolist()
    if sys.byteorder == "big":
        from array import array  # noqa: PLC0415  (on few machines)

        swapped = array("h", looked)
        swapped.byteswap()
        looked = swapped.tolist()
    if not looked:
        return {"peak": 0.0}
    lowest, highest = min(looked), max(looked)
    clipped = looked.count(_LOUDEST) if highest == _LOUDEST else 0
    clipped += looked.count(-_LOUDEST - 1) if lowest == -_LOUDEST - 1 else 0
    return {
        "peak": min(1.0, max(highest, -lowest) / _LOUDEST),
        "clipped": clipped / len(looked),
    }


def _flac(content: bytes) -> dict[str, Any]:
    """Source: RFC 9639, section 8.2: the first block is the stream's description."""
    if len(content) < 42 or content[4] & 0x7F:
        return {}
    packed = int.from_bytes(content[18:26], "big")
    rate = packed >> 44
    if not rate:
        return {}
    return {
        "form": "flac",
        "rate": rate,
        "channels": (packed >> 41 & 7) + 1,
        "bits": (packed >> 36 & 31) + 1,
        "seconds": (packed & 0xFFFFFFFFF) / rate,
    }


def _ogg(content: bytes) -> dict[str, Any]:
    """Sources: RFC 3533, section 6; Vorbis I specification, section 4.2.2. Opus is not Vorbis: sox 14.4.2 reads none."""
    first = 27 + content[26] if len(content) > 27 else 0
    if content[first : first + 7] != b"\x01vorbis" or len(content) < first + 16:
        return {}
    rate = int.from_bytes(content[first + 12 : first + 16], "little")
    last = content.rfind(b"OggS")
    samples = int.from_bytes(content[last + 6 : last + 14], "little", signed=True)
    if not rate or samples < 0:
        return {}
    return {"form": "ogg", "rate": rate, "channels": content[first + 11], "seconds": samples / rate}


def _mp3(content: bytes) -> dict[str, Any]:
    """Layer III alone. The length is that of the first frame's index where it has one, else as of one bit rate.

    Sources: ISO 11172-3, section 2.4.1.3 (header of a frame); id3.org, ID3v2.3.0, section 3.1; Xing's header as LAME writes
    it.
    """
    position, end = 0, len(content)
    if content[:3] == b"ID3" and end > 10:
        size = 0
        for byte in content[6:10]:
            size = size << 7 | byte & 0x7F
        position = 10 + size
    if content[-128:-125] == b"TAG":
        end -= 128
    head = content[position : position + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return {}
    version = head[1] >> 3 & 3
    index, kbit = head[2] >> 2 & 3, head[2] >> 4
    if version == 1 or index == 3 or kbit in {0, 15}:
        return {}
    rate = _MPEG_RATES[index] >> {3: 0, 2: 1, 0: 2}[version]
    mono = head[3] >> 6 == 3
    samples = 1152 if version == 3 else 576
    data = position + 4 + ((17 if mono else 32) if version == 3 else (9 if mono else 17))
    if content[data : data + 4] in {b"Xing", b"Info"} and content[data + 7] & 1:
        seconds = int.from_bytes(content[data + 8 : data + 12], "big") * samples / rate
    else:
        seconds = (end - position) / ((_KBIT_1 if version == 3 else _KBIT_2)[kbit] * 125)
    return {"form": "mp3", "rate": rate, "channels": 1 if mono else 2, "seconds": seconds}
