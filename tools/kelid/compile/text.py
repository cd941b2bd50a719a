"""What may be said where: people's words made inert, and the dial plan's small words written one way only."""

from __future__ import annotations

from kelid.compile.sounds import MEDIA, prompt_name
from kelid.findings import Where
from kelid.model.destination import Destination
from kelid.model.pbx import Step
from kelid.model.site import BUILTIN, Extension, Names, Site

_ACTIVE = dict.fromkeys(map(ord, "${}[],;\"'\\()<>|&^`=%\t\r\n"), " ")

_IN_A_NAME = {code: " " for code in _ACTIVE if chr(code) not in "'()&^=%"}
"""What acts in a name: it stands in a caller ID, a field of a mailbox or of a queue's member, and after NoOp, no deeper."""


def literal(text: str) -> str:
    """Given people's words, return them with every character that Asterisk would act on turned into a space.

    Dialplan arguments know no escape that holds at every depth of evaluation, so what could act is taken out.
    """
    return " ".join(text.translate(_ACTIVE).split())


def inert_name(text: str) -> str:
    """Given a name, return it with what would act where names stand turned into spaces: ``O'Brien`` stays as it is."""
    return " ".join(text.translate(_IN_A_NAME).split())


def name_of(names: Names, language: str) -> str:
    """Return the name, inert, in the site's language, else in English, else in the first language there is."""
    return inert_name(names.get(_language(names, language), ""))


def name_place(thing: Extension, language: str) -> Where:
    """Return where the name stands that ``name_of`` gives."""
    return thing.place(f"names.{_language(thing.names, language)}")


def _language(names: Names, language: str) -> str:
    if names.get(language):
        return language
    return "en" if names.get("en") else next(iter(names), "")


def sound(site: Site, prompt: str) -> str:
    """Given what an object names as its prompt, return what Playback takes: a path without suffix, or a packaged sound.

    Conf files take it as well: a prompt with recordings in several languages is found in the caller's language by Asterisk
    itself, and where there is none in that language, in the first one's (``compile/sounds.py``).
    """
    if prompt.startswith(BUILTIN):
        return literal(prompt.removeprefix(BUILTIN))
    named = next(item for item in site.prompts if item.name == prompt)
    return f"{MEDIA}/{prompt_name(site, named)}"


_GOTO = {
    "extension": "internal,{name},1",
    "ring_group": "ring-groups,{name},1",
    "queue": "queues,{name},1",
    "ivr": "ivr-{name},s,1",
    "voicemail": "voicemail-{greeting},{name},1",
    "schedule": "schedule-{name},s,1",
    "conference": "conferences,{name},1",
    "announcement": "announcement-{name},s,1",
    "external": "class-{payer},{name},1",
    "parking": "parking-{name},s,1",
    "page": "pages,{name},1",
    "disa": "disa-{name},s,1",
    "callback": "callback-{name},s,1",
    "fax": "fax-{name},s,1",
    "directory": "directory-{name},s,1",
    "custom": "{name},1",
}
"""Kind of destination -> where its call goes on: context, extension, priority."""


def go(destination: Destination, *, greeting: str = "unavailable", label: str = "", where: Where) -> Step:
    """Return the one step that sends a call to a destination.

    ``greeting`` is the mailbox's greeting if the call ends there: ``busy`` or ``unavailable``.
    ``where`` is the YAML line that asked for it; a destination's own place is more exact, and wins.
    """
    where = destination.where if destination.where.file else where
    goto = _GOTO.get(destination.kind)
    if goto is not None:
        payer = destination.permission_class
        return Step("Goto", goto.format(name=destination.name, greeting=greeting, payer=payer), label, where)
    if destination.kind == "busy":
        return Step("Busy", "20", label, where)
    if destination.kind == "hangup":
        return Step("Hangup", "", label, where)
    raise ValueError(f"{where}: {destination} has no meaning here")
