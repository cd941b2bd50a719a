"""When a site allows Asterisk to be restarted: its maintenance windows (site.yml), by its own clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from kelid.model.site.system import MaintenanceWindow

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""In the order of ``date.weekday()``."""


def closes(windows: Sequence[MaintenanceWindow], at: datetime) -> datetime | None:
    """Given a moment that knows its zone, return when the window that is open then closes; None where none is open."""
    found = [end for start, end in _near(windows, at) if start <= at < end]
    return max(found, default=None)


def opens(windows: Sequence[MaintenanceWindow], at: datetime) -> datetime | None:
    """Return when the next window after a moment opens; None for a site without windows."""
    return min((start for start, _ in _near(windows, at) if start > at), default=None)


def _near(windows: Sequence[MaintenanceWindow], at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield begin and end of each window from the day before to a week after."""
    for offset in range(-1, 9):
        day = at.date() + timedelta(days=offset)
        for window in windows:
            if _DAYS[day.weekday()] in window.days:
                start = datetime.combine(day, window.start, at.tzinfo)
                # An end that isn't after the start is on the day that follows: 23:00 to 05:00.
                last = day if window.end > window.start else day + timedelta(days=1)
                yield start, datetime.combine(last, window.end, at.tzinfo)
