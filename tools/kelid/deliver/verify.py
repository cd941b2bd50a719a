"""Judge whether the live Asterisk is what the release says: objects there, and what was there before still there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

KINDS = ("contexts", "endpoints", "queues", "mailboxes", "registrations")


def differences(expect: Mapping[str, Any], observed: Mapping[str, Any]) -> list[str]:
    """Given the manifest's expectation and what the agent observed, return what is missing or too much, in words."""
    found = []
    for kind in KINDS:
        wanted, there = set(_names(expect.get(kind, ()))), set(_names(observed.get(kind, ())))
        singular = kind.removesuffix("s").removesuffix("e") if kind == "mailboxes" else kind.removesuffix("s")
        found += [
            f"{singular} {name} is missing from the running Asterisk" for name in sorted(wanted - there)
        ]
        if kind != "contexts":  # Asterisk makes contexts of its own (parking, hints)
            found += [f"{singular} {name} is there but not in the release" for name in sorted(there - wanted)]
    return found


def lost(before: Mapping[str, Any], observed: Mapping[str, Any], expect: Mapping[str, Any]) -> list[str]:
    """Given what was observed before and after, return what working things went away although the release still has them."""
    found = []
    for name, state in dict(before.get("registrations") or {}).items():
        now = dict(observed.get("registrations") or {}).get(name)
        if state == "Registered" and name in _names(expect.get("registrations", ())) and now != state:
            found.append(f"trunk {name} was registered and now is {now or 'gone'}")
    return found


def _names(items: Iterable[str] | Mapping[str, Any]) -> Iterable[str]:
    return list(items)
