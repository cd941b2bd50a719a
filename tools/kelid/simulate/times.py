"""The moments that a dial plan tells apart: classes of time, each with a moment that stands for it.

Every time specification (GotoIfTime, ExecIfTime, IFTIME, includes), every dated extension (``20270321``, ``202703211200``)
and every STRFTIME that a condition looks at makes borders. Between two borders nothing changes; stretches of which the same
holds are one class, however many days it comes back on. Several dial plans are looked at together, so that they can be
compared moment by moment.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache, partial
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from kelid.model.pbx import Pbx
from kelid.simulate.dialplan import MATCH, match, positions
from kelid.simulate.timing import Timing, timing

AFTER_THE_LAST = 366
"""Days that are looked at after the last one that the dial plan names, so that each weekday and season comes."""

AT_LEAST = 366
"""Days from the first on that are looked at in any case."""

MOST_DAYS = 366 * 12
"""Days that are looked at at most; what is dated after that is said to be left out."""


SHORTLY = 60
"""Seconds before a border within which a call comes in of which it is looked at what it does after the border."""


class Stretch(NamedTuple):
    """A piece of one day in which nothing changes, by seconds since 1970: from ``start`` up to, without, ``end``."""

    start: int
    end: int


class TimeClass(NamedTuple):
    """Stretches of which the same holds. ``moment`` stands for all of them (seconds since 1970).

    ``then`` is the class that follows, by index: these are the last moments before it, which are of another class, too. -1
    for a class of its own.
    """

    moment: int
    stretches: tuple[Stretch, ...]
    then: int = -1


class Times(NamedTuple):
    """All classes of time of some dial plans, in order of their first moments; after them those that are the ends of some.

    ``left_out`` says in words what can't be told apart (times that are made of variables), or is too far away.
    """

    zone: str
    classes: tuple[TimeClass, ...]
    left_out: tuple[str, ...] = ()
    looks: Mapping[tuple[str, str], Callable[[str], Hashable]] = MappingProxyType({})
    """Of STRFTIME's zones and layouts that make borders: what the dial plans tell apart of the texts."""

    @property
    def whole(self) -> int:
        """Return how many classes are whole ones, and not the end of one."""
        return sum(one.then < 0 for one in self.classes)

    @property
    def start(self) -> int:
        """Return where the time begins that is looked at."""
        return min(stretch.start for one in self.classes for stretch in one.stretches)

    @property
    def end(self) -> int:
        """Return where it ends."""
        return max(stretch.end for one in self.classes for stretch in one.stretches)


_SPEC = re.compile(r"(?:GotoIfTime|ExecIfTime)\s*\(", re.IGNORECASE)
_IFTIME = re.compile(r"IFTIME\(([^?]*)\?")
_STRFTIME = re.compile(r"STRFTIME\(([^,()]*(?:\([^()]*\))?[^,()]*),([^,()]*),([^()]*)\)")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_GIVEN = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\)?=")
_DATED = re.compile(r"20[0-9]{6}(?:[0-9]{2}(?:[0-9]{2})?)?")
_CONDITIONS = {"gotoif", "gosubif", "execif", "while", "exitwhile"}
_SMALL = re.compile(r"(?:%[HuwaAdmbBjy]|[^%])*")
"""Formats whose values are so few that each can be a class."""


class _Borders:
    """What is known of the borders of some dial plans."""

    def __init__(self) -> None:
        self.specs: dict[str, Timing] = {}
        self.zones: dict[str, tzinfo] = {}
        self.dated: dict[tuple[int, str], list[str]] = {}
        self.formats: set[tuple[str, str]] = set()
        self.date_zones: set[tuple[str, str]] = set()
        self.left_out: list[str] = []
        self.constants: dict[str, str] = {}
        """Global variables that no step gives another value."""

    def spec(self, text: str) -> None:
        text = _VARIABLE.sub(lambda found: self.constants.get(found[1], found[0]), text).strip()
        if "$" in text:
            self.left_out.append(f"a time that is made of variables: {text}")
            return
        made = timing(text)
        if made is not None:
            self.specs[text] = made

    def pbx(self, index: int, pbx: Pbx) -> None:
        steps = [step.data for context in pbx.contexts for exten in context.extens for step in exten.steps]
        options = (option for file in pbx.files for section in file.resolved for option in section.options)
        steps += [option.value for option in options if option.key.lower() in ("set_var", "setvar")]
        given = {name for data in steps for name in _GIVEN.findall(data)}
        self.constants = {one.key: one.value for one in pbx.globals if one.key not in given}
        for context in pbx.contexts:
            for include in context.includes:
                if include.times:
                    self.spec(include.times)
            dated = [exten.pattern for exten in context.extens if _DATED.fullmatch(exten.pattern)]
            patterns = [
                exten.pattern for exten in context.extens if re.match(r"_\[?20[0-9X\[]", exten.pattern)
            ]
            if dated or patterns:
                self.dated[index, context.name] = [*dated, *patterns]
            for exten in context.extens:
                for step in exten.steps:
                    self.step(step.app, step.data)

    def step(self, app: str, data: str) -> None:
        if app.lower() in ("gotoiftime", "execiftime"):
            self.spec(data.partition("?")[0])
        if "IFTIME(" in data:
            for found in _IFTIME.finditer(data):
                self.spec(found[1])
        if "STRFTIME(" in data:
            for found in _STRFTIME.finditer(data):
                zone, form = found[2].strip(), found[3]
                self.zones.setdefault(zone, _zone(zone))
                if app.lower() in _CONDITIONS and _SMALL.fullmatch(form) and "%" in form:
                    self.formats.add((zone, form))
                elif form.startswith("%Y%m%d"):
                    self.date_zones.add((zone, form))


@lru_cache(256)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, ValueError, OSError):
        return UTC


def times_of(pbxs: Sequence[Pbx], today: date, zone: str = "") -> Times:
    """Given dial plans, return their classes of time from a day on. ``zone`` is that of people, "" for the most used."""
    borders = _Borders()
    for index, pbx in enumerate(pbxs):
        borders.pbx(index, pbx)
    used = [str(spec.zone) for spec in borders.specs.values() if spec.zone is not None]
    used += [name for name in borders.zones if name]
    people = zone or (max(sorted(set(used)), key=used.count) if used else "UTC")
    last = _last_day(borders, today)
    if last - today > timedelta(MOST_DAYS):
        last = today + timedelta(MOST_DAYS)
        borders.left_out.append(f"days after {last}")
    grouped: dict[Hashable, list[Stretch]] = {}
    zones = {name: _zone(name) for name in {*used, *borders.zones, people}}
    judge = _Judge(borders, zones)
    ends: dict[tuple[Hashable, Hashable], list[Stretch]] = {}
    before: Hashable = None
    for start, end in _stretches(judge, today, last, _zone(people)):
        key = judge.holds(start)
        if key != before and grouped:
            ends.setdefault((before, key), []).append(Stretch(start - SHORTLY, start))
        before = key
        row = grouped.setdefault(key, [])
        if row and row[-1].end == start and not _is_midnight(start, _zone(people)):
            row[-1] = Stretch(row[-1].start, end)
        else:
            row.append(Stretch(start, end))
    # As they were grouped, they are in the order of their first moments.
    classes = [TimeClass(_middle(row), tuple(row)) for row in grouped.values()]
    numbers = {key: number for number, key in enumerate(grouped)}
    classes += [TimeClass(row[0].end - 1, tuple(row), numbers[then]) for (_, then), row in ends.items()]
    return Times(people, tuple(classes), tuple(dict.fromkeys(borders.left_out)), judge.looks())


def _middle(row: Sequence[Stretch]) -> int:
    """Return a moment well inside of the stretches: not at a border, in the first that is long."""
    best = max(row, key=lambda one: (min(one.end - one.start, 3600), -one.start))
    return best.start + min((best.end - best.start) // 2, 5400)


def _is_midnight(seconds: int, zone: tzinfo) -> bool:
    local = datetime.fromtimestamp(seconds, zone)
    return local.hour == local.minute == 0


def _last_day(borders: _Borders, today: date) -> date:
    last = today + timedelta(AT_LEAST)
    for texts in borders.dated.values():
        for text in texts:
            if _DATED.fullmatch(text):
                try:
                    day = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
                except ValueError:
                    continue
                last = max(last, day + timedelta(AFTER_THE_LAST))
    return last


_Calendar = tuple[tzinfo, str, frozenset[str], tuple[str, ...]]
"""A zone, a layout, and the extensions and patterns that are dates in it."""


def _dated(calendars: Iterable[_Calendar], text: str) -> Hashable:
    """Return which dates of calendars a text is."""
    return tuple(
        (text in exact, *(bool(match(pattern, text, MATCH)) for pattern in patterns))
        for _, _, exact, patterns in calendars
    )


class _Judge:
    """Says what holds at a moment, as far as the dial plans look."""

    def __init__(self, borders: _Borders, zones: dict[str, tzinfo]) -> None:
        """Sort what is asked by zone, so that each moment is turned into each zone once."""
        self.by_zone: dict[tzinfo, list[Timing]] = {}
        for spec in borders.specs.values():
            self.by_zone.setdefault(spec.zone or UTC, []).append(spec)
        self.formats = sorted(borders.formats)
        self.zones = zones
        self.calendars: list[_Calendar] = []
        self.date_zones = sorted(borders.date_zones)
        for zone, form in self.date_zones:
            for texts in borders.dated.values():
                exact = frozenset(text for text in texts if not text.startswith("_"))
                patterns = tuple(text for text in texts if text.startswith("_"))
                self.calendars.append((_zone(zone), form, exact, patterns))
        self.minutes: dict[tzinfo, frozenset[int]] = {}
        for zone_, specs in self.by_zone.items():
            self.minutes[zone_] = frozenset(_changes(specs))
        self.special: dict[tuple[tzinfo, date], set[int]] = {}
        for name, form in self.formats:
            step = 60 if "%H" in form else 1440
            zone_ = _zone(name)
            self.minutes[zone_] = self.minutes.get(zone_, frozenset()) | frozenset(range(0, 1440, step))

    def looks(self) -> dict[tuple[str, str], Callable[[str], Hashable]]:
        """Return of STRFTIME's zones and layouts what is told apart of the texts."""
        found: dict[tuple[str, str], Callable[[str], Hashable]] = dict.fromkeys(self.formats, str)
        for zone, form in self.date_zones:
            found[zone, form] = partial(
                _dated, [row for row in self.calendars if row[:2] == (_zone(zone), form)]
            )
        return found

    def special_minutes(self, first: date, last: date) -> None:
        """Find the borders that only some days have: dated extensions with an hour or a minute."""
        for zone, form, exact, patterns in self.calendars:
            if "%H" not in form:
                continue
            for text in exact:
                if len(text) in (10, 12):
                    day = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
                    at = int(text[8:10]) * 60 + int(text[10:12] or 0)
                    row = self.special.setdefault((zone, day), set())
                    row |= {at, at + (1 if len(text) == 12 else 60)}
            for pattern in patterns:
                places = positions(pattern)
                day = first - timedelta(1)
                while day <= last + timedelta(1):
                    text = f"{day:%Y%m%d}"
                    if all(
                        isinstance(place, str) or letter in place
                        for letter, place in zip(text, places, strict=False)
                    ):
                        row = self.special.setdefault((zone, day), set())
                        before = False
                        for minute in range(1440):
                            moment = datetime(day.year, day.month, day.day, minute // 60, minute % 60)  # noqa: DTZ001 - only its text is looked at
                            now = bool(match(pattern, moment.strftime(form), MATCH))
                            if now != before:
                                row.add(minute)
                            before = now
                    day += timedelta(1)

    def holds(self, seconds: int) -> Hashable:
        """Return what tells this moment from others."""
        found: list[Hashable] = []
        for zone, specs in self.by_zone.items():
            local = datetime.fromtimestamp(seconds, zone)
            minute, weekday = local.hour * 60 + local.minute, local.isoweekday() % 7
            bits = 0
            for spec in specs:
                bits = bits << 1 | (
                    spec.months >> (local.month - 1)
                    & spec.days >> (local.day - 1)
                    & spec.weekdays >> weekday
                    & spec.minutes >> minute
                    & 1
                )
            found.append(bits)
        for row in self.calendars:
            found.append(_dated([row], datetime.fromtimestamp(seconds, row[0]).strftime(row[1])))
        for name, form in self.formats:
            found.append(datetime.fromtimestamp(seconds, self.zones[name]).strftime(form))
        return tuple(found)


def _changes(specs: Iterable[Timing]) -> Iterator[int]:
    yield 0
    for spec in specs:
        if spec.minutes == (1 << 1440) - 1:
            continue
        edges = spec.minutes ^ (spec.minutes << 1)
        while edges:
            lowest = edges & -edges
            minute = lowest.bit_length() - 1
            if minute < 1440:
                yield minute
            edges ^= lowest


def _stretches(judge: _Judge, first: date, last: date, people: tzinfo) -> Iterator[tuple[int, int]]:
    """Yield every piece of the days in which nothing can change, in order. Days begin by the clock of people."""
    begin = _seconds(first, 0, people)
    stop = _seconds(last + timedelta(1), 0, people)
    borders = {begin, stop}
    judge.special_minutes(first, last)
    zones: dict[tzinfo, frozenset[int]] = dict(judge.minutes)
    for zone in (people, *(calendar[0] for calendar in judge.calendars)):
        zones[zone] = zones.get(zone, frozenset()) | {0}
    for zone, minutes in zones.items():
        day = first - timedelta(1)
        while day <= last + timedelta(1):
            base = _seconds(day, 0, zone)
            plain = _seconds(day + timedelta(1), 0, zone) - base == 86400
            for minute in minutes | judge.special.get((zone, day), set()):
                at = base + minute * 60 if plain else _seconds(day, minute, zone)
                if begin < at < stop:
                    borders.add(at)
            if not plain:  # the clock is put: what is open may change at that moment
                borders.update(at for at in range(base, base + 90000, 1800) if begin < at < stop)
            day += timedelta(1)
    ordered_borders = sorted(borders)
    yield from itertools.pairwise(ordered_borders)


def _seconds(day: date, minute: int, zone: tzinfo) -> int:
    if minute == 1440:
        day, minute = day + timedelta(1), 0
    return int(datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone).timestamp())


# --- in words --------------------------------------------------------------------------------------------

WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def words(times: Times, chosen: Iterable[int], *, most_dates: int = 6) -> str:
    """Return when one of these classes (by index) is, in words: "Thu 13:00-17:00, but on no holiday of 12 dates"."""
    indexes = set(chosen)
    if indexes.issuperset(range(times.whole)):
        return "at any time"
    zone = _zone(times.zone)
    days: dict[date, list[tuple[int, int]]] = {}
    first = datetime.fromtimestamp(times.start, zone).date()
    last = datetime.fromtimestamp(times.end - 1, zone).date()
    for index in indexes:
        for stretch in times.classes[index].stretches:
            for day, part in _by_day(stretch, zone):
                days.setdefault(day, []).append(part)
    parts = {day: _merged(rows) for day, rows in days.items()}
    usual: dict[int, tuple[tuple[int, int], ...]] = {}
    for weekday in range(7):
        counted: dict[tuple[tuple[int, int], ...], int] = {}
        day = first + timedelta((weekday - first.weekday()) % 7)
        while day <= last:
            row = parts.get(day, ())
            counted[row] = counted.get(row, 0) + 1
            day += timedelta(7)
        if counted:
            usual[weekday] = max(sorted(counted), key=lambda row: counted[row])
    texts = []
    by_row: dict[tuple[tuple[int, int], ...], list[int]] = {}
    order = [(5 + at) % 7 for at in range(7)]  # Saturday first, as in Iran; ranges are the same in any order
    for weekday in order:
        if usual.get(weekday):
            by_row.setdefault(usual[weekday], []).append(weekday)
    for row, weekdays in by_row.items():
        texts.append(f"{_weekdays(weekdays)}{_hours(row)}")
    more: list[tuple[date, tuple[tuple[int, int], ...]]] = []
    less: list[tuple[date, tuple[tuple[int, int], ...]]] = []
    day = first
    while day <= last:
        row, expected = parts.get(day, ()), usual.get(day.weekday(), ())
        if row != expected:
            (more if row else less).append((day, row))
        day += timedelta(1)
    said = "; ".join(texts)
    if more:
        shown = ", ".join(f"{day}{_hours(row)}" for day, row in more[:most_dates])
        rest = f" and {len(more) - most_dates} more days" if len(more) > most_dates else ""
        said = f"{said}; on {shown}{rest}" if said else f"{shown}{rest}"
    if less and said:
        shown = ", ".join(str(day) for day, _ in less[:most_dates])
        rest = f" and {len(less) - most_dates} more days" if len(less) > most_dates else ""
        said = f"{said}; not on {shown}{rest}"
    return said or "never"


def _by_day(stretch: Stretch, zone: tzinfo) -> Iterator[tuple[date, tuple[int, int]]]:
    start = datetime.fromtimestamp(stretch.start, zone)
    end = datetime.fromtimestamp(stretch.end, zone)
    while start.date() < end.date():
        yield start.date(), (start.hour * 60 + start.minute, 1440)
        following = start.date() + timedelta(1)
        start = datetime(following.year, following.month, following.day, tzinfo=zone)
    if (end.hour, end.minute) != (start.hour, start.minute):
        yield start.date(), (start.hour * 60 + start.minute, end.hour * 60 + end.minute)


def _merged(rows: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    made: list[tuple[int, int]] = []
    for start, end in sorted(rows):
        if made and made[-1][1] >= start:
            made[-1] = (made[-1][0], max(made[-1][1], end))
        else:
            made.append((start, end))
    return tuple(made)


def _hours(row: Sequence[tuple[int, int]]) -> str:
    if list(row) == [(0, 1440)]:
        return ""
    return " " + " and ".join(f"{_clock(start)}-{_clock(end)}" for start, end in row)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _weekdays(weekdays: Sequence[int]) -> str:
    """Return days of the week, those in a row as a range; ``weekdays`` are in order from Saturday on."""
    if len(weekdays) == 7:
        return "every day"
    places = [(weekday - 5) % 7 for weekday in weekdays]
    runs: list[list[int]] = []
    for place in places:
        if runs and runs[-1][-1] == place - 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    if len(runs) > 1 and runs[0][0] == 0 and runs[-1][-1] == 6:
        runs[0] = runs.pop() + runs[0]
    names = [WEEK[(5 + at) % 7] for at in range(7)]
    return ", ".join(names[run[0]] if len(run) == 1 else f"{names[run[0]]}-{names[run[-1]]}" for run in runs)
