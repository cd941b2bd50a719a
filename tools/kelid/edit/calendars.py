"""Fill a calendar of hours.yml with a year's public holidays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from kelid.edit.document import Document
from kelid.edit.holidays import PublicHoliday
from kelid.edit.write import Value
from kelid.findings import Exit, KelidError
from kelid.model.calendars import to_day, to_text
from kelid.model.site import Calendar

_NEAR = {"gregorian": range(2000, 2100), "jalali": range(1380, 1440), "hijri": range(1441, 1500)}
"""Years that people mean: 1406 is Jalali, 1448 Hijri, 2027 Gregorian."""

_LONGEST_NAME = 60
"""Characters that the schema allows."""


def year_of(text: str, dates: str) -> tuple[date, date]:
    """Given a year of a calendar (``1406``, ``jalali``), return its first and its last day.

    Raise KelidError (exit USAGE) for a year that is near in another calendar, or in none.
    """
    near = next((name for name, years in _NEAR.items() if text.isdigit() and int(text) in years), "")
    if near != dates:
        message = (
            f"{text} is no year of the {dates.capitalize()} calendar that this one's dates are written in"
        )
        hint = f"; it looks {near.capitalize()}" if near else ""
        raise KelidError(message + hint, exit=Exit.USAGE)
    year = int(text)
    return to_day(f"{year:04}-01-01", dates), to_day(f"{year + 1:04}-01-01", dates) - timedelta(days=1)


def new_calendar(
    document: Document, name: str, dates: str, source: str, first: date, *, order: Sequence[str]
) -> None:
    """Put a calendar without days into the document; its horizon is the day before ``first``."""
    value: dict[str, Value] = {"name": name}
    if dates != "gregorian":
        value["dates"] = dates
    value |= {"source": source, "horizon": to_text(first - timedelta(days=1), dates), "days": []}
    if not document.has(("calendars",)):
        document.set(("calendars",), [value], order=order)
    else:
        document.insert(("calendars",), value)


def fill(
    document: Document, calendar: Calendar, dates: str, days: Sequence[PublicHoliday], year: tuple[date, date]
) -> list[str]:
    """Put the days into the calendar that it hasn't got yet, each in its place by date; return what was done, in words.

    Days on which the calendar has something already stay as they are. The horizon moves to the year's end where the
    calendar is whole until its beginning; where years between are missing it stays, and that is said.
    """
    first, last = year
    at = next(
        place for place, item in enumerate(document.data(("calendars",))) if item["name"] == calendar.name
    )
    path = ("calendars", at)
    there = {day: entry for entry in calendar.all() for day in entry.each()}
    order = [entry.first for entry in calendar.days]
    added = 0
    for stretch in _in_a_row([item for item in days if item.day not in there]):
        place = sum(1 for day in order if day < stretch[0].day)
        document.insert((*path, "days"), _entry(stretch, dates), place, open_up=True)
        order.insert(place, stretch[0].day)
        added += 1
    done = [f"{added} entries added to the calendar {calendar.name!r}"] if added else []
    if calendar.horizon >= last:
        return done
    if calendar.horizon < first - timedelta(days=1):
        text = f"the horizon stays at {calendar.horizon}: the days from then to {first} are missing"
        return [*done, text]
    document.replace((*path, "horizon"), to_text(last, dates))
    return [*done, f"the calendar {calendar.name!r} is whole until {to_text(last, dates)}"]


def _in_a_row(days: Sequence[PublicHoliday]) -> list[list[PublicHoliday]]:
    """Return the days in groups: days that follow one another under one name make one entry."""
    groups: list[list[PublicHoliday]] = []
    for item in days:
        before = groups[-1][-1] if groups else None
        follows = before is not None and item.day - before.day == timedelta(days=1)
        if before is not None and follows and (item.names, item.certain) == (before.names, before.certain):
            groups[-1].append(item)
        else:
            groups.append([item])
    return groups


def _entry(stretch: Sequence[PublicHoliday], dates: str) -> dict[str, Value]:
    first, last = stretch[0], stretch[-1]
    value: dict[str, Value] = {"day": to_text(first.day, dates)}
    if len(stretch) > 1:
        value["until"] = to_text(last.day, dates)
    value["names"] = {language: _short(text) for language, text in first.names.items()}
    if not first.certain:
        value["confirmed"] = False
    return value


def _short(text: str) -> str:
    """Return the text no longer than the schema allows, cut between words."""
    if len(text) <= _LONGEST_NAME:
        return text
    return text[: _LONGEST_NAME + 1].rsplit(" ", 1)[0][:_LONGEST_NAME]
