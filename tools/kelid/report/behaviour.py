"""Behaviours and their changes for people: as text, and as Markdown for a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from kelid.model.behaviour import (
    Behaviour,
    BehaviourChange,
    CallChange,
    Condition,
    WayIn,
    Witness,
    event_as_dict,
)
from kelid.model.printable import printable, shell
from kelid.model.trace import Event
from kelid.report.colour import paint

NOT_SAID = frozenset({"keeps", "log", "lamp", "answered", "keys", "talks"})
MOST_WORDS = 6
"""Things that happen of which a line tells; the rest is left to JSON."""

_WORDS = {
    "hears": "hears {subject}",
    "tone": "{subject} tone",
    "rings": "rings {subject}{seconds}",
    "calls-out": "calls {number} over {subject}",
    "queue": "queue {subject}{seconds}",
    "voicemail": "voicemail {subject}",
    "mailbox": "mailbox {subject}",
    "conference": "conference {subject}",
    "password": "PIN of {subject}",
    "chance": "goes on with one of {subject} by chance",
    "unknown": "can't be told: {subject}",
    "loop": "round for ever: {subject}",
}


def change_text(change: BehaviourChange, *, colour: bool = False) -> str:
    """Return which calls change, for a terminal; other people's files are in it, so nothing is an order to it."""
    if change.none:
        return "calls: none does anything else\n"
    rows: list[str] = []
    for way in change.added:
        rows.append(paint(printable(f"+ calls from {way.words}"), "green", on=colour))
    for way in change.removed:
        rows.append(paint(printable(f"- calls from {way.words}"), "red", on=colour))
    for one in change.changes:
        rows.append(paint(printable(f"~ {heading(one)}"), "yellow", on=colour))
        for condition in one.conditions[:MOST_WORDS]:
            rows.append(printable(f"    if {_condition(condition)}"))
        rows += [printable(f"    {line}") for line in (*both(one), *_tried(one))]
    earlier = next((one.witness for one in change.changes if one.witness and one.witness.earlier), None)
    if earlier is not None:
        rows.append(
            paint(f"(try: what calls do now; with {shell(_apart(earlier))} what they did)", "dim", on=colour)
        )
    if change.undecided:
        rows.append(paint("could not decide:", "red", on=colour))
        rows += [printable(f"    {_open(reason)}") for reason in change.undecided]
    return "\n".join(rows) + "\n"


def change_markdown(change: BehaviourChange) -> str:
    """Return which calls change, for a pull request."""
    if change.none:
        return "**Calls:** none does anything else.\n"
    rows = ["**Calls that change**", ""]
    rows += [f"- new: calls from {_code(way.words)}" for way in change.added]
    rows += [f"- gone: calls from {_code(way.words)}" for way in change.removed]
    for one in change.changes:
        rows.append(f"- {heading(one)}")
        if one.conditions:
            rows.append(f"  - if {'; '.join(_condition(item) for item in one.conditions[:MOST_WORDS])}")
        rows += [f"  - {line}" for line in both(one)]
        rows += _tried_markdown(one)
    if change.undecided:
        rows += ["", "**Could not decide**", ""]
        rows += [f"- {_open(reason)}" for reason in change.undecided]
    return "\n".join(map(printable, rows)) + "\n"


def change_data(change: BehaviourChange) -> dict[str, Any]:
    """Return which calls change, as plain data for JSON."""
    answer = "none" if change.none else "could not decide" if change.undecided else "these"
    return {
        "answer": answer,
        "added": [_way(way) for way in change.added],
        "removed": [_way(way) for way in change.removed],
        "changes": [
            {
                "from": _way(one.way_in),
                "dialled": one.dialled or "any number",
                "caller": one.caller or "any caller",
                "time": one.time or "at any time",
                "if": [
                    {"about": item.about, "subject": item.subject, "is": item.value}
                    for item in one.conditions
                ],
                "before": [event_as_dict(event) for event in one.before],
                "after": [event_as_dict(event) for event in one.after],
                "example": [{"what": key, "is": value} for key, value in one.example],
                "witness": one.witness.as_dict() if one.witness is not None else None,
            }
            for one in change.changes
        ],
        "undecided": list(change.undecided),
    }


def behaviour_text(behaviour: Behaviour) -> str:
    """Return how much there is, from each way in; what happens is in the JSON."""
    rows = []
    for way, root in behaviour.roots:
        points = _reached(behaviour, root)
        ends: dict[str, int] = {}
        reached: dict[str, None] = {}
        for number in sorted(points):
            node = behaviour.nodes[number]
            if node.end:
                ends[node.end] = ends.get(node.end, 0) + 1
            events = [*node.events, *(event for one in node.ways for event in one.events)]
            for event in events:
                if event.kind in ("rings", "queue", "voicemail", "calls-out", "conference", "page", "park"):
                    reached[_event(event)] = None
        rows.append(f"from {way.words}: {len(points)} points")
        rows += [f"    {name}" for name in sorted(reached)]
        rows.append("    ends: " + ", ".join(f"{count} {end}" for end, count in sorted(ends.items())))
    rows += [f"not covered: {reason}" for reason in behaviour.not_covered]
    return "\n".join(rows) + "\n"


def _reached(behaviour: Behaviour, root: int) -> set[int]:
    seen = {root}
    waiting = [root]
    while waiting:
        for way in behaviour.nodes[waiting.pop()].ways:
            if way.target not in seen:
                seen.add(way.target)
                waiting.append(way.target)
    return seen


def heading(one: CallChange) -> str:
    """Return whose calls change, to which number, and when."""
    caller = f", caller {one.caller}" if one.caller else ""
    time = f", {one.time}" if one.time else ""
    return f"from {one.way_in.words} to {one.dialled or 'any number'}{caller}{time}"


def both(one: CallChange) -> list[str]:
    """Return what happened and what happens now; where the same things do in another way, in which."""
    before, after = told(one.before), told(one.after)
    if before != after:
        return [f"was {before}", f"now {after}"]
    first, second = one.before[:1], one.after[:1]
    if not first or not second:
        return [f"as before: {before}"]
    old, new = _details(first[0]), _details(second[0])
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    rows = [f"{key}: was {old.get(key) or 'none'}, now {new.get(key) or 'none'}" for key in keys]
    return [f"{before}, but", *rows] if rows else [f"as before: {before}"]


NO_WITNESS = "no single call was found that does so: what is told may be more than can happen"


def _tried(one: CallChange) -> list[str]:
    """Return the one call that was followed, as a command to try, and what it does if that isn't told already."""
    if one.witness is None:
        return [NO_WITNESS]
    rows = [f"try {shell(('kelid', *one.witness.command))}"] if one.witness.command else []
    return rows + [f"    {line}" for line in _of_witness(one, one.witness)]


def _of_witness(one: CallChange, witness: Witness) -> list[str]:
    """Return what the call of a witness did and does now, where that is told otherwise than of the change."""
    was, now = told(witness.before), told(witness.after)
    if (was, now) == (told(one.before), told(one.after)):
        return []
    return [f"was {was}", f"now {now}"]


def _apart(witness: Witness) -> tuple[str, ...]:
    """Return the option with which the command follows the call as it was."""
    words = witness.earlier
    at = next(
        (at for at, (one, other) in enumerate(zip(words, witness.command, strict=False)) if one != other), 0
    )
    if "=" in words[at]:
        return words[at : at + 1]
    return words[at : at + 2] if words[at].startswith("--") else words[at - 1 : at + 1]


def _tried_markdown(one: CallChange) -> list[str]:
    if one.witness is None:
        return [f"  - {NO_WITNESS}"]
    lines = [f"try {_code_as_it_is(shell(('kelid', *one.witness.command)))}"] if one.witness.command else []
    if one.witness.earlier:
        lines.append(f"as it was: {_code_as_it_is(shell(('kelid', *one.witness.earlier)))}")
    return [f"  - {line}" for line in (*lines, *_of_witness(one, one.witness))]


def _code_as_it_is(text: str) -> str:
    """Return a text as code in Markdown, of which nothing is changed: between more backticks than it has in a row."""
    fence = "`" * (max((len(found) for found in re.findall("`+", text)), default=0) + 1)
    beside = " " if "`" in text else ""
    return f"{fence}{beside}{text}{beside}{fence}"


def _details(event: Event) -> dict[str, str]:
    """Return the details by name; names that come several times have their values joined."""
    made: dict[str, str] = {}
    for key, value in event.details:
        made[key] = f"{made[key]}; {value}" if key in made else value
    return {key: _open(value) for key, value in made.items()}


def told(events: Sequence[Event]) -> str:
    """Return what happens, in a line."""
    words: list[str] = []
    shown = [event for event in events if event.kind not in NOT_SAID and event.subject != "ringing"]
    for event in shown[:MOST_WORDS]:
        text = _event(event)
        if not words or words[-1] != text:
            words.append(text)
    return ", then ".join(words) or "nothing"


def _event(event: Event) -> str:
    details = dict(event.details)
    if event.kind == "hangup":
        return f"the call ends (cause {details.get('cause', '16')})"
    seconds = f" for {details['seconds']} s" if details.get("seconds") else ""
    subject = _open(event.subject)
    if event.kind in ("hears", "rings") and "/" in subject:
        subject = "&".join(part.rpartition("/")[2][:40] for part in subject.split("&"))
    form = _WORDS.get(event.kind, "{kind} {subject}")
    return form.format(
        kind=event.kind, subject=subject, seconds=seconds, number=_open(details.get("number", ""))
    ).strip()


def _condition(condition: Condition) -> str:
    return f"{condition.subject or condition.about} is {condition.value or 'any'}"


def _open(text: str) -> str:
    """Return the text with an ellipsis for what stays open in it."""
    return "".join("…" if 0xF0000 <= ord(letter) <= 0xFFFFD else letter for letter in text)


def _way(way: WayIn) -> dict[str, Any]:
    return {"kind": way.kind, "name": way.name, "stands_for": list(way.names), "context": way.context}


def _code(text: str) -> str:
    return f"`{text.replace('`', chr(39))}`"


__all__ = ["Iterable", "behaviour_text", "change_data", "change_markdown", "change_text"]
