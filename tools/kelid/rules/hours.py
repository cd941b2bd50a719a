"""H: opening hours and holidays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta

from kelid.findings import Severity
from kelid.model.site import OpenHours, Site
from kelid.rules.registry import Fault, dated_rule, rule

LOOK_AHEAD = timedelta(days=60)


def _minutes(hours: OpenHours) -> tuple[int, int]:
    """Return first and end minute of the day; midnight as an end is minute 1440."""
    start = hours.start.hour * 60 + hours.start.minute
    end = 1440 if hours.end == time(0, 0) else hours.end.hour * 60 + hours.end.minute
    return start, end


@rule("H001")
def holidays_unknown(site: Site) -> Iterator[Fault]:
    """A schedule's holiday list is at the site."""
    known = [item.name for item in site.holiday_lists]
    for schedule in site.schedules:
        if schedule.holidays and schedule.holidays not in known:
            fix = f"hours.yml has {', '.join(known)}" if known else "hours.yml has none"
            yield (
                schedule.place("holidays"),
                f"schedule {schedule.name!r}: there is no holiday list {schedule.holidays!r}",
                fix,
            )


@rule("H002")
def never_open(site: Site) -> Iterator[Fault]:
    """A schedule is open at some time."""
    for schedule in site.schedules:
        if not schedule.hours:
            fix = "add hours, or send calls to its closed_destination directly"
            yield schedule.place("hours"), f"schedule {schedule.name!r} is never open", fix


@rule("H003")
def ends_before_start(site: Site) -> Iterator[Fault]:
    """Hours end after they start, on the same day."""
    for schedule in site.schedules:
        for hours in schedule.hours:
            start, end = _minutes(hours)
            if end <= start:
                text = f"schedule {schedule.name!r}: {hours.start:%H:%M} to {hours.end:%H:%M} has no minute in it"
                yield (
                    hours.place("end"),
                    text,
                    "for a night write two: until 24:00, and from 00:00 on the next day",
                )


@rule("H004")
def hours_overlap(site: Site) -> Iterator[Fault]:
    """Hours of one day don't overlap."""
    for schedule in site.schedules:
        for index, later in enumerate(schedule.hours):
            for earlier in schedule.hours[:index]:
                shared = [day for day in later.days if day in earlier.days]
                (start, end), (begin, finish) = _minutes(later), _minutes(earlier)
                if shared and start < finish and begin < end:
                    line = earlier.where.line
                    text = (
                        f"schedule {schedule.name!r}: these hours overlap those of line {line} on {shared[0]}"
                    )
                    yield later.where, text, "join them, or let one end where the other starts"
                    break


@dated_rule("H005", Severity.WARNING)
def holidays_run_out(site: Site, today: date) -> Iterator[Fault]:
    """A holiday list that is used reaches 60 days ahead."""
    used = {schedule.holidays for schedule in site.schedules}
    for item in site.holiday_lists:
        if item.name not in used:
            continue
        last = max((holiday.day for holiday in item.holidays), default=None)
        if last is None:
            yield item.place("days"), f"the holiday list {item.name!r} is empty", "add the year's holidays"
        elif last < today:
            yield (
                item.where,
                f"the holiday list {item.name!r} ended on {last}",
                "add the next year's holidays",
            )
        elif last < today + LOOK_AHEAD:
            yield item.where, f"the holiday list {item.name!r} ends on {last}", "add the next year's holidays"


@rule("H006")
def holiday_twice(site: Site) -> Iterator[Fault]:
    """A holiday list names a day once."""
    for item in site.holiday_lists:
        seen = set()
        for holiday in item.holidays:
            if holiday.day in seen:
                yield holiday.place("day"), f"the list {item.name!r} has {holiday.day} twice", "keep one"
            seen.add(holiday.day)


@rule("H007", Severity.WARNING)
def holidays_unused(site: Site) -> Iterator[Fault]:
    """A holiday list is used by a schedule."""
    used = {schedule.holidays for schedule in site.schedules}
    for item in site.holiday_lists:
        if item.name not in used:
            yield (
                item.where,
                f"no schedule uses the holiday list {item.name!r}",
                "name it in one, or remove it",
            )
