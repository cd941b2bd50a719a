"""H: opening hours, calendars and night mode."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta

from kelid.findings import Severity, Where
from kelid.model.meant import instead
from kelid.model.numbers import internal_numbers
from kelid.model.site import Closure, OpenHours, Placed, Site
from kelid.model.site.hours import MOST_DAYS
from kelid.rules.registry import Fault, dated_rule, rule

LOOK_AHEAD = timedelta(days=60)
"""How long before its horizon a calendar is to be filled."""

SOON = timedelta(days=14)
"""How long before a lunar holiday it should be known whether it is the day."""

LIKELY = range(1970, 2170)
"""Gregorian years in which the days of a calendar lie; a Jalali year read as a Gregorian one is long past."""


def _minutes(hours: OpenHours) -> tuple[int, int]:
    """Return first and end minute of the day; midnight as an end is minute 1440."""
    start = hours.start.hour * 60 + hours.start.minute
    end = 1440 if hours.end == time(0, 0) else hours.end.hour * 60 + hours.end.minute
    return start, end


def _weeks(site: Site) -> Iterator[tuple[str, Placed, tuple[OpenHours, ...]]]:
    """Yield the hours of each time group and schedule, with what holds them in words."""
    for group in site.time_groups:
        yield f"time group {group.name!r}", group, group.hours
    for schedule in site.schedules:
        yield f"schedule {schedule.name!r}", schedule, schedule.hours


@rule("H001")
def name_unknown(site: Site) -> Iterator[Fault]:
    """A calendar or a time group that is named is at the site."""
    for reference in (*site.uses.get("calendar", ()), *site.uses.get("time_group", ())):
        if reference.point in site.named:
            continue
        kind = reference.kind.replace("_", " ")
        known = [name for other, name in site.named if other == reference.kind]
        holder = f"{reference.owner.KIND.replace('_', ' ')} {reference.owner.label!r}"
        fix = instead(reference.name, known, "hours.yml", f"no {kind}")
        yield reference.where, f"{holder}: there is no {kind} {reference.name!r}", fix


@rule("H002")
def never_open(site: Site) -> Iterator[Fault]:
    """A schedule is open at some time, and a time group holds at some."""
    groups = {group.name: group for group in site.time_groups}
    for group in site.time_groups:
        if not group.hours:
            yield (
                group.place("hours"),
                f"the time group {group.name!r} never holds",
                "add hours, or remove it",
            )
    for schedule in site.schedules:
        named = [groups[name] for name in schedule.time_groups if name in groups]
        if not schedule.hours and not any(group.hours for group in named):
            fix = "add hours or a time group, or send calls to its closed_destination directly"
            yield schedule.place("hours"), f"schedule {schedule.name!r} is never open", fix


@rule("H003")
def ends_before_start(site: Site) -> Iterator[Fault]:
    """Hours end after they start, on the same day."""
    for holder, _, stretches in _weeks(site):
        for hours in stretches:
            start, end = _minutes(hours)
            if end <= start:
                yield (
                    hours.place("end"),
                    f"{holder}: {hours.start:%H:%M} to {hours.end:%H:%M} has no minute in it",
                    "for a night write two: until 24:00, and from 00:00 on the next day",
                )


@rule("H004")
def hours_overlap(site: Site) -> Iterator[Fault]:
    """Hours of one day don't overlap."""
    for holder, _, stretches in _weeks(site):
        for index, later in enumerate(stretches):
            for earlier in stretches[:index]:
                shared = [day for day in later.days if day in earlier.days]
                apart = later.months and earlier.months and not set(later.months) & set(earlier.months)
                (start, end), (begin, finish) = _minutes(later), _minutes(earlier)
                if shared and not apart and start < finish and begin < end:
                    text = f"{holder}: these hours overlap those of line {earlier.where.line} on {shared[0]}"
                    yield later.where, text, "join them, or let one end where the other starts"
                    break


@dated_rule("H005", Severity.WARNING)
def calendar_ends(site: Site, today: date) -> Iterator[Fault]:
    """A calendar that is used is whole for 60 days to come."""
    used = {name for schedule in site.schedules for name in schedule.calendars}
    for calendar in site.calendars:
        if calendar.name not in used:
            continue
        fix = f"add the days that follow (kelid calendar {site.name} {calendar.name}), then move the horizon"
        if calendar.horizon < today:
            text = f"the calendar {calendar.name!r} ended on {calendar.horizon}: every day since is an ordinary one"
            yield calendar.place("horizon"), text, fix
        elif calendar.horizon < today + LOOK_AHEAD:
            text = f"the calendar {calendar.name!r} is whole until {calendar.horizon} only"
            yield calendar.place("horizon"), text, fix


@rule("H006")
def day_twice(site: Site) -> Iterator[Fault]:
    """A calendar names a whole day once."""
    for calendar in site.calendars:
        seen: dict[date, int] = {}
        for entry in calendar.all():
            if isinstance(entry, Closure) and (entry.start or entry.end):
                continue
            before = next((seen[day] for day in entry.each() if day in seen), None)
            if before is not None:
                text = f"the calendar {calendar.name!r} has {entry.day} already, on line {before}"
                yield entry.place("day"), text, "keep one"
            for day in entry.each():
                seen.setdefault(day, entry.where.line)


@rule("H007", Severity.WARNING)
def calendar_unused(site: Site) -> Iterator[Fault]:
    """A calendar is used by a schedule."""
    used = {name for schedule in site.schedules for name in schedule.calendars}
    for calendar in site.calendars:
        if calendar.name not in used:
            text = f"no schedule uses the calendar {calendar.name!r}"
            yield calendar.where, text, "name it in one, or remove it"


@rule("H008")
def days_in_a_row(site: Site) -> Iterator[Fault]:
    """Days in a row end after they begin, and are no more than two months."""
    for calendar in site.calendars:
        for entry in calendar.all():
            number = (entry.last - entry.first).days + 1
            if number < 1:
                text = f"{entry.until} is before {entry.day}"
                yield entry.place("until"), text, "write the last of the days"
            elif number > MOST_DAYS:
                text = f"from {entry.day} to {entry.until} are {number} days in a row"
                yield entry.place("until"), text, "is the year right? Otherwise write several entries"


@rule("H009")
def closure_of_no_minute(site: Site) -> Iterator[Fault]:
    """A closure of some hours ends after it starts."""
    for calendar in site.calendars:
        for entry in calendar.closures:
            if entry.start and entry.end and time(0) != entry.end <= entry.start:
                text = f"{entry.start:%H:%M} to {entry.end:%H:%M} has no minute in it"
                yield entry.place("end"), text, "write the first minute that is no longer closed"


@dated_rule("H010", Severity.WARNING)
def day_not_confirmed(site: Site, today: date) -> Iterator[Fault]:
    """A day that may still move is confirmed two weeks before it comes."""
    for calendar in site.calendars:
        for entry in calendar.days:
            if not entry.confirmed and today <= entry.first <= today + SOON:
                text = f"{entry.first} ({entry.day} {entry.dates.capitalize()}) is not confirmed yet"
                fix = "when it is announced set shift, and take confirmed: false away"
                yield entry.place("confirmed"), text, fix


@rule("H011")
def code_taken(site: Site) -> Iterator[Fault]:
    """A code of night mode is one schedule's alone, and nothing else is dialled by it."""
    taken: dict[str, str] = {
        code: f"the feature {key}" for key, code in site.features.feature_codes.items() if code != "off"
    }
    taken |= {extension.number: f"extension {extension.number}" for extension in site.extensions}
    taken |= {item.number: str(item) for item in internal_numbers(site)}
    for schedule in site.schedules:
        override = schedule.override
        for key in ("code", "open_code") if override else ():
            code = getattr(override, key)
            if code and code in taken:
                where = override.place(key) if override else Where("")
                yield where, f"{code} is {taken[code]} already", "choose another code"
            elif code:
                taken[code] = f"the {key} of schedule {schedule.name!r}"


@rule("H012", Severity.WARNING)
def beyond_the_horizon(site: Site) -> Iterator[Fault]:
    """A calendar's days lie before its horizon."""
    for calendar in site.calendars:
        late = [
            entry for entry in calendar.days if entry.last > calendar.horizon and entry.first.year in LIKELY
        ]
        if late:
            text = f"the calendar {calendar.name!r} is whole until {calendar.horizon}, and {late[0].day} is later"
            yield late[0].place("day"), text, "move the horizon if the days up to it are all there"


@rule("H013")
def date_of_another_calendar(site: Site) -> Iterator[Fault]:
    """A date is of the calendar that it is said to be of: in another one it lies centuries away."""
    for calendar in site.calendars:
        if calendar.horizon.year not in LIKELY:
            text = f"the horizon lies in the year {calendar.horizon.year}"
            yield calendar.place("horizon"), text, "write it in the calendar that dates names"
        for entry in (*calendar.days, *calendar.closures):
            if entry.first.year not in LIKELY:
                text = f"{entry.day} is in the year {entry.first.year} if it is {entry.dates.capitalize()}"
                fix = "write it in that calendar, or say with dates: beside it which one it is of"
                yield entry.place("day"), text, fix
