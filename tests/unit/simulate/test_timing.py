"""Time specifications, as ast_build_timing reads them and ast_check_timing2 compares them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from kelid.simulate.timing import timing

TEHRAN = ZoneInfo("Asia/Tehran")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TEHRAN)


THU, FRI, SAT = "2026-11-26", "2026-11-27", "2026-11-28"


@pytest.mark.parametrize(
    ("spec", "moment", "within"),
    [
        ("*,*,*,*", f"{THU} 03:00", True),
        ("09:00-17:00,*,*,*", f"{THU} 09:00", True),
        ("09:00-17:00,*,*,*", f"{THU} 08:59:59", False),
        ("09:00-17:00,*,*,*", f"{THU} 17:00:59", True),
        ("09:00-17:00,*,*,*", f"{THU} 17:01", False),
        ("22:00-06:00,*,*,*", f"{THU} 23:30", True),
        ("22:00-06:00,*,*,*", f"{THU} 05:59", True),
        ("22:00-06:00,*,*,*", f"{THU} 12:00", False),
        ("00:00-23:59,*,*,*", f"{THU} 23:59", True),
        ("10:00-10:00,*,*,*", f"{THU} 10:00:30", True),
        ("10:00-10:00,*,*,*", f"{THU} 10:01", False),
        ("10:00-09:59,*,*,*", f"{THU} 09:59", True),
        ("08:00-09:00&13:00-14:00,*,*,*", f"{THU} 13:30", True),
        ("08:00-09:00&13:00-14:00,*,*,*", f"{THU} 10:30", False),
        ("9:5-9:7,*,*,*", f"{THU} 09:06", True),
        ("09:00- 17:00,*,*,*", f"{THU} 12:00", True),
        ("12:15,*,*,*", f"{THU} 12:15", True),
        ("12:15,*,*,*", f"{THU} 12:16", False),
        ("*,thu,*,*", f"{THU} 12:00", True),
        ("*,fri-mon,*,*", f"{THU} 12:00", False),
        ("*,fri-mon,*,*", f"{SAT} 12:00", True),
        ("*,sat-wed,*,*", f"{FRI} 12:00", False),
        ("*,sat-wed,*,*", f"{SAT} 12:00", True),
        ("*,MON&Thu,*,*", f"{THU} 12:00", True),
        ("*,5,*,*", f"{THU} 12:00", True),  # the first day of seven is Sunday
        ("*,thursday,*,*", f"{THU} 12:00", False),  # no name of a day: nothing is left of the field
        ("*,thursday&fri,*,*", f"{FRI} 12:00", True),
        ("*,*,26,*", f"{THU} 12:00", True),
        ("*,*,25-2,*", f"{THU} 12:00", True),
        ("*,*,1-25,*", f"{THU} 12:00", False),
        ("*,*,1&26,*", f"{THU} 12:00", True),
        ("*,*,*,nov", f"{THU} 12:00", True),
        ("*,*,*,oct-feb", f"{THU} 12:00", True),
        ("*,*,*,11", f"{THU} 12:00", True),
        ("*,*,*,jan-oct", f"{THU} 12:00", False),
        ("09:00-17:00", f"{FRI} 12:00", True),
        ("09:00-17:00|fri|*|*", f"{FRI} 12:00", True),
        ("09:00-17:00|sat|*|*", f"{FRI} 12:00", False),
        ("09:00-17:00,*,*,*,Asia/Tehran", f"{FRI} 16:30", True),
        ("12:00-13:00,*,*,*,Europe/London", f"{THU} 15:45", True),
        ("12:00-13:00,*,*,*,Europe/London", f"{THU} 12:30", False),
        ("12:00-13:00,*,*,*,No/Where", f"{THU} 16:00", True),  # an unknown zone is UTC
        ("12:00-13:00|*|*|*|Europe/London", f"{THU} 12:30", True),  # the zone stands behind commas only
        ("25:00-26:00,*,*,*", f"{THU} 12:00", False),
    ],
)
def test_moments(spec: str, moment: str, within: bool) -> None:
    made = timing(spec)
    assert made is not None
    assert made.matches(at(moment)) is within


def test_an_empty_specification_is_none() -> None:
    assert timing("") is None


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("9-17,*,*,*", "'9' isn't a valid start time."),
        ("09:00-x,*,*,*", "Invalid time range starting with '09:00-'."),
        ("09:00-25:00,*,*,*", "'25:00' isn't a valid end time."),
        ("noon,*,*,*", "noon isn't a valid time."),
        ("*,xyz,*,*", "Invalid day of week 'xyz', skipping element"),
        ("*,*,32,*", "Invalid day '32', skipping element"),
        ("*,*,*,jan-xyz", "Invalid end month 'xyz', skipping element"),
    ],
)
def test_what_is_not_understood_is_said(spec: str, problem: str) -> None:
    made = timing(spec)
    assert made is not None
    assert problem in made.problems
