"""All that features.yml asks for, as compile takes it from the modules of the topics."""

from __future__ import annotations

from kelid.compile.features import (
    callbacks,
    codes,
    conferences,
    directories,
    disa,
    faxes,
    keys,
    limits,
    pages,
    parking,
    payers,
    recording,
)
from kelid.model.pbx import ConfFile, Context
from kelid.model.site import Site


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the contexts of all features."""
    return (
        *codes.contexts(site),
        *limits.contexts(),
        *payers.contexts(site),
        *recording.contexts(site),
        *parking.contexts(site),
        *pages.contexts(site),
        *conferences.contexts(site),
        *directories.contexts(site),
        *disa.contexts(site),
        *callbacks.contexts(site),
        *faxes.contexts(site),
    )


def files(site: Site) -> tuple[ConfFile, ...]:
    """Return the conf files of all features; Asterisk wants each even where it says nothing."""
    return (conferences.conf(site), keys.conf(site), parking.conf(site))
