"""Q: queues."""

from __future__ import annotations

from collections.abc import Iterator

from kelid.findings import Severity
from kelid.model.site import Queue, Site
from kelid.rules.registry import Fault, rule

_SETTINGS = "general"
"""The section of Asterisk's own settings in queues.conf, queuerules.conf and musiconhold.conf."""

_SPECIAL = frozenset({"a", "e", "h", "i", "o", "s", "t"})
"""Extensions that Asterisk goes to by itself: h, for one, after every call that ends."""

STARTDELAY_SINCE = 20
"""The major version of Asterisk that knows periodic-announce-startdelay."""


@rule("Q004", Severity.WARNING)
def leaves_too_soon(site: Site) -> Iterator[Fault]:
    """A caller waits at least as long as one phone rings."""
    for queue in site.queues:
        if 0 < queue.max_wait < queue.timeout:
            text = f"queue {queue.name!r}: callers leave after {queue.max_wait} s, and a phone rings {queue.timeout} s"
            yield queue.place("max_wait"), text, "raise max_wait or lower timeout"


@rule("Q005")
def conditions_clash(site: Site) -> Iterator[Fault]:
    """``yes``, ``no``, ``strict`` and ``loose`` stand alone in joinempty and leavewhenempty."""
    alone = {"yes", "no", "strict", "loose"}
    for queue in site.queues:
        for key, values in (("joinempty", queue.joinempty), ("leavewhenempty", queue.leavewhenempty)):
            if len(values) > 1 and alone & set(values):
                word = next(value for value in values if value in alone)
                yield (
                    queue.place(key),
                    f"queue {queue.name!r}: {key} has {word!r} among others",
                    "write that word alone",
                )


@rule("Q006", Severity.WARNING)
def waits_for_ever(site: Site) -> Iterator[Fault]:
    """A caller doesn't wait for ever."""
    for queue in site.queues:
        if not queue.max_wait and not queue.tries_once:
            yield queue.place("max_wait"), f"queue {queue.name!r}: callers may wait for ever", "set max_wait"


@rule("Q007", Severity.WARNING)
def never_said(site: Site) -> Iterator[Fault]:
    """What is to be announced has a time between the announcements."""
    for queue in site.queues:
        if not queue.announce_frequency:
            for key, what in (("announce_position", "position"), ("announce_holdtime", "waiting time")):
                if getattr(queue, key) != "no":
                    text = f"queue {queue.name!r}: the {what} is never announced"
                    yield queue.place(key), text, "set announce_frequency to some seconds"
        if queue.periodic_announce and not queue.periodic_announce_frequency:
            text = f"queue {queue.name!r}: periodic_announce is never said"
            yield queue.place("periodic_announce"), text, "set periodic_announce_frequency to some seconds"


@rule("Q008")
def name_is_asterisks(site: Site) -> Iterator[Fault]:
    """A queue's name isn't a word of Asterisk's own; nor is its class of music, or the name of a penalty rule."""
    for queue in site.queues:
        if queue.name == _SETTINGS or queue.name in _SPECIAL:
            yield (
                queue.place("name"),
                f"Asterisk keeps the name {queue.name!r} for itself",
                "rename the queue",
            )
        if queue.musicclass == _SETTINGS:
            text = f"Asterisk keeps the name {_SETTINGS!r} for itself"
            yield queue.place("musicclass"), text, "name another class of music"
    for item in site.penalty_rules:
        if item.name == _SETTINGS:
            yield (
                item.place("name"),
                f"Asterisk keeps the name {_SETTINGS!r} for itself",
                "rename the penalty rule",
            )


@rule("Q011")
def key_twice(site: Site) -> Iterator[Fault]:
    """A key leads one way out of a queue."""
    for queue in site.queues:
        seen = {queue.callback.digit} if queue.callback else set()
        for key in queue.keys:
            if key.digit in seen:
                text = f"queue {queue.name!r}: the key {key.digit} leads two ways"
                yield key.place("digit"), text, "keep one"
            seen.add(key.digit)


@rule("Q012")
def caller_twice(site: Site) -> Iterator[Fault]:
    """A caller has one priority in a queue."""
    for queue in site.queues:
        seen: set[str] = set()
        for item in queue.priorities:
            for index, caller in enumerate(item.callers):
                if caller in seen:
                    text = f"queue {queue.name!r}: {caller} has two priorities"
                    yield item.place(f"callers.{index}"), text, "keep one"
                seen.add(caller)


@rule("Q013", Severity.WARNING)
def way_never_taken(site: Site) -> Iterator[Fault]:
    """A destination of its own for a full or an empty queue is one that callers can get to."""
    for queue in site.queues:
        if queue.full_destination and not queue.maxlen:
            text = f"queue {queue.name!r} is never full: any number of callers may wait"
            yield queue.place("full_destination"), text, "set maxlen, or remove full_destination"
        if queue.empty_destination and _takes_anyone(queue) and _keeps_anyone(queue):
            text = f"queue {queue.name!r}: callers join and stay also when nobody could answer"
            yield (
                queue.place("empty_destination"),
                text,
                "set joinempty or leavewhenempty, or remove empty_destination",
            )


def _takes_anyone(queue: Queue) -> bool:
    return queue.joinempty in {("yes",), ()}


def _keeps_anyone(queue: Queue) -> bool:
    return queue.leavewhenempty in {("no",), ()}


@rule("Q014", Severity.WARNING)
def autopause_is_off(site: Site) -> Iterator[Fault]:
    """What says when members pause by themselves goes with autopause."""
    for queue in site.queues:
        if queue.autopause != "no":
            continue
        for key in ("autopausedelay", "autopausebusy", "autopauseunavail"):
            if getattr(queue, key):
                text = f"queue {queue.name!r}: {key} does nothing, because autopause is off"
                yield queue.place(key), text, f"set autopause to yes or all, or remove {key}"


@rule("Q015", Severity.WARNING)
def version_lacks(site: Site) -> Iterator[Fault]:
    """The server's Asterisk knows what a queue asks for."""
    version = site.servers.asterisk
    for queue in site.queues:
        if queue.periodic_announce_startdelay >= 0 and version < STARTDELAY_SINCE:
            text = f"queue {queue.name!r}: Asterisk {version} knows no delay before the first periodic announcement"
            yield (
                queue.place("periodic_announce_startdelay"),
                text,
                "remove it; the first comes after the usual time",
            )


@rule("Q016", Severity.WARNING)
def key_that_records_is_off(site: Site) -> Iterator[Fault]:
    """Recording on demand has a key that starts it."""
    for queue in site.queues:
        if queue.recording == "on_demand" and not site.features.in_call_keys.record:
            text = f"queue {queue.name!r} is recorded on demand, and no key starts a recording"
            yield queue.place("recording"), text, "set in_call_keys: record in features.yml"
