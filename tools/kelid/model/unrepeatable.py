"""What no two runs of the same call have in common, and what stands for it when calls are compared.

The one list of it: the oracle against a live Asterisk, and one revision's behaviour against another's. docs/fidelity.md
prints it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

AROUND = timedelta(hours=1)
"""How far a moment in a text may be from that of the call to be the call's own."""


class Unrepeatable(NamedTuple):
    """One kind of text that differs from run to run: ``pattern`` finds it, ``stands`` is put in its place.

    ``why`` says where it comes from. ``near`` tells whether what was found is near the moment of the call (None: always).
    """

    stands: str
    pattern: re.Pattern[str]
    why: str
    near: Callable[[re.Match[str], datetime], bool] | None = None


def _epoch(found: re.Match[str], at: datetime) -> bool:
    """Return True for the seconds since 1970 of a moment near the call."""
    return abs(int(found[0]) - at.timestamp()) < AROUND.total_seconds()


def _moment(found: re.Match[str], at: datetime) -> bool:
    """Return True for a date near the call's, in whatever zone."""
    try:
        date = datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=at.tzinfo)
    except ValueError:
        return False
    return abs(date - at) < timedelta(days=2)


UNREPEATABLE = (
    Unrepeatable(
        "<channel>",
        re.compile(
            r"\b(?:PJSIP|SIP|Local|IAX2|DAHDI|Surrogate|Bridge|CBAnn|CBRec|Message|MulticastRTP)/[^\s,;&)\"]*?-[0-9a-f]{8}(?:;[12])?"
        ),
        "names of channels carry a number that counts up (CHANNEL, BRIDGEPEER, DIALEDPEERNAME)",
    ),
    Unrepeatable(
        "<unique>",
        re.compile(r"(?<![\w.])(?:\d{9,10}\.\d+|w\d+\.[12])(?!\w)"),
        "unique ids are the second of the call and a number that counts up (UNIQUEID, LINKEDID)",
    ),
    Unrepeatable(
        "<moment>",
        re.compile(r"(20\d\d)[-/]?([01]\d)[-/]?([0-3]\d)[-/T _]?[0-2]\d:?[0-5]\d(?::?[0-5]\d)?(?!\d)"),
        "the second in which a step is taken (STRFTIME of EPOCH)",
        _moment,
    ),
    Unrepeatable(
        "<epoch>",
        re.compile(r"(?<!\d)\d{10}(?!\d)"),
        "the second in which a step is taken (EPOCH)",
        _epoch,
    ),
)
"""Tried in this order."""


def repeatable(text: str, at: datetime) -> str:
    """Return the text with what no run can repeat replaced; ``at`` is the moment of the call."""
    for kind in UNREPEATABLE:

        def stands(found: re.Match[str], kind: Unrepeatable = kind) -> str:
            return kind.stands if kind.near is None or kind.near(found, at) else found[0]

        text = kind.pattern.sub(stands, text)
    return text
