"""Judge whether the live Asterisk is what the release says: objects there, and what was there before still there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

KINDS = ("contexts", "endpoints", "queues", "mailboxes", "registrations")

LONG = 30
"""Seconds after which a channel counts as one that would hardly end by itself while a release is read."""

MANY = 6
"""So many channels of at least LONG seconds (three calls) don't end by themselves all at once, in some seconds."""


def differences(expect: Mapping[str, Any], observed: Mapping[str, Any]) -> list[str]:
    """Given the manifest's expectation and what the agent observed, return what is missing or too much, in words."""
    found = []
    for kind in KINDS:
        wanted, there = set(expect.get(kind, ())), set(observed.get(kind, ()))
        singular = kind.removesuffix("s").removesuffix("e") if kind == "mailboxes" else kind.removesuffix("s")
        found += [
            f"{singular} {name} is missing from the running Asterisk" for name in sorted(wanted - there)
        ]
        if kind != "contexts":  # Asterisk makes contexts of its own (parking, hints)
            found += [f"{singular} {name} is there but not in the release" for name in sorted(there - wanted)]
    return found


def lost(
    before: Mapping[str, Any],
    observed: Mapping[str, Any],
    expect: Mapping[str, Any],
    *,
    restarted: bool = False,
) -> list[str]:
    """Given what was observed before and after, return what working things went away although the release still has them.

    ``restarted``: the change needed a restart of Asterisk, which ends every call.
    """
    return [
        *_trunks(before, observed, expect),
        *_members(before, observed, expect),
        *([] if restarted else _calls(before, observed)),
    ]


def _trunks(
    before: Mapping[str, Any], observed: Mapping[str, Any], expect: Mapping[str, Any]
) -> Iterable[str]:
    for name, state in dict(before.get("registrations") or {}).items():
        now = dict(observed.get("registrations") or {}).get(name)
        if state == "Registered" and name in expect.get("registrations", ()) and now != state:
            yield f"trunk {name} was registered and now is {now or 'gone'}"


def _members(
    before: Mapping[str, Any], observed: Mapping[str, Any], expect: Mapping[str, Any]
) -> Iterable[str]:
    """Yield the queue members that were logged in, or paused, and aren't any more, but for who did that himself."""
    there = {(item["queue"], item["interface"]): item for item in observed.get("members") or ()}
    left = {tuple(item) for item in observed.get("left") or ()}
    for member in before.get("members") or ():
        queue, interface = member["queue"], member["interface"]
        by_themselves = {
            (queue, interface),
            (queue, member["name"]),
            ("NONE", interface),
            ("NONE", member["name"]),
        }
        if queue not in expect.get("queues", ()) or left & by_themselves:
            continue
        now = there.get((queue, interface))
        if now is None and member["dynamic"]:
            yield f"member {interface} was logged in to queue {queue} and is not any more"
        elif now is not None and member["paused"] and not now["paused"]:
            yield f"member {interface} of queue {queue} paused and does not any more"


def _calls(before: Mapping[str, Any], observed: Mapping[str, Any]) -> Iterable[str]:
    """Yield that calls were lost, as far as it can be told from calls that ended because people hung up."""
    calls = dict(before.get("calls") or {})
    was, now = before.get("started"), observed.get("started")
    if was and now and was != now:
        yield f"Asterisk started anew while it read the release: {len(calls)} channels that were up are lost"
        return
    long = {name for name, seconds in calls.items() if seconds >= LONG}
    if len(long) >= MANY and not long & set(observed.get("calls") or ()):
        yield f"all of the {len(long)} channels that had been up for a while are gone"


def notes(before: Mapping[str, Any], observed: Mapping[str, Any], expect: Mapping[str, Any]) -> list[str]:
    """Return what is worth a word and no fault: phones that were registered and now are not, calls that have ended."""
    found = []
    if gone := phones_gone(before, observed, expect):
        found.append("phones that were registered and now are not: " + ", ".join(gone))
    calls = set(before.get("calls") or ())
    if ended := calls - set(observed.get("calls") or ()):
        found.append(f"{len(ended)} of {len(calls)} channels that were up before have ended since")
    return found


def phones_gone(
    before: Mapping[str, Any], observed: Mapping[str, Any], expect: Mapping[str, Any]
) -> list[str]:
    """Return the extensions whose phone was registered before and isn't now, of those that the release still has."""
    owners = {contact.partition("/")[0] for contact in before.get("contacts") or ()}
    now = {contact.partition("/")[0] for contact in observed.get("contacts") or ()}
    return sorted((owners - now) & set(expect.get("endpoints") or ()))
