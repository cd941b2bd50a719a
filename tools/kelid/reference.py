"""Gather what the reference in docs/reference/ says, from the schemas and tables that own it, and write or compare it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from kelid import lint, rules
from kelid.deliver import loglines
from kelid.findings import Exit, KelidError, Severity
from kelid.load import codes as load_codes
from kelid.load.schema import REQUIRED, TOPICS, schema
from kelid.pipeline import root
from kelid.readback import codes as readback_codes
from kelid.render import codes as render_codes
from kelid.report.reference import Code, Contents, Topic, pages
from kelid.rules import codes as rules_codes

_FAMILIES = {
    "A": "what Asterisk itself says of a release",
    "C": "a site's own dial plan, custom/*.conf",
    "G": "the gate before a conf file",
    "L": "the files",
    "S": "the schemas",
    "V": "the vault",
    "Z": "a dial plan that was not made of YAML (kelid lint)",
}
"""The letters of codes that no file of rules tells about in its first line."""

_FAMILY = re.compile(r"([A-Z]): ([^;.]+)")
_LINE = re.compile(r"(?P<line>\S+ (?P<code>[A-Z][0-9]{3}) .*) \((?P<severity>error|warning|note)\)")


def folder() -> Path:
    """Return where the pages lie in the repository."""
    return root() / "docs" / "reference"


def made() -> dict[str, str]:
    """Return every page, by its file's name, as the schemas and tables want it now."""
    topics = tuple(Topic(name=name, schema=schema(name), needed=name in REQUIRED) for name in sorted(TOPICS))
    return pages(Contents(topics=topics, codes=tuple(_codes()), families=_families()))


def stale(there: Path) -> list[str]:
    """Return the names of the pages in a folder that are missing, differ from what is made, or are made no more."""
    texts = made()
    missing = [name for name, text in texts.items() if _text(there / name) != text]
    return sorted([*missing, *_left_over(there, texts)])


def write(there: Path) -> list[str]:
    """Write the pages into a folder, remove those that are made no more, and return the names of what was changed.

    Raise KelidError where that can't be done. Files that were not made by this module are left alone.
    """
    texts = made()
    changed = stale(there)
    try:
        there.mkdir(parents=True, exist_ok=True)
        for name in changed:
            if name in texts:
                (there / name).write_text(texts[name], encoding="utf-8")
            else:
                (there / name).unlink()
    except OSError as problem:
        raise KelidError(f"can't write {there}: {problem.strerror}", exit=Exit.FAILURE) from problem
    return changed


def _left_over(there: Path, texts: Mapping[str, str]) -> Iterator[str]:
    for path in there.glob("*.md"):
        if path.name not in texts and (_text(path) or "").startswith("<!-- Made by kelid reference "):
            yield path.name


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        return ""


def _codes() -> Iterator[Code]:
    """Yield every code that kelid can write."""
    examples = dict(_examples(root() / "tests" / "bad_sites"))
    examples.update(_examples(root() / "tests" / "bad_trees"))
    for rule in rules.RULES.values():
        line, _ = examples.get(rule.code, ("", rule.severity))
        yield Code(code=rule.code, severity=rule.severity, asks=rule.asks, example=line)
    for fault in lint.RULES.values():
        line, _ = examples.get(fault.code, ("", fault.severity))
        yield Code(code=fault.code, severity=fault.severity, asks=fault.asks, example=line)
    for code, meaning in readback_codes.TREE_CODES.items():
        line, severity = examples.get(code, ("", Severity.ERROR))
        yield Code(code=code, severity=severity, asks=meaning, example=line)
    for table in (load_codes, readback_codes, render_codes, rules_codes, loglines):
        for code, meaning in table.CODES.items():
            line, severity = examples.get(code, ("", Severity.ERROR))
            yield Code(code=code, severity=severity, asks=meaning, example=line)


def _examples(bad: Path) -> Iterator[tuple[str, tuple[str, Severity]]]:
    """Yield each code with the first line that its bad site (or tree) earns, and that line's severity."""
    for path in sorted(bad.glob("*/expected.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            found = _LINE.fullmatch(line)
            if found and found["code"] == path.parent.name:
                said = found["line"].removeprefix("bad/").replace(f"{found['code']}/", "")
                yield found["code"], (said, Severity(found["severity"]))
                break


def _families() -> dict[str, str]:
    """Return what each letter stands for: files of rules say it in their first line (``Q: queues.``)."""
    found: dict[str, str] = {}
    for module in rules.TOPICS:
        for letter, words in _FAMILY.findall((module.__doc__ or "").splitlines()[0]):
            found.setdefault(letter, words)
    return {**found, **_FAMILIES}
