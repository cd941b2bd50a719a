"""Findings that Asterisk didn't log."""

from __future__ import annotations

from typing import Any


def fault(file: str, line: int, kind: str, name: str, text: str) -> dict[str, Any]:
    """Return a finding that Asterisk didn't log, in the shape of one that it did."""
    return {"level": "ERROR", "file": file, "line": line, "type": kind, "id": name, "text": text}
