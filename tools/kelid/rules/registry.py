"""The table of the rules, and the decorators that put a function into it under its code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date

from kelid.findings import Finding, Severity, Where
from kelid.model.record import Record
from kelid.model.site import Site

Fault = tuple[Where, str, str]
"""What a rule yields: the place, what is wrong, and the way out. Its code and severity stand in the table."""


class Given(Record):
    """What rules may know beside the site: the day, and the secrets in clear (None: could not be opened)."""

    today: date
    secrets: Mapping[str, str] | None


class Rule(Record):
    """One rule: its code, how much it matters, what it asks for, and the function behind it."""

    code: str
    severity: Severity
    asks: str
    run: Callable[[Site, Given], Iterator[Fault]]

    def findings(self, site: Site, given: Given) -> Iterator[Finding]:
        """Yield what the rule finds at the site."""
        for where, message, fix in self.run(site, given):
            yield Finding(where, self.code, message, fix, self.severity)


RULES: dict[str, Rule] = {}
"""Every rule by its code. A code is for ever: it is never given to another rule."""


def _register(
    code: str,
    severity: Severity,
    function: Callable[..., object],
    run: Callable[[Site, Given], Iterator[Fault]],
) -> None:
    if code in RULES:
        raise ValueError(f"two rules are called {code}")
    asks = (function.__doc__ or "").strip().splitlines()[0]
    RULES[code] = Rule(code=code, severity=severity, asks=asks, run=run)


SiteRule = Callable[[Site], Iterator[Fault]]
DatedRule = Callable[[Site, date], Iterator[Fault]]
SecretRule = Callable[[Site, Mapping[str, str]], Iterator[Fault]]


def rule(code: str, severity: Severity = Severity.ERROR) -> Callable[[SiteRule], SiteRule]:
    """Register a rule that needs the site alone."""

    def keep(function: SiteRule) -> SiteRule:
        _register(code, severity, function, lambda site, _given: function(site))
        return function

    return keep


def dated_rule(code: str, severity: Severity = Severity.ERROR) -> Callable[[DatedRule], DatedRule]:
    """Register a rule that also needs to know which day it is."""

    def keep(function: DatedRule) -> DatedRule:
        _register(code, severity, function, lambda site, given: function(site, given.today))
        return function

    return keep


def secret_rule(code: str, severity: Severity = Severity.ERROR) -> Callable[[SecretRule], SecretRule]:
    """Register a rule that judges the secrets themselves; it is not asked where they can't be opened."""

    def keep(function: SecretRule) -> SecretRule:
        def run(site: Site, given: Given) -> Iterator[Fault]:
            return iter(()) if given.secrets is None else function(site, given.secrets)

        _register(code, severity, function, run)
        return function

    return keep
