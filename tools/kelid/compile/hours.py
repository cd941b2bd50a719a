"""Schedules and holidays: which way a call goes by the clock, in the site's own time zone."""

from __future__ import annotations

from datetime import time

from kelid.compile.text import go, name_of
from kelid.model.pbx import Context, Exten, Step
from kelid.model.site import OpenHours, Schedule, Site

WEEK = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
"""The days in Asterisk's order; its ranges go round the end of the week."""

_MIDNIGHT = time(0)


def contexts(site: Site) -> tuple[Context, ...]:
    """Return one context a schedule, and one a holiday list."""
    return (
        *(_schedule(schedule, site.time_zone) for schedule in site.schedules),
        *(
            Context(
                f"holidays-{holidays.name}",
                tuple(
                    Exten(
                        f"{day.day:%Y%m%d}",
                        (Step("NoOp", name_of(day.names, site.language), where=day.place("day")),),
                        day.place("day"),
                    )
                    for day in holidays.holidays
                ),
                where=holidays.place("name"),
            )
            for holidays in site.holiday_lists
        ),
    )


def _schedule(schedule: Schedule, zone: str) -> Context:
    where = schedule.place("name")
    steps = []
    if schedule.holidays:
        today = f"holidays-{schedule.holidays},${{STRFTIME(${{EPOCH}},{zone},%Y%m%d)}},1"
        steps.append(
            Step("GotoIf", f"${{DIALPLAN_EXISTS({today})}}?holiday", where=schedule.place("holidays"))
        )
    for hours in schedule.hours:
        steps += [Step("GotoIfTime", f"{spec},*,*,{zone}?open", where=hours.where) for spec in spans(hours)]
    steps.append(go(schedule.closed_destination, label="closed", where=where))
    steps.append(go(schedule.open_destination, label="open", where=where))
    if schedule.holidays:
        steps.append(go(schedule.holiday_destination, label="holiday", where=where))
    return Context(f"schedule-{schedule.name}", (Exten("s", tuple(steps), where),), where=where)


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


def weekdays(days: tuple[str, ...]) -> str:
    """Return the days as Asterisk's weekday spec: ranges, joined by ampersands; ``*`` for the whole week."""
    on = [day in days for day in WEEK]
    if all(on):
        return "*"
    ranges = []
    for index, day in enumerate(WEEK):
        # A range starts where the day before is closed; index -1 is Saturday, the day before Sunday.
        if not on[index] or on[index - 1]:
            continue
        length = next(step for step in range(1, 8) if not on[(index + step) % 7])
        last = WEEK[(index + length - 1) % 7]
        ranges.append(day if length == 1 else f"{day}-{last}")
    return "&".join(ranges)
