"""The moment of the call, as the dial plan sees it: EPOCH, STRFTIME, and what is open at which time."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from kelid.simulate.run import Run


def epoch_text(run: Run) -> str:
    """Return the seconds since 1970 as text: what ``${EPOCH}`` is."""
    if run.symbols is not None:
        return run.symbols.epoch()
    return str(int(run.now.timestamp()))


@lru_cache(maxsize=512)
def zone(name: str) -> tzinfo:
    """Return the time zone of that name; UTC for one that isn't there, and for "" (the server's own: servers run on UTC).

    As ast_tzset in main/stdtime/localtime.c, which looks the name up below /usr/share/zoneinfo.
    """
    try:
        return ZoneInfo(name) if name else UTC
    except (OSError, ValueError):
        return UTC


def local(seconds: float, name: str) -> datetime:
    """Return the moment in a zone."""
    return datetime.fromtimestamp(seconds, zone(name))
