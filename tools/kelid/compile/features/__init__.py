"""What features.yml asks for: one module a topic, and here what compile takes from them."""

from __future__ import annotations

from kelid.compile.features import codes, conferences, limits, pages, parking
from kelid.model.pbx import ConfFile, Context
from kelid.model.site import Site


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the contexts of all features."""
    return (
        *codes.contexts(site),
        *limits.contexts(),
        *parking.contexts(site),
        *pages.contexts(site),
        *conferences.contexts(site),
    )


def files(site: Site) -> tuple[ConfFile, ...]:
    """Return the conf files of all features; Asterisk wants each even where it says nothing."""
    return (conferences.conf(site), parking.conf(site))
