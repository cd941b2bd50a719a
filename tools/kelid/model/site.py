"""What the client asked for: one ``Site`` is one PBX, as its YAML files say it, defaults merged, nothing decided yet.

Names are the field's: FreePBX's words for routes, Asterisk's spellings for queue and voicemail options.
Durations are whole seconds. Numbers that are dialled are text: ``"0101"`` is not 101.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time

from kelid.findings import NOWHERE, Where
from kelid.model.destination import Destination

TESTED_ASTERISK = (16, 22)
"""Major versions of Asterisk that the tests run; newer ones than 16 are taken too."""

Names = Mapping[str, str]
"""A name in one or more languages: BCP 47 tag -> text, for example ``{"fa": "پذیرش", "en": "Reception"}``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What was written as a mapping in YAML: where that begins, and where each of its values stands.

    ``places`` has a place for ``codecs`` (the whole value) and for the single texts in it: ``codecs.0``, ``names.fa``.
    """

    where: Where = field(default=NOWHERE, compare=False, repr=False)
    places: Mapping[str, Where] = field(default_factory=dict, compare=False, repr=False)

    def place(self, key: str) -> Where:
        """Return where the value of the key stands; where the whole begins if the key was left out."""
        return self.places.get(key, self.where)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server(Placed):
    """The machine that runs the PBX, and how to reach it."""

    address: str
    port: int = 22
    user: str = "root"
    host_key: str = ""
    """The server's public host key as in a known_hosts line (``ssh-ed25519 AAAA...``); "" means: known_hosts decides."""
    asterisk: int = 22
    """The major version of Asterisk that the server runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialRules(Placed):
    """How numbers are written and dialled in the client's country (ITU-T E.164 country codes, without a plus sign)."""

    country_code: str
    area_code: str
    trunk_prefix: str
    international_prefix: str
    emergency: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Voicemail(Placed):
    """An extension's mailbox. ``pin_secret`` names the first PIN; users change theirs by phone, and an apply keeps that."""

    pin_secret: str
    email: str = ""
    attach: bool = False
    delete: bool = False
    maxmsg: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension(Placed):
    """A phone with a number. ``secret`` names its SIP password in secrets.yml."""

    number: str
    names: Names
    secret: str
    permission_class: str
    ring_time: int
    voicemail: Voicemail | None
    no_answer: Destination
    busy: Destination
    unavailable: Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk(Placed):
    """A line to a telephone company over SIP. With ``user`` it registers; without, the address alone says who calls."""

    name: str
    host: str
    port: int
    user: str
    secret: str
    """Name of the password in secrets.yml; "" where there is none."""
    dids: tuple[str, ...]
    caller_id: str
    """The number shown to those who are called; "" leaves it to the telephone company."""
    codecs: tuple[str, ...]
    max_channels: int
    """How many calls at once; 0 means no limit."""
    qualify: int
    """Seconds between the checks whether the other side still answers; 0 means never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundRoute(Placed):
    """What happens with calls to one DID of a trunk."""

    name: str
    trunk: str
    did: str
    destination: Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundRoute(Placed):
    """Which dialled numbers leave by which trunks, in order. Patterns are Asterisk's, without the leading underscore."""

    name: str
    patterns: tuple[str, ...]
    strip: int
    prepend: str
    trunks: tuple[str, ...]
    emergency: bool
    """An emergency route is open to every extension and always wins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionClass(Placed):
    """Which outbound routes an extension may use. Internal calls and emergency routes are always allowed."""

    name: str
    routes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Placed):
    """An extension that answers a queue."""

    extension: str
    penalty: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue(Placed):
    """A waiting line (queues.conf of Asterisk, same spellings). ``max_wait`` seconds, then ``destination``."""

    name: str
    names: Names
    strategy: str
    timeout: int
    retry: int
    wrapuptime: int
    maxlen: int
    joinempty: tuple[str, ...]
    leavewhenempty: tuple[str, ...]
    musicclass: str
    ringinuse: bool
    announce_position: bool
    announce_frequency: int
    max_wait: int
    members: tuple[Member, ...]
    destination: Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt(Placed):
    """What is played: a file of the site (``file``: ``media/welcome.wav``), or a sound of Asterisk's packages (``builtin``).

    Exactly one of the two is set. ``sha256`` is that of the file's bytes, filled by the loader; "" for a built-in sound
    and for a file that is missing (a rule says so).
    """

    file: str = ""
    builtin: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IvrEntry(Placed):
    """What one key, or several in a row, leads to."""

    digits: str
    destination: Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Ivr(Placed):
    """A menu. After ``retries`` repetitions a caller who presses nothing, or something wrong, is sent on."""

    name: str
    names: Names
    prompt: Prompt
    timeout: int
    retries: int
    direct_dial: bool
    entries: tuple[IvrEntry, ...]
    timeout_destination: Destination
    invalid_destination: Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement(Placed):
    """A prompt that is played once, and where the call goes then."""

    name: str
    names: Names
    prompt: Prompt
    destination: Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHours(Placed):
    """A stretch of the week, in the site's time zone: ``days`` are of ``sat sun mon tue wed thu fri``.

    ``start`` is included, ``end`` is not: open from 08:00 to 20:00 is closed at 20:00:00. An ``end`` of 00:00 is the
    midnight that ends the day (YAML's ``24:00``).
    """

    days: tuple[str, ...]
    start: time
    end: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule(Placed):
    """Which way a call goes by the clock."""

    name: str
    names: Names
    hours: tuple[OpenHours, ...]
    holidays: str
    """Name of the holiday list; "" for none."""
    open_destination: Destination
    closed_destination: Destination
    holiday_destination: Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday(Placed):
    """A day on which the schedule's holiday destination holds."""

    day: date
    names: Names


@dataclass(frozen=True, slots=True, kw_only=True)
class HolidayList(Placed):
    """Dated holidays under a name."""

    name: str
    holidays: tuple[Holiday, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupPolicy(Placed):
    """What is kept where (restic). ``kind`` is ``sftp`` (host, port, user, path) or ``local`` (path: another disk)."""

    kind: str
    path: str
    host: str
    port: int
    user: str
    host_key: str
    """Public host key of the sftp server; required with ``sftp``: a backup never goes to an unknown machine."""
    password_secret: str
    key_secret: str
    """Name of the ssh private key that opens the sftp server; "" with ``local``."""
    at: time
    """When the server backs itself up every day, in the site's time zone."""
    keep_daily: int
    keep_weekly: int
    keep_monthly: int
    contents: tuple[str, ...]
    """Of: config astdb voicemail recordings prompts cdr queue_log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A file under the site's ``media/``, as its header describes it; ``rate`` 0 where it is no WAV file that can be read.

    ``encoding`` is WAV's own number of the format: 1 is PCM.
    """

    sha256: str
    encoding: int = 0
    rate: int = 0
    bits: int = 0
    channels: int = 0
    seconds: float = 0.0
    where: Where = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site(Placed):
    """One PBX as the client asked for it. ``name`` is the folder's name under the sites directory."""

    name: str
    client: str
    sample: bool
    names: Names
    time_zone: str
    language: str
    server: Server
    dial: DialRules
    extensions: tuple[Extension, ...] = ()
    trunks: tuple[Trunk, ...] = ()
    inbound_routes: tuple[InboundRoute, ...] = ()
    outbound_routes: tuple[OutboundRoute, ...] = ()
    permission_classes: tuple[PermissionClass, ...] = ()
    queues: tuple[Queue, ...] = ()
    ivrs: tuple[Ivr, ...] = ()
    announcements: tuple[Announcement, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    holiday_lists: tuple[HolidayList, ...] = ()
    backup: BackupPolicy | None = None
    media: Mapping[str, Sound] = field(default_factory=dict, compare=False)
    """Every sound of the site by its path in it, ``media/welcome.wav``, also those that nothing plays."""
    secret_names: Mapping[str, Where] = field(default_factory=dict, compare=False)
    """The names that secrets.yml holds, and where; never a value."""
