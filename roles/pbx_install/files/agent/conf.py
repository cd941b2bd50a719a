"""Asterisk's conf files: their options, and asterisk.conf's folders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Line:
    """One ``key = value`` of a conf file: its section, and its number from 1."""

    number: int
    section: str
    key: str
    value: str


def conf_lines(text: str) -> Iterator[Line]:
    """Yield the options of a conf file. Comments of one line and of many (``;--`` to ``--;``) are left out."""
    section = ""
    in_comment = False
    for number, raw in enumerate(text.splitlines(), 1):
        if in_comment:
            in_comment = "--;" not in raw
            continue
        if raw.lstrip().startswith(";--") and not raw.lstrip().startswith(";---"):
            in_comment = "--;" not in raw
            continue
        line = re.split(r"(?<!\\);", raw, maxsplit=1)[0].strip()
        heading = re.match(r"\[([^\]]*)\]", line)
        if heading:
            section = heading.group(1)
        elif "=" in line:
            key, _, value = line.partition("=")
            yield Line(number, section, key.strip().lower(), value.removeprefix(">").strip())


@dataclass(frozen=True)
class Section:
    """One ``[name](templates)`` of a conf file, with its own options; ``template`` where it is none itself."""

    name: str
    number: int
    inherits: tuple[str, ...]
    template: bool
    lines: tuple[Line, ...]


def conf_sections(text: str) -> Iterator[Section]:
    """Yield the sections of a conf file, each time that a heading stands there."""
    heads = []
    kept = list(conf_lines(text))
    for number, raw in enumerate(text.splitlines(), 1):
        found = re.match(r"\[([^\]]*)\](?:\(([^)]*)\))?", raw)
        if found:
            heads.append((number, found.group(1), [part.strip() for part in (found.group(2) or "").split(",") if part]))
    for (number, name, more), (end, _, _) in zip(heads, [*heads[1:], (len(text) + 1, "", [])]):
        yield Section(
            name,
            number,
            tuple(part for part in more if part not in ("!", "+")),
            "!" in more,
            tuple(line for line in kept if number < line.number < end),
        )


def resolved(text: str) -> Iterator[tuple[Section, dict[str, list[Line]]]]:
    """Yield the sections that are no templates, with all options by key: those of the templates first."""
    known: dict[str, list[Line]] = {}
    for section in conf_sections(text):
        lines = [line for name in section.inherits for line in known.get(name, ())] + list(section.lines)
        known.setdefault(section.name, lines)
        if section.template:
            continue
        options: dict[str, list[Line]] = {}
        for line in lines:
            options.setdefault(line.key, []).append(line)
        yield section, options


def directories(asterisk_conf: Path) -> dict[str, str]:
    """Return Asterisk's folders (``astvarlibdir``...): what asterisk.conf says, else the packages' defaults."""
    found = _written(asterisk_conf)
    if "astmoddir" not in found:
        modules = sorted([*Path("/usr/lib").glob("asterisk/modules"), *Path("/usr/lib").glob("*/asterisk/modules")])
        if modules:
            found["astmoddir"] = str(modules[0])
    return found


def _written(asterisk_conf: Path) -> dict[str, str]:
    """Return Asterisk's folders without a search: that of the modules only where asterisk.conf says it."""
    found = {
        "astetcdir": "/etc/asterisk",
        "astvarlibdir": "/var/lib/asterisk",
        "astdatadir": "/usr/share/asterisk",
        "astspooldir": "/var/spool/asterisk",
        "astlogdir": "/var/log/asterisk",
        "astrundir": "/var/run/asterisk",
    }
    active = False
    for raw in asterisk_conf.read_text(errors="replace").splitlines():
        line = raw.split(";", 1)[0].strip()
        if line.startswith("["):
            active = line.startswith("[directories]") and "(!" not in line
        elif active and "=" in line:
            key, _, value = line.partition("=")
            found[key.strip()] = value.removeprefix(">").strip()
    return found


def control_socket(asterisk_conf: Path) -> str:
    """Return the path of the socket at which the Asterisk with that asterisk.conf takes commands."""
    name = "asterisk.ctl"
    for section in conf_sections(asterisk_conf.read_text(errors="replace")):
        if section.name == "files" and not section.template:
            name = next((line.value for line in reversed(section.lines) if line.key == "astctl"), name)
    return f"{_written(asterisk_conf)['astrundir']}/{name}"


def with_etc_dir(text: str, folder: str) -> str:
    """Given the text of asterisk.conf, return it with ``astetcdir`` set and nothing else changed.

    Debian ships ``[directories](!)``, a template that Asterisk passes over: there a section of its own is added, so that the
    other lines of the template stay without effect, as they were.
    """
    rows = text.split("\n")
    start = next((n for n, row in enumerate(rows) if re.match(r"\s*\[directories\](?!\s*\(!)", row)), None)
    if start is None:
        return f"{text.rstrip()}\n\n; Set by kelid: the configuration is read from the current release.\n[directories]\nastetcdir => {folder}\n"
    end = next((n for n in range(start + 1, len(rows)) if rows[n].lstrip().startswith("[")), len(rows))
    for n in range(start + 1, end):
        if re.match(r"\s*astetcdir\s*=", rows[n]):
            rows[n] = f"astetcdir => {folder}"
            return "\n".join(rows)
    rows.insert(start + 1, f"astetcdir => {folder}")
    return "\n".join(rows)
