"""Y: phones and their keys."""

from __future__ import annotations

from collections.abc import Iterator

from kelid.findings import Severity, Where
from kelid.model.feature_codes import FEATURE_CODES, OFF
from kelid.model.meant import meant
from kelid.model.site import Device, Extension, Site
from kelid.rules.registry import Fault, rule

_SPOKEN = frozenset({"alaw", "ulaw", "g722", "gsm", "g726", "speex", "slin16"})
"""Codecs that every server can make of any other; the rest it only passes through."""


def _phones(site: Site) -> Iterator[tuple[Extension, Device]]:
    for extension in site.extensions:
        for device in extension.devices:
            yield extension, device


def _once(faults: Iterator[Fault]) -> Iterator[Fault]:
    """Yield one fault a place: what a profile says wrong for a hundred phones is said once."""
    seen: set[Where] = set()
    for fault in faults:
        if fault[0] not in seen:
            seen.add(fault[0])
            yield fault


@rule("Y015")
def no_transport(site: Site) -> Iterator[Fault]:
    """A phone's transport is at the site."""
    known = [item.protocol for item in site.transports]

    def found() -> Iterator[Fault]:
        for _, device in _phones(site):
            if device.transport not in known:
                text = f"phone {device.endpoint}: the site has no transport {device.transport}"
                yield device.place("transport"), text, "add it to transports: in site.yml"

    return _once(found())


@rule("Y016")
def browser_without_its_transport(site: Site) -> Iterator[Fault]:
    """A browser comes over wss, and nothing else does."""

    def found() -> Iterator[Fault]:
        for _, device in _phones(site):
            if device.webrtc and device.transport != "wss":
                text = f"phone {device.endpoint} is a browser and would come by {device.transport}"
                yield device.place("webrtc"), text, "write transport: wss beside it"
            elif device.transport == "wss" and not device.webrtc:
                text = f"phone {device.endpoint} comes by wss and is no browser"
                yield device.place("transport"), text, "write webrtc: true beside it"

    return _once(found())


@rule("Y017")
def own_phone(site: Site) -> Iterator[Fault]:
    """One phone of an extension has no name and registers with the number; the others' names differ."""
    for extension in site.extensions:
        seen = set()
        for device in extension.devices:
            if device.name in seen:
                what = f"two phones called {device.name!r}" if device.name else "two phones without a name"
                where = device.place("name") if device.name else device.where
                yield where, f"extension {extension.number} has {what}", "give each other phone a name"
            seen.add(device.name)
        if "" not in seen:
            text = f"extension {extension.number}: every phone has a name, so none registers with the number"
            yield extension.place("devices"), text, "take the name of its own phone away"


@rule("Y018")
def mac_twice(site: Site) -> Iterator[Fault]:
    """A phone is at one extension."""
    first: dict[str, str] = {}
    for _, device in _phones(site):
        if device.mac:
            before = first.setdefault(device.mac, device.endpoint)
            if before != device.endpoint:
                text = f"the MAC address of {device.endpoint} is that of {before}"
                yield device.place("mac"), text, "look at the label of the phone"


@rule("Y019")
def mac_of_nobody(site: Site) -> Iterator[Fault]:
    """A MAC address is one that a device can have: not for a group of them (IEEE 802, the first octet's lowest bit)."""
    for _, device in _phones(site):
        if device.mac and (int(device.mac[:2], 16) & 1 or not int(device.mac, 16)):
            text = f"no phone can have the MAC address of {device.endpoint}"
            yield device.place("mac"), text, "look at the label of the phone"


@rule("Y020", Severity.WARNING)
def keys_in_clear(site: Site) -> Iterator[Fault]:
    """The keys of encrypted sound travel encrypted."""

    def found() -> Iterator[Fault]:
        for _, device in _phones(site):
            if device.media_encryption == "sdes" and device.transport in {"udp", "tcp"}:
                text = f"phone {device.endpoint}: the keys of its sound travel in clear by {device.transport}"
                yield device.place("media_encryption"), text, "let it use the transport tls"

    return _once(found())


@rule("Y021", Severity.WARNING)
def codec_of_others_only(site: Site) -> Iterator[Fault]:
    """A phone has a codec that prompts and music can be played in."""

    def found() -> Iterator[Fault]:
        for _, device in _phones(site):
            if not _SPOKEN & set(device.codecs):
                names = ", ".join(device.codecs)
                text = f"phone {device.endpoint} would hear no prompt and no music: {names} can only be passed on"
                yield device.place("codecs"), text, "add alaw or ulaw"

    return _once(found())


@rule("Y022")
def key_for_nothing(site: Site) -> Iterator[Fault]:
    """A key is for one thing."""
    for extension in site.extensions:
        for key in extension.keys:
            if len(key.uses) != 1:
                which = " and ".join(key.uses) or "nothing"
                text = f"the key {key.title!r} of extension {extension.number} is for {which}"
                yield key.place("title"), text, f"name one of {', '.join(key.USES)}"


@rule("Y023")
def key_of_nobody(site: Site) -> Iterator[Fault]:
    """A key is for a place of a parking lot or a feature code that the site has; the other names N006 looks up."""
    slots = {slot for lot in site.parking_lots for slot in lot.numbers()}
    codes = site.features.feature_codes
    on = [name for name in FEATURE_CODES if codes.get(name) != OFF]

    def found() -> Iterator[Fault]:
        for extension in site.extensions:
            for key in extension.keys:
                if key.parking and key.parking not in slots:
                    text = f"the key {key.title!r}: no parking lot has the place {key.parking}"
                    yield key.place("parking"), text, "see parking_lots in features.yml"
                if key.feature and (key.feature not in FEATURE_CODES or codes.get(key.feature) == OFF):
                    text = f"the key {key.title!r}: the site has no feature code {key.feature!r}"
                    fix = (
                        f"did you mean {near!r}?"
                        if (near := meant(key.feature, on))
                        else "see feature_codes in features.yml"
                    )
                    yield key.place("feature"), text, fix

    return _once(found())


@rule("Y024", Severity.WARNING)
def encryption_half(site: Site) -> Iterator[Fault]:
    """What a phone says of encryption does something."""

    def found() -> Iterator[Fault]:
        for _, device in _phones(site):
            if device.media_encryption_optimistic and device.media_encryption == "no" and not device.webrtc:
                text = f"phone {device.endpoint} may go without an encryption that it hasn't got"
                yield (
                    device.place("media_encryption_optimistic"),
                    text,
                    "write media_encryption: sdes too, or remove it",
                )

    return _once(found())
