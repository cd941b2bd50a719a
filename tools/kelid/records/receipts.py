"""A server's journal of receipts, read and held against itself and against what git keeps of it.

The format is the agent's (roles/pbx_install/files/agent/receipts.py): a JSON object a line, ``prev`` is sha256 of the line
before, without its line feed. A git note holds the very line with which a change ended, so it can be looked for by digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kelid.model.receipt import ENDS, Problem, Receipt

FIRST = "0" * 64
"""What the first line names instead of one before it."""

_SAID = (
    "change",
    "site",
    "server",
    "who",
    "login",
    "machine",
    "commit",
    "dirty",
    "plan",
    "when",
    "overrides",
)


def digest_of(line: str) -> str:
    """Return what the next line names as the one before."""
    return hashlib.sha256(line.encode()).hexdigest()


def entry_of(line: str) -> dict[str, Any]:
    """Return what a line says; {} for one that can't be read."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def problems_of(lines: Sequence[str]) -> list[Problem]:
    """Given a whole journal, return where its chain doesn't hold."""
    found = []
    expected = FIRST
    for number, line in enumerate(lines, 1):
        entry = entry_of(line)
        if not entry:
            found.append(Problem(number, "the line can't be read"))
        elif entry.get("prev") != expected:
            found.append(
                Problem(number, "the line is not bound to the one before: one of the two was changed")
            )
        elif entry.get("n") != number:
            found.append(Problem(number, f"the line says that it is number {entry.get('n')}"))
        expected = digest_of(line)
    return found


def lost(lines: Iterable[str], notes: Iterable[str]) -> list[Problem]:
    """Given a whole journal and the lines that git notes hold of it, return those that the journal lacks."""
    there = {digest_of(line) for line in lines}
    entries = [entry_of(note) for note in notes if digest_of(note) not in there]
    return [
        Problem(
            int(entry["n"]),
            f"git keeps this receipt ({entry.get('event')} of release {str(entry.get('release', ''))[:12]}), "
            "and the server's journal does not",
        )
        for entry in sorted((entry for entry in entries if "n" in entry), key=lambda entry: int(entry["n"]))
    ]


def without_note(lines: Iterable[str], notes: Iterable[str]) -> list[str]:
    """Return the lines of a journal that ended a change of a commit and that no git note holds."""
    noted = set(notes)
    entries = ((line, entry_of(line)) for line in lines)
    return [
        line
        for line, entry in entries
        if entry.get("event") in ENDS and entry.get("commit") and line not in noted
    ]


def fold(lines: Iterable[str], armed: str = "") -> list[Receipt]:
    """Return one receipt for each change, in the order in which they ended; ``armed`` is the change that waits now."""
    changes: dict[str, Receipt] = {}
    for line in lines:
        entry = entry_of(line)
        if entry and entry.get("event") != "told":
            receipt = _receipt(entry, line, armed)
            changes.pop(receipt.change, None)  # its place is where it ended
            changes[receipt.change] = receipt
    return list(changes.values())


def _receipt(entry: Mapping[str, Any], line: str, armed: str) -> Receipt:
    digest = digest_of(line)
    change = str(entry.get("change") or digest)
    result, why = _result(entry, waiting=change == armed)
    return Receipt(
        number=int(entry.get("n") or 0),
        digest=digest,
        change=change,
        verb=str(entry.get("verb") or "apply"),
        result=result,
        why=why,
        code=str(entry.get("code") or ""),
        time=int(entry.get("time") or 0),
        release=str(entry.get("release") or ""),
        previous=str(entry.get("previous") or ""),
        account={key: entry[key] for key in _SAID if key in entry},
        came_from=dict(entry.get("came_from") or {}),
        touched=dict(entry.get("touched") or {}),
    )


def _result(entry: Mapping[str, Any], *, waiting: bool) -> tuple[str, str]:
    event, by = entry.get("event"), str(entry.get("by") or "")
    problem = f"; {entry['problem']}" if entry.get("problem") else ""
    if event == "confirmed":
        return "done", ""
    if event == "adopted":
        return "adopted", ""
    if event == "undone" and by in {"timer", "reboot"}:
        cause = "the machine was started again" if by == "reboot" else "its time had run out"
        return "went-back", cause + problem
    if event == "undone":
        return "undone", str(entry.get("why") or "") + problem
    if event == "refused":
        return "refused", str(entry.get("message") or entry.get("code") or "")
    return ("waiting" if waiting else "cut-off"), ""
