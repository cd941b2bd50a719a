"""The sample sites use every key of every schema at least once, so that none is there that nobody has ever said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kelid.load.schema import TOPICS, schema
from kelid.load.tree import Mapping, Node, Scalar, Sequence, read_tree

ROOT = Path(__file__).resolve().parents[3]
SITES = sorted(path.parent for path in (ROOT / "sites").glob("*/site.yml"))

SAME = (
    # What profiles and defaults say of extensions, templates and defaults of queues, devices of their extension: one
    # key in several places.
    (re.compile(r"^site\.(defaults|profiles\[\])\."), "extensions.extensions[]."),
    (re.compile(r"^extensions\.extensions\[\]\.devices\[\]\."), "extensions.extensions[]."),
    (re.compile(r"^queues\.(defaults|templates\[\])\."), "queues.queues[]."),
    (re.compile(r"^site\.servers\.standby\."), "site.servers.primary."),
)


def one(path: str) -> str:
    """Return the path under which a key is counted."""
    for pattern, instead in SAME:
        path = pattern.sub(instead, path)
    return path


def said(path: str, node: Node) -> Iterator[str]:
    if isinstance(node, Mapping):
        for key, inner in node.items.items():
            yield f"{path}.{key}"
            yield from said(f"{path}.{key}", inner)
    elif isinstance(node, Sequence):
        for inner in node.items:
            yield from said(f"{path}[]", inner)
    else:
        assert isinstance(node, Scalar)


def known(path: str, part: dict[str, Any]) -> Iterator[str]:
    for key, inner in part.get("properties", {}).items():
        yield f"{path}.{key}"
        yield from known(f"{path}.{key}", inner)
    if "items" in part:
        yield from known(f"{path}[]", part["items"])


def test_every_key_is_used() -> None:
    used = set()
    for site in SITES:
        for topic in TOPICS:
            file = site / f"{topic}.yml"
            if file.is_file():
                tree, findings = read_tree(
                    file.read_text(encoding="utf-8"), str(file), vault=topic == "secrets"
                )
                assert not findings
                assert tree is not None
                used |= {one(path) for path in said(topic, tree)}
    missing = {one(path) for topic in TOPICS for path in known(topic, schema(topic))} - used
    assert not missing, f"no sample site says {', '.join(sorted(missing))}"
