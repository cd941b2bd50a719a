"""Schedules, calendars and time groups: which way a call goes by the clock, in the site's own time zone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, time

from kelid.compile.text import go, name_of
from kelid.findings import Where
from kelid.model.astdb import NIGHT
from kelid.model.pbx import Context, Exten, Hint, Step
from kelid.model.site import Calendar, CalendarDay, Closure, OpenHours, Override, Schedule, Site

WEEK = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
"""The days in Asterisk's order; its ranges go round the end of the week."""

YEAR = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

OVERRIDES = "overrides"
"""Context of the codes that override schedules."""

_MIDNIGHT = time(0)
_DAY = 24 * 60
"""Minutes."""


def contexts(site: Site) -> tuple[Context, ...]:
    """Return one context a schedule, one a calendar, and that of the codes which override schedules."""
    codes = overridden(site)
    return (
        *(_schedule(site, schedule) for schedule in site.schedules),
        *(_calendar(calendar, site.language) for calendar in site.calendars),
        *((_overrides(codes),) if codes else ()),
    )


# --- schedules -----------------------------------------------------------------------------------


def _schedule(site: Site, schedule: Schedule) -> Context:
    where = schedule.place("name")
    override = schedule.override
    steps: list[Step] = []
    if override:
        state = f"${{DB({NIGHT}/{schedule.name})}}"
        steps.append(Step("GotoIf", f'$["{state}" = "closed"]?night', where=override.place("code")))
        if override.open_code:
            steps.append(Step("GotoIf", f'$["{state}" = "open"]?open', where=override.place("open_code")))
    named = {calendar.name: calendar for calendar in site.calendars}
    for index, name in enumerate(schedule.calendars):
        steps += _on_a_day_of(named[name], site.time_zone, schedule.place(f"calendars.{index}"))
    steps += _within(schedule.hours, site.time_zone, "open")
    for name in schedule.time_groups:
        steps += time_group_steps(site, name, "open")
    steps.append(go(schedule.closed_destination, label="closed", where=where))
    steps.append(go(schedule.open_destination, label="open", where=where))
    if schedule.calendars:
        steps.append(go(schedule.holiday_destination, label="holiday", where=where))
    if override:
        steps.append(
            go(override.destination or schedule.closed_destination, label="night", where=override.where)
        )
    return Context(f"schedule-{schedule.name}", (Exten("s", tuple(steps), where),), where=where)


def time_group_steps(site: Site, name: str, label: str) -> list[Step]:
    """Given a time group, return the steps that go to the label when it holds, and on to the next step when it doesn't."""
    group = next(group for group in site.time_groups if group.name == name)
    return _within(group.hours, site.time_zone, label)


def _within(stretches: Sequence[OpenHours], zone: str, label: str) -> list[Step]:
    return [
        Step("GotoIfTime", f"{span},*,{months(hours.months)},{zone}?{label}", where=hours.where)
        for hours in stretches
        for span in spans(hours)
    ]


def spans(hours: OpenHours) -> list[str]:
    """Given hours whose end is not included, return Asterisk's time and weekday specs.

    In those the end minute is included. Hours over midnight become two spans: Asterisk would take the early
    part as the early hours of the same day.
    """
    if hours.start == hours.end:
        return [f"*,{weekdays(hours.days)}"]
    if hours.end == _MIDNIGHT:
        return [f"{hours.start:%H:%M}-23:59,{weekdays(hours.days)}"]
    if hours.start < hours.end:
        return [f"{hours.start:%H:%M}-{_minute_before(hours.end)},{weekdays(hours.days)}"]
    next_days = tuple(WEEK[(WEEK.index(day) + 1) % 7] for day in hours.days)
    return [
        f"{hours.start:%H:%M}-23:59,{weekdays(hours.days)}",
        f"00:00-{_minute_before(hours.end)},{weekdays(next_days)}",
    ]


def _minute_before(end: time) -> str:
    minutes = end.hour * 60 + end.minute - 1
    return f"{minutes // 60:02}:{minutes % 60:02}"


def weekdays(days: Sequence[str]) -> str:
    """Return the days as Asterisk's weekday spec: ranges, joined by ampersands; ``*`` for the whole week."""
    return _ranges(days, WEEK)


def months(names: Sequence[str]) -> str:
    """Return the months as Asterisk's month spec; ``*`` for all of them, and for none named."""
    return _ranges(names, YEAR) if names else "*"


def _ranges(chosen: Sequence[str], circle: Sequence[str]) -> str:
    """Return the chosen of a circle of names as ranges, which may go round its end; ``*`` for all."""
    size = len(circle)
    on = [name in chosen for name in circle]
    if all(on):
        return "*"
    ranges = []
    for index, name in enumerate(circle):
        # A range starts where the one before is not chosen; index -1 is the last of the circle.
        if not on[index] or on[index - 1]:
            continue
        length = next(step for step in range(1, size + 1) if not on[(index + step) % size])
        last = circle[(index + length - 1) % size]
        ranges.append(name if length == 1 else f"{name}-{last}")
    return "&".join(ranges)


# --- calendars -----------------------------------------------------------------------------------
#
# Asterisk's time specs know no year. Each day is an extension of its own: 20270321, right in every year; and the minutes of
# a closure that takes some hours are patterns: _202612011[2-5]XX.


def _calendar(calendar: Calendar, language: str) -> Context:
    extens: dict[str, Exten] = {}
    for entry in calendar.all():
        note = Step("NoOp", name_of(entry.names, language), where=entry.place("day"))
        for day in entry.each():
            for pattern in _patterns(entry, day):
                extens.setdefault(pattern, Exten(pattern, (note,), entry.place("day")))
    return Context(f"calendar-{calendar.name}", tuple(extens.values()), where=calendar.place("name"))


def _patterns(entry: CalendarDay, day: date) -> Iterator[str]:
    """Yield what stands for the entry on one of its days."""
    start, end = _minutes(entry)
    if (start, end) == (0, _DAY):
        yield f"{day:%Y%m%d}"
    else:
        yield from (f"_{day:%Y%m%d}{minutes}" for minutes in minute_patterns(start, end))


def _minutes(entry: CalendarDay) -> tuple[int, int]:
    """Return first and end minute of the day, the end not included."""
    if not isinstance(entry, Closure):
        return 0, _DAY
    start = entry.start.hour * 60 + entry.start.minute if entry.start else 0
    end = entry.end.hour * 60 + entry.end.minute if entry.end else 0
    return start, end or _DAY


def minute_patterns(start: int, end: int) -> list[str]:
    """Given minutes of a day, the end not included, return patterns of HHMM that take these minutes and no others."""
    found = []
    minute = start
    while minute < end:
        for length, tail in ((600, ""), (60, "XX"), (10, "X"), (1, "")):
            # Ten hours are only tidy from 00:00 and 10:00 on; HH then ends in any digit.
            if length == 600 and not (minute % 600 == 0 and minute < 1200):
                continue
            if minute % length == 0 and minute + length <= end:
                hour, rest = divmod(minute, 60)
                if length == 600:
                    found.append(f"{hour // 10}XXX")
                elif length == 60:
                    found.append(f"{hour:02}{tail}")
                elif length == 10:
                    found.append(f"{hour:02}{rest // 10}{tail}")
                else:
                    found.append(f"{hour:02}{rest:02}")
                minute += length
                break
    return found


def _on_a_day_of(calendar: Calendar, zone: str, where: Where) -> list[Step]:
    """Return the steps that go to ``holiday`` on the calendar's days."""
    kinds = {_minutes(entry) == (0, _DAY) for entry in calendar.all()}
    formats = ["%Y%m%d"] if True in kinds or not kinds else []
    if False in kinds:
        formats.append("%Y%m%d%H%M")
    return [
        Step(
            "GotoIf",
            f"${{DIALPLAN_EXISTS(calendar-{calendar.name},${{STRFTIME(${{EPOCH}},{zone},{text})}},1)}}?holiday",
            where=where,
        )
        for text in formats
    ]


# --- night mode ----------------------------------------------------------------------------------


def overridden(site: Site) -> list[tuple[Schedule, Override]]:
    """Return the schedules that phones can override, and how."""
    return [(schedule, schedule.override) for schedule in site.schedules if schedule.override]


def _overrides(schedules: Sequence[tuple[Schedule, Override]]) -> Context:
    """Return the context of the codes, which phones can dial and watch."""
    extens, hints = [], []
    for schedule, override in schedules:
        for key, state in (("code", "closed"), ("open_code", "open")):
            code = getattr(override, key)
            if code:
                extens.append(_code(schedule, override, code, state, override.place(key)))
                hints.append(Hint(code, lamp(schedule.name, state), override.place(key)))
    return Context(OVERRIDES, tuple(extens), hints=tuple(hints))


def lamp(schedule: str, state: str) -> str:
    """Return the device whose state shows that a schedule is overridden: in use while it is ``closed`` (or ``open``)."""
    return f"Custom:{NIGHT}-{schedule}-{state}"


def _code(schedule: Schedule, override: Override, code: str, state: str, where: Where) -> Exten:
    """Return what a code does: override the clock, or give the schedule back to it; a word says which."""
    key = f"{NIGHT}/{schedule.name}"
    other = "open" if state == "closed" else "closed"
    steps: list[tuple[str, str, str]] = []
    if override.phones:
        mine = " | ".join(f'"${{CALLER_EXTENSION}}" = "{number}"' for number in override.phones)
        # 21 (call rejected, Q.850) becomes SIP 403.
        steps += [("GotoIf", f"$[{mine}]?may", ""), ("Hangup", "21", "")]
    steps += [
        ("Answer", "500", "may"),
        ("GotoIf", f'$["${{DB({key})}}" = "{state}"]?back', ""),
        ("Set", f"DB({key})={state}", ""),
        ("Set", f"DEVICE_STATE({lamp(schedule.name, state)})=INUSE", ""),
        ("Set", f"DEVICE_STATE({lamp(schedule.name, other)})=NOT_INUSE", ""),
        ("Playback", "activated", ""),
        ("Hangup", "", ""),
        ("NoOp", f"${{DB_DELETE({key})}}", "back"),
        ("Set", f"DEVICE_STATE({lamp(schedule.name, state)})=NOT_INUSE", ""),
        ("Playback", "de-activated", ""),
        ("Hangup", "", ""),
    ]
    return Exten(code, tuple(Step(app, data, label, where) for app, data, label in steps), where)
