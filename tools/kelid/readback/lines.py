"""Asterisk's conf text, line by line and without loss: what stands there, and what Asterisk reads from it.

The reading follows main/config.c (``config_text_file_load`` and ``process_text_line``): ``;`` opens a comment unless a
backslash stands before it, ``;--`` opens one of many lines that ``--;`` closes, blanks at both ends are cut off, a NUL ends
the line, a byte order mark is passed over. Bytes that are no UTF-8 are the surrogates of Python's ``surrogateescape``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from kelid.findings import Where

LONGEST = 8190
"""Bytes of a line, without its end, that Asterisk takes; a longer one is skipped (main/config.c: fgets into 8,192 bytes)."""

BLANKS = "".join(map(chr, range(1, 33)))
"""What Asterisk cuts off at both ends (``ast_strip``): every byte up to the space; no wide or unbreakable one."""

_SURELY_SHORT = LONGEST // 4


class Kind(Enum):
    """What a line is to Asterisk."""

    BLANK = "blank"
    SECTION = "section"
    OPTION = "option"
    DIRECTIVE = "directive"
    GARBAGE = "garbage"


@dataclass(slots=True, unsafe_hash=True)
class Line:
    """One line: its very bytes as text (``raw``, with its end), and what Asterisk reads from it.

    ``name`` is the section's name, the option's key or the directive's word; ``value`` the rest, unescaped (of a section:
    what stands after it and is passed over). ``arrow`` tells ``=>`` from ``=``, ``append`` is ``+=``; then ``value`` keeps
    the blanks at its beginning. ``templates`` is what stands in parentheses after a section's name. ``problem`` says why a
    line is garbage, ``fatal`` that Asterisk reads no further than there.
    """

    raw: str
    kind: Kind
    name: str = ""
    value: str = ""
    arrow: bool = False
    templates: str | None = None
    append: bool = False
    problem: str = ""
    fatal: bool = False
    where: Where = field(default=Where(""), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ConfText:
    """A conf file as it stands, losing nothing: ``str(read_conf(path, text)) == text``.

    ``depth`` is how many comments of many lines are open at its end.
    """

    path: str
    lines: tuple[Line, ...]
    depth: int = 0

    def __str__(self) -> str:
        """Return the text, byte for byte."""
        return "".join(line.raw for line in self.lines)

    def sections(self) -> Iterator[tuple[Line, tuple[Line, ...]]]:
        """Yield each section's line with the option and directive lines up to the next one.

        What stands before the first section is not part of any and is left out.
        """
        head: Line | None = None
        body: list[Line] = []
        for line in self.lines:
            if line.kind is Kind.SECTION:
                if head is not None:
                    yield head, tuple(body)
                head, body = line, []
            elif line.kind is not Kind.BLANK:
                body.append(line)
        if head is not None:
            yield head, tuple(body)


def decode(data: bytes) -> str:
    """Return the bytes of a conf file as text, without loss: ``encode`` gives them back."""
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """Return the bytes of such a text."""
    return text.encode("utf-8", "surrogateescape")


def read_conf(path: str, text: str, depth: int = 0) -> ConfText:
    """Given a conf file's text, return its lines. Nothing is refused: what can't be read is a line of kind GARBAGE.

    ``depth`` is how many comments of many lines are open where it begins: they go on from file to file of one ``#include``.
    """
    lines = []
    for number, raw in enumerate(_split(text), start=1):
        where = Where(path, number)
        if len(raw) > _SURELY_SHORT and (size := _size(raw)) > LONGEST:
            problem = f"has {size} bytes; Asterisk skips lines of more than {LONGEST}"
            lines.append(Line(raw, Kind.GARBAGE, value=raw.strip(BLANKS), problem=problem, where=where))
            continue
        content = raw if "\0" not in raw else raw.partition("\0")[0]
        if number == 1:
            content = content.removeprefix("\ufeff")  # a byte order mark, which Asterisk passes over too
        if depth or ";" in content:
            content, depth = _without_comments(content, depth)
        lines.append(_line(raw, content.strip(BLANKS), where))
    return ConfText(path, tuple(lines), depth)


def _size(raw: str) -> int:
    """Return the bytes of a line without its end, as C counts them: up to a NUL."""
    text = raw.removesuffix("\n").partition("\0")[0]
    try:
        return len(encode(text))
    except UnicodeEncodeError:  # half of a surrogate pair that came from no file
        return len(text.encode("utf-8", "surrogatepass"))


def _split(text: str) -> list[str]:
    """Return the lines with their ends; only a line feed ends a line, as for fgets."""
    parts = text.split("\n")
    lines = [f"{part}\n" for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines


def _without_comments(raw: str, depth: int) -> tuple[str, int]:
    """Given a line and how many ``;--`` are open, return what is no comment, unescaped, and how many are open after it.

    Block comments nest. A ``--;`` that closes nothing counts below zero and hides the lines that follow, as in Asterisk.
    """
    kept: list[str] = []
    rest = raw
    start = 0
    while (at := rest.find(";", start)) >= 0:
        if at and rest[at - 1] == "\\":
            rest = rest[: at - 1] + rest[at:]
            start = at
        elif rest.startswith("--", at + 1) and not rest.startswith("-", at + 3):
            if not depth:
                kept.append(rest[:at])
            rest = rest[at + 3 :]
            start = 0
            depth += 1
        elif at >= start + 2 and rest[at - 2 : at] == "--":
            depth -= 1
            if depth == -1:
                kept.append(rest)
            if depth < 0:
                return "".join(kept), depth
            rest = rest[at + 1 :]
            start = 0
        elif depth:
            rest = rest[at + 1 :]
            start = 0
        else:
            rest = rest[:at]
            break
    if not depth:
        kept.append(rest)
    return "".join(kept), depth


def _line(raw: str, content: str, where: Where) -> Line:
    if not content:
        return Line(raw, Kind.BLANK, where=where)
    first = content[0]
    if first == "[":
        return _section(raw, content, where)
    if first == "#":
        word, rest = content[1:], ""
        for position, character in enumerate(word):
            if character <= " ":
                word, rest = word[:position], word[position:].strip(BLANKS)
                break
        return Line(raw, Kind.DIRECTIVE, name=word, value=rest, where=where)
    # A backslash lets a name begin with [ or #.
    escaped = first == "\\"
    if escaped and content[1:2] <= " ":
        return _garbage(raw, content, "begins with a backslash that escapes nothing", where, fatal=True)
    text = content[1:] if escaped else content
    at = text.find("=", escaped)
    if at < 0:
        return _garbage(raw, content, "has no =", where)
    append = at > escaped and text[at - 1] == "+"
    key = text[: at - append].strip(BLANKS)
    value = text[at + 1 :]
    arrow = not append and value[:1] == ">"
    if arrow:
        value = value[1:]
    if not key:
        return _garbage(raw, content, "has no name before its =", where)
    value = value.rstrip(BLANKS) if append else value.strip(BLANKS)
    return Line(raw, Kind.OPTION, key, value, arrow, None, append, where=where)


def _section(raw: str, content: str, where: Where) -> Line:
    end = content.find("]")
    if end < 0:
        return _garbage(raw, content, "opens a bracket that is not closed", where, fatal=True)
    name, after = content[1:end], content[end + 1 :]
    templates = None
    if after[:1] == "(":
        inside, closed, after = after[1:].partition(")")
        if not closed:
            return _garbage(raw, content, "opens a parenthesis that is not closed", where, fatal=True)
        templates = inside
    return Line(raw, Kind.SECTION, name, after.strip(BLANKS), templates=templates, where=where)


def _garbage(raw: str, content: str, problem: str, where: Where, *, fatal: bool = False) -> Line:
    return Line(raw, Kind.GARBAGE, value=content, problem=problem, fatal=fatal, where=where)
