"""Data that fits the schemas -> the values of ``kelid.model.site``, defaults merged, every object with its place.

Most objects are read by their class alone (``View.make``); a topic has a module here where more is to be decided.
"""

from __future__ import annotations

from kelid.load.build import backup, extensions, features, hours, queues, routes, system, trunks
from kelid.load.build.source import Source
from kelid.load.build.view import View
from kelid.load.tree import Mapping as MappingNode
from kelid.model.site import (
    Announcement,
    Blacklist,
    Callback,
    Cap,
    Conference,
    Directory,
    Disa,
    ExpectedCall,
    Fax,
    Gateway,
    InboundRoute,
    Ivr,
    MusicClass,
    OutboundRoute,
    Page,
    ParkingLot,
    PenaltyRule,
    PermissionClass,
    Prompt,
    QueueTemplate,
    RingGroup,
    Site,
    SpeedDial,
    TimeGroup,
)

__all__ = ["Source", "View", "build_site"]


def build_site(source: Source) -> Site:
    """Given the files of a site that fit their schemas, return the site; what they can't see is added to the findings."""
    ways, ivrs = source.file("routes"), source.file("ivrs")
    more = source.file("features")
    secrets = source.file("secrets").node
    return source.file("site").make(
        Site,
        name=source.name,
        dial=system.dial(source),
        ranges=system.ranges(source),
        transports=system.transports(source),
        nat=system.nat(source),
        rtp=system.rtp(source),
        firewall=system.firewall(source),
        mail=system.mail(source),
        profiles=system.profiles(source),
        extensions=extensions.build(source),
        trunks=trunks.build(source),
        gateways=tuple(view.make(Gateway) for view in source.file("trunks").each("gateways")),
        inbound_routes=tuple(view.make(InboundRoute) for view in ways.each("inbound")),
        outbound_routes=tuple(view.make(OutboundRoute) for view in ways.each("outbound")),
        permission_classes=tuple(view.make(PermissionClass) for view in ways.each("permission_classes")),
        pin_sets=routes.pin_sets(source),
        caps=tuple(view.make(Cap) for view in ways.each("caps")),
        blacklist=ways.child("blacklist").make(Blacklist) if ways.wrote("blacklist") else None,
        ring_groups=tuple(view.make(RingGroup) for view in source.file("ring_groups").each("ring_groups")),
        queues=queues.build(source),
        queue_templates=tuple(view.make(QueueTemplate) for view in source.file("queues").each("templates")),
        penalty_rules=tuple(view.make(PenaltyRule) for view in source.file("queues").each("penalty_rules")),
        ivrs=tuple(view.make(Ivr) for view in ivrs.each("ivrs")),
        announcements=tuple(view.make(Announcement) for view in ivrs.each("announcements")),
        schedules=hours.schedules(source),
        time_groups=tuple(view.make(TimeGroup) for view in source.file("hours").each("time_groups")),
        calendars=hours.calendars(source),
        prompts=tuple(view.make(Prompt) for view in source.file("media").each("prompts")),
        music_classes=tuple(view.make(MusicClass) for view in source.file("media").each("music_classes")),
        features=features.build(source),
        parking_lots=tuple(view.make(ParkingLot) for view in more.each("parking_lots")),
        pages=tuple(view.make(Page) for view in more.each("pages")),
        conferences=tuple(view.make(Conference) for view in more.each("conferences")),
        speed_dials=tuple(view.make(SpeedDial) for view in more.each("speed_dials")),
        directories=tuple(view.make(Directory) for view in more.each("directories")),
        disa=tuple(view.make(Disa) for view in more.each("disa")),
        callbacks=tuple(view.make(Callback) for view in more.each("callbacks")),
        faxes=tuple(view.make(Fax) for view in more.each("faxes")),
        backup=backup.build(source),
        calls=tuple(
            view.make(ExpectedCall, start=view.get("from")) for view in source.file("calls").each("calls")
        ),
        media=dict(source.media),
        secret_names={key: secrets.key_place(key) for key in secrets.keys}
        if isinstance(secrets, MappingNode)
        else {},
    )
