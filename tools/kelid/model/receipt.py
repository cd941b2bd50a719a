"""What was done to a server, or refused: who, from which machine, which commit and plan, when, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from kelid.model.record import EMPTY, Record

RESULTS = {
    "done": "it is in force, verified",
    "undone": "it did not hold, and the release before is back",
    "went-back": "nobody confirmed it, and the server went back by itself",
    "refused": "nothing was changed",
    "adopted": "what the server had is kept as release 0",
    "waiting": "it is in force and waits to be confirmed",
    "cut-off": "it was cut off before it came to anything",
}
"""What may become of a change, and what that means."""

ENDS = frozenset({"confirmed", "undone", "refused", "adopted"})
"""Events after which nothing more happens to a change; git notes hold their lines."""


class Account(Record):
    """On whose account a change is made: what the control node says of it. ``overrides`` are name -> reason."""

    change: str
    site: str
    server: str = "primary"
    who: str = ""
    login: str = ""
    machine: str = ""
    commit: str = ""
    dirty: bool = False
    plan: str = ""
    when: str = ""
    overrides: Mapping[str, str] = EMPTY

    def as_dict(self) -> dict[str, Any]:
        """Return the account as plain data, without what it doesn't know."""
        values = {name: self.__dict__[name] for name in self.FIELDS}
        return {
            name: dict(value) if name == "overrides" else value for name, value in values.items() if value
        }


class Receipt(Record):
    """What became of one change. ``number`` is its last line's in the server's journal, ``digest`` that line's sha256.

    ``time`` is the server's clock in seconds since 1970; ``result`` is one of ``RESULTS``; ``why`` says more of it.
    ``came_from`` is what the server itself saw of the session: address and user.
    """

    number: int
    digest: str
    change: str
    verb: str
    result: str
    why: str = ""
    code: str = ""
    time: int
    release: str = ""
    previous: str = ""
    account: Mapping[str, Any] = EMPTY
    came_from: Mapping[str, str] = EMPTY
    touched: Mapping[str, str] = EMPTY

    def as_dict(self) -> dict[str, Any]:
        """Return the receipt as plain data for JSON."""
        values = {name: self.__dict__[name] for name in self.FIELDS}
        return {name: dict(value) if isinstance(value, Mapping) else value for name, value in values.items()}


class Problem(NamedTuple):
    """A place at which the chain of receipts doesn't hold: ``line`` is counted from 1, 0 where there is none."""

    line: int
    text: str
