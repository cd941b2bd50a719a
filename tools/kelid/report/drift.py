"""What differs on a server: for a terminal, in English and Persian."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from kelid.model.drift import Changed, Drift, Git
from kelid.model.plan import JOINED, Action, Detail, ObjectChange, change_as_dict
from kelid.report.colour import paint
from kelid.report.plans import diff_text
from kelid.report.words import apart, say

_SIGNS = {Action.ADD: ("+", "green"), Action.CHANGE: ("~", "yellow"), Action.REMOVE: ("-", "red")}
_LONGEST = 160
"""Characters of a value that are shown; JSON has all of them."""


def text(drift: Drift, *, language: str = "en", colour: bool = False, lines: bool = False) -> str:
    """Return what differs, with ``lines`` also the lines that Asterisk reads."""
    return "".join(f"{row}\n" for row in _rows(drift, language, colour=colour, lines=lines))


def _rows(drift: Drift, language: str, *, colour: bool, lines: bool) -> Iterator[str]:
    release = drift.release[:12] or say("drift.none", language)
    title = say("drift.title", language, site=drift.host, release=release, commit=drift.commit[:12] or "?")
    yield paint(title, "bold", on=colour)
    if drift.empty:
        yield "  " + paint(say("drift.same", language), "green", on=colour)
    if drift.changed:
        yield "  " + say("drift.by_hand", language)
        for item in drift.changed:
            yield from _change(item.change, language, colour=colour, behind=_behind(item, language))
    odd = tuple(f"{path} ({why})" for path, why in drift.odd)
    for key, names in (
        ("drift.secrets", drift.secrets),
        ("drift.unsure", drift.unsure),
        ("drift.spelling", drift.spelling),
        ("drift.gone", drift.gone),
        ("drift.odd", odd),
    ):
        if names:
            yield "  " + say(key, language, names=say("comma", language).join(names))
    for key, texts in (
        ("drift.running", drift.running),
        ("drift.unmodelled", tuple(str(finding) for finding in drift.unmodelled)),
        ("drift.notes", drift.notes),
    ):
        if texts:
            yield "  " + say(key, language)
            yield from (f"    {line}" for line in texts)
    known = {(item.change.kind, item.change.name) for item in drift.changed}
    ahead = [item for item in drift.apply.objects if (item.kind, item.name) not in known]
    if ahead:
        yield "  " + say("drift.ahead", language)
        for change in ahead:
            yield from _change(change, language, colour=colour)
    if drift.problem:
        yield "  " + paint(say("drift.problem", language, why=drift.problem), "red", on=colour)
    if lines:
        for file in drift.lines.files:
            yield diff_text(file.diff, colour=colour).rstrip("\n")
    elif drift.lines.files:
        paths = say("comma", language).join(file.path for file in drift.lines.files)
        yield "  " + say("drift.files", language, names=paths)


def _behind(item: Changed, language: str) -> str:
    """Return what git says of a changed object, and where."""
    where = f" ({apart(str(item.yaml), language)})" if item.yaml.file else ""
    return "" if item.git is Git.UNKNOWN else say(f"drift.git.{item.git.value}", language) + where


def _change(change: ObjectChange, language: str, *, colour: bool, behind: str = "") -> Iterator[str]:
    sign, style = _SIGNS[change.action]
    place = f"  {apart(f'{change.where.file}:{change.where.line}', language)}" if change.where.file else ""
    name = apart(f"{change.kind} {change.name}".rstrip(), language)
    yield f"    {paint(f'{sign} {name}', style, on=colour)}{place}"
    for item in change.details:
        before, after = (_short(text, language) for text in _apart(item))
        yield f"        {say('drift.detail', language, key=item.key, before=before, after=after)}"
    if behind:
        yield f"        {behind}"


def _apart(item: Detail) -> tuple[str | None, str | None]:
    """Return before and after of a detail; of several values only those that differ, unless it is their order alone."""
    before, after = ([] if text is None else text.split(JOINED) for text in (item.before, item.after))
    gone = [value for value in before if value not in after]
    new = [value for value in after if value not in before]
    if not (gone or new):
        return item.before, item.after
    return JOINED.join(gone) if gone else None, JOINED.join(new) if new else None


def _short(text: str | None, language: str) -> str:
    if text is None:
        return say("drift.nothing", language)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def line(change: ObjectChange) -> str:
    """Return a change in one line: ``queue reception: timeout: 20 -> 25``."""
    sign, _ = _SIGNS[change.action]
    details = "; ".join(
        f"{item.key}: " + " -> ".join(_short(text, "en") for text in _apart(item)) for item in change.details
    )
    return f"{sign} {change.kind} {change.name}".rstrip() + (f": {details}" if details else "")


def data(change: ObjectChange) -> dict[str, Any]:
    """Return a change as plain data for JSON."""
    return change_as_dict(change)


def adopted_text(
    taken: Sequence[ObjectChange],
    left: Sequence[tuple[ObjectChange, str]],
    follows: Sequence[ObjectChange] = (),
    language: str = "en",
    *,
    colour: bool = False,
) -> str:
    """Return what was written into the YAML, and what could not be, with the reason."""
    rows = []
    if taken:
        rows.append(say("drift.taken", language))
        for change in taken:
            rows += _change(change, language, colour=colour)
    if follows:
        rows.append(say("drift.follows", language))
        for change in follows:
            rows += _change(change, language, colour=colour)
    if left:
        rows.append(say("drift.left", language))
        for change, why in left:
            rows += _change(change, language, colour=colour, behind=say(why, language))
    return "".join(f"{row}\n" for row in rows)


def summary(drifts: Iterable[Drift], failed: int, language: str = "en") -> str:
    """Return one line on all servers."""
    found = list(drifts)
    return say(
        "drift.summary",
        language,
        count=len(found) + failed,
        differ=sum(not item.empty for item in found),
        failed=failed,
    )
