"""Extended regular expressions of POSIX, as glibc's regcomp and regexec have them: the leftmost match, of those the longest.

A pattern is put into Python's words. Python takes the first alternative that fits, POSIX the one that makes the match
longest: where a pattern has alternatives, every end is tried from the longest on.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import NamedTuple


class PatternError(ValueError):
    """A pattern that regcomp refuses; the text is regerror's."""


class Found(NamedTuple):
    """What was found: bytes from ``start`` (None: nothing) to ``end``; the first group's text, None without."""

    start: int | None
    end: int
    first: str | None
    groups: int


class _Pattern(NamedTuple):
    words: re.Pattern[str]
    source: str
    ambiguous: bool


_CLASSES = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "blank": " \\t", "cntrl": "\\x00-\\x1f\\x7f", "digit": "0-9",
    "graph": "!-~", "lower": "a-z", "print": " -~", "punct": "!-/:-@\\[-`{-~", "space": " \\t-\\r", "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_WORD = "0-9A-Za-z_"
_ESCAPES = {
    "w": f"[{_WORD}]", "W": f"[^{_WORD}]", "s": r"[ \t-\r]", "S": r"[^ \t-\r]", "`": r"\A", "'": r"\Z",
    "<": rf"(?<![{_WORD}])(?=[{_WORD}])", ">": rf"(?<=[{_WORD}])(?![{_WORD}])",
    "b": rf"(?:(?<![{_WORD}])(?=[{_WORD}])|(?<=[{_WORD}])(?![{_WORD}]))",
    "B": rf"(?:(?<![{_WORD}])(?![{_WORD}])|(?<=[{_WORD}])(?=[{_WORD}]))",
}  # fmt: skip
_PLACES = frozenset((r"\A", r"\Z", *[_ESCAPES[kind] for kind in "`'<>bB"]))
_INTERVAL = re.compile(r"\{(\d*)(,?)(\d*)\}")
_MOST = 0x7FFF
"""RE_DUP_MAX of glibc."""


def search(pattern: str, text: str) -> Found:
    """Return what the pattern finds in the text; both are texts of octets. Raise PatternError."""
    words, source, ambiguous = _compiled(pattern)
    found = words.search(text)
    if found is None:
        return Found(None, 0, None, words.groups)
    if ambiguous:
        start = found.start()
        for end in range(len(text), found.end(), -1):
            longer = _until(source, len(text) - end).match(text, start)
            if longer is not None:
                found = longer
                break
    first = found[1] if words.groups else None
    return Found(found.start(), found.end(), first, words.groups)


def matches(pattern: str, text: str) -> bool:
    """Return True if the pattern is found in the text. Raise PatternError."""
    return _compiled(pattern).words.search(text) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> _Pattern:
    source, ambiguous = _Translation(pattern).done()
    return _Pattern(_compile(source), source, ambiguous)


@lru_cache(maxsize=4096)
def _until(source: str, left: int) -> re.Pattern[str]:
    """Return the pattern that must end where so many bytes are left."""
    return _compile(rf"(?:{source})(?=[\s\S]{{{left}}}\Z)")


def _compile(source: str) -> re.Pattern[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sets like [[a] are plain in POSIX
        try:
            return re.compile(source, re.DOTALL)
        except (re.error, OverflowError, RecursionError) as problem:
            raise PatternError("Invalid preceding regular expression") from problem


class _Translation:
    """A pattern on its way into Python's words."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.groups = 0
        self.closed: set[int] = set()
        self.ambiguous = False

    def done(self) -> tuple[str, bool]:
        """Return Python's words, and whether a longer match may hide behind the first one."""
        made = self._alternatives(0)
        return made, self.ambiguous

    def _peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def _alternatives(self, depth: int) -> str:
        before = self.closed.copy()
        branches = [self._branch(depth)]
        while self._peek() == "|":
            self.at += 1
            self.ambiguous = True
            # a group of another alternative can't be referred to
            closed, self.closed = self.closed, before.copy()
            branches.append(self._branch(depth))
            self.closed |= closed
        return "|".join(branches)

    def _branch(self, depth: int) -> str:
        pieces: list[str] = []
        while (character := self._peek()) and character != "|":
            if character == ")" and depth:
                break
            piece = self._atom(depth)
            # nothing that only looks where it stands can be repeated
            pieces.append(piece if piece in _PLACES else self._repeated(piece))
        return "".join(pieces)

    def _atom(self, depth: int) -> str:
        character = self._peek()
        self.at += 1
        if character == "(":
            self.groups += 1
            number = self.groups
            inside = self._alternatives(depth + 1)
            if self._peek() != ")":
                raise PatternError("Unmatched ( or \\(")
            self.at += 1
            self.closed.add(number)
            return f"({inside})"
        if character == "[":
            return self._set()
        if character == ".":
            return r"[^\x00]"
        if character == "^":
            return r"\A"
        if character == "$":
            return r"\Z"
        if character in "*+?{":
            raise PatternError("Invalid preceding regular expression")
        if character == "\\":
            return self._escape()
        return re.escape(character)

    def _escape(self) -> str:
        character = self._peek()
        if not character:
            raise PatternError("Trailing backslash")
        self.at += 1
        if character in "123456789":
            if int(character) not in self.closed:
                raise PatternError("Invalid back reference")
            self.ambiguous = True
            return f"(?:\\{character})"
        return _ESCAPES.get(character) or re.escape(character)

    def _repeated(self, piece: str) -> str:
        """Return the piece with what says how often it may come; several of those are nested."""
        while (character := self._peek()) and character in "*+?{":
            if character == "{":
                found = _INTERVAL.match(self.pattern, self.at)
                if found is None:
                    unclosed = re.fullmatch(r"\{\d*,?\d*", self.pattern[self.at :])
                    raise PatternError("Unmatched \\{" if unclosed else "Invalid content of \\{\\}")
                low, comma, high = found.groups()
                if not (low or comma):
                    raise PatternError("Invalid content of \\{\\}")
                self.at = found.end()
                least = int(low or "0")
                most = int(high) if high else (least if not comma else None)
                if least > _MOST or (most is not None and most > _MOST):
                    raise PatternError("Regular expression too big")
                if most is not None and most < least:
                    raise PatternError("Invalid content of \\{\\}")
                times = f"{{{least},{'' if most is None else most}}}"
            else:
                self.at += 1
                times = character
            piece = f"(?:{piece}){times}" if piece[-1:] in "*+?}" and piece[-2:-1] != "\\" else piece + times
            if piece.startswith("("):
                self.ambiguous = True
        return piece

    def _set(self) -> str:
        """Return a set: ``[^a-z[:digit:]]``; a backslash in it is itself."""
        negated = self._peek() == "^"
        self.at += negated
        members: list[str] = []
        first = True
        while True:
            character = self._peek()
            if not character:
                raise PatternError("Unmatched [, [^, [:, [., or [=")
            if character == "]" and not first:
                self.at += 1
                break
            first = False
            low = self._member()
            if low in _CLASSES:
                members.append(_CLASSES[low])
                continue
            if self._peek() == "-" and self.pattern[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                high = self._member()
                if len(high) != 1 or high < low:
                    raise PatternError("Invalid range end")
                members.append(f"{re.escape(low)}-{re.escape(high)}")
            else:
                members.append(re.escape(low) if low not in "[]^-\\&~|" else "\\" + low)
        return f"[{'^' if negated else ''}{''.join(members)}]"

    def _member(self) -> str:
        """Return one character of a set, or the name of a class."""
        for opening, closing in (("[:", ":]"), ("[.", ".]"), ("[=", "=]")):
            if self.pattern.startswith(opening, self.at):
                end = self.pattern.find(closing, self.at + 2)
                if end < 0:
                    raise PatternError("Unmatched [, [^, [:, [., or [=")
                name = self.pattern[self.at + 2 : end]
                self.at = end + 2
                if opening == "[:":
                    if name not in _CLASSES:
                        raise PatternError("Invalid character class name")
                    return name
                if len(name) != 1:
                    raise PatternError("Invalid collation character")
                return name
        character = self._peek()
        self.at += 1
        return character
