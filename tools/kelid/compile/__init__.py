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
    dahdi,
    dialplan,
    firewall,
    hours,
    iax2,
    inbound,
    ivrs,
    modules,
    music,
    network,
    pins,
    queues,
    ring_groups,
    routes,
    sounds,
    system,
    tones,
    voicemail,
)
from kelid.compile.features import faxes
from kelid.compile.features import parts as features
from kelid.compile.sounds import MEDIA
from kelid.model.pbx import ConfFile, Context, Pbx
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
            *classes.contexts(site),
            *inbound.contexts(site),
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
        media=sounds.media(site),
        lists=tuple(
            sorted(
                (*pins.lists(site), *dahdi.lists(site), *faxes.lists(site), *firewall.lists(site)),
                key=lambda file: file.path,
            )
        ),
    )


def _files(site: Site) -> tuple[ConfFile, ...]:
    return (
        modules.conf(site.servers.asterisk, _parts(site)),
        system.pjsip(site),
        *iax2.files(site),
        *dahdi.files(site),
        *network.files(site),
        system.logger(),
        *system.call_records(),
        *system.quiet(),
        *features.files(site),
        tones.conf(site),
        *queues.files(site),
        music.conf(site),
        voicemail.conf(site),
    )


def _parts(site: Site) -> set[modules.Part]:
    """Return what the site uses of what not every server has."""
    kinds: dict[str, modules.Part] = {"iax2": "iax2", "dahdi": "dahdi"}
    found = {kinds[trunk.kind] for trunk in site.trunks if trunk.kind in kinds}
    return found | {"websocket"} if network.browsers(site) else found
