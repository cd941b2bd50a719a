"""A calendar filled with a year's public holidays: in its place, once, and with what was there left alone."""

from __future__ import annotations

from datetime import date

import pytest

from kelid.edit.calendars import fill, new_calendar, year_of
from kelid.edit.document import Document
from kelid.edit.holidays import PublicHoliday, public_holidays
from kelid.findings import Exit, KelidError
from kelid.load import load_files
from kelid.model.site import Calendar

TEXT = """# Days off.
calendars:
  - name: iran
    dates: jalali
    source: the law
    horizon: 1405-12-29   # look again in autumn
    days:
      - {day: 1405-11-22, names: {fa: پیروزی انقلاب}}
      # the company's own
      - {day: 1406-01-02, names: {fa: جشن شرکت}}
"""


def calendar(text: str, base: dict[str, bytes]) -> Calendar:
    site = load_files("base", base | {"hours.yml": text.encode()}, shown="base").site
    assert site
    return site.calendars[0]


@pytest.fixture(scope="module")
def base(root):  # type: ignore[no-untyped-def]
    folder = root / "tests" / "bad_sites" / "_base"
    return {path.name: path.read_bytes() for path in folder.glob("*.yml")}


DAYS = [
    PublicHoliday(date(2027, 3, 21), {"fa": "نوروز"}, True),
    PublicHoliday(date(2027, 3, 22), {"fa": "نوروز"}, True),
    PublicHoliday(date(2027, 3, 23), {"fa": "نوروز"}, True),
    PublicHoliday(date(2027, 3, 24), {"fa": "نوروز"}, True),
    PublicHoliday(date(2027, 5, 17), {"fa": "قربان"}, False),
]


def test_days_go_to_their_places_and_what_was_there_stays(base: dict[str, bytes]) -> None:
    document = Document(TEXT)
    done = fill(document, calendar(TEXT, base), "jalali", DAYS, year_of("1406", "jalali"))
    assert document.text.splitlines()[5:] == [
        "    horizon: 1406-12-29   # look again in autumn",
        "    days:",
        "      - {day: 1405-11-22, names: {fa: پیروزی انقلاب}}",
        "      - {day: 1406-01-01, names: {fa: نوروز}}",
        "      # the company's own",
        "      - {day: 1406-01-02, names: {fa: جشن شرکت}}",
        "      - {day: 1406-01-03, until: 1406-01-04, names: {fa: نوروز}}",
        "      - {day: 1406-02-27, names: {fa: قربان}, confirmed: false}",
    ]
    assert done == ["3 entries added to the calendar 'iran'", "the calendar 'iran' is whole until 1406-12-29"]
    filled = document.text
    again = fill(document, calendar(filled, base), "jalali", DAYS, year_of("1406", "jalali"))
    assert (again, document.text) == ([], filled)


def test_a_horizon_does_not_jump_over_a_year(base: dict[str, bytes]) -> None:
    document = Document(TEXT)
    done = fill(document, calendar(TEXT, base), "jalali", [], year_of("1407", "jalali"))
    assert document.text == TEXT
    assert len(done) == 1
    assert "missing" in done[0]


def test_a_new_calendar_is_one() -> None:
    document = Document("schedules: []\n")
    new_calendar(
        document,
        "uk",
        "gregorian",
        "holidays",
        date(2027, 1, 1),
        order=["time_groups", "calendars", "schedules"],
    )
    assert document.data(("calendars",)) == [
        {"name": "uk", "source": "holidays", "horizon": "2026-12-31", "days": []}
    ]


@pytest.mark.parametrize(("year", "dates"), [("2027", "jalali"), ("1406", "gregorian"), ("next", "jalali")])
def test_a_year_of_another_calendar_is_refused(year: str, dates: str) -> None:
    with pytest.raises(KelidError) as refused:
        year_of(year, dates)
    assert refused.value.exit is Exit.USAGE


def test_the_library_knows_iran_in_persian_and_says_what_it_guesses() -> None:
    first, last = year_of("1406", "jalali")
    days = {item.day: item for item in public_holidays("IR", first, last, ("fa", "en"))}
    assert days[date(2027, 3, 21)].names["fa"].endswith("نوروز")
    assert days[date(2027, 3, 21)].certain
    fitr = next(item for item in days.values() if item.names["en"] == "Eid al-Fitr")
    assert not fitr.certain
    assert "تخمینی" not in fitr.names["fa"]


def test_a_country_that_nobody_knows_is_said() -> None:
    with pytest.raises(KelidError, match="by hand"):
        public_holidays("XX", date(2027, 1, 1), date(2027, 12, 31), ("en",))
