"""The moment of the call, as the dial plan sees it: EPOCH and STRFTIME.

Where the moment isn't decided (``Run.symbols``), one character stands for EPOCH, and ``Symbols.time_text`` gives what stands
for a part of it; only the functions here know.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kelid.simulate.arguments import leading_double

if TYPE_CHECKING:
    from kelid.simulate.run import Run

_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_FRACTIONS = frozenset(("", "1", "2", "3", "4", "5", "6"))
_CONVERSION = re.compile(r"%([-_0^#]*)([0-9]*)([EO]?)(.)", re.DOTALL)


def epoch_text(run: Run) -> str:
    """Return the seconds since 1970 as text: what ``${EPOCH}`` is."""
    if run.symbols is not None:
        return run.symbols.epoch()
    return str(int(run.now().timestamp()))


def time_text(run: Run, epoch: str, zone_name: str, layout: str) -> str:
    """Return a moment as text. ``epoch`` is in seconds, "" for now; ``zone_name`` "" for the server's own zone."""
    symbols = run.symbols
    if symbols is not None:
        if epoch == symbols.epoch() or (leading_double(epoch) is None and not symbols.within(epoch)):
            return symbols.time_text(run, zone_name, layout)
        if symbols.within(epoch):
            epoch = symbols.settle(epoch)
    seconds = leading_double(epoch)
    moment = run.now() if seconds is None else datetime.fromtimestamp(seconds, UTC)
    server = run.call.at.tzinfo or UTC
    return shown(moment.astimezone(zone(zone_name) if zone_name else server), layout, server)


@lru_cache(maxsize=512)
def zone(name: str) -> tzinfo:
    """Return the time zone of that name; UTC for one that isn't there.

    As ast_tzset in main/stdtime/localtime.c, which looks the name up below /usr/share/zoneinfo.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        return UTC


def shown(moment: datetime, layout: str, server: tzinfo = UTC) -> str:
    """Return the moment as C's strftime writes it in the locale C, and with Asterisk's ``%q`` (ast_strftime).

    ``%3q`` are the first three digits after the point of a second. Asterisk's struct tm has no room for the zone's name:
    ``%Z`` and ``%s`` are those of the zone of the ``server``.
    """
    return _CONVERSION.sub(lambda found: _conversion(moment, found, server), layout)


def _conversion(moment: datetime, found: re.Match[str], server: tzinfo) -> str:
    flags, width, _, kind = found.groups()
    if kind == "q" and not flags and width in _FRACTIONS:
        return f"{moment.microsecond:06d}"[: int(width or "3")]
    known = _FIELDS.get(kind)
    if kind == "Z":
        text, padding, size = _text(moment.replace(tzinfo=server).tzname() or "")
    elif kind == "s":
        there = moment.replace(tzinfo=server)
        summer = (moment.dst() or timedelta()) - (there.dst() or timedelta())
        text, padding, size = _number(int((there - summer).timestamp()), 1)
    elif known is not None:
        text, padding, size = known(moment)
    else:
        text, padding, size = _text(found[0])
    if "^" in flags:
        text = text.upper()
    if "#" in flags:
        text = text.lower() if kind in "pZ" else text.swapcase() if kind == "P" else text.upper()
    for flag in flags:
        padding = {"-": "", "_": " ", "0": "0"}.get(flag, padding)
    size = int(width) if width else size
    if padding and size:
        if text[:1] in "+-" and padding == "0" and text:
            return text[0] + text[1:].rjust(size - 1, padding)
        return text.rjust(size, padding)
    if width:
        return text.rjust(size, padding or " ") if padding else text
    return text


def _number(value: int, size: int, padding: str = "0") -> tuple[str, str, int]:
    return str(value), padding, size


def _text(value: str) -> tuple[str, str, int]:
    return value, " ", 0


def _weekday(moment: datetime) -> int:
    return moment.isoweekday() % 7


def _week(moment: datetime, first: int) -> int:
    """Return the week of the year that begins with the first Sunday (0) or Monday (1)."""
    day = moment.timetuple().tm_yday - 1
    return (day + 7 - (_weekday(moment) - first) % 7) // 7


def _offset(moment: datetime) -> str:
    seconds = int((moment.utcoffset() or timedelta()).total_seconds())
    sign, minutes = ("-" if seconds < 0 else "+"), abs(seconds) // 60
    return f"{sign}{minutes // 60:02d}{minutes % 60:02d}"


_FIELDS = {
    "a": lambda m: _text(_DAYS[_weekday(m)][:3]),
    "A": lambda m: _text(_DAYS[_weekday(m)]),
    "b": lambda m: _text(_MONTHS[m.month - 1][:3]),
    "B": lambda m: _text(_MONTHS[m.month - 1]),
    "c": lambda m: _text(shown(m, "%a %b %e %H:%M:%S %Y")),
    "C": lambda m: _number(m.year // 100, 2),
    "d": lambda m: _number(m.day, 2),
    "D": lambda m: _text(shown(m, "%m/%d/%y")),
    "e": lambda m: _number(m.day, 2, " "),
    "F": lambda m: _text(shown(m, "%Y-%m-%d")),
    "g": lambda m: _number(m.isocalendar()[0] % 100, 2),
    "G": lambda m: _number(m.isocalendar()[0], 4),
    "h": lambda m: _text(_MONTHS[m.month - 1][:3]),
    "H": lambda m: _number(m.hour, 2),
    "I": lambda m: _number(m.hour % 12 or 12, 2),
    "j": lambda m: _number(m.timetuple().tm_yday, 3),
    "k": lambda m: _number(m.hour, 2, " "),
    "l": lambda m: _number(m.hour % 12 or 12, 2, " "),
    "m": lambda m: _number(m.month, 2),
    "M": lambda m: _number(m.minute, 2),
    "n": lambda m: _text("\n"),
    "p": lambda m: _text("AM" if m.hour < 12 else "PM"),
    "P": lambda m: _text("am" if m.hour < 12 else "pm"),
    "r": lambda m: _text(shown(m, "%I:%M:%S %p")),
    "R": lambda m: _text(shown(m, "%H:%M")),
    "S": lambda m: _number(m.second, 2),
    "t": lambda m: _text("\t"),
    "T": lambda m: _text(shown(m, "%H:%M:%S")),
    "u": lambda m: _number(m.isoweekday(), 1),
    "U": lambda m: _number(_week(m, 0), 2),
    "V": lambda m: _number(m.isocalendar()[1], 2),
    "w": lambda m: _number(_weekday(m), 1),
    "W": lambda m: _number(_week(m, 1), 2),
    "x": lambda m: _text(shown(m, "%m/%d/%y")),
    "X": lambda m: _text(shown(m, "%H:%M:%S")),
    "y": lambda m: _number(m.year % 100, 2),
    "Y": lambda m: _number(m.year, 4),
    "z": lambda m: _text(_offset(m)),
    "%": lambda m: _text("%"),
}


# -- and back


_BLANKS = " \t\n\r\v\f"


class _Reading:
    """A text being read by a layout, as glibc's strptime does it in the locale C."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[str, int] = {}

    def skip(self) -> None:
        while self.text[self.at : self.at + 1] and self.text[self.at] in _BLANKS:
            self.at += 1

    def number(self, low: int, high: int, digits: int) -> int | None:
        self.skip()
        found = re.compile(rf"[0-9]{{1,{digits}}}").match(self.text, self.at)
        if found is None:
            return None
        text = found[0]
        while len(text) > 1 and int(text) > high:
            text = text[:-1]
        value = int(text)
        if not low <= value <= high:
            return None
        self.at += len(text)
        return value

    def name(self, names: tuple[str, ...]) -> int | None:
        rest = self.text[self.at :].lower()
        for index, name in enumerate(names):
            for one in (name, name[:3]):
                if rest.startswith(one.lower()):
                    self.at += len(one)
                    return index
        return None

    def read(self, layout: str) -> bool:
        """Return True if the text is as the layout says."""
        at = 0
        while at < len(layout):
            character = layout[at]
            at += 1
            if character in _BLANKS:
                self.skip()
                continue
            if character != "%":
                if self.text[self.at : self.at + 1] != character:
                    return False
                self.at += 1
                continue
            while layout[at : at + 1] in ("-", "_", "0", "^", "#", "E", "O"):
                at += 1
            kind = layout[at : at + 1]
            at += 1
            if not self.convert(kind):
                return False
        return True

    def convert(self, kind: str) -> bool:
        """Read what a conversion says; return False where the text has something else."""
        if kind in _PARTS:
            return self.read(_PARTS[kind])
        if kind in _RANGES:
            key, low, high, digits = _RANGES[kind]
            value = self.number(low, high, digits)
            if value is None:
                return False
            self.found[key] = value
            return True
        if kind in ("a", "A"):
            return self.name(_DAYS) is not None
        if kind in ("b", "B", "h"):
            month = self.name(_MONTHS)
            if month is not None:
                self.found["month"] = month + 1
            return month is not None
        if kind in ("p", "P"):
            half = self.name(("am", "pm"))
            if half is not None:
                self.found["afternoon"] = half
            return half is not None
        if kind in ("n", "t"):
            self.skip()
            return True
        if kind == "s":
            value = self.number(0, 1 << 62, 19)
            if value is not None:
                self.found["epoch"] = value
            return value is not None
        if kind == "%":
            if self.text[self.at : self.at + 1] != "%":
                return False
            self.at += 1
            return True
        if kind in ("Z",):
            return True
        if kind == "z":
            self.skip()
            found = re.compile(r"Z|[+-][0-9]{2}:?(?:[0-9]{2})?").match(self.text, self.at)
            if found is None:
                return False
            self.at = found.end()
            return True
        return False


_PARTS = {
    "D": "%m/%d/%y", "x": "%m/%d/%y", "F": "%Y-%m-%d", "R": "%H:%M", "T": "%H:%M:%S", "X": "%H:%M:%S",
    "r": "%I:%M:%S %p", "c": "%a %b %e %H:%M:%S %Y",
}  # fmt: skip
_RANGES = {
    "d": ("day", 1, 31, 2), "e": ("day", 1, 31, 2), "H": ("hour", 0, 23, 2), "k": ("hour", 0, 23, 2),
    "I": ("twelve", 1, 12, 2), "l": ("twelve", 1, 12, 2), "j": ("of_year", 1, 366, 3), "m": ("month", 1, 12, 2),
    "M": ("minute", 0, 59, 2), "S": ("second", 0, 61, 2), "y": ("short_year", 0, 99, 2), "Y": ("year", 0, 9999, 4),
    "C": ("century", 0, 99, 2), "u": ("weekday", 1, 7, 1), "w": ("weekday", 0, 6, 1), "U": ("week", 0, 53, 2),
    "W": ("week", 0, 53, 2), "V": ("week", 0, 53, 2), "g": ("ignored", 0, 99, 2), "G": ("ignored", 0, 9999, 4),
}  # fmt: skip


def read_time(text: str, zone_: tzinfo, layout: str) -> int | None:
    """Return the moment that a text says, in seconds since 1970; None where it isn't as the layout says.

    What the text doesn't say is as in an empty struct tm: 1900, and day 0 of January, which is 31 December 1899.
    """
    reading = _Reading(text)
    if not reading.read(layout):
        return None
    found = reading.found
    if "epoch" in found:
        start = datetime.fromtimestamp(found["epoch"], UTC).replace(tzinfo=None)  # on a server in UTC
        return _in_zone(start, zone_)
    year = found.get("year", 1900)
    if "short_year" in found:
        short = found["short_year"]
        year = (
            found["century"] * 100 + short if "century" in found else short + (1900 if short >= 69 else 2000)
        )
    elif "century" in found and "year" not in found:
        year = found["century"] * 100
    hour = found.get("hour", 0)
    if "twelve" in found:
        hour = found["twelve"] % 12 + 12 * found.get("afternoon", 0)
    day = found.get("day", 0)
    month = found.get("month", 1)
    if "of_year" in found and "day" not in found:
        base = datetime(year, 1, 1) + timedelta(days=found["of_year"] - 1)  # noqa: DTZ001 - the zone comes below
        month, day = base.month, base.day
    start = datetime(year, month, 1) + timedelta(  # noqa: DTZ001 - the zone comes below
        days=day - 1, hours=hour, minutes=found.get("minute", 0), seconds=found.get("second", 0)
    )
    return _in_zone(start, zone_)


def _searched(start: datetime, zone_: tzinfo) -> int:
    """Return one of the two moments at which clocks show a time that comes twice: what time2sub's search meets first."""
    wanted = start.replace(second=0)
    low, high = -(1 << 63), (1 << 63) - 1
    while True:
        middle = max(low, min(high, _half(low) + _half(high)))
        try:
            there = datetime.fromtimestamp(middle, zone_).replace(tzinfo=None)
            direction = (there > wanted) - (there < wanted)
        except (ValueError, OverflowError, OSError):
            direction = 1 if middle > 0 else -1
        if direction == 0:
            return middle + start.second
        if middle == low:
            middle = low = low + 1
        elif middle == high:
            middle = high = high - 1
        if low > high:
            return 0
        if direction > 0:
            high = middle
        else:
            low = middle


def _half(number: int) -> int:
    """Return half of it, towards 0, as C divides."""
    return number // 2 if number >= 0 else -(-number // 2)


def _in_zone(start: datetime, zone_: tzinfo) -> int:
    """Return the seconds since 1970 of a moment by a zone's clock, as an int of 32 bits; 0 where clocks skip it."""
    moment = start.replace(tzinfo=zone_)
    seconds = int(moment.timestamp())
    if int(moment.replace(fold=1).timestamp()) > seconds:
        seconds = _searched(start, zone_)
    if datetime.fromtimestamp(seconds, zone_).replace(tzinfo=None) != start:
        return 0
    return (seconds + (1 << 31)) % (1 << 32) - (1 << 31)
