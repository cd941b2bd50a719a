"""Data that fits the schemas -> the values of ``kelid.model.site``, defaults merged, every object with its place.

Most objects are read by their class alone (``View.make``); a topic has a module here where more is to be decided.
"""

from __future__ import annotations

from kelid.load.build import backup, extensions, hours, routes, trunks
from kelid.load.build.source import Source
from kelid.load.build.view import View
from kelid.load.tree import Mapping as MappingNode
from kelid.model.site import (
    Announcement,
    InboundRoute,
    Ivr,
    OutboundRoute,
    PermissionClass,
    Prompt,
    Queue,
    Site,
)

__all__ = ["Source", "View", "build_site"]


def build_site(source: Source) -> Site:
    """Given the files of a site that fit their schemas, return the site; what they can't see is added to the findings."""
    ways, ivrs = source.file("routes"), source.file("ivrs")
    secrets = source.file("secrets").node
    return source.file("site").make(
        Site,
        name=source.name,
        extensions=extensions.build(source),
        trunks=trunks.build(source),
        inbound_routes=tuple(view.make(InboundRoute) for view in ways.each("inbound")),
        outbound_routes=tuple(view.make(OutboundRoute) for view in ways.each("outbound")),
        permission_classes=tuple(view.make(PermissionClass) for view in ways.each("permission_classes")),
        pin_sets=routes.pin_sets(source),
        queues=tuple(view.make(Queue) for view in source.file("queues").each("queues")),
        ivrs=tuple(view.make(Ivr) for view in ivrs.each("ivrs")),
        announcements=tuple(view.make(Announcement) for view in ivrs.each("announcements")),
        schedules=hours.schedules(source),
        holiday_lists=hours.holiday_lists(source),
        prompts=tuple(view.make(Prompt) for view in source.file("media").each("prompts")),
        backup=backup.build(source),
        media=dict(source.media),
        secret_names=dict(secrets.keys) if isinstance(secrets, MappingNode) else {},
    )
