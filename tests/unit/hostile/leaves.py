"""Every text that a site can say, and a site with other text in some of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from kelid.findings import Finding, Severity
from kelid.load import load_files
from kelid.load.schema import TOPICS, schema
from kelid.load.tree import Node, Scalar, Sequence, read_tree
from kelid.model.site import Site
from kelid.rules import check

ROOT = Path(__file__).resolve().parents[3]
BASE = ROOT / "tests" / "bad_sites" / "_base"
FOLDERS = (
    BASE,
    *sorted(
        (path.parent for path in (ROOT / "sites").glob("*/site.yml")),
        key=lambda path: (path / "secrets.yml").stat().st_size,
    ),
)
"""The sites, the small ones first: a text is tried at the smallest site that says it."""
TODAY = date(2026, 11, 23)

Steps = tuple[str | int, ...]


class Leaf(NamedTuple):
    """One text of a site: where it stands, how its schema calls it (``queues.queues[].names.*``)."""

    topic: str
    path: Steps
    name: str
    free: bool
    """People's words: any characters, up to a length."""
    filling: str = ""
    """What makes a text long enough where the schema asks for more than a word."""


def every_text(topic: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the schema of every text of a topic, and how it is called."""
    stack = [(topic, schema(topic))]
    while stack:
        name, wanted = stack.pop()
        if wanted["type"] == "string":
            yield name, wanted
        stack += [(f"{name}.{key}", inner) for key, inner in wanted.get("properties", {}).items()]
        stack += [(f"{name}.*", inner) for inner in wanted.get("patternProperties", {}).values()]
        if "items" in wanted:
            stack.append((f"{name}[]", wanted["items"]))


def _plain(node: Node, wanted: Mapping[str, Any], name: str, path: Steps, found: list[Leaf]) -> Any:
    """Return what was written, without defaults, and gather its texts."""
    if isinstance(node, Scalar):
        if wanted["type"] == "string":
            free = not {"pattern", "enum"} & set(wanted)
            filling = " because of this" if wanted.get("minLength", 0) > 1 else ""
            found.append(Leaf(str(path[0]), path[1:], name, free, filling))
            return node.text
        return json.loads(node.text)
    if isinstance(node, Sequence):
        inner = wanted["items"]
        return [_plain(item, inner, f"{name}[]", (*path, at), found) for at, item in enumerate(node.items)]
    data = {}
    for key, item in node.items.items():
        part = wanted.get("properties", {}).get(key)
        below = f"{name}.{key}" if part else f"{name}.*"
        part = part or next(iter(wanted["patternProperties"].values()))
        data[key] = _plain(item, part, below, (*path, key), found)
    return data


class Sample:
    """A site that is in order, as data."""

    def __init__(self, folder: Path) -> None:
        """Read the folder."""
        self.name = folder.name.strip("_")
        self.files = {path.name: path.read_bytes() for path in folder.glob("*.yml")}
        self.files |= {f"media/{path.name}": path.read_bytes() for path in folder.glob("media/*")}
        self.data: dict[str, Any] = {}
        self.leaves: list[Leaf] = []
        for topic in TOPICS:
            if topic == "secrets" or f"{topic}.yml" not in self.files:
                continue
            tree, findings = read_tree(self.files[f"{topic}.yml"].decode(), topic)
            assert tree
            assert not findings
            self.data[topic] = _plain(tree, schema(topic), topic, (topic,), self.leaves)

    def judge(self, texts: Mapping[Leaf, str]) -> tuple[Site | None, list[Finding]]:
        """Return the site with other texts in some places, and the errors that load and rules find."""
        files = self.files | {f"{topic}.yml": self._written(topic, texts)[0] for topic in self.data}
        loaded = load_files(self.name, files, shown=self.name)
        found = list(loaded.findings)
        if loaded.site:
            found += check(loaded.site, today=TODAY, secrets=None)
        return loaded.site, [finding for finding in found if finding.severity is Severity.ERROR]

    def refused(self, texts: Mapping[Leaf, str], findings: list[Finding]) -> dict[Leaf, list[Finding]]:
        """Return which of the texts the findings speak of, by file and line."""
        lines = {}
        for topic in self.data:
            for leaf, line in self._written(topic, texts)[1].items():
                lines[f"{self.name}/{topic}.yml", line] = leaf
        refused: dict[Leaf, list[Finding]] = {}
        for finding in findings:
            leaf = lines.get((finding.where.file, finding.where.line))
            assert leaf, f"a finding about something else: {finding}"
            refused.setdefault(leaf, []).append(finding)
        return refused

    def _written(self, topic: str, texts: Mapping[Leaf, str]) -> tuple[bytes, dict[Leaf, int]]:
        """Return the file as JSON, which is YAML too and has one text a line, and the lines of the texts."""
        data = copy.deepcopy(self.data[topic])
        marks = {}
        for leaf in texts:
            if leaf.topic != topic:
                continue
            target = data
            for step in leaf.path[:-1]:
                target = target[step]
            mark = f"\x00{len(marks)}\x00"
            marks[json.dumps(mark)] = leaf
            target[leaf.path[-1]] = mark
        lines = json.dumps(data, indent=1).split("\n")
        where = {}
        for number, line in enumerate(lines, start=1):
            mark = line.partition(": ")[2].rstrip(",") or line.strip(" ,")
            leaf = marks.get(mark)
            if leaf:
                where[leaf] = number
                lines[number - 1] = line.replace(mark, json.dumps(texts[leaf]))
        return "\n".join(lines).encode(), where


@cache
def samples() -> tuple[Sample, ...]:
    """Return all sites."""
    return tuple(Sample(folder) for folder in FOLDERS)


@cache
def free_texts() -> Mapping[int, tuple[Leaf, ...]]:
    """Return for each of the samples the free texts to be tried there: each text of the schemas once, where it is said."""
    known: set[str] = set()
    found: dict[int, tuple[Leaf, ...]] = {}
    for at, sample in enumerate(samples()):
        mine = []
        for leaf in sample.leaves:
            if leaf.free and leaf.name not in known:
                known.add(leaf.name)
                mine.append(leaf)
        if mine:
            found[at] = tuple(mine)
    return found
