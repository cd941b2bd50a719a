"""Moments as texts, and back: STRFTIME and STRPTIME of funcs/func_strings.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kelid.simulate.arguments import split_arguments
from kelid.simulate.clock import read_time, time_text, zone
from kelid.simulate.registry import reads, writes
from kelid.simulate.undecided import settled

if TYPE_CHECKING:
    from kelid.simulate.run import Run


@reads("STRFTIME")
def moment_as_text(run: Run, arguments: str) -> str:
    """Return a moment (now, where none is given) in a zone, written as the layout says."""
    given = split_arguments(arguments, 3)
    epoch = given[0] if given else ""
    place = given[1] if len(given) > 1 else ""
    return time_text(run, epoch, place, given[2] if len(given) > 2 else "%c")


@reads("STRPTIME")
def text_as_moment(run: Run, arguments: str) -> str | None:
    """Return the seconds since 1970 that a text says."""
    given = split_arguments(settled(run, arguments), 3)
    if len(given) < 3 or not given[2]:
        run.warn("No format supplied to STRPTIME(<timestring>,<timezone>,<format>)")
        return None
    moment = read_time(given[0], zone(given[1]) if given[1] else run.call.at.tzinfo or zone("UTC"), given[2])
    if moment is None:
        run.warn("STRPTIME() found no time specified within the string")
        return ""
    return str(moment)


@writes("TESTTIME")
def set_test_time(run: Run, arguments: str, value: str) -> None:
    """Set the moment that later time conditions see: ``YYYY/MM/DD hh:mm:ss`` (funcs/func_testtime.c)."""
    moment = read_time(settled(run, value), run.call.at.tzinfo or zone("UTC"), "%Y/%m/%d %H:%M:%S")
    run.channel.hooks["TESTTIME/"] = "" if moment is None else str(moment)
