"""``Pbx`` -> findings: faults of a dial plan that show without YAML. One file per topic, one function and one code per rule.

Codes: Z1 what is named and not there, Z2 extensions, Z3 ways, Z4 steps, Z5 conditions and times, Z6 what callers choose,
Z7 strangers. Z0 are of reading (``readback.codes``).
"""

from __future__ import annotations

from kelid.findings import Finding, Severity, Where
from kelid.lint import expressions, extensions, flow, steps, strangers, taint, targets, times
from kelid.lint.registry import RULES, Rule
from kelid.lint.view import WORK, TooMuch, View
from kelid.model.pbx import Pbx

__all__ = ["RULES", "Rule", "lint"]

TOPICS = (targets, extensions, flow, steps, expressions, times, taint, strangers)
"""The files of rules; importing them fills the table."""

WORK_OF_ALL = 4 * WORK
"""Units of work that all rules together may do."""

SHOWN = 100
"""Findings of one code that are kept; the last of them says how many more there are."""


def lint(pbx: Pbx, *, place: str = "") -> list[Finding]:
    """Given what Asterisk gets, return what is wrong with its dial plan, in order of place.

    A rule that would work for too long ends early, and a finding Z010 at ``place`` says so.
    """
    view = View(pbx)
    found: list[Finding] = []
    left = WORK_OF_ALL
    for rule in RULES.values():
        share = view.work = min(WORK, left)
        mine: dict[Finding, None] = {}
        count = 0
        try:
            for where, message, fix in rule.run(view):
                finding = Finding(where, rule.code, message, fix, rule.severity)
                if finding not in mine:
                    count += 1
                    if count <= SHOWN:
                        mine[finding] = None
        except (TooMuch, RecursionError):
            what = f"the dial plan is too large for {rule.code} ({rule.asks.rstrip('.')}): it was not looked at to the end"
            found.append(Finding(Where(place), "Z010", what, "", Severity.WARNING))
        left -= share - max(view.work, 0)
        kept = list(mine)
        if count > SHOWN:
            kept[-1] = kept[-1]._replace(message=f"{kept[-1].message} (and {count - SHOWN} more like it)")
        found += kept
    return sorted(found, key=lambda finding: finding.sort_key)
