"""Classes of time: every moment is in exactly one, and what stands for the class does as the moment does."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime

from kelid.model.pbx import Context, Exten, Pbx, Step
from kelid.simulate.times import times_of, words
from kelid.simulate.timing import timing

TODAY = date(2026, 11, 26)
SPECS = (
    "08:00-19:59,sat-wed,*,*,Asia/Tehran",
    "08:00-12:59,thu,*,*,Asia/Tehran",
    "23:00-05:59,*,1-7,jun-aug,Europe/London",
)
HOLIDAYS = ("20270321", "20270322", "202703240930")
STAMP = "${STRFTIME(${EPOCH},Asia/Tehran,%Y%m%d)}"
MINUTE = "${STRFTIME(${EPOCH},Asia/Tehran,%Y%m%d%H%M)}"


def plan() -> Pbx:
    steps = [Step("GotoIfTime", f"{spec}?open") for spec in SPECS]
    steps += [Step("GotoIf", f"${{DIALPLAN_EXISTS(holidays,{text},1)}}?closed") for text in (STAMP, MINUTE)]
    holidays = Context("holidays", tuple(Exten(day, (Step("NoOp"),)) for day in HOLIDAYS))
    return Pbx(site="test", asterisk=22, contexts=(Context("in", (Exten("s", tuple(steps)),)), holidays))


def test_a_class_stands_for_each_of_its_moments() -> None:
    """Random moments of more than a year: all conditions say the same of the moment and of what stands for it."""
    times = times_of([plan()], TODAY)
    specs = [timing(spec) for spec in SPECS]
    tehran = next(spec.zone for spec in specs if spec is not None)
    chance = random.Random(7)  # noqa: S311 - no secret
    for _ in range(3000):
        moment = chance.randrange(times.start, times.end)
        found = [
            one
            for one in times.classes
            if one.then < 0 and any(stretch.start <= moment < stretch.end for stretch in one.stretches)
        ]
        assert len(found) == 1
        here, there = (datetime.fromtimestamp(at, UTC) for at in (moment, found[0].moment))
        for spec in specs:
            assert spec is not None
            assert spec.matches(here) == spec.matches(there)
        for form in ("%Y%m%d", "%Y%m%d%H%M"):
            assert (here.astimezone(tehran).strftime(form) in HOLIDAYS) == (
                there.astimezone(tehran).strftime(form) in HOLIDAYS
            )


def test_classes_are_told_as_people_tell_them() -> None:
    """Days of the week with their hours; days that are out of the row by their dates."""
    times = times_of([plan()], TODAY, "Asia/Tehran")
    said = [words(times, [index]) for index in range(len(times.classes))]
    assert any(text.startswith("2027-03-24 09:30-09:31") for text in said), said
    assert words(times, range(len(times.classes))) == "at any time"
