"""U: what an extension does with its calls: internal numbers, follow-me, secretary, limits, mailbox."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator

from kelid.findings import Severity
from kelid.model.numbers import internal_numbers
from kelid.model.site import Extension, FollowMe, FollowMeNumber, Site
from kelid.rules.payers import refusal
from kelid.rules.registry import Fault, rule

PATIENCE = 90
"""Seconds after which few callers are still there; a telephone company ends a call that nobody answers after 180 or less."""


def _looked_for(site: Site) -> Iterator[tuple[Extension, FollowMe, FollowMeNumber]]:
    """Yield every number of every follow-me."""
    for extension in site.extensions:
        if extension.follow_me:
            for number in extension.follow_me.numbers:
                yield extension, extension.follow_me, number


@rule("U001")
def number_taken(site: Site) -> Iterator[Fault]:
    """An internal number belongs to one thing, of whatever kind."""
    taken = {extension.number: f"extension {extension.number}" for extension in site.extensions}
    for item in internal_numbers(site):
        if item.number in taken:
            text = f"{item}: the number {item.number} is that of {taken[item.number]}"
            yield item.where, text, "give one of them another number"
        taken.setdefault(item.number, str(item))


@rule("U002")
def hides_emergency(site: Site) -> Iterator[Fault]:
    """No internal number is an emergency number: help would always win, and nothing else be reached by it."""
    for item in internal_numbers(site):
        if item.number in site.dial.emergency:
            yield item.where, f"{item}: {item.number} is an emergency number", "give it another number"


@rule("U003")
def one_number_each(site: Site) -> Iterator[Fault]:
    """Each number of a follow-me is an extension or a number outside."""
    for extension, _, number in _looked_for(site):
        if bool(number.extension) == bool(number.external):
            said = "both" if number.extension else "neither"
            text = f"extension {extension.number}: {said} of extension and external is said"
            yield number.where, text, "write one of the two; each number is an item of its own"


@rule("U004", Severity.WARNING)
def recording_without_key(site: Site) -> Iterator[Fault]:
    """Where calls are recorded on demand there is a key that starts it."""
    if site.features.in_call_keys.record:
        return
    for extension in site.extensions:
        wanted = extension.recording
        for key in wanted.FIELDS if wanted else ():
            if wanted and getattr(wanted, key) == "on_demand":
                text = f"extension {extension.number}: no key starts a recording on demand"
                yield wanted.place(key), text, "set in_call_keys: record in features.yml, or write never"
                break


@rule("U005")
def looks_at_itself(site: Site) -> Iterator[Fault]:
    """A follow-me doesn't ring its own extension, and nobody is their own secretary."""
    for extension, _, number in _looked_for(site):
        if number.extension == extension.number:
            fix = "remove it: the extension rings first, or with the others, anyway"
            yield number.place("extension"), f"extension {extension.number} follows itself", fix
    for extension in site.extensions:
        secretary = extension.secretary
        if secretary and secretary.extension == extension.number:
            text = f"extension {extension.number} is its own secretary"
            yield secretary.place("extension"), text, "name another extension"


@rule("U006")
def looked_for_twice(site: Site) -> Iterator[Fault]:
    """A follow-me names a number once."""
    seen: dict[int, set[str]] = {}
    for extension, follow, number in _looked_for(site):
        text = number.extension or number.external
        named = seen.setdefault(id(follow), set())
        if text and text in named:
            key = "extension" if number.extension else "external"
            yield (
                number.place(key),
                f"extension {extension.number}: its follow-me names {text} twice",
                "keep one",
            )
        named.add(text)


@rule("U007")
def may_not_be_followed(site: Site) -> Iterator[Fault]:
    """What a follow-me calls outside is what the extension's class may call."""
    for extension, _, number in _looked_for(site):
        if number.external and (why := refusal(site, extension.permission_class, number.external)):
            yield (
                number.place("external"),
                f"extension {extension.number}: {why}",
                "correct the number, or give the extension a class that may call it",
            )


@rule("U008", Severity.WARNING)
def nobody_of_that_number(site: Site) -> Iterator[Fault]:
    """A VIP is an extension of the site, or has a number as long as those outside."""
    known = {extension.number for extension in site.extensions}
    longest = max((len(number) for number in known), default=0)
    for extension in site.extensions:
        secretary = extension.secretary
        for index, number in enumerate(secretary.vip if secretary else ()):
            if number not in known and len(number) <= longest and secretary:
                text = f"extension {extension.number}: the VIP {number} is no extension of the site"
                yield secretary.place(f"vip.{index}"), text, "correct the number, or remove it"


@rule("U009", Severity.WARNING)
def rings_too_long(site: Site) -> Iterator[Fault]:
    """A caller hears something else before the patience of most has ended."""
    for extension in site.extensions:
        seconds = extension.ring_time
        if extension.secretary:
            seconds += extension.secretary.ring_time
        follow = extension.follow_me
        if follow:
            each = [number.seconds for number in follow.numbers]
            seconds += (
                sum(each) if follow.strategy == "hunt" else max(each) - min(extension.ring_time, max(each))
            )
        if seconds > PATIENCE:
            text = (
                f"extension {extension.number}: a caller hears it ring for {seconds} s before anything else"
            )
            yield extension.place("ring_time"), text, f"shorten the times to {PATIENCE} s together"


@rule("U010", Severity.WARNING)
def limits_clash(site: Site) -> Iterator[Fault]:
    """Without call waiting there is one call, whatever max_calls says."""
    for extension in site.extensions:
        if not extension.call_waiting and extension.max_calls > 1:
            text = (
                f"extension {extension.number}: without call waiting it never has {extension.max_calls} calls"
            )
            yield extension.place("max_calls"), text, "remove max_calls, or set call_waiting: true"


@rule("U011", Severity.WARNING)
def picks_up_nothing(site: Site) -> Iterator[Fault]:
    """For a pickup group there is somebody who rings in it, and somebody else who may pick up."""
    ring: dict[str, set[str]] = {}
    pick: dict[str, set[str]] = {}
    for extension in site.extensions:
        for name in extension.call_groups:
            ring.setdefault(name, set()).add(extension.number)
        for name in extension.pickup_groups:
            pick.setdefault(name, set()).add(extension.number)
    told = {
        name
        for name, rung in ring.items()
        if any(one != other for one in rung for other in pick.get(name, ()))
    }
    for extension in site.extensions:
        for key, names in (
            ("call_groups", extension.call_groups),
            ("pickup_groups", extension.pickup_groups),
        ):
            for index, name in enumerate(names):
                if name in told:
                    continue
                told.add(name)
                lacks = "nobody else may pick up in it" if name in ring else "nobody belongs to it"
                text = f"pickup group {name!r}: {lacks}"
                yield (
                    extension.place(f"{key}.{index}"),
                    text,
                    "name it in call_groups and in pickup_groups, or remove it",
                )


@rule("U012")
def zone_unknown(site: Site) -> Iterator[Fault]:
    """A mailbox's time zone is in the tz database."""
    for extension in site.extensions:
        box = extension.voicemail
        if not box or not box.time_zone or not zoneinfo.available_timezones():
            continue
        try:
            zoneinfo.ZoneInfo(box.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            text = f"mailbox {extension.number}: no time zone is called {box.time_zone!r}"
            yield box.place("time_zone"), text, "write it as the tz database does: Asia/Tehran"


@rule("U013")
def messages_vanish(site: Site) -> Iterator[Fault]:
    """A message that is deleted from the server goes out with an email."""
    for extension in site.extensions:
        box = extension.voicemail
        if box and box.delete and not (box.email and box.attach):
            lacks = "attach: true" if box.email else "an email to go to"
            text = f"mailbox {extension.number}: messages are deleted, and nobody gets them without {lacks}"
            yield box.place("delete"), text, "set email and attach: true, or delete: false"


@rule("U014", Severity.WARNING)
def attached_to_nothing(site: Site) -> Iterator[Fault]:
    """A message is attached to an email that is sent."""
    for extension in site.extensions:
        box = extension.voicemail
        if box and box.attach and not box.email:
            text = f"mailbox {extension.number}: there is no email to which messages could be attached"
            yield box.place("attach"), text, "set email, or attach: false"
