"""W: ring groups."""

from __future__ import annotations

from collections.abc import Iterator

from kelid.findings import Severity
from kelid.model.site import RingGroup, RingGroupMember, Site
from kelid.rules.handling import PATIENCE
from kelid.rules.payers import refusal
from kelid.rules.registry import Fault, rule

_SPECIAL = frozenset({"a", "e", "h", "i", "o", "s", "t"})
"""Extensions that Asterisk goes to by itself: h, for one, after every call that ends."""

_IN_TURN = frozenset({"hunt", "memoryhunt", "random"})

_NOT_SHOWN = frozenset("\"<>;\\${}[](),|&=`%'")
"""What no phone shows before a name, or what Asterisk would act on there."""


def _members(site: Site) -> Iterator[tuple[RingGroup, RingGroupMember]]:
    for group in site.ring_groups:
        for member in group.members:
            yield group, member


@rule("W001", Severity.WARNING)
def one_member_in_turn(site: Site) -> Iterator[Fault]:
    """A strategy that chooses among members has more than one of them."""
    for group in site.ring_groups:
        if len(group.members) == 1 and group.strategy != "ringall":
            text = f"ring group {group.name!r}: {group.strategy} has one member to choose from"
            yield group.place("strategy"), text, "add members, or write ringall"


@rule("W002")
def member_twice(site: Site) -> Iterator[Fault]:
    """A ring group names a member once."""
    for group in site.ring_groups:
        seen: set[str] = set()
        for member in group.members:
            number = member.extension or member.external
            if number and number in seen:
                key = "extension" if member.extension else "external"
                yield member.place(key), f"ring group {group.name!r} names {number} twice", "keep one"
            seen.add(number)


@rule("W003")
def one_number_each(site: Site) -> Iterator[Fault]:
    """A member is an extension, or a number outside with the class that pays for it."""
    for group, member in _members(site):
        if bool(member.extension) == bool(member.external):
            said = "both" if member.extension else "neither"
            text = f"ring group {group.name!r}: {said} of extension and external is said"
            yield member.where, text, "write one of the two; each member is an item of its own"
        elif bool(member.external) != bool(member.permission_class):
            if member.external:
                text = f"ring group {group.name!r}: nobody pays for the calls to {member.external}"
                yield member.place("external"), text, "add permission_class"
            else:
                text = f"ring group {group.name!r}: a call to extension {member.extension} costs nothing"
                yield member.place("permission_class"), text, "remove permission_class"


@rule("W004")
def rings_nobody(site: Site) -> Iterator[Fault]:
    """A ring group has a member."""
    for group in site.ring_groups:
        if not group.members:
            text = f"ring group {group.name!r} rings nobody"
            yield group.place("members"), text, "add a member, or remove the group"


@rule("W005")
def may_not_be_called(site: Site) -> Iterator[Fault]:
    """A member outside is a number that the class may call."""
    for group, member in _members(site):
        if member.external and member.permission_class:
            why = refusal(site, member.permission_class, member.external)
            if why:
                fix = "correct the number, or name a class that may call it"
                yield member.place("external"), f"ring group {group.name!r}: {why}", fix


@rule("W006")
def name_is_asterisks(site: Site) -> Iterator[Fault]:
    """A ring group's name isn't a word of Asterisk's own."""
    for group in site.ring_groups:
        if group.name in _SPECIAL:
            text = f"Asterisk keeps the name {group.name!r} for itself"
            yield group.place("name"), text, "rename the group"


@rule("W007")
def prefix_not_for_phones(site: Site) -> Iterator[Fault]:
    """What is put before the caller's name can be shown on a phone."""
    for group in site.ring_groups:
        bad = next((character for character in group.caller_id_prefix if character in _NOT_SHOWN), None)
        if bad:
            text = f"ring group {group.name!r}: {bad!r} can't stand before a caller's name"
            yield group.place("caller_id_prefix"), text, "write it without"


@rule("W008", Severity.WARNING)
def rings_too_long(site: Site) -> Iterator[Fault]:
    """A caller hears something else before the patience of most has ended."""
    for group in site.ring_groups:
        steps = len(group.members) if group.strategy in _IN_TURN else 1
        seconds = steps * group.ring_time
        if seconds > PATIENCE:
            text = f"ring group {group.name!r}: a caller hears it ring for {seconds} s before anything else"
            yield group.place("ring_time"), text, f"shorten ring_time: {PATIENCE} s in all"
