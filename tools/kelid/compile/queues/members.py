"""Members of queues: what rings, what says whether they are free, and what they are called."""

from __future__ import annotations

from kelid.compile.devices import dial
from kelid.compile.dialplan import NO_REDIRECT
from kelid.compile.queue_phones import PHONES, alone, interface
from kelid.compile.text import name_of
from kelid.model.pbx import Context, Exten, Option, Step
from kelid.model.queue_members import queues_of
from kelid.model.site import Extension, Member, Site


def state(extension: Extension, watched: str = "hint") -> str:
    """Return what a queue watches to know whether the member is free: the phone, or the lamp that all phones share."""
    if watched == "phone" and alone(extension):
        return interface(extension)
    return f"hint:{extension.number}@internal"


def option(site: Site, member: Member, extension: Extension) -> Option:
    """Return the line of queues.conf that makes somebody a member for ever."""
    name = name_of(extension.names, site.language)
    parts = [interface(extension), str(member.penalty), name, state(extension, member.state_interface)]
    ringinuse = "" if member.ringinuse == "queue" else member.ringinuse
    wrapuptime = "" if member.wrapuptime < 0 else str(member.wrapuptime)
    if ringinuse or wrapuptime:
        parts.append(ringinuse)
    if wrapuptime:
        parts.append(wrapuptime)
    return Option("member", ",".join(parts), member.place("extension"))


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the context that rings the phones of members who have several, if there are such members."""
    answering = queues_of(site)
    extens = tuple(
        Exten(
            extension.number,
            (Step("Dial", f"{dial(extension)},,{NO_REDIRECT}", where=extension.place("number")),),
            extension.place("number"),
        )
        for extension in site.extensions
        if extension.number in answering and not alone(extension)
    )
    return (Context(PHONES, extens),) if extens else ()
