"""What may be said where: people's words made inert, and the dial plan's small words written one way only."""

from __future__ import annotations

from collections.abc import Iterator

from kelid.findings import Where
from kelid.model.destination import Destination
from kelid.model.pbx import Step
from kelid.model.site import Extension, Holiday, Names, Prompt, Site

MEDIA = "/var/lib/kelid/media"
"""Where the server keeps the site's sounds, each under the digest of its source."""

_ACTIVE = dict.fromkeys(map(ord, "${}[],;\"'\\()<>|&^`=%\t\r\n"), " ")

_IN_A_NAME = {code: " " for code in _ACTIVE if chr(code) not in "'()&^=%"}
"""What acts in a name: it stands in a caller ID, a field of a mailbox or of a queue's member, and after NoOp, no deeper."""


def literal(text: str) -> str:
    """Given people's words, return them with every character that Asterisk would act on turned into a space.

    Dialplan arguments know no escape that holds at every depth of evaluation, so what could act is taken out.
    """
    return " ".join(text.translate(_ACTIVE).split())


def name_of(names: Names, language: str) -> str:
    """Return the name, inert, in the site's language, else in English, else in the first language there is."""
    return " ".join(names.get(_language(names, language), "").translate(_IN_A_NAME).split())


def name_place(thing: Extension | Holiday, language: str) -> Where:
    """Return where the name stands that ``name_of`` gives."""
    return thing.place(f"names.{_language(thing.names, language)}")


def _language(names: Names, language: str) -> str:
    return next((tag for tag in (language, "en") if names.get(tag)), next(iter(names), ""))


def sound(prompt: Prompt) -> str:
    """Return what Playback takes for the prompt: a path without suffix, or a packaged sound's name."""
    return literal(prompt.builtin) if prompt.builtin else f"{MEDIA}/{prompt.sha256}"


def prompts(site: Site) -> Iterator[Prompt]:
    """Yield every prompt that the site plays."""
    for ivr in site.ivrs:
        yield ivr.prompt
    for announcement in site.announcements:
        yield announcement.prompt


def go(destination: Destination, *, greeting: str = "unavailable", label: str = "", where: Where) -> Step:
    """Return the one step that sends a call to a destination.

    ``greeting`` is the mailbox's greeting if the call ends there: ``busy`` or ``unavailable``.
    ``where`` is the YAML line that asked for it; a destination's own place is more exact, and wins.
    """
    where = destination.where if destination.where.file else where
    name = destination.name
    goto = {
        "extension": f"internal,{name},1",
        "queue": f"queues,{name},1",
        "ivr": f"ivr-{name},s,1",
        "voicemail": f"voicemail-{greeting},{name},1",
        "schedule": f"schedule-{name},s,1",
        "announcement": f"announcement-{name},s,1",
        "external": f"class-{destination.permission_class},{name},1",
    }.get(destination.kind)
    if goto is not None:
        return Step("Goto", goto, label, where)
    if destination.kind == "busy":
        return Step("Busy", "20", label, where)
    if destination.kind == "hangup":
        return Step("Hangup", "", label, where)
    raise ValueError(f"{where}: {destination} has no meaning here")
