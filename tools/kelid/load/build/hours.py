"""Schedules and holidays."""

from __future__ import annotations

from datetime import date

from kelid.findings import Finding
from kelid.load.build.source import Source
from kelid.model.site import Holiday, HolidayList, Schedule


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


def holiday_lists(source: Source) -> tuple[HolidayList, ...]:
    """Return the lists of holidays; a date that no calendar has becomes a finding."""
    found = []
    for view in source.file("hours").each("holidays"):
        holidays = []
        for item in view.each("days"):
            try:
                day = date.fromisoformat(item.get("day"))
            except ValueError:
                text = f"no calendar has the day {item.get('day')}"
                source.findings.append(Finding(item.at("day"), "S007", text, "look the date up again"))
                continue
            holidays.append(item.make(Holiday, day=day))
        found.append(view.make(HolidayList, holidays=tuple(holidays)))
    return tuple(found)
