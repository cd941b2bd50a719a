"""The three calendars that clients write dates in, and the day that each means.

Jalali (Solar Hijri, Iran's civil calendar) by jalali_core, the arithmetic behind jdatetime; Hijri (lunar) by hijridate,
which follows Umm al-Qura. Iran sees the moon for itself, and may be a day off: what was announced counts (``shift``).
Nothing is imported before a date asks for it.
"""

from __future__ import annotations

from datetime import date, timedelta

CALENDARS = ("gregorian", "jalali", "hijri")


def to_day(text: str, calendar: str, shift: int = 0) -> date:
    """Given ``1406-01-01`` in a calendar, return the day. ``shift`` days are added, for a moon that was seen later.

    Raise ValueError for a date that the calendar has not, or that its tables don't reach.
    """
    year, month, day = (int(part) for part in text.split("-"))
    if calendar == "jalali":
        found = _from_jalali(year, month, day)
    elif calendar == "hijri":
        from hijridate import Hijri

        try:
            found = Hijri(year, month, day).to_gregorian()
        except OverflowError as problem:
            raise ValueError(f"the Hijri tables don't reach the year {year}") from problem
        found = date(found.year, found.month, found.day)
    else:
        found = date(year, month, day)
    try:
        return found + timedelta(days=shift)
    except OverflowError as problem:
        raise ValueError("no calendar goes on so long") from problem


def _from_jalali(year: int, month: int, day: int) -> date:
    from jalali_core import JalaliToGregorian

    found = date(*JalaliToGregorian(year, month, day).getGregorianList())
    # The arithmetic takes any day of a month; the way back tells the 30th of Esfand of a common year.
    if to_text(found, "jalali") != f"{year:04}-{month:02}-{day:02}":
        raise ValueError(f"no such Jalali date: {year:04}-{month:02}-{day:02}")
    return found


def to_text(day: date, calendar: str) -> str:
    """Given a day, return how a calendar writes it: ``1406-01-01``. Raise ValueError beyond the Hijri tables."""
    if calendar == "jalali":
        from jalali_core import GregorianToJalali

        year, month, number = GregorianToJalali(day.year, day.month, day.day).getJalaliList()
        return f"{year:04}-{month:02}-{number:02}"
    if calendar == "hijri":
        from hijridate import Gregorian

        try:
            hijri = Gregorian(day.year, day.month, day.day).to_hijri()
        except OverflowError as problem:
            raise ValueError(f"the Hijri tables don't reach {day}") from problem
        return f"{hijri.year:04}-{hijri.month:02}-{hijri.day:02}"
    return day.isoformat()
