"""Times in includes, GotoIfTime and IFTIME that never come (main/pbx_timing.c: ``ast_build_timing``)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kelid.findings import Where
from kelid.lint import text
from kelid.lint.jumps import nested
from kelid.lint.registry import Fault, rule
from kelid.lint.view import View

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LAST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})\Z")


@rule("Z511")
def never_comes(view: View) -> Iterator[Fault]:
    """A time of day, weekday, day or month is one that comes."""
    for where, times in _times(view):
        if text.constant(times) and (why := fault(times)):
            yield (
                where,
                f"the time {times!r} {why}",
                "write hours,weekdays,days,months: 9:00-17:00,mon-fri,*,*",
            )


def _times(view: View) -> Iterator[tuple[Where, str]]:
    for context in view.pbx.contexts:
        yield from ((include.where, include.times) for include in context.includes if include.times)
    for at in view.steps:
        for step in nested(at.step):
            if step.app.lower() in {"gotoiftime", "execiftime"}:
                yield step.where, text.choice(step.data)[0].strip()
        for use in text.uses(at.step.data):
            if use.called and use.name == "IFTIME":
                yield at.step.where, text.choice(use.arguments)[0].strip()


def fault(times: str) -> str:
    """Return what is wrong with a time specification; "" for nothing."""
    parts = [part.strip().lower() for part in times.split(",")]
    if len(parts) < 4:
        return f"has {len(parts)} of its 4 parts"
    for part, one in zip(parts, (_hours, _weekdays, _days, _months), strict=False):
        for piece in part.split("&"):
            if piece != "*" and (why := one(piece.strip())):
                return why
    days = [day for piece in parts[2].split("&") for day in _span(piece, 31)]
    months = [_month(piece.partition("-")[0]) for piece in parts[3].split("&")]
    told = "*" not in {parts[2], parts[3]} and "-" not in parts[3] and bool(days) and None not in months
    if told and all(day > _LAST[month] for day in days for month in months if month is not None):
        return f"never comes: no such month has a day {min(days)}"
    return ""


def _span(piece: str, last: int) -> range:
    begin, _, end = piece.partition("-")
    if not begin.isdecimal() or (end and not end.isdecimal()):
        return range(0)
    return range(int(begin), min(int(end or begin), last) + 1)


def _hours(piece: str) -> str:
    begin, dash, end = piece.partition("-")
    for clock in (begin, end) if dash else (begin,):
        found = _CLOCK.match(clock.strip())
        if not found or int(found[1]) > 23 or int(found[2]) > 59:
            return f"has no time of day in {clock.strip()!r}"
    return ""


def _weekdays(piece: str) -> str:
    wrong = next((word for word in piece.split("-") if word.strip() not in _DAYS), None)
    return "" if wrong is None else f"has no weekday {wrong.strip()!r}"


def _days(piece: str) -> str:
    for word in piece.split("-"):
        if not word.strip().isdecimal() or not 1 <= int(word) <= 31:
            return f"has no day {word.strip()!r}"
    return ""


def _month(word: str) -> int | None:
    word = word.strip()
    if word.isdecimal():
        return int(word) - 1 if 1 <= int(word) <= 12 else None
    return _MONTHS.index(word) if word in _MONTHS else None


def _months(piece: str) -> str:
    wrong = next((word for word in piece.split("-") if _month(word) is None), None)
    return "" if wrong is None else f"has no month {wrong.strip()!r}"
