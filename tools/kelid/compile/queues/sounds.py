"""What queues.conf plays. It knows no expressions, so a prompt with several languages is played in one: the queue's."""

from __future__ import annotations

from kelid.compile.text import MEDIA, sound
from kelid.model.site import BUILTIN, Site


def sound_in(site: Site, prompt: str, language: str) -> str:
    """Return the prompt's sound in a language, as queues.conf takes it; if there is none in it, the first one.

    A packaged sound (``builtin:``) needs no choice: Asterisk plays it in the language of whoever hears it.
    """
    if prompt.startswith(BUILTIN):
        return sound(site, prompt)
    recordings = next(item.recordings for item in site.prompts if item.name == prompt)
    tongue = language.partition("-")[0]
    best = min(
        recordings,
        key=lambda one: (one.language or site.language) != language and 1 + (one.language != tongue),
    )
    return f"{MEDIA}/{site.media[best.file].sha256}"
