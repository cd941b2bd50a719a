"""What the client asked for: one ``Site`` is one PBX, as its YAML files say it, defaults merged, nothing decided yet.

Names are the field's: FreePBX's words for routes, Asterisk's spellings for queue and voicemail options.
Durations are whole seconds. Numbers that are dialled are text: ``"0101"`` is not 101.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import ClassVar

from kelid.findings import Where
from kelid.model.record import EMPTY
from kelid.model.site.backup import BackupPolicy
from kelid.model.site.base import Names, Placed, Point
from kelid.model.site.calls import FollowMe, FollowMeNumber, RecordedCalls, Secretary
from kelid.model.site.devices import Device, PhoneKey
from kelid.model.site.expected_calls import CallWorld, ExpectedCall, Forward
from kelid.model.site.extensions import Extension, Voicemail
from kelid.model.site.features import (
    CallRecording,
    Conference,
    Directory,
    Features,
    InCallKeys,
    Page,
    ParkingLot,
    SpeedDial,
)
from kelid.model.site.hours import Calendar, CalendarDay, Closure, OpenHours, Override, Schedule, TimeGroup
from kelid.model.site.ivrs import Announcement, Ivr, IvrEntry
from kelid.model.site.media import BUILTIN, DEFAULT_MUSIC, MusicClass, Prompt, Recording, Sound
from kelid.model.site.network import Acl, Bans, Firewall, Mail, Nat, Opening, Rtp, Transport
from kelid.model.site.queues import (
    DynamicMembers,
    Member,
    PenaltyRule,
    PenaltyStep,
    PriorityCallers,
    Queue,
    QueueCallback,
    QueueKey,
    QueueSounds,
    QueueTemplate,
    Supervisor,
)
from kelid.model.site.references import Parts, Reference, Way, endless, references, walk, ways
from kelid.model.site.remote import Callback, Disa, Fax
from kelid.model.site.ring_groups import RingGroup, RingGroupMember
from kelid.model.site.routes import (
    COSTLY,
    Blacklist,
    Cap,
    DialPattern,
    InboundRoute,
    OutboundRoute,
    PermissionClass,
    Pin,
    PinSet,
)
from kelid.model.site.system import (
    TESTED_ASTERISK,
    About,
    DialRules,
    MaintenanceWindow,
    Profile,
    Range,
    Server,
    Servers,
)
from kelid.model.site.trunks import (
    CallerNumberIn,
    Dahdi,
    DahdiLine,
    DahdiSpan,
    Gateway,
    GatewayPort,
    NumberIn,
    NumberOut,
    Trunk,
    TrunkHost,
)

__all__ = [
    "BUILTIN",
    "COSTLY",
    "DEFAULT_MUSIC",
    "TESTED_ASTERISK",
    "About",
    "Acl",
    "Announcement",
    "BackupPolicy",
    "Bans",
    "Blacklist",
    "Calendar",
    "CalendarDay",
    "CallRecording",
    "CallWorld",
    "Callback",
    "CallerNumberIn",
    "Cap",
    "Closure",
    "Conference",
    "Dahdi",
    "DahdiLine",
    "DahdiSpan",
    "Device",
    "DialPattern",
    "DialRules",
    "Directory",
    "Disa",
    "DynamicMembers",
    "ExpectedCall",
    "Extension",
    "Fax",
    "Features",
    "Firewall",
    "FollowMe",
    "FollowMeNumber",
    "Forward",
    "Gateway",
    "GatewayPort",
    "Holiday",
    "HolidayList",
    "InCallKeys",
    "InboundRoute",
    "Ivr",
    "IvrEntry",
    "Mail",
    "MaintenanceWindow",
    "Member",
    "MusicClass",
    "Names",
    "Nat",
    "NumberIn",
    "NumberOut",
    "OpenHours",
    "Opening",
    "OutboundRoute",
    "Override",
    "Page",
    "ParkingLot",
    "PenaltyRule",
    "PenaltyStep",
    "PermissionClass",
    "PhoneKey",
    "Pin",
    "PinSet",
    "Placed",
    "Point",
    "PriorityCallers",
    "Profile",
    "Prompt",
    "Queue",
    "QueueCallback",
    "QueueKey",
    "QueueSounds",
    "QueueTemplate",
    "Range",
    "RecordedCalls",
    "Recording",
    "Reference",
    "RingGroup",
    "RingGroupMember",
    "Rtp",
    "Schedule",
    "Secretary",
    "Server",
    "Servers",
    "Site",
    "Sound",
    "SpeedDial",
    "Supervisor",
    "TimeGroup",
    "Transport",
    "Trunk",
    "TrunkHost",
    "Voicemail",
    "Way",
]


class Site(Placed):
    """One PBX as the client asked for it. ``name`` is the folder's name under the sites directory."""

    UNCOMPARED: ClassVar[frozenset[str]] = Placed.UNCOMPARED | {"media", "secret_names"}

    name: str
    client: str
    sample: bool
    names: Names
    time_zone: str
    language: str
    country: str
    """Two letters of ISO 3166."""
    servers: Servers
    maintenance: tuple[MaintenanceWindow, ...] = ()
    dial: DialRules
    ranges: tuple[Range, ...] = ()
    transports: tuple[Transport, ...] = ()
    nat: Nat | None = None
    rtp: Rtp
    acls: tuple[Acl, ...] = ()
    firewall: Firewall | None = None
    user_agent: str
    mail: Mail | None = None
    profiles: tuple[Profile, ...] = ()
    extensions: tuple[Extension, ...] = ()
    trunks: tuple[Trunk, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    inbound_routes: tuple[InboundRoute, ...] = ()
    outbound_routes: tuple[OutboundRoute, ...] = ()
    permission_classes: tuple[PermissionClass, ...] = ()
    pin_sets: tuple[PinSet, ...] = ()
    caps: tuple[Cap, ...] = ()
    blacklist: Blacklist | None = None
    queues: tuple[Queue, ...] = ()
    ring_groups: tuple[RingGroup, ...] = ()
    queue_templates: tuple[QueueTemplate, ...] = ()
    penalty_rules: tuple[PenaltyRule, ...] = ()
    ivrs: tuple[Ivr, ...] = ()
    announcements: tuple[Announcement, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    time_groups: tuple[TimeGroup, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    music_classes: tuple[MusicClass, ...] = ()
    features: Features = Features()
    parking_lots: tuple[ParkingLot, ...] = ()
    pages: tuple[Page, ...] = ()
    conferences: tuple[Conference, ...] = ()
    speed_dials: tuple[SpeedDial, ...] = ()
    directories: tuple[Directory, ...] = ()
    disa: tuple[Disa, ...] = ()
    callbacks: tuple[Callback, ...] = ()
    faxes: tuple[Fax, ...] = ()
    backup: BackupPolicy | None = None
    calls: tuple[ExpectedCall, ...] = ()
    media: Mapping[str, Sound] = EMPTY
    """Every sound of the site by its path in it, ``media/welcome.wav``, also those that nothing plays."""
    secret_names: Mapping[str, Where] = EMPTY
    """The names that secrets.yml holds, and where; never a value."""

    def objects(self) -> Iterator[Placed]:
        """Yield the site's objects, file by file; the parts of each are its own."""
        for name in self.FIELDS:
            value = self.__dict__[name]
            if isinstance(value, Placed):
                yield value
            elif value.__class__ is tuple:  # a place is a tuple too, of a class of its own
                yield from value

    @cached_property
    def named(self) -> Mapping[Point, Where]:
        """Return everything that has a name, kind and name -> where it is written first."""
        found: dict[Point, Where] = {}
        for thing in self.objects():
            for point, where in thing.points():
                found.setdefault(point, where)
        return found

    @cached_property
    def by_number(self) -> Mapping[str, Extension]:
        """Return the extensions by their numbers."""
        return {extension.number: extension for extension in self.extensions}

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """Return every name of another object that stands anywhere at the site, and of every secret."""
        return tuple(references(self._walked))

    @cached_property
    def uses(self) -> Mapping[str, Sequence[Reference]]:
        """Return the references by the kind of what they name."""
        found: dict[str, list[Reference]] = {}
        for reference in self.references:
            found.setdefault(reference.kind, []).append(reference)
        return found

    @cached_property
    def ways(self) -> tuple[Way, ...]:
        """Return every way that a call can take from one object to the next."""
        return tuple(ways(self._walked))

    @cached_property
    def endless(self) -> Mapping[Point, Sequence[Way]]:
        """Return the ways that a call can take by itself, by where they begin, but for those that surely come to an end."""
        return endless(self.ways)

    @cached_property
    def _walked(self) -> list[tuple[Placed, Parts]]:
        return [(thing, walk(thing)) for thing in self.objects()]
