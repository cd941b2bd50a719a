"""Texts that are encoded, hashed or printed: func_md5.c, func_sha1.c, func_base64.c, func_uri.c, func_sprintf.c."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

from kelid.simulate.arguments import leading_integer, split_arguments
from kelid.simulate.octets import from_octets, to_octets
from kelid.simulate.registry import reads
from kelid.simulate.undecided import settled

if TYPE_CHECKING:
    from kelid.simulate.run import Run


def _bytes(run: Run, text: str) -> bytes:
    return to_octets(settled(run, text)).encode("latin-1")


@reads("MD5")
def md5(run: Run, arguments: str) -> str | None:
    """Return the MD5 of the text."""
    if not arguments:
        run.warn("Syntax: MD5(<data>) - missing argument!")
        return None
    return hashlib.md5(_bytes(run, arguments), usedforsecurity=False).hexdigest()


@reads("SHA1")
def sha1(run: Run, arguments: str) -> str | None:
    """Return the SHA-1 of the text."""
    if not arguments:
        run.warn("Syntax: SHA1(<data>) - missing argument!")
        return None
    return hashlib.sha1(_bytes(run, arguments), usedforsecurity=False).hexdigest()


@reads("BASE64_ENCODE")
def encoded(run: Run, arguments: str) -> str | None:
    """Return the text in base64."""
    if not arguments:
        run.warn("Syntax: BASE64_ENCODE(<data>) - missing argument!")
        return None
    return base64.b64encode(_bytes(run, arguments)).decode("ascii")


_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


@reads("BASE64_DECODE")
def decoded(run: Run, arguments: str) -> str | None:
    """Return what the text is in base64; it ends at the first sign of padding (ast_base64decode in main/utils.c)."""
    if not arguments:
        run.warn("Syntax: BASE64_DECODE(<base_64 string>) - missing argument!")
        return None
    bits = count = 0
    made: list[str] = []
    for character in settled(run, arguments):
        if character == "=":
            break
        at = _ALPHABET.find(character)
        bits = bits << 6 | (at if at >= 0 else 63)
        count += 6
        if count >= 8:
            count -= 8
            made.append(chr(bits >> count & 0xFF))
    return from_octets("".join(made).split("\0", 1)[0])


_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")


@reads("URIENCODE")
def uri_encoded(run: Run, arguments: str) -> str | None:
    """Return the text with all but letters, digits and ``-_.~`` as ``%XX`` (RFC 3986)."""
    if not arguments:
        run.warn("Syntax: URIENCODE(<data>) - missing argument!")
        return None
    octets = to_octets(settled(run, arguments))
    return "".join(c if c in _UNRESERVED else f"%{ord(c):02X}" for c in octets)


@reads("URIDECODE")
def uri_decoded(run: Run, arguments: str) -> str | None:
    """Return the text with each ``%XX`` as that byte."""
    if not arguments:
        run.warn("Syntax: URIDECODE(<data>) - missing argument!")
        return None
    octets = to_octets(settled(run, arguments))
    made = re.sub("%([0-9A-Fa-f]{2})", lambda found: chr(int(found[1], 16)), octets)
    return from_octets(made.split("\0", 1)[0])


@reads("BASENAME")
def base_name(run: Run, arguments: str) -> str | None:
    """Return a path's last part, without the suffix that is given."""
    given = split_arguments(settled(run, arguments), 2)
    path = given[0] if given else ""
    if not path:
        return "."
    stripped = path.rstrip("/")
    name = stripped.rsplit("/", 1)[-1] if stripped else "/"
    suffix = given[1] if len(given) > 1 else ""
    return name.removesuffix(suffix) if suffix and name != suffix else name


@reads("DIRNAME")
def folder_name(run: Run, arguments: str) -> str | None:
    """Return a path without its last part."""
    path = settled(run, arguments)
    stripped = path.rstrip("/")
    if not stripped:
        return "/" if path else "."
    if "/" not in stripped:
        return "."
    return stripped.rsplit("/", 1)[0].rstrip("/") or "/"


_CONVERSION = re.compile(r"%[-+ #0]*[0-9]*(?:\.[0-9]*)?(?:hh|h|ll|l|L|q|j|z|t)?(.)")


def _whole(layout: str, kind: str, value: str) -> str:
    """Return a whole number as the layout says. Raise ValueError for a text that is none."""
    number = leading_integer(value)
    if number is None:
        raise ValueError(value)
    if kind in "id":
        return f"{layout}d" % number[0]
    return f"{layout}{'d' if kind == 'u' else kind}" % (number[0] & 0xFFFFFFFF)


@reads("SPRINTF")
def printed(run: Run, arguments: str) -> str | None:
    """Return the values as the format says: ``%d``, ``%s``, ``%f``..."""
    given = split_arguments(settled(run, arguments), 100)
    if not given:
        return None
    values = iter(given[1:])
    failed = False

    def put(found: re.Match[str]) -> str:
        nonlocal failed
        kind = found[1]
        if kind == "%":
            return "%"
        if kind not in "idouxXceEfFgGaAsp":
            run.warn(f"Format type not supported: '{found[0]}'")
            failed = True
            return ""
        value = next(values, None)
        if value is None:
            run.warn(f"SPRINTF() has insufficient arguments for {found[0]}")
            failed = True
            return ""
        text = re.sub("hh|h|ll|l|L|q|j|z|t", "", found[0][:-1])
        try:
            if kind in "idouxX":
                return _whole(text, kind, value)
            if kind == "c":
                return value[:1] if value else ""
            if kind == "s":
                return f"{text}s" % value
            return f"{text}{kind}" % float(value)
        except ValueError:
            run.warn(f"Argument '{value}' is not a number")
            failed = True
            return ""

    made = _CONVERSION.sub(put, given[0])
    return None if failed else made
