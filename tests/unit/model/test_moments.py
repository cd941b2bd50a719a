"""Days and times as people write them, by the clock of a zone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelid.model.moments import moment, moment_text


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        ("1405-01-01 09:00", "Asia/Tehran", "2026-03-21 05:30"),
        ("1405-1-1 9:00", "Asia/Tehran", "2026-03-21 05:30"),
        ("۱۴۰۵-۰۱-۰۱ ۰۹:۰۰", "Asia/Tehran", "2026-03-21 05:30"),
        ("2026-03-21T09:00:30", "Asia/Tehran", "2026-03-21 05:30:30"),
        ("1403-12-30 00:00", "Asia/Tehran", "2025-03-19 20:30"),
        ("2026-10-25 01:30", "Europe/London", "2026-10-25 00:30"),
        ("2026-10-25 01:30+01:00", "Europe/London", "2026-10-25 00:30"),
        ("2026-10-25 01:30 +00:00", "Europe/London", "2026-10-25 01:30"),
        ("2026-10-25 01:30Z", "Europe/London", "2026-10-25 01:30"),
    ],
)
def test_what_is_meant(text: str, zone: str, utc: str) -> None:
    assert moment(text, zone).astimezone(UTC) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "why"),
    [
        ("tomorrow", "Asia/Tehran", "is no day and time"),
        ("2026-03-21", "Asia/Tehran", "is no day and time"),
        ("1405-12-30 09:00", "Asia/Tehran", "Jalali calendar has no day 1405-12-30"),
        ("1405-13-01 09:00", "Asia/Tehran", "has no day 1405-13-01"),
        ("1405-00-01 09:00", "Asia/Tehran", "has no day"),
        ("2026-02-30 09:00", "Asia/Tehran", "Gregorian calendar has no day 2026-02-30"),
        ("0000-01-01 09:00", "Asia/Tehran", "is no day that a call"),
        ("2026-03-21 25:00", "Asia/Tehran", "no clock shows 25:00"),
        ("2026-03-21 24:00", "Asia/Tehran", "no clock shows 24:00"),
        ("2026-03-21 10:60", "Asia/Tehran", "no clock shows 10:60"),
        ("2026-03-29 01:30", "Europe/London", "never shows 01:30 on 2026-03-29"),
        ("2026-10-25 01:30+03:30", "Europe/London", "the offset is +01:00"),
        ("2026-03-21 09:00\n", "Asia/Tehran", ""),
    ],
)
def test_what_is_no_moment(text: str, zone: str, why: str) -> None:
    if not why:  # white space around it is no matter
        assert moment(text, zone)
        return
    with pytest.raises(ValueError, match=why.replace("+", r"\+")):
        moment(text, zone)


@given(at=st.datetimes(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2060-12-31")))
def test_there_and_back(at: datetime) -> None:
    for calendar in ("jalali", "gregorian"):
        text = moment_text(at, calendar)
        try:
            read = moment(text, "Asia/Tehran")
        except ValueError as problem:
            assert "never shows" in str(problem)  # noqa: PT017 - an hour that was left out, and no other reason
            continue
        assert moment_text(read, calendar) == text
        assert read.replace(tzinfo=None) == at.replace(second=0, microsecond=0)
