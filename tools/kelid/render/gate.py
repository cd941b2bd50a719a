"""The one gate through which a value passes before it is written into a conf file."""

from __future__ import annotations

import re

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

_REMEMBERED = 4096
"""Texts of one shape that are kept."""

_UNREADABLE = "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
"""Control characters, separators of lines and paragraphs, halves of surrogate pairs (Unicode's Cc, Zl, Zp, Cs)."""

_NEVER = re.compile(f"[{_UNREADABLE}\u202a-\u202e\u2066-\u2069]")
"""Those, and bidirectional overrides, which make a line look like another one to the person who reviews it."""


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


class Shape:
    """What texts of a kind look like. ``good`` are those that were found so: the same few come again and again."""

    def __init__(self, shape: str, what: str) -> None:
        """``what`` is how messages call such a text."""
        self._matches = re.compile(shape).match
        self._what = what
        self.good: set[str] = set()

    def __call__(self, text: str, where: Where) -> str:
        """Return the text. Raise Refused if it hasn't the shape."""
        if text not in self.good:
            if not self._matches(text):
                what = f"{_short(text)} can't be {self._what}"
                raise Refused("G005", where, what, "write it with letters and digits")
            if len(self.good) < _REMEMBERED:
                self.good.add(text)
        return text


name = Shape(r"[A-Za-z0-9*#+_.@-]+\Z", "the name of a section, option or context")
list_path = Shape(r"[A-Za-z0-9_-]+\.list\Z", "the name of a list file")
label = Shape(r"[A-Za-z][A-Za-z0-9_-]*\Z", "a label")
pattern = Shape(r"_?[A-Za-z0-9*#+.!_\[\]/@-]+\Z", "an extension or pattern")
app = Shape(r"[A-Za-z][A-Za-z0-9_]*\Z", "the name of an application")
times = Shape(r"[A-Za-z0-9:*&,/_+-]*\Z", "a time specification")


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def escape(text: str) -> str:
    """Given a secret's value, return it as it is written in place of its token.

    Raise ValueError, without the value in its message, for what no line of a conf file can hold.
    """
    if re.search(f"[{_UNREADABLE}]", text) or text != text.strip() or not text:
        raise ValueError("a line break, a control character, nothing at all, or a blank at an end")
    return text.replace(";", "\\;")
