"""Announcements: a sound, then the way on."""

from __future__ import annotations

from kelid.compile.text import go, sound
from kelid.model.pbx import Context, Exten, Step
from kelid.model.site import Announcement, Site

AFTERWARDS = 3
"""Seconds after its end in which an announcement can be heard again."""

_KEYS = "_[0-9*#]"


def contexts(site: Site) -> tuple[Context, ...]:
    """Return one context an announcement."""
    return tuple(_announcement(site, item) for item in site.announcements)


def _announcement(site: Site, item: Announcement) -> Context:
    where = item.place("name")
    opening = (Step("Answer", "500", where=where),) if item.answer else ()
    onward = go(item.destination, where=where)
    heard = item.place("prompt")
    prompt = sound(site, item.prompt)
    if not (item.skip or item.repeat_key):
        how = "" if item.answer else ",noanswer"
        played = Step("Playback", f"{prompt}{how}", where=heard)
        steps = (*opening, played, onward)
        return Context(f"announcement-{item.name}", (Exten("s", steps, where),), where=where)
    # m: only a key that stands in this context breaks in.
    played = Step("Background", f"{prompt},{'' if item.answer else 'n'}m", "play", heard)
    wait = (Step("WaitExten", str(AFTERWARDS), where=item.place("repeat_key")),) if item.repeat_key else ()
    extens = [Exten("s", (*opening, played, *wait, Step("Goto", "t,1", where=where)), where)]
    if item.repeat_key:
        again = Step("Goto", "s,play", where=item.place("repeat_key"))
        extens.append(Exten(item.repeat_key, (again,), item.place("repeat_key")))
    if item.skip:
        extens.append(Exten(_KEYS, (Step("Goto", "t,1", where=item.place("skip")),), item.place("skip")))
    extens += [Exten(key, (onward,), where) for key in ("t", "i")]
    return Context(f"announcement-{item.name}", tuple(extens), where=where)
