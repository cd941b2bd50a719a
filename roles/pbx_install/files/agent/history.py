"""What the receipts tell: a way back that nobody asked for, and which release stood before which."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

BY_ITSELF = ("timer", "reboot")
"""Who undid a change where no control node and no failing begin did."""


def lately(newest_first: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Given the journal's newest entries, return the one by which the server went back by itself, if nobody was told yet.

    What was refused for another reason in the meantime has told nobody.
    """
    for entry in newest_first:
        if entry.get("event") == "refused" and entry.get("code") != "went_back":
            continue
        return entry if entry.get("event") == "undone" and entry.get("by") in BY_ITSELF else None
    return None


def story(entry: Mapping[str, Any]) -> str:
    """Return what happened, in words, given the entry of a way back that nobody asked for."""
    who = " by ".join(part for part in (str(entry.get("verb", "apply")), str(entry.get("who", ""))) if part)
    machine = f" from {entry['machine']}" if entry.get("machine") else ""
    moment = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(int(entry.get("time", 0))))
    cause = "when the machine was started again" if entry.get("by") == "reboot" else "when its time had run out"
    bad = f" (but: {entry['problem']})" if entry.get("problem") else ""
    if entry.get("verb") == "harden":
        return f"a firewall ({who}{machine}) was put in force and never confirmed, so this server took it away by itself {cause}, at {moment} by its clock{bad}"
    return (
        f"release {str(entry.get('release', ''))[:12]} ({who}{machine}) was put in force and never confirmed, so this server"
        f" went back to release {str(entry.get('previous', ''))[:12] or 'none'} by itself {cause}, at {moment} by its clock{bad}"
    )


def before(entries: Iterable[Mapping[str, Any]], current: str) -> str:
    """Return the release that a rollback goes to from the current one: what the apply that brought it took the place of.

    Rollbacks don't count, so that one after another leads further back, nor do upgrades of Asterisk, which leave the release
    as it is. "" where the journal doesn't say.
    """
    found = ""
    for entry in entries:
        if (entry.get("event"), entry.get("verb"), entry.get("release")) == ("confirmed", "apply", current):
            found = str(entry.get("previous") or "")
    return found


def since(entries: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return release -> the entry that confirmed it last."""
    return {
        str(entry.get("release")): dict(entry) for entry in entries if entry.get("event") in ("confirmed", "adopted")
    }
