"""The table of the rules of a dial plan, and the decorator that puts a function into it under its code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from kelid.findings import Severity, Where
from kelid.lint.view import View

Fault = tuple[Where, str, str]
"""What a rule yields: the place, what is wrong, and the way out. Its code and severity stand in the table."""

Run = Callable[[View], Iterator[Fault]]


class Rule(NamedTuple):
    """One rule: its code, how much it matters, what it asks for, and the function behind it."""

    code: str
    severity: Severity
    asks: str
    run: Run


RULES: dict[str, Rule] = {}
"""Every rule by its code. A code is for ever: it is never given to another rule."""


def rule(code: str, severity: Severity = Severity.ERROR) -> Callable[[Run], Run]:
    """Register a rule."""

    def keep(function: Run) -> Run:
        if code in RULES:
            raise ValueError(f"two rules are called {code}")
        asks = (function.__doc__ or "").strip().splitlines()[0]
        RULES[code] = Rule(code, severity, asks, function)
        return function

    return keep
