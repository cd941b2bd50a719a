"""The one gate through which a value passes before it is written into a conf file."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from kelid.findings import Exit, Finding, KelidError, Where
from kelid.model.pbx import SECRET

LONGEST = 8000
"""Bytes of a line. Asterisk's buffer holds 8,191; a longer line is skipped with a warning (main/config.c)."""

LONGEST_OF_LIST = 250
"""Bytes of a line of a list file: the buffer of Authenticate holds 255 (apps/app_authenticate.c)."""

SECRET_PLACES: frozenset[tuple[str, str]] = frozenset(
    {("pjsip.conf", "password"), ("iax.conf", "secret"), ("voicemail.conf", ""), ("confbridge.conf", "pin")}
)
"""File and key where compile puts a secret's token at the start of a value; "" stands for any key."""

SURELY_SHORT = LONGEST // 4
"""Characters of a line that are no more than ``LONGEST`` bytes, whatever they are."""

_UNREADABLE = "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
"""Control characters, separators of lines and paragraphs, halves of surrogate pairs (Unicode's Cc, Zl, Zp, Cs)."""

_NEVER = re.compile(f"[{_UNREADABLE}\u202a-\u202e\u2066-\u2069]")
"""Those, and bidirectional overrides, which make a line look like another one to the person who reviews it."""

_NAME = re.compile(r"[A-Za-z0-9*#+_.@-]+\Z")
_LIST_PATH = re.compile(r"[A-Za-z0-9_-]+\.list\Z")
_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\Z")
_PATTERN = re.compile(r"_?[A-Za-z0-9*#+.!_\[\]/@-]+\Z")
_APP = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_TIMES = re.compile(r"[A-Za-z0-9:*&,/_+-]*\Z")


class Refused(KelidError):  # noqa: N818  (the house names exceptions by what happened)
    """Text that would not reach Asterisk as what it is."""

    def __init__(self, code: str, where: Where, message: str, fix: str) -> None:
        """Keep the finding; the exit status is that of invalid input."""
        finding = Finding(where, code, message, fix)
        super().__init__(str(finding), exit=Exit.INVALID, findings=(finding,))


def value(text: str, where: Where, *, path: str = "", key: str = "") -> str:
    """Given a value, return it as it is written: a semicolon, which would open a comment, is escaped.

    Raise Refused for control characters and line breaks, blanks at an end (Asterisk cuts them off), and
    a secret's token anywhere but where compile puts one.
    """
    if text.isascii() and text.isprintable():
        # Nearly all there is: nothing to refuse, nothing to escape.
        if text[:1] != " " and text[-1:] != " " and ";" not in text and "%%" not in text:
            return text
    else:
        bad = _NEVER.search(text)
        if bad:
            what = f"{_short(text)} holds the control character U+{ord(bad[0]):04X}"
            raise Refused("G001", where, what, "delete it")
    if text[:1].isspace() or text[-1:].isspace():
        message = f"{_short(text)} begins or ends with a blank, which Asterisk would cut off"
        raise Refused("G002", where, message, "take the blank away")
    if "%%secret:" in text:
        token = SECRET.match(text)
        if (
            not token
            or token[2]
            or text.count("%%secret:") != 1
            or not {(path, key), (path, "")} & SECRET_PLACES
        ):
            message = f"{_short(text)} holds the token of a secret where none belongs"
            raise Refused("G003", where, message, "take it out: text of your own can't have a secret")
    return text.replace(";", "\\;") if ";" in text else text


def list_line(text: str, where: Where) -> str:
    """Given a line of a list file, return it; nothing in it needs an escape, and it may hold the token of one secret.

    Raise Refused for control characters and line breaks, blanks at an end, nothing at all, or more than the applications'
    buffers hold.
    """
    if not text:
        raise Refused("G005", where, "an empty text can't be a line of a list", "take it out")
    token = SECRET.search(text)
    plain = f"{text[: token.start()]}{text[token.end() :]}" if token else text
    value(f".{plain}.", where)
    if text != text.strip():
        message = f"{_short(text)} begins or ends with a blank, which Asterisk would cut off"
        raise Refused("G002", where, message, "take the blank away")
    if len(text.encode()) > LONGEST_OF_LIST:
        message = (
            f"a line of a list has {len(text.encode())} bytes, and Asterisk reads {LONGEST_OF_LIST} at most"
        )
        raise Refused("G004", where, message, "cut it")
    return text


def line(text: str, where: Where) -> str:
    """Return the finished line. Raise Refused if Asterisk would skip it for its length."""
    if len(text.encode()) > LONGEST:
        message = f"the line has {len(text.encode())} bytes, and Asterisk reads {LONGEST} at most"
        raise Refused("G004", where, message, "cut it")
    return text


def _shaped(shape: re.Pattern[str], what: str) -> Callable[[str, Where], str]:
    # The same few names of options and applications come again and again.
    fits = lru_cache(maxsize=4096)(lambda text: shape.match(text) is not None)

    def check(text: str, where: Where) -> str:
        if not fits(text):
            raise Refused(
                "G005", where, f"{_short(text)} can't be {what}", "write it with letters and digits"
            )
        return text

    return check


name = _shaped(_NAME, "the name of a section, option or context")
list_path = _shaped(_LIST_PATH, "the name of a list file")
label = _shaped(_LABEL, "a label")
pattern = _shaped(_PATTERN, "an extension or pattern")
app = _shaped(_APP, "the name of an application")
times = _shaped(_TIMES, "a time specification")


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def escape(text: str) -> str:
    """Given a secret's value, return it as it is written in place of its token.

    Raise ValueError, without the value in its message, for what no line of a conf file can hold.
    """
    if re.search(f"[{_UNREADABLE}]", text) or text != text.strip() or not text:
        raise ValueError("a line break, a control character, nothing at all, or a blank at an end")
    return text.replace(";", "\\;")
