"""Q: queues."""

from __future__ import annotations

from collections.abc import Iterator

from kelid.findings import Severity
from kelid.model.site import Site
from kelid.rules.registry import Fault, rule


@rule("Q001")
def member_unknown(site: Site) -> Iterator[Fault]:
    """A queue's member is an extension of the site."""
    known = {extension.number for extension in site.extensions}
    for queue in site.queues:
        for member in queue.members:
            if member.extension not in known:
                text = f"queue {queue.name!r}: there is no extension {member.extension}"
                yield member.place("extension"), text, "add it in extensions.yml, or remove the member"


@rule("Q002")
def member_twice(site: Site) -> Iterator[Fault]:
    """A queue names a member once."""
    for queue in site.queues:
        seen = set()
        for member in queue.members:
            if member.extension in seen:
                yield (
                    member.place("extension"),
                    f"queue {queue.name!r} names {member.extension} twice",
                    "keep one",
                )
            seen.add(member.extension)


@rule("Q003")
def queue_rings_nobody(site: Site) -> Iterator[Fault]:
    """A queue needs a member who can answer."""
    for queue in site.queues:
        if not queue.members:
            yield (
                queue.place("members"),
                f"queue {queue.name!r} rings nobody",
                "add a member or remove the queue",
            )


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
        if not queue.max_wait:
            yield queue.place("max_wait"), f"queue {queue.name!r}: callers may wait for ever", "set max_wait"


@rule("Q007", Severity.WARNING)
def position_never_said(site: Site) -> Iterator[Fault]:
    """A position that is to be announced has a time between the announcements."""
    for queue in site.queues:
        if queue.announce_position != "no" and not queue.announce_frequency:
            text = f"queue {queue.name!r}: the position is never announced"
            yield queue.place("announce_position"), text, "set announce_frequency to some seconds"


_SETTINGS = "general"
"""The section of Asterisk's own settings in queues.conf and musiconhold.conf."""

_SPECIAL = frozenset({"a", "e", "h", "i", "o", "s", "t"})
"""Extensions that Asterisk goes to by itself: h, for one, after every call that ends."""


@rule("Q008")
def name_is_asterisks(site: Site) -> Iterator[Fault]:
    """A queue's name isn't a word of Asterisk's own; nor is its class of music."""
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
