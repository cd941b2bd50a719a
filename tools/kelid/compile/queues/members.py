"""Members of queues: what rings, what says whether they are free, and what they are called."""

from __future__ import annotations

from kelid.compile.text import name_of
from kelid.model.pbx import Option
from kelid.model.site import Extension, Member, Site


def interface(number: str) -> str:
    """Return the channel that rings a member's phones."""
    return f"PJSIP/{number}"


def state(member: Member) -> str:
    """Return what a queue watches to know whether the member is free."""
    return (
        f"hint:{member.extension}@internal"
        if member.state_interface == "hint"
        else interface(member.extension)
    )


def option(site: Site, member: Member, extensions: dict[str, Extension]) -> Option:
    """Return the line of queues.conf that makes somebody a member for ever."""
    extension = extensions.get(member.extension)
    name = name_of(extension.names, site.language) if extension else ""
    parts = [interface(member.extension), str(member.penalty), name, state(member)]
    ringinuse = "" if member.ringinuse == "queue" else member.ringinuse
    wrapuptime = "" if member.wrapuptime < 0 else str(member.wrapuptime)
    # What is left empty at the end is left out, so that the line stays short.
    while (ringinuse or wrapuptime) and len(parts) < 5 + bool(wrapuptime):
        parts.append(ringinuse if len(parts) == 4 else wrapuptime)
    return Option("member", ",".join(parts), member.place("extension"))
