"""Texts that are encoded, hashed or printed: func_md5.c, func_sha1.c, func_base64.c, func_uri.c, func_sprintf.c."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from kelid.simulate.arguments import leading_double, leading_integer, split_arguments
from kelid.simulate.functions.strings import variable
from kelid.simulate.octets import from_octets, to_octets
from kelid.simulate.registry import reads
from kelid.simulate.undecided import settled
from kelid.simulate.unknown import UnknownHere

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


_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~!'()*")


@reads("URIENCODE")
def uri_encoded(run: Run, arguments: str) -> str | None:
    """Return the text with all but letters, digits and ``-_.~!'()*`` as ``%XX``."""
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


@reads("ICONV")
def converted(run: Run, arguments: str) -> str | None:
    """Return the text in another encoding; Asterisk's log, and we, read what comes as UTF-8."""
    given = split_arguments(settled(run, arguments), 3)
    if len(given) < 3:
        run.warn("Syntax: ICONV(<in-charset>,<out-charset>,<text>) - missing arguments!")
        return None
    try:
        text = to_octets(given[2]).encode("latin-1").decode(given[0])
        return from_octets(text.encode(given[1]).decode("latin-1"))
    except (LookupError, UnicodeError):
        raise UnknownHere(f"ICONV({arguments})") from None


def _json_text(value: object, *, old: bool) -> str:
    """Return a value of JSON as Asterisk writes it; 16 knows texts, whole numbers and what holds others."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if old and (isinstance(value, bool) or not isinstance(value, int)):
        return "(null)"
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return f"{value:.17g}" if isinstance(value, float) else str(value)


@reads("JSON_DECODE")
def json_value(run: Run, arguments: str) -> str | None:
    """Return a value of a variable that holds JSON: ``variable,path[,separator[,options]]``; ``c`` counts a list's entries.

    Asterisk 16 has no paths (funcs/func_json.c).
    """
    old = run.pbx.asterisk < 17
    given = split_arguments(settled(run, arguments), 2 if old else 4)
    if len(given) < 2 or not given[0] or not given[1]:
        run.warn("JSON_DECODE requires a variable and an item")
        return None
    try:
        value = json.loads(settled(run, from_octets(variable(run, given[0]))))
    except ValueError:
        run.warn(f"Failed to parse as JSON: {given[0]}")
        return None
    separator = given[2] if len(given) > 2 and given[2] else "."
    for key in [given[1]] if old else given[1].split(separator):
        if isinstance(value, dict):
            if key not in value:
                return None
            value = value[key]
        elif isinstance(value, list):
            if old or not (key.isascii() and key.isdigit()) or int(key) >= len(value):
                return None
            value = value[int(key)]
    if isinstance(value, list) and not old and len(given) > 3 and "c" in given[3]:
        return str(len(value))
    return _json_text(value, old=old)


_URI = re.compile(
    r"(?:\"(?P<quoted>[^\"]*)\"|(?P<display>[^<]*?))\s*<?(?P<scheme>sips?):(?:(?P<user>[^:@>]+)(?::(?P<passwd>[^@>]*))?@)?"
    r"(?P<host>\[[^]]*\]|[^@:;>?]*)(?::(?P<port>\d+))?(?:[;?][^>]*)?>?"
)


@reads("PJSIP_PARSE_URI")
def uri_part(run: Run, arguments: str) -> str | None:
    """Return a part of a SIP address: ``user``, ``host``, ``port``, ``scheme``, ``passwd``, ``display``."""
    uri, _, part = settled(run, arguments).rpartition(",")
    found = _URI.fullmatch(uri.strip())
    if found is None or not found["host"] or int(found["port"] or "0") > 65535:
        run.warn(f"Failed to parse URI '{uri}'")
        return None
    if part == "display":
        return found["quoted"] or found["display"] or ""
    if part == "port":
        return found["port"] or "0"
    if part in ("scheme", "user", "passwd", "host"):
        return (found[part] or "").strip("[]")
    run.warn(f"Unknown type part '{part}' specified")
    return None


@reads("BASENAME")
def base_name(run: Run, arguments: str) -> str:
    """Return a path's last part (basename of libgen.h)."""
    path = settled(run, arguments)
    if not path:
        return "."
    stripped = path.rstrip("/")
    return stripped.rsplit("/", 1)[-1] if stripped else "/"


@reads("DIRNAME")
def folder_name(run: Run, arguments: str) -> str:
    """Return a path without its last part (dirname of libgen.h; two slashes at the beginning stay two)."""
    path = settled(run, arguments)
    stripped = path.rstrip("/")
    if not stripped:
        return ("//" if path == "//" else "/") if path else "."
    if "/" not in stripped:
        return "."
    folder = stripped.rsplit("/", 1)[0]
    return folder.rstrip("/") or ("//" if folder == "/" else "/")


_CONVERSION = re.compile(r"%([-+ #0]*[0-9]*(?:\.[0-9]*)?)(hh|h|ll|l|L|q|j|z|t)?(.)")


@reads("SPRINTF")
def printed(run: Run, arguments: str) -> str | None:
    """Return the values as the format says: ``%d``, ``%s``, ``%f``...

    Raise UnknownHere where Asterisk would read what isn't there.
    """
    given = split_arguments(settled(run, arguments), 100)
    if not given:
        raise UnknownHere("SPRINTF() without a format")
    values = iter(given[1:])
    try:
        return _CONVERSION.sub(lambda found: _put(found, values), given[0])
    except ValueError as problem:
        run.warn(f"SPRINTF({arguments}): {problem}")
        return None


_BITS = {"hh": 8, "h": 16, "": 32, "l": 64, "ll": 64, "j": 64, "z": 64, "t": 64, "q": 64, "L": 64}
"""Bits that are printed; Asterisk hands on 32 of them, whatever the format says."""


def _put(found: re.Match[str], values: Iterator[str]) -> str:
    """Return the next value as a conversion says. Raise ValueError for what it doesn't take."""
    layout, size, kind = found[1], found[2] or "", found[3]
    if kind == "%":
        return "%"
    if kind not in "idouxXceEfFgGaAs":
        raise ValueError(f"format type not supported: '{found[0]}'")
    value = next(values, None)
    if kind == "s":
        return f"%{layout}s" % ("(null)" if value is None else value)
    if value is None:
        raise UnknownHere(f"SPRINTF() without a value for {found[0]}")
    if kind in "eEfFgGaA":
        real = leading_double(value)
        if real is None:
            raise ValueError(f"'{value}' is no number")
        if kind in "aA":
            raise UnknownHere(f"SPRINTF() with {found[0]}")
        return f"%{layout}{kind}" % real
    number = leading_integer(value)
    if number is None:
        raise ValueError(f"'{value}' is no number")
    if kind == "c":
        return f"%{layout}s" % from_octets(chr(number[0] & 0xFF))
    bits = _BITS[size]
    whole = number[0] & ((1 << min(bits, 32)) - 1)
    if kind in "id":
        return f"%{layout}d" % (whole - (1 << bits) if whole >> (bits - 1) else whole)
    return f"%{layout}{'d' if kind == 'u' else kind}" % whole
