"""What is wrong with a text that isn't YAML, in words of who typed it: libyaml's own tell where its grammar gave up."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from kelid.model.destination import KINDS

LOOK = "look at this line and the one before: indent, colon, quotes"


class Advice(NamedTuple):
    """Line and column (from 0), what is wrong there, and the way out."""

    line: int
    column: int
    message: str
    fix: str


def advice(problem: Any, lines: list[str]) -> Advice:
    """Given libyaml's error and the lines of the text, return where and what is wrong. The error has one mark at least."""
    what = str(getattr(problem, "problem", "") or "unknown fault")
    begun: Any = getattr(problem, "context_mark", None) or getattr(problem, "problem_mark", None)
    mark: Any = getattr(problem, "problem_mark", None) or begun
    here = Advice(mark.line, mark.column, f"this is not YAML: {what}", LOOK)
    line = lines[mark.line] if mark.line < len(lines) else ""
    if "scanning a quoted scalar" in str(getattr(problem, "context", "")):
        return Advice(
            begun.line, begun.column, "the quote that begins here is never closed", "close it on this line"
        )
    if what == "could not find expected ':'":
        return _no_colon(begun.line, begun.column, lines) or here
    if what in {"did not find expected '-' indicator", "did not find expected key"}:
        return _indent(mark, begun, line, in_list="-" in what) or here
    if what == "mapping values are not allowed in this context":
        return _second_colon(mark, lines) or here
    closing = re.fullmatch(r"did not find expected ',' or '(.)'", what)
    if closing:
        return _not_closed(mark, begun, lines, closing[1])
    return here


def _no_colon(line: int, column: int, lines: list[str]) -> Advice | None:
    """Return what a key lacks: a colon, or the space behind it."""
    text = lines[line][column:] if line < len(lines) else ""
    glued = re.match(r"([\w-]+):(\S.*)", text)
    if glued:
        wanted = f"{glued[1]}: {glued[2]}".rstrip()
        return Advice(line, column, "there is no space after the colon", f"write {wanted[:60]}")
    apart = re.match(r"([\w-]+)(?:\s+(\S.*))?$", text)
    if apart and ": " not in text:
        wanted = f"{apart[1]}: {apart[2] or ''}".rstrip()
        return Advice(line, column, "there is no colon after the key", f"write {wanted[:60]}")
    return None


def _indent(mark: Any, begun: Any, line: str, *, in_list: bool) -> Advice | None:
    """Return how a line stands to the list or the mapping that it should belong to."""
    dash = re.match(r"\s*-(?=[\w\"'{\[])", line)
    if dash:
        return Advice(
            mark.line, dash.end() - 1, "there is no space after the dash", "write a dash and a space"
        )
    if not line[: mark.column].strip(" ") and mark.column != begun.column:
        what = "the list" if in_list else "the keys"
        return Advice(
            mark.line,
            mark.column,
            f"this line begins in column {mark.column + 1}, and {what} from line {begun.line + 1} on in column"
            f" {begun.column + 1}",
            "indent it as the lines that it belongs to",
        )
    if in_list and mark.column == begun.column:
        return Advice(
            mark.line,
            mark.column,
            "a key stands where an item of a list is wanted",
            "begin the line with a dash",
        )
    if not in_list and re.match(r"\s*- ", line) is not None:
        fix = f"begin the line that goes before it in line {begun.line + 1} with a dash too"
        return Advice(mark.line, mark.column, "an item of a list stands among keys", fix)
    if not in_list and mark.line > begun.line and re.search(r"['\"]", line[: mark.column]):
        fix = "write one text between two quotes of one kind; a ' inside of '...' is written twice"
        return Advice(mark.line, mark.column, "this stands behind a text whose quotes are closed", fix)
    return None


def _second_colon(mark: Any, lines: list[str]) -> Advice | None:
    """Return what to do with a value that looks like another key: in its own line, or because of the one before."""
    line = lines[mark.line] if mark.line < len(lines) else ""
    found = re.match(r"(\s*(?:- +)?[\w-]+: +)(\S.*?): +(\S.*)$", line)
    if found:
        value = f"{found[2]}:{found[3]}"
        fix = f"write {value} without the space" if found[2] in KINDS else "quote the text"
        return Advice(mark.line, mark.column, "there is a second colon in this value", fix)
    before = mark.line - 1
    while before > 0 and not lines[before].partition("#")[0].strip():
        before -= 1
    if before < 0:
        return None
    text = lines[before]
    begins = len(text) - len(text.lstrip(" -"))
    own = len(line) - len(line.lstrip(" "))
    if re.match(r"[\w-]+: +\S", text[begins:]) and own > begins:
        what = f"this line is indented deeper than line {before + 1}, which has its value already"
        return Advice(mark.line, own, what, "indent it like that line, or take that value away")
    return _no_colon(before, begins, lines)


def _not_closed(mark: Any, begun: Any, lines: list[str], closing: str) -> Advice:
    """Return where a list or a mapping in brackets goes on in a way that it can't."""
    opening = "[" if closing == "]" else "{"
    if mark.line > begun.line:
        text = f"the {opening} that begins here isn't closed with a {closing}"
        return Advice(
            begun.line, begun.column, text, f"close it, or write a comma at the end of line {mark.line}"
        )
    before = lines[mark.line][: mark.column] if mark.line < len(lines) else ""
    if re.search(r"['\"]\s*$", before) is None and re.search(r"'[^']*'$|\"[^\"]*\"$", before):
        fix = "quote the whole text with the other kind of quotes"
        return Advice(mark.line, mark.column, "this stands behind a text whose quotes are closed", fix)
    return Advice(
        mark.line,
        mark.column,
        f"a comma or a {closing} is wanted before this",
        "write the comma; quote a text that has quotes in it",
    )
