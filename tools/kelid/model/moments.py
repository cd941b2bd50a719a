"""Moments as people write them, ``1405-09-14 09:00`` or ``2026-12-05 09:00``, by a site's clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from kelid.model.calendars import to_day, to_text

FIRST_GREGORIAN = 1700
"""A year before this one is of the Jalali calendar: in 1700 Jalali nobody who reads this will make a call."""

FIRST_JALALI = 1300
"""The year in which Iran made the calendar its law; what comes before is a slip of the hand."""

FORM = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{1,2}-[0-9]{1,2})[ T](?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(:(?P<second>[0-9]{2}))?"
    r" ?(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})?"
)
"""A day, a time of day, and the offset from UTC where an hour comes twice."""

LATIN = {ord(digit): str(value % 10) for value, digit in enumerate("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩")}
"""Persian and Arabic digits, as a keyboard there types them."""


def moment(text: str, zone: str) -> datetime:
    """Given a day and time by the clock of a zone, return the moment, which knows the zone.

    An hour that comes twice is the first one, unless its offset says otherwise. Raise ValueError, with what is wrong, for
    a text of another shape, a day that the calendar has not, and a time that the clock of the zone never shows.
    """
    found = FORM.fullmatch(text.translate(LATIN).strip())
    if not found:
        raise ValueError(f"{text!r} is no day and time; write it like 1405-09-14 09:00 or 2026-12-05 09:00")
    year, month, day = (int(part) for part in found["day"].split("-"))
    if year < FIRST_JALALI:
        raise ValueError(f"{found['day']} is no day that a call could come on")
    calendar = "jalali" if year < FIRST_GREGORIAN else "gregorian"
    try:
        date = to_day(f"{year:04}-{month:02}-{day:02}", calendar)
    except ValueError as problem:
        raise ValueError(f"the {calendar.capitalize()} calendar has no day {found['day']}") from problem
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"no clock shows {text.translate(LATIN).strip()[len(found['day']) + 1 :]}")
    clock = ZoneInfo(zone)
    wanted = datetime(date.year, date.month, date.day, hour, minute, second, tzinfo=clock)
    shown = wanted.astimezone(UTC).astimezone(clock)
    if shown.replace(tzinfo=None) != wanted.replace(tzinfo=None):
        raise ValueError(
            f"the clock of {zone} never shows {hour:02}:{minute:02} on {date}: it is put forward then, past that time"
        )
    if found["offset"]:
        offset = _offset(found["offset"])
        fitting = [option for fold in (0, 1) if (option := wanted.replace(fold=fold)).utcoffset() == offset]
        if not fitting:
            there = wanted.strftime("%z")
            raise ValueError(f"in {zone} the offset is {there[:3]}:{there[3:]} at that time")
        return fitting[0]
    return wanted


def _offset(text: str) -> timedelta:
    if text == "Z":
        return timedelta(0)
    digits = text[1:].replace(":", "")
    value = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -value if text[0] == "-" else value


def moment_text(at: datetime, calendar: str = "gregorian") -> str:
    """Return a moment as ``moment`` reads it, in a calendar."""
    return f"{to_text(at.date(), calendar)} {at:%H:%M}"
