"""Dates in three calendars, held against other libraries and known days."""

from __future__ import annotations

from datetime import date

import jdatetime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelid.model.calendars import CALENDARS, to_day, to_text

DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31))


@given(day=DAYS)
def test_there_and_back(day: date) -> None:
    for calendar in CALENDARS:
        assert to_day(to_text(day, calendar), calendar) == day


@given(day=DAYS)
def test_jalali_is_that_of_jdatetime(day: date) -> None:
    assert to_text(day, "jalali") == jdatetime.date.fromgregorian(date=day).strftime("%Y-%m-%d")


@pytest.mark.parametrize(
    ("calendar", "text", "day"),
    [
        ("jalali", "1406-01-01", date(2027, 3, 21)),
        ("jalali", "1403-12-30", date(2025, 3, 20)),  # a leap year
        ("hijri", "1445-09-01", date(2024, 3, 11)),  # the first of Ramadan as Umm al-Qura had it
        ("gregorian", "2028-02-29", date(2028, 2, 29)),
    ],
)
def test_known_days(calendar: str, text: str, day: date) -> None:
    assert to_day(text, calendar) == day


def test_a_moon_seen_later_moves_the_day() -> None:
    assert to_day("1445-09-01", "hijri", 1) == date(2024, 3, 12)


@pytest.mark.parametrize(
    ("calendar", "text"),
    [
        ("jalali", "1404-12-30"),
        ("jalali", "1406-07-31"),
        ("hijri", "1448-09-30"),
        ("hijri", "1900-01-01"),
        ("gregorian", "2027-02-29"),
    ],
)
def test_what_no_calendar_has(calendar: str, text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        to_day(text, calendar)
