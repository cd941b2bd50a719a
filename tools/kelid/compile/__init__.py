"""Site -> Pbx: every decision about how a phone system is built out of Asterisk's parts.

Pure: no clock, no disk, no environment.
"""

from __future__ import annotations

from kelid.compile import (
    announcements,
    blacklist,
    calls,
    caps,
    classes,
    dialplan,
    hours,
    ivrs,
    modules,
    pins,
    queues,
    ring_groups,
    routes,
    system,
    tones,
    trunks,
    voicemail,
)
from kelid.compile.features import parts as features
from kelid.compile.text import MEDIA
from kelid.model.pbx import ConfFile, Context, Media, Pbx
from kelid.model.site import Site

__all__ = ["MEDIA", "compile_site"]


def compile_site(site: Site, custom: tuple[Context, ...] = ()) -> Pbx:
    """Given a site that the rules found right, and its own dial plan's contexts, return what Asterisk gets.

    Raise ValueError if the site's Asterisk is not a supported version.
    """
    return Pbx(
        site=site.name,
        asterisk=site.servers.asterisk,
        files=tuple(sorted(_files(site), key=lambda file: file.path)),
        contexts=(
            *trunks.contexts(site),
            *classes.contexts(site),
            *routes.contexts(site),
            *caps.contexts(site),
            *blacklist.contexts(site),
            *calls.contexts(site),
            *features.contexts(site),
            *dialplan.contexts(),
            *ivrs.contexts(site),
            *hours.contexts(site),
            *queues.contexts(site),
            *ring_groups.contexts(site),
            *announcements.contexts(site),
            *voicemail.contexts(site),
            *custom,
        ),
        media=_media(site),
        lists=pins.lists(site),
    )


def _files(site: Site) -> tuple[ConfFile, ...]:
    return (
        modules.conf(site.servers.asterisk),
        system.pjsip(site),
        system.rtp(),
        system.logger(),
        *system.call_records(),
        *system.quiet(),
        *features.files(site),
        tones.conf(site),
        *queues.files(site),
        voicemail.conf(site),
    )


def _media(site: Site) -> tuple[Media, ...]:
    found = {}
    for prompt in site.prompts:
        for recording in prompt.recordings:
            digest = site.media[recording.file].sha256
            found[digest] = Media(digest, recording.file)
    return tuple(found[digest] for digest in sorted(found))
