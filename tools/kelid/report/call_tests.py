"""The calls that matter to a client, and whether each does what is expected: for the terminal, as JSON, as JUnit's XML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

from kelid.findings import Where
from kelid.model.outcome import Happening, Judgement
from kelid.report.colour import paint
from kelid.report.words import name_in

_STYLES = {"ok": "green", "failed": "red bold", "unknown": "yellow"}
_NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 can't have."""


class Line(NamedTuple):
    """One call: its names, where it is written, what came of it, and what it did. ``live`` is what a real Asterisk did.

    ``live`` is "" where none was asked, ``agrees``, ``not placed: why``, or what it did differently.
    """

    site: str
    name: str
    names: Mapping[str, str]
    where: Where
    judgement: Judgement
    happened: Sequence[Happening]
    notes: Sequence[str] = ()
    live: str = ""


def way(happened: Iterable[Happening]) -> str:
    """Return what a call did, in the words of calls.yml: ``schedule:office > ivr:main > talk``."""
    texts = []
    for item in happened:
        if item.items and item.kind not in {"hears", "answered"}:
            texts.append(f"{'&'.join(item.items)} {item.detail}".strip())
    return " > ".join(texts)


def text(lines: Iterable[Line], *, width: int, language: str, colour: bool = False) -> Iterator[str]:
    """Yield the text of each call, under its site's name, as the calls come; with the first difference where one went wrong.

    ``width`` is that of the longest name.
    """
    before = ""
    for line in lines:
        rows = []
        if line.site != before:
            rows.append(paint(line.site, "bold", on=colour))
            before = line.site
        status = paint(f"{line.judgement.status:8}", _STYLES[line.judgement.status], on=colour)
        name = name_in(line.names, language)
        live = (
            paint(f"  live: {line.live}", "red" if differs(line) else "green", on=colour) if line.live else ""
        )
        rows.append(f"  {status}{line.name:{width}}  {name}{live}")
        rows.append(paint(f"          {way(line.happened) or '(nothing)'}", "dim", on=colour))
        if line.judgement.problem:
            rows.append(f"          {line.judgement.where}: {line.judgement.problem}")
        rows += [paint(f"          note: {note}", "yellow", on=colour) for note in line.notes]
        yield "".join(f"{row}\n" for row in rows)


def summary(lines: Sequence[Line]) -> str:
    """Return how many calls there are of each kind: ``8 calls: 7 ok, 1 failed``."""
    counts = {status: sum(line.judgement.status == status for line in lines) for status in _STYLES}
    told = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    live = [line for line in lines if line.live]
    if live:
        told += f"; live: {sum(line.live == 'agrees' for line in live)} of {len(live)} agree"
        missing = sum(line.live.startswith("not placed") for line in live)
        told += f", {missing} could not be placed" if missing else ""
    return f"{len(lines)} call{'s' * (len(lines) != 1)}: {told or 'none'}"


def as_data(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Return the calls as plain data for JSON."""
    return [
        {
            "site": line.site,
            "call": line.name,
            "names": dict(line.names),
            "status": line.judgement.status,
            "problem": line.judgement.problem,
            "file": line.judgement.where.file or line.where.file,
            "line": line.judgement.where.line or line.where.line,
            "way": way(line.happened),
            "notes": list(line.notes),
            "live": line.live,
        }
        for line in lines
    ]


def junit(lines: Sequence[Line]) -> str:
    """Return the calls as the XML that CI systems read: one suite a site, one case a call."""
    top = ET.Element("testsuites", name="kelid test")
    for site in dict.fromkeys(line.site for line in lines):
        mine = [line for line in lines if line.site == site]
        failed = [line for line in mine if _failed(line)]
        suite = ET.SubElement(
            top,
            "testsuite",
            name=site,
            tests=str(len(mine)),
            failures=str(len(failed)),
            errors=str(sum(line.judgement.status == "unknown" for line in mine)),
        )
        for line in mine:
            case = ET.SubElement(
                suite, "testcase", classname=f"calls.{site}", name=line.name, file=line.where.file
            )
            if line.where.line:
                case.set("line", str(line.where.line))
            problem = _clean(f"{line.judgement.where}: {line.judgement.problem}")
            if line.judgement.status == "unknown":
                ET.SubElement(case, "error", message=problem).text = _clean(way(line.happened))
            elif _failed(line):
                if line.judgement.status == "ok":
                    problem = _clean(f"a real Asterisk does otherwise: {line.live}")
                ET.SubElement(case, "failure", message=problem).text = _clean(way(line.happened))
    ET.indent(top)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(top, encoding="unicode") + "\n"


def differs(line: Line) -> bool:
    """Return True if a real Asterisk did otherwise than the oracle says."""
    return line.live not in {"", "agrees"} and not line.live.startswith("not placed")


def _failed(line: Line) -> bool:
    return line.judgement.status == "failed" or differs(line)


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("?", text)
