"""A change of many machines as values: in which waves, and what became of each machine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kelid.findings import Exit, Finding
from kelid.model.record import EMPTY, Record

WAVES = "1,10%,100%"
"""The shares of a change's waves where nobody says otherwise: one canary, a tenth, the rest."""

RESULTS = {
    "applied": "runs the new release, verified",
    "unchanged": "had it already",
    "rolled_back": "did not hold; the release before is back",
    "refused": "refused; nothing was changed there",
    "unreachable": "could not be reached",
    "failed": "failed; look at it",
    "not_started": "its turn did not come, because one before it failed",
}
"""What may become of a machine, and what that means."""

_SHARE = re.compile(r"([1-9][0-9]{0,5})(%?)")
_WORST = (Exit.FAILURE, Exit.UNKNOWN, Exit.ROLLED_BACK, Exit.UNREACHABLE, Exit.REFUSED, Exit.INVALID)


class Outcome(Record):
    """What became of one machine. ``result`` is one of ``RESULTS``, ``exit`` the status of an apply that ended so.

    ``wave`` counts from 1, 0 where it was in none; ``seconds`` are the server's own, by step;
    ``findings`` are what its Asterisk said of the site's lines.
    """

    host: str
    site: str
    result: str
    exit: Exit = Exit.OK
    wave: int = 0
    release: str = ""
    previous: str = ""
    code: str = ""
    message: str = ""
    seconds: Mapping[str, float] = EMPTY
    findings: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        """Return True if the machine has what it should have."""
        return self.result in {"applied", "unchanged"}

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data for JSON."""
        return {
            "host": self.host,
            "site": self.site,
            "result": self.result,
            "exit": self.exit.value,
            "wave": self.wave,
            "release": self.release,
            "previous": self.previous,
            "code": self.code,
            "message": self.message,
            "seconds": dict(self.seconds),
        }


def shares(text: str) -> tuple[str, ...]:
    """Given ``1,10%,100%``, return its shares. Raise ValueError where one is neither a number nor a percentage up to 100."""
    found = tuple(word.strip() for word in text.split(","))
    for word in found:
        match = _SHARE.fullmatch(word)
        if not match or (match[2] and int(match[1]) > 100):
            raise ValueError(f"{word!r} is no share: write numbers of sites or percentages, as in {WAVES}")
    return found


def waves(text: str, count: int) -> list[int]:
    """Given shares and how many machines change, return how many each wave has.

    A percentage is of all of them, at least one. The last share is repeated until all have had their turn, as Ansible's
    ``serial`` does.
    """
    wanted = shares(text)
    sizes: list[int] = []
    left = count
    while left:
        share = wanted[min(len(sizes), len(wanted) - 1)]
        size = max(1, count * int(share[:-1]) // 100) if share.endswith("%") else int(share)
        sizes.append(min(size, left))
        left -= sizes[-1]
    return sizes


def wave_of(sizes: Sequence[int], position: int) -> int:
    """Return in which wave (from 1) the machine at that position (from 0) has its turn."""
    for number, size in enumerate(sizes, 1):
        if position < size:
            return number
        position -= size
    return len(sizes)


def exit_of(outcomes: Iterable[Outcome]) -> Exit:
    """Return the exit status of the whole: OK if all are well, else the worst of what became of a machine."""
    found = {outcome.exit for outcome in outcomes if not outcome.ok and outcome.result != "not_started"}
    return next((exit for exit in _WORST if exit in found), Exit.OK)
