"""Networks of a site: what a text says of addresses, and where phones come from."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from kelid.findings import Where
from kelid.model.site import Site


def is_network(text: str) -> bool:
    """Return True for an address or a network, False for a host's name."""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def is_anywhere(text: str) -> bool:
    """Return True for a network that holds every address of its family."""
    return is_network(text) and ipaddress.ip_network(text).prefixlen == 0


def phone_networks(site: Site) -> Iterator[tuple[str, Where]]:
    """Yield the networks that phones come from, each once with its place; "anywhere" is none of them."""
    rows: list[tuple[str, Where]] = []
    wall = site.firewall
    if wall:
        rows += ((text, wall.place(f"phones_from.{index}")) for index, text in enumerate(wall.phones_from))
    if site.nat:
        rows += (
            (text, site.nat.place(f"local_net.{index}")) for index, text in enumerate(site.nat.local_net)
        )
    for acl in site.acls:
        rows += ((text, acl.place(f"permit.{index}")) for index, text in enumerate(acl.permit))
    found: dict[str, Where] = {}
    for text, where in rows:
        if is_network(text) and not is_anywhere(text):
            found.setdefault(text, where)
    yield from found.items()
