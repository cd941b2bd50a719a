"""What holds for the whole site: how numbers are dialled in its country, its ranges, and how SIP and sound reach it."""

from __future__ import annotations

from collections.abc import Iterator

from kelid.load.build.source import Source
from kelid.load.build.view import View
from kelid.model.countries import COUNTRIES, Country
from kelid.model.site import DialRules, Firewall, Mail, Nat, Opening, Profile, Range, Rtp, Transport
from kelid.model.site.network import PORTS
from kelid.model.site.system import range_of

_UNKNOWN = Country(country_code="", trunk_prefix="", international_prefix="", emergency=())


def dial(source: Source) -> DialRules:
    """Return how numbers are dialled: what is written, else what is known of the country, else nothing."""
    site = source.file("site")
    view = site.child("dial")
    country = COUNTRIES.get(site.get("country"), _UNKNOWN)
    # Only a key that was left out is the country's: a trunk prefix may be empty on purpose.
    known = {key: getattr(country, key) for key in country.FIELDS if key not in view}
    return view.make(DialRules, area_code=view.get("area_code"), **known)


def ranges(source: Source) -> tuple[Range, ...]:
    """Return the ranges of internal numbers of all kinds."""
    return tuple(_ranges(source.file("site").child("ranges")))


def _ranges(view: View) -> Iterator[Range]:
    places = view.places
    for kind in view.data:
        for index, text in enumerate(view.texts(kind)):
            first, last = range_of(text)
            yield Range(kind=kind, first=first, last=last, where=places.get(f"{kind}.{index}", view.where))


def transports(source: Source) -> tuple[Transport, ...]:
    """Return the transports; UDP alone if none is written."""
    site = source.file("site")
    found = tuple(
        view.make(Transport, port=view.get("port", PORTS[view.get("protocol")]))
        for view in site.each("transports")
    )
    return found or (Transport(protocol="udp", port=PORTS["udp"]),)


def nat(source: Source) -> Nat | None:
    """Return what Asterisk says of itself to others outside, or None."""
    site = source.file("site")
    if "nat" not in site:
        return None
    view = site.child("nat")
    outside = view.get("external_signaling_address", view.get("external_media_address"))
    return view.make(Nat, external_signaling_address=outside)


def mail(source: Source) -> Mail | None:
    """Return whom mail comes from, or None."""
    site = source.file("site")
    return site.child("mail").make(Mail) if "mail" in site else None


def firewall(source: Source) -> Firewall | None:
    """Return what may reach the server, or None where nobody says."""
    site = source.file("site")
    if "firewall" not in site:
        return None
    view = site.child("firewall")
    allow = tuple(item.make(Opening, sources=item.texts("from")) for item in view.each("allow"))
    return view.make(Firewall, allow=allow)


def rtp(source: Source) -> Rtp:
    """Return how sound travels."""
    site = source.file("site")
    return site.child("rtp").make(Rtp) if "rtp" in site else Rtp()


def profiles(source: Source) -> tuple[Profile, ...]:
    """Return the profiles by their names; what they say is merged into the extensions."""
    return tuple(view.make(Profile) for view in source.file("site").each("profiles"))
