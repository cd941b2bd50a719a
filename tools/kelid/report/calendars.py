"""A calendar as a table: each day in the three calendars, its weekday, and what it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from kelid.model.calendars import to_text
from kelid.model.site import Calendar, CalendarDay, Closure
from kelid.report.colour import paint


def _entries(calendar: Calendar, start: date) -> Iterator[CalendarDay]:
    yield from (entry for entry in sorted(calendar.all(), key=lambda one: one.first) if entry.last >= start)


def as_data(calendar: Calendar, start: date) -> dict[str, Any]:
    """Given a calendar, return it for machines, from a day on."""
    return {
        "name": calendar.name,
        "source": calendar.source,
        "horizon": calendar.horizon.isoformat(),
        "days": [
            {
                "first": entry.first.isoformat(),
                "last": entry.last.isoformat(),
                "jalali": to_text(entry.first, "jalali"),
                "hijri": _hijri(entry.first),
                "names": dict(entry.names),
                "confirmed": entry.confirmed,
                "hours": _hours(entry),
                "closure": isinstance(entry, Closure),
            }
            for entry in _entries(calendar, start)
        ],
    }


def text(calendar: Calendar, language: str, start: date, *, colour: bool) -> str:
    """Given a calendar, return it as lines for the terminal, from a day on; names in the language where there are some."""
    horizon = f"{calendar.horizon} ({to_text(calendar.horizon, 'jalali')} Jalali)"
    rows = [f"{calendar.name}: whole until {horizon}; source: {calendar.source}"]
    for entry in _entries(calendar, start):
        number = (entry.last - entry.first).days + 1
        span = f"+{number - 1}d" if number > 1 else ""
        name = entry.names.get(language) or next(iter(entry.names.values()), "")
        marks = [*filter(None, (_hours(entry), "closure" if isinstance(entry, Closure) else ""))]
        if not entry.confirmed:
            marks.append(paint("not confirmed", "yellow", on=colour))
        note = f"  [{', '.join(marks)}]" if marks else ""
        days = f"{entry.first} {span:4} {entry.first:%a}  {to_text(entry.first, 'jalali')}  {_hijri(entry.first):10}"
        rows.append(f"  {days}  {name}{note}")
    if len(rows) == 1:
        rows.append("  no day to come")
    return "\n".join(rows) + "\n"


def _hijri(day: date) -> str:
    """Return the Hijri date by Umm al-Qura; "" beyond its tables."""
    try:
        return to_text(day, "hijri")
    except ValueError:
        return ""


def _hours(entry: CalendarDay) -> str:
    if not isinstance(entry, Closure) or not (entry.start or entry.end):
        return ""
    start = f"{entry.start:%H:%M}" if entry.start else "00:00"
    end = f"{entry.end:%H:%M}" if entry.end else "24:00"
    return f"{start}-{end}"
