"""Faults of a release that Asterisk passes over without a word; they are found by counting what was loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .conf import conf_lines
from .disk import rows_of
from .live import Asterisk
from .tables import parse_applications, parse_steps

PJSIP_TYPES = frozenset(
    [
        "acl",
        "aor",
        "asterisk-publication",
        "auth",
        "contact",
        "domain_alias",
        "endpoint",
        "global",
        "identify",
        "inbound-publication",
        "outbound-publish",
        "phoneprov",
        "registration",
        "resource_list",
        "subscription_persistence",
        "system",
        "transport",
        "geolocation",
    ]
)


def fault(file: str, line: int, kind: str, name: str, text: str) -> dict[str, Any]:
    """Return a finding that Asterisk didn't log, in the shape of one that it did."""
    return {"level": "ERROR", "file": file, "line": line, "type": kind, "id": name, "text": text}


def missing(tree: Path, expect: Mapping[str, Any], seen: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what the manifest expects and Asterisk didn't load, without a word."""
    files = {
        "contexts": "extensions.conf",
        "endpoints": "pjsip.conf",
        "queues": "queues.conf",
        "mailboxes": "voicemail.conf",
        "registrations": "pjsip.conf",
    }
    for kind, file in files.items():
        for name in sorted(set(expect.get(kind, ())) - set(seen.get(kind, ()))):
            word = "mailbox" if kind == "mailboxes" else kind[:-1]
            head = name.split("@")[0] if kind == "mailboxes" else name
            line = next(
                (
                    n
                    for n, row in enumerate(rows_of(tree / file), 1)
                    if re.match(rf"\[{re.escape(head)}\]|{re.escape(head)}\s*=", row)
                ),
                0,
            )
            yield fault(file, line, word, name, f"{word} {name} did not load, and Asterisk says nothing of it")


def dialplan(asterisk: Asterisk) -> Iterator[dict[str, Any]]:
    """Yield steps whose application nobody knows, and jumps to a context that doesn't exist."""
    applications = parse_applications(asterisk.ask("core show applications"))
    plan = asterisk.ask("dialplan show")
    contexts = set(re.findall(r"^\[ Context '([^']+)'", plan, re.MULTILINE))
    for application, data, file, line in parse_steps(plan):
        if application.lower() not in applications:
            yield fault(file, line, "application", application, f"no application is called {application}")
        elif application.lower() in ("goto", "gosub"):
            target = data.split("(")[0].split(",")
            if len(target) == 3 and "$" not in target[0] and target[0] not in contexts:
                yield fault(
                    file,
                    line,
                    "context",
                    target[0],
                    f"{application} to context {target[0]}, which doesn't exist",
                )


def endpoints(tree: Path, seen: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield endpoints whose context doesn't exist, and objects of an unknown type (they vanish without a word)."""
    path = tree / "pjsip.conf"
    if not path.exists():
        return
    for line in conf_lines(path.read_text(errors="replace")):
        if line.key == "context" and line.value not in set(seen["contexts"]):
            yield fault("pjsip.conf", line.number, "endpoint", line.section, f"context {line.value} doesn't exist")
        if line.key == "type" and line.value not in PJSIP_TYPES:
            yield fault(
                "pjsip.conf",
                line.number,
                line.value,
                line.section,
                f"no object type is called {line.value}",
            )
