"""Asterisk's conf text, line by line and without loss: what stands there, and what Asterisk reads from it.

The reading follows main/config.c (``config_text_file_load`` and ``process_text_line``): ``;`` opens a comment unless a
backslash stands before it, ``;--`` opens one of many lines that ``--;`` closes, blanks at both ends are cut off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from kelid.findings import Where

LONGEST = 8190
"""Bytes of a line that Asterisk's buffer holds (main/config.c: 8,192 with the line's end); a longer one is skipped."""

_SECTION = re.compile(r"\[([^\]]*)\]\s*(?:\(([^)]*)\))?\s*(.*)\Z", re.DOTALL)


class Kind(Enum):
    """What a line is to Asterisk."""

    BLANK = "blank"
    SECTION = "section"
    OPTION = "option"
    DIRECTIVE = "directive"
    GARBAGE = "garbage"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its very bytes as text (``raw``, with its end), and what Asterisk reads from it.

    ``name`` is the section's name, the option's key or the directive's word; ``value`` the rest, unescaped.
    ``arrow`` tells ``=>`` from ``=``; ``templates`` is what stands in parentheses after a section's name.
    """

    raw: str
    kind: Kind
    name: str = ""
    value: str = ""
    arrow: bool = False
    templates: str | None = None
    where: Where = field(default=Where(""), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ConfText:
    """A conf file as it stands, losing nothing: ``str(read_conf(path, text)) == text``."""

    path: str
    lines: tuple[Line, ...]

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


def read_conf(path: str, text: str) -> ConfText:
    """Given a conf file's text, return its lines. Nothing is refused: what can't be read is a line of kind GARBAGE."""
    lines = []
    depth = 0
    for number, raw in enumerate(_split(text), start=1):
        where = Where(path, number)
        if len(raw.rstrip("\n").encode()) > LONGEST:
            lines.append(Line(raw, Kind.GARBAGE, value=raw.strip(), where=where))
            continue
        content, depth = _without_comments(raw, depth)
        lines.append(_line(raw, content, where))
    return ConfText(path, tuple(lines))


def _split(text: str) -> list[str]:
    """Return the lines with their ends; only a line feed ends a line, as for fgets."""
    parts = text.split("\n")
    lines = [f"{part}\n" for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines


def _without_comments(raw: str, depth: int) -> tuple[str, int]:
    """Given a line and how many ``;--`` are open, return what is no comment, unescaped, and how many are open after it.

    Block comments nest. A ``--;`` that closes nothing counts below zero and hides what follows, as it does in Asterisk.
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
        elif at >= 2 and rest[at - 2 : at] == "--":
            if not depth:
                kept.append(rest[:at])
            rest = rest[at + 1 :]
            start = 0
            depth -= 1
        elif depth:
            rest = rest[at + 1 :]
            start = 0
        else:
            rest = rest[:at]
            break
    if not depth:
        kept.append(rest)
    return "".join(kept).strip(), depth


def _line(raw: str, content: str, where: Where) -> Line:
    if not content:
        return Line(raw, Kind.BLANK, where=where)
    if content.startswith("["):
        found = _SECTION.match(content)
        if not found or found[3]:
            return Line(raw, Kind.GARBAGE, value=content, where=where)
        return Line(raw, Kind.SECTION, name=found[1], templates=found[2], where=where)
    if content.startswith("#"):
        word, _, rest = content[1:].partition(" ")
        return Line(raw, Kind.DIRECTIVE, name=word, value=rest.strip(), where=where)
    key, equals, value = content.partition("=")
    if not equals:
        return Line(raw, Kind.GARBAGE, value=content, where=where)
    arrow = value.startswith(">")
    return Line(
        raw, Kind.OPTION, name=key.strip(), value=value[1 if arrow else 0 :].strip(), arrow=arrow, where=where
    )
