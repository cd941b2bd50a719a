"""Maintenance windows: when one is open, when it closes, when the next opens; by the site's clock."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from kelid.model.site import MaintenanceWindow
from kelid.model.windows import closes, opens

TEHRAN = ZoneInfo("Asia/Tehran")
WINDOWS = (
    MaintenanceWindow(days=("fri",), start=time(2), end=time(4)),
    MaintenanceWindow(days=("thu",), start=time(23), end=time(1)),
    MaintenanceWindow(days=("mon",), start=time(22), end=time(0)),
)


def at(text: str) -> datetime:
    """Return a moment by Tehran's clock; 2026-11-27 is a Friday."""
    return datetime.fromisoformat(text).replace(tzinfo=TEHRAN)


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        ("2026-11-27 01:59", None),
        ("2026-11-27 02:00", "2026-11-27 04:00"),
        ("2026-11-27 03:59", "2026-11-27 04:00"),
        ("2026-11-27 04:00", None),
        ("2026-11-26 23:30", "2026-11-27 01:00"),
        ("2026-11-27 00:59", "2026-11-27 01:00"),
        ("2026-11-27 01:00", None),
        ("2026-11-23 23:59", "2026-11-24 00:00"),
    ],
)
def test_a_window_is_open_from_its_first_minute_to_its_last(moment: str, end: str | None) -> None:
    assert closes(WINDOWS, at(moment)) == (at(end) if end else None)


@pytest.mark.parametrize(
    ("moment", "start"),
    [
        ("2026-11-27 03:00", "2026-11-30 22:00"),
        ("2026-11-26 12:00", "2026-11-26 23:00"),
        ("2026-11-26 23:00", "2026-11-27 02:00"),
    ],
)
def test_the_next_window(moment: str, start: str) -> None:
    assert opens(WINDOWS, at(moment)) == at(start)
    assert opens((), at(moment)) is None
    assert opens(WINDOWS[:1], at("2026-11-27 02:30")) == at("2026-12-04 02:00")
