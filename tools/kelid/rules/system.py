"""Y: the site as a whole, its machines, numbers, network and phones."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from itertools import combinations

from kelid.findings import Severity, Where
from kelid.model.numbers import internal_numbers
from kelid.model.site import Placed, Range, Site, Transport
from kelid.model.site.system import RANGED
from kelid.rules.firewall import firewall_networks
from kelid.rules.registry import Fault, rule

_UDPTL = range(4000, 5000)
"""Ports of faxes over IP (udptl.conf)."""
_LOCAL_HTTP = 8088
"""Port of Asterisk's HTTP server without TLS, which only the server itself reaches."""


@rule("Y001")
def country_unknown(site: Site) -> Iterator[Fault]:
    """It is known how numbers are dialled in the site's country."""
    dial = site.dial
    wanted = {
        "country_code": dial.country_code,
        "international_prefix": dial.international_prefix,
        "emergency": dial.emergency,
    }
    missing = [key for key, value in wanted.items() if not value]
    if missing:
        text = f"kelid doesn't know how numbers are dialled in {site.country}"
        yield site.place("country"), text, f"write {', '.join(missing)} (and trunk_prefix) under dial:"


@rule("Y002")
def range_backwards(site: Site) -> Iterator[Fault]:
    """A range goes from a number to a higher one of the same length."""
    for item in site.ranges:
        if len(item.first) != len(item.last) or item.first > item.last:
            text = f"{item.first}-{item.last} is no range of numbers"
            yield item.where, text, "write the lower number first, both with as many digits: 100-199"


@rule("Y003")
def ranges_overlap(site: Site) -> Iterator[Fault]:
    """No number is for two kinds of things."""
    for one, other in combinations(site.ranges, 2):
        if one.first in other or other.first in one:
            text = f"the numbers {other} of {_kind(other)} are partly those of {_kind(one)}, {one}"
            yield other.where, text, "let the ranges begin and end apart"


def _kind(item: Range) -> str:
    return item.kind.replace("_", " ")


def _numbers(site: Site) -> Iterator[tuple[str, str, Where]]:
    """Yield the kind of each thing that has an internal number, its number, and where that is written."""
    for extension in site.extensions:
        yield "extension", extension.number, extension.place("number")
    for item in internal_numbers(site):
        yield item.thing.KIND, item.number, item.where


@rule("Y004")
def out_of_range(site: Site) -> Iterator[Fault]:
    """A number lies in a range of its kind, where the kind has ranges, and in no range of another kind."""
    if not site.ranges:
        return
    ranges: dict[str, list[Range]] = {}
    for item in site.ranges:
        if item.first <= item.last:
            ranges.setdefault(item.kind, []).append(item)
    for kind, number, where in _numbers(site):
        mine = RANGED.get(kind, "others")
        if any(number in item for item in ranges.get(mine, ())):
            continue
        other = next((item for item in site.ranges if number in item and item.kind != mine), None)
        if other:
            text = f"the number {number} is one of those for {_kind(other)} ({other})"
            yield where, text, "take a number that is free for it, or change ranges: in site.yml"
        elif mine in ranges:
            text = f"the number {number} lies in no range of {mine.replace('_', ' ')}"
            yield where, text, f"take one of {', '.join(map(str, ranges[mine]))}"


@rule("Y005", Severity.WARNING)
def begins_like_emergency(site: Site) -> Iterator[Fault]:
    """No range has numbers that begin with an emergency number: who stops too soon, or dials slowly, calls for help."""
    for item in site.ranges:
        for number in site.dial.emergency:
            size = len(number)
            # Two digits (15, 17 and 18 in France) begin every tenth number: phones there wait for more.
            if len(item.first) > size > 2 and item.first[:size] <= number <= item.last[:size]:
                text = f"numbers of {item} begin with the emergency number {number}"
                yield (
                    item.where,
                    text,
                    "leave them out: let the range end before them, and another begin after them",
                )


@rule("Y006")
def transport_twice(site: Site) -> Iterator[Fault]:
    """SIP has one transport of each protocol."""
    seen = set()
    for item in site.transports:
        if item.protocol in seen:
            yield item.place("protocol"), f"there are two transports of {item.protocol}", "keep one of them"
        seen.add(item.protocol)


@rule("Y007")
def no_certificate(site: Site) -> Iterator[Fault]:
    """A transport with TLS has a certificate and its key."""
    for item in site.transports:
        for key in ("certificate", "private_key"):
            if item.secure and not getattr(item, key):
                text = f"the transport {item.protocol} has no {key.replace('_', ' ')}"
                yield item.place("protocol"), text, f"write {key}: with its path on the server"


_ONLY = {
    "certificate": {"tls", "wss"},
    "private_key": {"tls", "wss"},
    "method": {"tls"},
    "ciphers": {"tls"},
    "tos": {"udp", "tcp", "tls"},
}
"""Key of a transport -> the protocols that it means something with."""


@rule("Y008", Severity.WARNING)
def does_nothing(site: Site) -> Iterator[Fault]:
    """A transport says nothing that its protocol hasn't got."""
    for item in site.transports:
        for key, protocols in _ONLY.items():
            if key in item.places and item.protocol not in protocols:
                yield item.place(key), f"{key} does nothing with {item.protocol}", "remove it"


@rule("Y009")
def no_address(site: Site) -> Iterator[Fault]:
    """An address or network is one."""
    for where, text in _addresses(site):
        try:
            ipaddress.ip_network(text)
        except ValueError:
            fix = "write 192.0.2.10, or the first address of the network: 10.20.0.0/16"
            yield where, f"{text} is no address or network", fix


def _addresses(site: Site) -> Iterator[tuple[Where, str]]:
    for item in site.transports:
        yield item.place("address"), item.address
    for acl in site.acls:
        yield from _list(acl, "permit", acl.permit)
        yield from _list(acl, "deny", acl.deny)
    if site.nat:
        yield from _list(site.nat, "local_net", site.nat.local_net)
    if site.firewall:
        yield from firewall_networks(site.firewall)


def _list(thing: Placed, key: str, texts: tuple[str, ...]) -> Iterator[tuple[Where, str]]:
    yield from ((thing.place(f"{key}.{index}"), text) for index, text in enumerate(texts))


@rule("Y010")
def port_taken(site: Site) -> Iterator[Fault]:
    """A port is listened on once."""
    for one, other in combinations(site.transports, 2):
        same = (one.protocol == "udp") == (other.protocol == "udp") and one.protocol != other.protocol
        if same and one.port == other.port and _meet(one.address, other.address):
            text = f"the transports {one.protocol} and {other.protocol} both want port {one.port}"
            yield _port(other), text, "give one of them another port"
    for item in site.transports:
        if item.protocol != "udp" and item.port == _LOCAL_HTTP and _has(site, "wss"):
            text = f"port {_LOCAL_HTTP} is that of Asterisk's own HTTP server"
            yield _port(item), text, "take another port, 8089 for instance"


def _port(item: Transport) -> Where:
    return item.place("port" if "port" in item.places else "protocol")


def _meet(one: str, other: str) -> bool:
    return one == other or bool({one, other} & {"0.0.0.0", "::"})  # noqa: S104 - compared, not listened on


def _has(site: Site, protocol: str) -> bool:
    return any(item.protocol == protocol for item in site.transports)


@rule("Y011")
def no_room_for_sound(site: Site) -> Iterator[Fault]:
    """Sound has ports enough, and none that something else needs."""
    rtp = site.rtp
    if rtp.end - rtp.start < 9:
        text = f"from {rtp.start} to {rtp.end} there is no room for five calls"
        yield rtp.place("end"), text, "a call needs four ports: take some thousand"
        return
    for item in site.transports:
        if item.protocol == "udp" and rtp.start <= item.port <= rtp.end:
            text = f"the ports for sound have {item.port}, where SIP listens"
            yield rtp.place("start"), text, "move one of them"
    if rtp.start in _UDPTL or rtp.end in _UDPTL or rtp.start <= _UDPTL.start <= rtp.end:
        text = f"the ports for sound have some of {_UDPTL.start}-{_UDPTL.stop - 1}, which are for faxes"
        yield rtp.place("start"), text, "begin above them"


@rule("Y012", Severity.WARNING)
def old_tls(site: Site) -> Iterator[Fault]:
    """TLS is a version that nobody has broken."""
    for item in site.transports:
        if item.protocol == "tls" and item.method != "tlsv1_2":
            text = f"{item.method} is broken, and every phone could be made to speak it"
            yield item.place("method"), text, "leave method out, and replace the phones that know no better"


@rule("Y013")
def standby_is_primary(site: Site) -> Iterator[Fault]:
    """The standby is another machine."""
    primary, standby = site.servers.primary, site.servers.standby
    if standby and (standby.address, standby.port) == (primary.address, primary.port):
        text = f"the standby is the primary itself, {primary.address}"
        yield standby.place("address"), text, "write the other machine's address, or remove the standby"


@rule("Y014")
def trunk_without_transport(site: Site) -> Iterator[Fault]:
    """A SIP trunk's transport is at the site."""
    for trunk in site.trunks:
        if trunk.kind == "sip" and not _has(site, trunk.transport):
            text = f"trunk {trunk.name!r}: the site has no transport {trunk.transport}"
            where = trunk.place("transport" if "transport" in trunk.places else "name")
            yield where, text, "add it to transports: in site.yml, or let the trunk use another"
