"""Announcements: a sound, then the way on."""

from __future__ import annotations

from kelid.compile.text import go, sound
from kelid.model.pbx import Context, Exten, Step
from kelid.model.site import Site


def contexts(site: Site) -> tuple[Context, ...]:
    """Return one context an announcement."""
    return tuple(
        Context(
            f"announcement-{item.name}",
            (
                Exten(
                    "s",
                    (
                        Step("Answer", "500", where=item.place("name")),
                        Step("Playback", sound(site, item.prompt), where=item.place("prompt")),
                        go(item.destination, where=item.place("name")),
                    ),
                    item.place("name"),
                ),
            ),
            where=item.place("name"),
        )
        for item in site.announcements
    )
