"""``Site`` -> findings: what the schemas can't see. One file per topic, one function per rule, one code each.

Codes: B backup, D destinations, E extensions, F features, H hours, I menus, J inbound routes, K secrets, N names,
O outcomes of calls, P prompts, Q queues, R routes, T trunks, U call handling of extensions, W ring groups, X toll fraud,
Y the site as a whole and its phones, Z the firewall.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from kelid.findings import Finding, Where
from kelid.model.site import Site
from kelid.rules import (
    backups,
    destinations,
    devices,
    expected_calls,
    extensions,
    features,
    firewall,
    fraud,
    handling,
    hours,
    inbound,
    ivrs,
    media,
    names,
    queue_members,
    queues,
    ring_groups,
    routes,
    system,
    trunk_kinds,
    trunks,
)
from kelid.rules import (
    secrets as _secrets,
)
from kelid.rules.registry import RULES, Given, Rule

__all__ = ["RULES", "Rule", "check", "sample_password_used"]

TOPICS = (
    backups,
    destinations,
    devices,
    expected_calls,
    extensions,
    features,
    firewall,
    fraud,
    handling,
    hours,
    inbound,
    ivrs,
    media,
    names,
    queue_members,
    queues,
    ring_groups,
    routes,
    _secrets,
    system,
    trunk_kinds,
    trunks,
)
"""The files of rules; importing them fills the table."""

sample_password_used = _secrets.sample_password_used

_SAME = 3
"""Findings of one code at one place that are shown one by one."""


def check(site: Site, *, today: date, secrets: Mapping[str, str] | None) -> list[Finding]:
    """Given a site, the day, and its secrets in clear (None: could not be opened), return all findings in order of place."""
    given = Given(today=today, secrets=secrets)
    found = [finding for rule in RULES.values() for finding in rule.findings(site, given)]
    if secrets is None:
        found.append(_secrets.could_not_tell(site))
    return sorted(_joined(dict.fromkeys(found)), key=lambda finding: finding.sort_key)


def _joined(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the findings; of more than three of one code at one place the first, with how many more there are.

    A fault in a profile is one fault, not one of each of its two hundred extensions.
    """
    places: dict[tuple[Where, str], list[Finding]] = {}
    for finding in findings:
        places.setdefault((finding.where, finding.code), []).append(finding)
    for group in places.values():
        if len(group) <= _SAME or not group[0].where.line:
            yield from group
        else:
            yield group[0]._replace(message=f"{group[0].message} (and {len(group) - 1} more like it)")
