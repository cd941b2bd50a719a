"""Hours, schedules and holidays (hours.yml)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import ClassVar

from kelid.model.destination import Destination
from kelid.model.site.base import Names, Placed


class OpenHours(Placed):
    """A stretch of the week, in the site's time zone: ``days`` are of ``sat sun mon tue wed thu fri``.

    ``start`` is included, ``end`` is not: open from 08:00 to 20:00 is closed at 20:00:00. An ``end`` of 00:00 is the
    midnight that ends the day (YAML's ``24:00``).
    """

    days: tuple[str, ...]
    start: time
    end: time


class Schedule(Placed):
    """Which way a call goes by the clock."""

    KIND: ClassVar[str] = "schedule"
    REFERS: ClassVar[Mapping[str, str]] = {"holidays": "holiday_list"}

    name: str
    names: Names
    hours: tuple[OpenHours, ...]
    holidays: str = ""
    """Name of the holiday list; "" for none."""
    open_destination: Destination
    closed_destination: Destination
    holiday_destination: Destination


class Holiday(Placed):
    """A day on which the schedule's holiday destination holds."""

    day: date
    names: Names


class HolidayList(Placed):
    """Dated holidays under a name."""

    KIND: ClassVar[str] = "holiday_list"

    name: str
    holidays: tuple[Holiday, ...]
