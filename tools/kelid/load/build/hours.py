"""Schedules, and calendars with every date as the day that it means."""

from __future__ import annotations

from datetime import date
from typing import TypeVar

from kelid.findings import Finding
from kelid.load.build.source import Source
from kelid.load.build.view import View
from kelid.model.calendars import to_day
from kelid.model.site import Calendar, CalendarDay, Closure, Schedule

Day = TypeVar("Day", bound=CalendarDay)


def schedules(source: Source) -> tuple[Schedule, ...]:
    """Return the schedules; holidays go the way of the closed hours if one names no other."""
    return tuple(
        view.make(
            Schedule,
            holiday_destination=view.destination(
                "holiday_destination" if "holiday_destination" in view else "closed_destination"
            ),
        )
        for view in source.file("hours").each("schedules")
    )


def calendars(source: Source) -> tuple[Calendar, ...]:
    """Return the calendars. A date that no calendar has becomes a finding, and its entry is left out."""
    found = []
    for view in source.file("hours").each("calendars"):
        dates = view.get("dates")
        days = tuple(_days(source, view, "days", CalendarDay))
        closures = tuple(_days(source, view, "closures", Closure))
        horizon = _date(source, view, "horizon", dates)
        if horizon:
            found.append(view.make(Calendar, horizon=horizon, days=days, closures=closures))
    return tuple(found)


def _days(source: Source, calendar: View, key: str, kind: type[Day]) -> list[Day]:
    found = []
    for view in calendar.each(key):
        dates = view.get("dates") or calendar.get("dates")
        first = _date(source, view, "day", dates, view.get("shift"))
        last = _date(source, view, "until", dates, view.get("shift")) if view.wrote("until") else first
        if first and last:
            found.append(view.make(kind, dates=dates, first=first, last=last))
    return found


def _date(source: Source, view: View, key: str, dates: str, shift: int = 0) -> date | None:
    text = view.get(key)
    try:
        return to_day(text, dates, shift)
    except ValueError:
        calendar = f"{dates.capitalize()} calendar"
        finding = Finding(view.at(key), "S007", f"the {calendar} has no day {text}", "look the date up again")
        source.findings.append(finding)
        return None
