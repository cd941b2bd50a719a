"""Which inbound routes take the calls of a trunk: compile makes the dial plan of it, and the call flow is drawn by it."""

from __future__ import annotations

from kelid.model.site import InboundRoute, Site, Trunk


def routes_of(site: Site, trunk: Trunk) -> list[InboundRoute]:
    """Return the inbound routes that take calls of a trunk, one for each number and caller.

    Its own go before those of all trunks. Where several accounts are at one address, a call from there is any one's of
    them to Asterisk: so each trunk also has the routes of the others.
    """
    ranked = [route for route in site.inbound_routes if route.trunk == trunk.name]
    others = {other.name for other in site.trunks if other is not trunk and _together(trunk, other)}
    ranked += [route for route in site.inbound_routes if route.trunk in others]
    if not trunk.internal:
        ranked += [route for route in site.inbound_routes if not route.trunk]
    first: dict[tuple[str, str], InboundRoute] = {}
    for route in ranked:
        first.setdefault((route.did, route.caller_id), route)
    return list(first.values())


def _together(one: Trunk, other: Trunk) -> bool:
    """Return True if calls of two SIP trunks come from the same address."""
    return one.kind == other.kind == "sip" and not sources(one).isdisjoint(sources(other))


def sources(trunk: Trunk) -> set[str]:
    """Return the addresses that a SIP trunk's calls come from, as written, in small letters."""
    if trunk.registration == "accept":
        return set()
    return {text.lower() for text in trunk.match or [host for host, _ in trunk.hosts]}
