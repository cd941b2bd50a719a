"""Receipts and releases as tables for a terminal, times by the site's clock, Persian with Jalali dates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from kelid.model.calendars import to_text
from kelid.model.receipt import Problem, Receipt
from kelid.model.release import release_name
from kelid.report.colour import paint
from kelid.report.words import WORDS, say

_STYLES = {
    "done": "green",
    "adopted": "green",
    "undone": "red",
    "went-back": "red bold",
    "refused": "yellow",
    "waiting": "yellow bold",
    "cut-off": "yellow",
}


def moment(seconds: int, zone: str, language: str) -> str:
    """Return a moment by the clock of a zone (``Asia/Tehran``): ``2026-11-26 18:30``, in Persian ``1405-09-05 18:30``."""
    at = datetime.fromtimestamp(seconds, UTC).astimezone(ZoneInfo(zone))
    return f"{to_text(at.date(), 'jalali' if language == 'fa' else 'gregorian')} {at:%H:%M}"


def receipts_text(
    receipts: Sequence[Receipt], *, zone: str, language: str = "en", colour: bool = False, every: bool = False
) -> str:
    """Return receipts one below the other, the newest last; with ``every`` all that they hold."""
    if not receipts:
        return say("receipts.none", language) + "\n"
    rows = []
    for receipt in receipts:
        result = paint(say(f"result.{receipt.result}", language), _STYLES[receipt.result], on=colour)
        # A server's agent may be newer than this kelid, and know verbs that have no word here.
        verb = say(f"verb.{receipt.verb}", language) if f"verb.{receipt.verb}" in WORDS else receipt.verb
        name = release_name(receipt.release) or "-"
        previous = f" <- {release_name(receipt.previous)}" if receipt.previous else ""
        rows.append(
            f"{receipt.number:>5}  {moment(receipt.time, zone, language)}  {verb}  {name}{previous}  {result}"
        )
        who = str(
            receipt.account.get("who") or receipt.came_from.get("user") or say("receipts.itself", language)
        )
        machine = str(receipt.account.get("machine") or "")
        commit = str(receipt.account.get("commit") or "")[:12]
        about = [who + (f" @ {machine}" if machine else "")]
        about += [f"{say('receipts.commit', language)} {commit}"] if commit else []
        plan = str(receipt.account.get("plan") or "")[:12]
        about += [f"{say('receipts.plan', language)} {plan}"] if plan else []
        rows.append(paint(f"       {', '.join(about)}", "dim", on=colour))
        if receipt.why:
            rows.append(f"       {receipt.why}")
        for override, reason in dict(receipt.account.get("overrides") or {}).items():
            rows.append(
                f"       {say('receipts.override', language)}: {override}{f' ({reason})' if reason else ''}"
            )
        if every:
            rows += [f"       {name}: {what}" for name, what in receipt.touched.items()]
            seen = receipt.came_from
            rows += (
                [f"       ssh: {seen.get('user', '?')} @ {seen['address']}"] if seen.get("address") else []
            )
            rows.append(paint(f"       {receipt.digest}", "dim", on=colour))
    return "\n".join(rows) + "\n"


def chain_text(
    problems: Iterable[Problem], lines: int, notes: int, unnoted: int, language: str = "en"
) -> str:
    """Return what a verification of the chain found; ``unnoted`` receipts have no git note (yet)."""
    found = list(problems)
    rows = [f"{say('chain.line', language, number=problem.line)}: {problem.text}" for problem in found]
    if not found:
        rows.append(say("chain.whole", language, lines=lines, notes=notes))
    if unnoted:
        rows.append(say("chain.unnoted", language, count=unnoted))
    return "\n".join(rows) + "\n"


def releases_text(told: Mapping[str, Any], *, zone: str, language: str = "en", colour: bool = False) -> str:
    """Return the table of a server's releases, given what its agent says of them."""
    rows = []
    for item in told.get("releases") or ():
        mark = "*" if item["current"] else ("<" if item["release"] == told.get("previous") else " ")
        notes = []
        if item["current"]:
            notes.append(say("releases.armed" if item.get("armed") else "releases.current", language))
        elif item["release"] == told.get("previous"):
            notes.append(say("releases.previous", language))
        if item["adopted"]:
            notes.append(say("releases.adopted", language))
        if item["by_hand"]:
            notes.append(say("releases.by_hand", language))
        if not item["whole"]:
            notes.append(paint(say("releases.damaged", language), "red", on=colour))
        since = moment(int(item["in_force"] or item["made"]), zone, language)
        commit = str(item["commit"])[:12] + ("+" if item["dirty"] else "")
        row = f"{mark} {release_name(item['release']):14} {since}  {commit:13} {item['who'] or '-'}"
        rows.append(
            paint(row, "bold", on=colour and item["current"]) + (f"  ({', '.join(notes)})" if notes else "")
        )
    return "\n".join(rows or [say("releases.none", language)]) + "\n"
