"""Hours, calendars and schedules (hours.yml)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, time, timedelta
from typing import ClassVar

from kelid.model.destination import Destination
from kelid.model.record import EMPTY
from kelid.model.site.base import Names, Placed

MOST_DAYS = 62
"""Days in a row that one entry of a calendar may name: more is a slip of the year."""


class OpenHours(Placed):
    """A stretch of the week, in the site's time zone: ``days`` are of ``sat sun mon tue wed thu fri``.

    ``start`` is included, ``end`` is not: open from 08:00 to 20:00 is closed at 20:00:00. An ``end`` of 00:00 is the
    midnight that ends the day (YAML's ``24:00``). ``months`` (``jan`` to ``dec``, of the Gregorian calendar: Asterisk
    knows no other) are those of every year; () for all.
    """

    days: tuple[str, ...]
    start: time
    end: time
    months: tuple[str, ...] = ()


class TimeGroup(Placed):
    """Hours under a name, for schedules and outbound routes."""

    KIND: ClassVar[str] = "time_group"

    name: str
    names: Names
    hours: tuple[OpenHours, ...]


class CalendarDay(Placed):
    """A day of a calendar, or several in a row: ``first`` to ``last`` are the Gregorian days that are meant.

    ``day`` and ``until`` are as they were written, in the calendar ``dates``. ``confirmed`` is False for a day that may
    still move, as lunar holidays do until the moon was seen.
    """

    day: str
    until: str = ""
    dates: str
    shift: int = 0
    names: Names
    confirmed: bool = True
    first: date
    last: date

    def each(self) -> Iterator[date]:
        """Yield the days from first to last, or as many as one entry may name (rule H008 says when there are more)."""
        for number in range(min((self.last - self.first).days + 1, MOST_DAYS)):
            yield self.first + timedelta(days=number)


class Closure(CalendarDay):
    """A closure that was announced: whole days, or from ``start`` to ``end`` of each; ``announced`` says by whom."""

    start: time | None = None
    end: time | None = None
    announced: str = ""


class Calendar(Placed):
    """Days on which a schedule's holiday destination holds. It is whole until ``horizon``, by what ``source`` says."""

    KIND: ClassVar[str] = "calendar"

    name: str
    names: Names = EMPTY
    source: str
    horizon: date
    days: tuple[CalendarDay, ...]
    closures: tuple[Closure, ...]

    def all(self) -> Iterator[CalendarDay]:
        """Yield the days, then the closures."""
        yield from self.days
        yield from self.closures


class Override(Placed):
    """Night mode: codes by which phones send a schedule's calls elsewhere, whatever the clock says.

    ``code`` closes it and ``open_code`` opens it; the same again gives it back to the clock. ``phones`` () lets every phone.
    """

    REFERS: ClassVar[Mapping[str, str]] = {"phones": "extension"}

    code: str
    open_code: str = ""
    destination: Destination | None = None
    phones: tuple[str, ...] = ()


class Schedule(Placed):
    """Which way a call goes by the clock: the override first, then the calendars, then the hours."""

    KIND: ClassVar[str] = "schedule"
    REFERS: ClassVar[Mapping[str, str]] = {"time_groups": "time_group", "calendars": "calendar"}

    name: str
    names: Names
    number: str = ""
    hours: tuple[OpenHours, ...] = ()
    time_groups: tuple[str, ...] = ()
    calendars: tuple[str, ...] = ()
    override: Override | None = None
    open_destination: Destination
    closed_destination: Destination
    holiday_destination: Destination
