"""Turn what the server's private Asterisk logged about a release into findings at the YAML lines that caused it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from kelid.findings import Finding, Where
from kelid.model.bundle import Bundle
from kelid.model.pbx import Pbx, Section

_QUOTED = re.compile(r"'([^']+)'|\"([^\"]+)\"")
_ITEM = re.compile(r"[,&| ]+")

CODE = "A001"
"""The code of a finding that Asterisk itself reported."""

CODES = {CODE: "the private Asterisk on the server refuses the release"}
"""The same, for the documents."""


def findings(log: Iterable[Mapping[str, Any]], bundle: Bundle, pbx: Pbx) -> list[Finding]:
    """Given log entries of the agent (level, file, line, type, id, text), return findings with the best place that is known.

    By file and line where the text names them; else by pjsip object type and id, because sorcery names no file; else by a
    value or an object that the text quotes; else the rendered file. Equal findings are given once, those with a place first.
    """
    found: dict[Finding, None] = {}
    for entry in log:
        text = str(entry.get("text", "")).strip()
        place = _by_line(entry, bundle) or _by_object(entry, pbx) or _by_quoted_words(text, pbx)
        if place is None:
            name = f"(rendered) {entry.get('file') or ''}".rstrip()
            place = Where(name, int(entry.get("line") or 0))
        found[Finding(place, CODE, f"Asterisk refuses it: {text}", "correct the value at that line")] = None
    return sorted(found, key=lambda finding: (finding.where.file.startswith("(rendered)"), finding.sort_key))


def _by_line(entry: Mapping[str, Any], bundle: Bundle) -> Where | None:
    lines = bundle.lines.get(str(entry.get("file") or ""), ())
    number = int(entry.get("line") or 0)
    return lines[number - 1] if 0 < number <= len(lines) else None


def _by_object(entry: Mapping[str, Any], pbx: Pbx) -> Where | None:
    if not entry.get("id"):
        return None
    same_name = None
    for section in pbx.sections("pjsip.conf"):
        if section.name == entry["id"]:
            if section.get("type") == entry.get("type"):
                return _option_in(section, str(entry.get("text", ""))) or section.where
            same_name = section.where
    return same_name


def _option_in(section: Section, text: str) -> Where | None:
    """Return the place of the option that the text names (``allow=opus1``), the longest value first, or quotes."""
    for option in sorted(section.options, key=lambda item: -len(item.value)):
        if option.value and option.key in text and option.value in text:
            return option.where
    quoted = _quoted(text) - {section.name}
    return next((option.where for option in section.options if option.value in quoted), None)


def _quoted(text: str) -> set[str]:
    return {word for pair in _QUOTED.findall(text) for word in pair if word}


def _by_quoted_words(text: str, pbx: Pbx) -> Where | None:
    """Return the place of the value that the text quotes, else of the one object that has it, else of the object so called.

    None if there is none, or more than one.
    """
    words = _quoted(text)
    values, holders, names = set(), set(), set()
    for file in pbx.files:
        for section in file.resolved:
            if section.name in words and section.where.file:
                names.add(section.where)
            places = {
                option.where
                for option in section.options
                if option.where.file and words & set(_ITEM.split(option.value))
            }
            values |= places
            if places and section.where.file:
                holders.add(section.where)
    for places in (values, holders, names):
        if len(places) == 1:
            return places.pop()
    return None
