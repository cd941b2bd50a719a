"""Calendars, closures and night mode in the dial plan."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelid.compile import compile_site
from kelid.compile.hours import minute_patterns, months
from kelid.load import load_files
from kelid.model.pbx import Context, Pbx

BASE = Path(__file__).resolve().parents[2] / "bad_sites" / "_base"
HOURS = """
time_groups:
  - name: desk
    names: {en: Desk}
    hours:
      - {days: [mon, tue, wed], start: 08:00, end: 18:00}
      - {days: [thu], start: 08:00, end: 12:00, months: [jun, jul, aug]}
calendars:
  - name: year
    dates: jalali
    source: the law
    horizon: 1406-12-29
    days:
      - {day: 1406-01-01, until: 1406-01-04, names: {en: Nowruz}}
      - {day: 1448-10-01, dates: hijri, shift: 1, names: {en: Fitr}}
    closures:
      - {day: 1405-09-11, start: 12:00, end: 16:30, names: {en: Smog}}
schedules:
  - name: office
    names: {en: Office}
    time_groups: [desk]
    calendars: [year]
    override: {code: "*281", open_code: "*282", destination: hangup, phones: ["201"]}
    open_destination: ivr:main
    closed_destination: announcement:closed
    holiday_destination: busy
"""


@pytest.fixture(scope="module")
def pbx() -> Pbx:
    files = {path.name: path.read_bytes() for path in BASE.glob("*.yml")}
    files |= {f"media/{path.name}": path.read_bytes() for path in (BASE / "media").iterdir()}
    loaded = load_files("base", files | {"hours.yml": HOURS.encode()}, shown="base")
    assert loaded.site, loaded.findings
    return compile_site(loaded.site)


def context(pbx: Pbx, name: str) -> Context:
    return next(context for context in pbx.contexts if context.name == name)


def test_every_date_is_a_dated_extension(pbx: Pbx) -> None:
    nowruz = [f"{date(2027, 3, 21) + timedelta(days=number):%Y%m%d}" for number in range(4)]
    patterns = [exten.pattern for exten in context(pbx, "calendar-year").extens]
    assert patterns[:5] == [*nowruz, "20270310"]
    assert patterns[5:] == ["_2026120212XX", "_2026120213XX", "_2026120214XX", "_2026120215XX"] + [
        f"_202612021{rest}X" for rest in ("60", "61", "62")
    ]


def test_the_code_goes_before_the_calendar_and_that_before_the_hours(pbx: Pbx) -> None:
    steps = [(step.label, step.app, step.data) for step in context(pbx, "schedule-office").extens[0].steps]
    zone = "Europe/Berlin"
    assert steps == [
        ("", "GotoIf", '$["${DB(NIGHT/office)}" = "closed"]?night'),
        ("", "GotoIf", '$["${DB(NIGHT/office)}" = "open"]?open'),
        (
            "",
            "GotoIf",
            f"${{DIALPLAN_EXISTS(calendar-year,${{STRFTIME(${{EPOCH}},{zone},%Y%m%d)}},1)}}?holiday",
        ),
        (
            "",
            "GotoIf",
            f"${{DIALPLAN_EXISTS(calendar-year,${{STRFTIME(${{EPOCH}},{zone},%Y%m%d%H%M)}},1)}}?holiday",
        ),
        ("", "GotoIfTime", f"08:00-17:59,mon-wed,*,*,{zone}?open"),
        ("", "GotoIfTime", f"08:00-11:59,thu,*,jun-aug,{zone}?open"),
        ("closed", "Goto", "announcement-closed,s,1"),
        ("open", "Goto", "ivr-main,s,1"),
        ("holiday", "Busy", "20"),
        ("night", "Hangup", ""),
    ]


def test_phones_can_dial_and_watch_the_codes(pbx: Pbx) -> None:
    overrides = context(pbx, "overrides")
    assert [exten.pattern for exten in overrides.extens] == ["*281", "*282"]
    assert [(hint.exten, hint.device) for hint in overrides.hints] == [
        ("*281", "Custom:NIGHT-office-closed"),
        ("*282", "Custom:NIGHT-office-open"),
    ]
    assert overrides.extens[0].steps[0].data == '$["${CALLER_EXTENSION}" = "201"]?may'
    ways_in = [one for one in pbx.contexts if one.name.startswith("from-class-")]
    assert ways_in
    assert all("overrides" in [include.context for include in one.includes] for one in ways_in)


MINUTES = st.integers(0, 1440)


@given(start=MINUTES, end=MINUTES)
def test_minute_patterns_take_these_minutes_and_no_others(start: int, end: int) -> None:
    found = minute_patterns(start, end)
    ways = [re.compile(text.replace("X", "[0-9]")) for text in found]
    taken = [
        minute
        for minute in range(1440)
        if any(way.fullmatch(f"{minute // 60:02}{minute % 60:02}") for way in ways)
    ]
    assert taken == list(range(start, end))
    assert len(found) <= 45


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), "*"),
        (("jun",), "jun"),
        (("nov", "dec", "jan"), "nov-jan"),
        (("mar", "jun", "jul"), "mar&jun-jul"),
    ],
)
def test_months_become_ranges(names: tuple[str, ...], expected: str) -> None:
    assert months(names) == expected


def test_midnight_ends_a_day() -> None:
    assert minute_patterns(1380, 1440) == ["23XX"]
