"""Time specifications: ``times|weekdays|days|months|zone`` of GotoIfTime, ExecIfTime, IFTIME and includes.

As ast_build_timing and ast_check_timing2 in main/pbx_timing.c.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ALL_DAY = (1 << 1440) - 1
_SPACE = r"[ \t\n\v\f\r]*"
_TWO = rf"{_SPACE}([+-][0-9]|[0-9]{{1,2}})"  # sscanf's %2d
_CLOCK = re.compile(rf"{_TWO}:{_TWO}")
_NUMBER = re.compile(_TWO)


class Timing(NamedTuple):
    """What a specification allows, as bits: minutes of the day, days of the week (Sunday: 0), days of the month (the 1st:
    bit 0), months (January: bit 0). ``zone`` is None for the server's own. ``problems`` are what Asterisk would log.
    """

    minutes: int
    weekdays: int
    days: int
    months: int
    zone: tzinfo | None
    problems: tuple[str, ...] = ()

    def matches(self, moment: datetime) -> bool:
        """Return True if the moment, which knows its zone, is within; minutes count whole: ``09:00-17:00`` ends at
        17:00:59.
        """
        if self.zone is not None:
            moment = moment.astimezone(self.zone)
        return bool(
            self.months >> (moment.month - 1) & 1
            and self.days >> (moment.day - 1) & 1
            and self.weekdays >> (moment.isoweekday() % 7) & 1
            and self.minutes >> (moment.hour * 60 + moment.minute) & 1
        )


@lru_cache(4096)
def timing(text: str) -> Timing | None:
    """Return what a specification says; None for an empty one, which Asterisk refuses.

    Ranges go round (``fri-mon``, ``22:00-06:00``), ``&`` joins them in every field, an empty field or ``*`` is
    everything. What
    isn't understood is left out of its field, so that a field of nothing else never matches. Fields end at ``,`` or ``|``,
    but the zone is only read where commas make exactly five. An unknown zone is UTC (main/stdtime/localtime.c).
    """
    if not text:
        return None
    problems: list[str] = []
    zone: tzinfo | None = None
    if text.count(",") == 4:
        zone = _zone(text.rpartition(",")[2], problems)
    fields = re.split("[|,]", text)
    return Timing(
        minutes=_minutes(fields[0], problems),
        weekdays=_range(fields[1], 7, _DAYS, "day of week", problems) if len(fields) > 1 else (1 << 7) - 1,
        days=_range(fields[2], 31, (), "day", problems) if len(fields) > 2 else (1 << 31) - 1,
        months=_range(fields[3], 12, _MONTHS, "month", problems) if len(fields) > 3 else (1 << 12) - 1,
        zone=zone,
        problems=tuple(problems),
    )


def _zone(name: str, problems: list[str]) -> tzinfo | None:
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problems.append(f"unknown zone '{name}': UTC is taken")
        return UTC


def _lookup(text: str, names: tuple[str, ...], most: int) -> int:
    if names and text[:1] > "9":
        lower = text.lower()
        if lower in names:
            return names.index(lower)
    found = _NUMBER.match(text)
    number = int(found[1]) if found else 0
    return number - 1 if 1 <= number <= most else -1


def _range(field: str, most: int, names: tuple[str, ...], what: str, problems: list[str]) -> int:
    if field in ("", "*"):
        return (1 << most) - 1
    mask = 0
    for part in field.split("&"):
        first, dash, last = part.partition("-")
        start = _lookup(first, names, most)
        if start < 0:
            problems.append(f"Invalid {what} '{first}', skipping element")
            continue
        end = _lookup(last, names, most) if dash else start
        if end < 0:
            problems.append(f"Invalid end {what} '{last}', skipping element")
            continue
        mask |= 1 << end
        while start != end:
            mask |= 1 << start
            start = (start + 1) % most
    return mask


def _clock(text: str) -> int:
    found = _CLOCK.match(text)
    if found is None:
        return -1
    hour, minute = int(found[1]), int(found[2])
    return hour * 60 + minute if 0 <= hour <= 23 and 0 <= minute <= 59 else -1


def _minutes(field: str, problems: list[str]) -> int:
    if field in ("", "*"):
        return _ALL_DAY
    mask = 0
    for part in field.split("&"):
        first, dash, last = part.partition("-")
        start = _clock(first)
        if not dash:
            if start < 0:
                problems.append(f"{part} isn't a valid time.")
            else:
                mask |= 1 << start
            continue
        last = re.sub("^[^0-9]+", "", last)  # Asterisk goes on to the first digit, whatever stands before it
        end = _clock(last)
        if not last:
            problems.append(f"Invalid time range starting with '{first}-'.")
        elif start < 0:
            problems.append(f"'{first}' isn't a valid start time.")
        elif end < 0:
            problems.append(f"'{last}' isn't a valid end time.")
        elif start <= end:
            mask |= (1 << (end + 1)) - (1 << start)
        else:
            mask |= _ALL_DAY ^ ((1 << start) - (1 << (end + 1)))
    return mask
