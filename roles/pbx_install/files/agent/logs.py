"""Asterisk's log: its entries, and the file, line and object that each one means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .disk import rows_of
from .scrub import Scrubber

MAX_LOG = 4 << 20
"""Bytes of a log that are read at most."""
LOG_LINE = re.compile(
    r"\[[^\]]+\] (?P<level>[A-Z]+)\[\d+\](?P<call>\[C-[0-9a-f]+\])?:? (?P<source>[\w./-]+\.(?:c|cc|cpp|h))"
    r"(?::\d+(?: \S+)?)?: (?P<text>.*)"
)
LOAD = re.compile(r"taskprocessor\.c\Z")
"""Sources that tell of a busy machine and never of a configuration: with some hundreds of extensions Asterisk warns of its
own queue of tasks while it loads them, and comes through."""
TRAFFIC = re.compile(r"(chan_\w+|app_\w+|channel|res_pjsip|res_pjsip_session|res_pjsip_registrar|res_rtp_\w+)\.c\Z")
"""Sources that log errors of calls and phones (a called phone that isn't registered): in the live log, where calls go on
while a release is read, they tell nothing of the release. The staged copy has no calls: there they count."""
LINE_OF = re.compile(r"(?:at |in |for |on )?line (?P<line>\d+)(?: of (?:file )?['\"]?(?P<file>[^\s'\":,]*))?")
OBJECT_OF = (
    re.compile(r"suitable for category '(?P<id>[^']*)'"),
    re.compile(r"(?:object|endpoint|aor|auth|identify|registration|transport|contact) '(?P<id>[^']+)'", re.IGNORECASE),
    re.compile(r"(?:context|queue|mailbox|extension|Endpoint|AOR) '?(?P<id>[\w@.-]+)'"),
)
FILE_OF_SOURCE = (
    (re.compile(r"pjsip|sorcery|config_options"), "pjsip.conf"),
    (re.compile(r"pbx"), "extensions.conf"),
    (re.compile(r"app_queue"), "queues.conf"),
    (re.compile(r"voicemail"), "voicemail.conf"),
    (re.compile(r"musiconhold"), "musiconhold.conf"),
    (re.compile(r"loader"), "modules.conf"),
    (re.compile(r"logger"), "logger.conf"),
)


def read_log(text: str, *, levels: Sequence[str] = ("WARNING", "ERROR")) -> Iterator[dict[str, str]]:
    """Yield the entries of Asterisk's log of these levels; lines that go on belong to the entry before them."""
    current: dict[str, str] | None = None
    for line in text.splitlines():
        match = LOG_LINE.match(line)
        if match:
            if current:
                yield current
            keep = match.group("level") in levels
            current = {key: value or "" for key, value in match.groupdict().items()} if keep else None
        elif current and line.strip():
            current["text"] += " " + line.strip()
    if current:
        yield current


def tells_of_release(entry: Mapping[str, str]) -> bool:
    """Return whether an entry of the live log is about what was read, and not about a call or a phone."""
    return not (entry["call"] or LOAD.search(entry["source"]) or TRAFFIC.search(entry["source"]))


def section_at(path: Path, line: int) -> tuple[str, str]:
    """Return (type, id) of the section in which a line of a conf file stands; the type is "" where it has none."""
    try:
        rows = path.read_text(errors="replace").splitlines()
    except OSError:
        return "", ""
    heads = [number for number, row in enumerate(rows, 1) if row.startswith("[")]
    start = max((number for number in heads if number <= line), default=0)
    if not start:
        return "", ""
    end = min((number for number in heads if number > start), default=len(rows) + 1)
    kind = next((row.partition("=")[2].strip() for row in rows[start : end - 1] if re.match(r"type\s*=", row)), "")
    return kind, rows[start - 1][1:].split("]", 1)[0]


def explain(entry: Mapping[str, str], tree: Path, scrub: Scrubber) -> dict[str, Any]:
    """Given one entry of the log and the tree that was loaded, return it with the file, line, type and id that it means."""
    text = entry["text"]
    file, line, kind, name = "", 0, "", ""
    place = LINE_OF.search(text)
    if place:
        line = int(place.group("line"))
        file = (place.group("file") or "").rstrip(".")
    else:
        bare = re.search(r"(?P<file>[\w./-]+\.conf)(?::(?P<line>\d+))?", text)
        if bare:
            file, line = bare.group("file"), int(bare.group("line") or 0)
    file = file.split("/etc-staged/")[-1]
    if file.startswith("/"):
        file = Path(file).name
    if not file:
        file = next((path for source, path in FILE_OF_SOURCE if source.search(entry["source"])), "")
    for pattern in OBJECT_OF:
        found = pattern.search(text)
        if found:
            name = found.group("id")
            break
    if file and line:
        kind, section = section_at(tree / file, line)
        name = name or section
    elif file and name:
        line = next((n for n, row in enumerate(rows_of(tree / file), 1) if row.startswith(f"[{name}]")), 0)
        kind = section_at(tree / file, line)[0] if line else ""
    clean = re.sub(r"\S*/etc-staged/", "", scrub(text))
    return {
        "level": entry["level"],
        "file": file,
        "line": line,
        "type": kind,
        "id": scrub(name),
        "text": clean,
    }
