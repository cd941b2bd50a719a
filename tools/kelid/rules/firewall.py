"""Z: the firewall."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from kelid.findings import Severity, Where
from kelid.model.networks import is_anywhere, is_network, phone_networks
from kelid.model.site import Firewall, Placed, Site
from kelid.rules.registry import Fault, rule

_WIDEST = {4: 8, 6: 16}
"""IP version -> length of the prefix below which a network is no limit any more: 10.0.0.0/8 is one company's."""

_NEVER = {5038: "AMI", 8088: "ARI"}
"""Ports by which whoever knows a password commands Asterisk."""


def _texts(thing: Placed, key: str, texts: tuple[str, ...]) -> Iterator[tuple[Where, str]]:
    yield from ((thing.place(f"{key}.{index}"), text) for index, text in enumerate(texts))


def _wide(text: str) -> bool:
    if not is_network(text):
        return False
    network = ipaddress.ip_network(text)
    return network.prefixlen < _WIDEST[network.version]


@rule("Z001")
def no_limit(site: Site) -> Iterator[Fault]:
    """What only some may reach isn't open to half the internet."""
    wall = site.firewall
    if wall is None:
        return
    for where, text in _texts(wall, "ssh_from", wall.ssh_from):
        if _wide(text):
            yield where, f"ssh from {text} is no limit", "write the networks that administrators come from"
    for where, text in _texts(wall, "phones_from", wall.phones_from):
        if _wide(text):
            yield (
                where,
                f"{text} is no network of the site's phones",
                "write remote_phones: true for phones anywhere",
            )
    for opening in wall.allow:
        for where, text in _texts(opening, "from", opening.sources):
            if _wide(text):
                yield where, f"port {opening.port} from {text} is no limit", "write who needs it"


@rule("Z002")
def phones_shut_out(site: Site) -> Iterator[Fault]:
    """The site's phones can reach their server."""
    wall = site.firewall
    if wall is None or wall.remote_phones or any(phone_networks(site)):
        return
    if any(extension.devices for extension in site.extensions):
        text = "no phone could reach the server: the site names no network of phones"
        yield wall.where, text, "write phones_from:, or nat.local_net"


@rule("Z003")
def never_from_outside(site: Site) -> Iterator[Fault]:
    """AMI, ARI and ssh aren't opened by the way."""
    wall = site.firewall
    ssh = {server.port for _, server in site.servers.each()}
    for opening in wall.allow if wall else ():
        if opening.protocol != "tcp":
            continue
        if opening.port in _NEVER:
            text = f"port {opening.port} is that of {_NEVER[opening.port]}, which only the server itself may reach"
            yield opening.place("port"), text, "remove it; let the program log in by ssh"
        elif opening.port in ssh:
            text = f"port {opening.port} is that of ssh"
            yield opening.place("port"), text, "write who may reach it under ssh_from"


@rule("Z004")
def trunk_shut_out(site: Site) -> Iterator[Fault]:
    """A trunk that registers here can reach the server."""
    wall = site.firewall
    if wall is None or wall.remote_phones:
        return
    for trunk in site.trunks:
        if trunk.kind == "sip" and trunk.registration == "accept" and not (trunk.match or trunk.host):
            text = (
                f"trunk {trunk.name!r} registers here, and nobody says from where: the firewall would drop it"
            )
            yield trunk.place("registration"), text, "write match: with its addresses, or remote_phones: true"


@rule("Z005", Severity.WARNING)
def acl_opens_nothing(site: Site) -> Iterator[Fault]:
    """Phones that may come from anywhere get as far as Asterisk."""
    wall = site.firewall
    if wall is None or wall.remote_phones:
        return
    for acl in site.acls:
        for where, text in _texts(acl, "permit", acl.permit):
            if is_anywhere(text):
                message = f"ACL {acl.name!r} permits everybody, and the firewall lets none of them through"
                yield where, message, "write firewall.remote_phones: true, or narrow the ACL"


@rule("Z006", Severity.WARNING)
def rate_of_nobody(site: Site) -> Iterator[Fault]:
    """The rate of strangers does something."""
    wall = site.firewall
    if wall and "remote_rate" in wall.places and not wall.remote_phones:
        yield wall.place("remote_rate"), "remote_rate does nothing without remote_phones", "remove it"


def firewall_networks(wall: Firewall) -> Iterator[tuple[Where, str]]:
    """Yield each address and network of the firewall with its place."""
    yield from _texts(wall, "ssh_from", wall.ssh_from)
    yield from _texts(wall, "phones_from", wall.phones_from)
    for opening in wall.allow:
        yield from _texts(opening, "from", opening.sources)
