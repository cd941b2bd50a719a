"""Lines to telephone companies and other PBXs, and the boxes and cards that they go through (trunks.yml)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from kelid.model.site.base import Placed


class NumberIn(Placed):
    """How numbers come in on a trunk: ``digits`` last ones count (0: all), then ``strip``, ``prepend``, ``format``."""

    digits: int = 0
    strip: int = 0
    prepend: str = ""
    format: str = "as_sent"


class CallerNumberIn(NumberIn):
    """How callers' numbers come in: as ``NumberIn``, but what says which country it is in is always understood."""

    format: str = "auto"


class NumberOut(Placed):
    """How the number that is called is written on a trunk."""

    format: str = "as_dialled"
    prepend: str = ""


class TrunkHost(Placed):
    """Another host of the same company; port 0 is the usual one."""

    host: str
    port: int = 0


class DahdiSpan(Placed):
    """One E1 with ISDN on a card: 30 channels for calls, and the sixteenth of its 31 for signalling."""

    span: int
    first_channel: int = 0
    """0: the one after 31 for each span before it."""
    timing: int
    lbo: int
    crc4: bool
    signalling: str
    switchtype: str

    @property
    def first(self) -> int:
        """Return the number of its first channel."""
        return self.first_channel or (self.span - 1) * 31 + 1

    @property
    def signalling_channel(self) -> int:
        """Return the number of the channel that carries the signalling."""
        return self.first + 15

    @property
    def channels(self) -> str:
        """Return the channels that carry calls, as DAHDI and Asterisk write them."""
        return f"{self.first}-{self.first + 14},{self.first + 16}-{self.first + 30}"


class DahdiLine(Placed):
    """One analog port on a card; calls on it come in as calls to ``number``."""

    channel: int
    number: str = ""


class Dahdi(Placed):
    """The ports of a telephony card that make one trunk: E1 spans, or analog lines."""

    group: int
    hunt: str
    spans: tuple[DahdiSpan, ...] = ()
    lines: tuple[DahdiLine, ...] = ()
    signalling: str
    pridialplan: str
    prilocaldialplan: str
    overlapdial: bool
    busydetect: bool
    busycount: int
    busypattern: str = ""
    answeronpolarityswitch: bool
    hanguponpolarityswitch: bool
    usecallerid: bool
    cidsignalling: str
    cidstart: str
    rxgain: str
    txgain: str
    echocancel: str

    @property
    def numbers(self) -> frozenset[int]:
        """Return the numbers of all its channels."""
        spans = (range(span.first, span.first + 31) for span in self.spans)
        return frozenset({line.channel for line in self.lines}.union(*spans))


class Trunk(Placed):
    """A line to a telephone company, or to another PBX of the client's. ``kind``: ``sip``, ``iax2`` or ``dahdi``."""

    KIND: ClassVar[str] = "trunk"
    REFERS: ClassVar[Mapping[str, str]] = {
        "permission_class": "permission_class",
        "musicclass": "music_class",
    }
    SECRETS: ClassVar[Mapping[str, str]] = {"secret": "password"}

    name: str
    kind: str
    host: str = ""
    port: int = 0
    """0: the usual one."""
    backup_hosts: tuple[TrunkHost, ...] = ()
    match: tuple[str, ...] = ()
    registration: str = "none"
    """``send``: we register there; ``accept``: the other side does here; ``none``."""
    user: str = ""
    auth_user: str = ""
    secret: str = ""
    """Name of the password in secrets.yml; "" where there is none."""
    registration_expiration: int = 300
    registration_retry: int = 30
    transport: str = "udp"
    outbound_proxy: str = ""
    from_user: str = ""
    from_domain: str = ""
    contact_user: str = ""
    media_encryption: str = "no"
    media_encryption_optimistic: bool = False
    encryption: bool = True
    trunking: bool = False
    dids: tuple[str, ...] = ()
    """Numbers, and blocks of them from the first to the last: ``02188001200-02188001299``."""
    did_in: NumberIn = NumberIn()
    caller_id_in: CallerNumberIn = CallerNumberIn()
    trust_caller_id: bool = False
    caller_id: str = ""
    """The number shown to those who are called; "" leaves it to the telephone company."""
    caller_id_format: str = "as_written"
    send_pai: bool = True
    send_rpid: bool = False
    hide_caller_id: bool = False
    number_out: NumberOut = NumberOut()
    codecs: tuple[str, ...] = ()
    dtmf_mode: str = "rfc4733"
    max_channels: int = 0
    """How many calls at once; 0 means no limit."""
    max_channels_in: int = 0
    max_channels_out: int = 0
    qualify: int = 60
    """Seconds between the checks whether the other side still answers; 0 means never."""
    timers: str = "yes"
    timers_sess_expires: int = 1800
    t38: bool = False
    language: str = ""
    musicclass: str = ""
    internal: bool = False
    """The other side is a PBX of the client's: its calls reach the internal numbers."""
    site: str = ""
    permission_class: str = ""
    dahdi: Dahdi | None = None

    @property
    def hosts(self) -> tuple[tuple[str, int], ...]:
        """Return all hosts in order, each with its port."""
        usual = {"iax2": 4569}.get(self.kind, 5061 if self.transport == "tls" else 5060)
        named = [(self.host, self.port), *((other.host, other.port) for other in self.backup_hosts)]
        return tuple((host, port or usual) for host, port in named if host)

    def blocks(self) -> Iterator[tuple[str, str, int]]:
        """Yield the dids as blocks: first number, last number, and which of ``dids`` it is."""
        for index, text in enumerate(self.dids):
            first, _, last = text.partition("-")
            yield first, last or first, index


class GatewayPort(Placed):
    """One port of a gateway: ``kind`` is ``fxo``, ``fxs``, ``e1`` or ``gsm``."""

    port: int
    kind: str
    number: str = ""
    """The line's number; with ``fxs`` that of the extension."""
    label: str = ""


class Gateway(Placed):
    """A box that turns telephone lines into SIP: the other end of a trunk."""

    KIND: ClassVar[str] = "gateway"
    REFERS: ClassVar[Mapping[str, str]] = {"trunk": "trunk"}

    name: str
    trunk: str
    vendor: str = ""
    model: str = ""
    mac: str = ""
    address: str
    location: str = ""
    ports: tuple[GatewayPort, ...]
