"""The phones of extensions: each is an endpoint of its own, with a password of its own, and all ring together.

Several registrations of one endpoint would need PJSIP_DIAL_CONTACTS, which puts what phones choose (their address, with
commas and ampersands) into the arguments of Dial. So each phone has a name of ours: ``PJSIP/101&PJSIP/101-mobile``.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from functools import partial
from operator import attrgetter
from typing import NamedTuple

from kelid.compile.conf import Value, section
from kelid.compile.extensions import handling, shared_variables, variables
from kelid.compile.features.codes import code
from kelid.compile.templates import NOTHING, Shared, share
from kelid.compile.text import name_of, name_place
from kelid.findings import NOWHERE, Where
from kelid.model.pbx import Option, Section, secret_token
from kelid.model.site import Device, Extension, Site

_DTLS: dict[str, Value] = {
    "dtls_auto_generate_cert": True,
    "dtls_verify": "fingerprint",
    "dtls_setup": "actpass",
}
"""Each start makes a key of its own; the fingerprint in SDP says whose sound it is."""


def dial(extension: Extension) -> str:
    """Return what Dial rings: every phone of the extension."""
    return "&".join(f"PJSIP/{device.endpoint}" for device in extension.devices)


_SHARED_BY_EXTENSION = attrgetter(
    "profile", "permission_class", "language", "call_groups", "pickup_groups", "musicclass"
)
_SHARED_BY_DEVICE = attrgetter(
    "transport",
    "codecs",
    "media_encryption",
    "media_encryption_optimistic",
    "webrtc",
    "nat",
    "dtmf_mode",
    "t38_udptl",
    "rtp_timeout",
    "rtp_timeout_hold",
    "device_state_busy_at",
    "acl",
)
"""All that ``_settings`` looks at: phones that are alike in it have the same options, which are made once."""


class Phone(NamedTuple):
    """A device with its extension: where it gets its name, and what its options depend on that it shares with others."""

    extension: Extension
    device: Device
    where: Where
    key: Hashable


def _phones(site: Site) -> Iterator[Phone]:
    for extension in site.extensions:
        where, shared = extension.place("number"), _SHARED_BY_EXTENSION(extension)
        for device in extension.devices:
            place = device.place("name") if device.name else where
            # Recordings are named by the extension's number, in its own options.
            key = (shared, _SHARED_BY_DEVICE(device), extension.recording is None)
            yield Phone(extension, device, place, key)


def sip(site: Site) -> tuple[Section, ...]:
    """Return the templates of the phones, then the endpoint, auth and aor of every phone."""
    phones = list(_phones(site))
    profiles = {profile.name: profile.place("name") for profile in site.profiles}
    taken = {trunk.name for trunk in site.trunks}

    def places(phone: Phone) -> tuple[Where, Where]:
        return phone.where, profiles.get(phone.extension.profile, NOWHERE)

    def anywhere(phone: Phone) -> tuple[Where, Where]:
        return phone.where, NOWHERE

    settings = share(
        ((phone.key, phone) for phone in phones),
        partial(_settings, site),
        stem=_stem,
        places=places,
        taken=taken,
    )
    mailboxes = share(
        ((True, phone) for phone in phones if phone.extension.voicemail),
        partial(_mailbox, code(site, "own_mailbox")),
        stem=lambda _: "phone-mailbox",
        places=anywhere,
        taken=taken,
    )
    aors = share(
        ((phone.device.qualify, phone) for phone in phones),
        _registered,
        stem=lambda _: "phone-aor",
        places=anywhere,
        taken=taken,
    )
    found = [
        part.template
        for shared in (settings, mailboxes, aors)
        for part in shared.values()
        if part.template is not None
    ]
    own: dict[str, tuple[Option, ...]] = {}
    for phone in phones:
        extension, number = phone.extension, phone.extension.number
        if number not in own:
            own[number] = _own(site, extension)
        mailbox = mailboxes[True] if extension.voicemail else NOTHING
        aor = aors[phone.device.qualify]
        found += _sections(phone, settings[phone.key], mailbox, aor, own[number])
    return tuple(found)


def _stem(phone: Phone) -> str:
    """Return what the template of the phone's settings is called: by profile and permission class."""
    extension = phone.extension
    words = dict.fromkeys(("phone", extension.profile, extension.permission_class))
    return "-".join(word for word in words if word)


def _sections(
    phone: Phone, settings: Shared, mailbox: Shared, aor: Shared, own: tuple[Option, ...]
) -> tuple[Section, Section, Section]:
    """Return the endpoint, auth and aor of a phone: what it shares, and what is its own."""
    extension, device, where, _ = phone
    name = device.endpoint
    watched: tuple[Option, ...] = ()
    if extension.voicemail:
        watched = (Option("mailboxes", f"{extension.number}@default", extension.place("voicemail")),)
    return (
        Section(
            name,
            (
                Option("type", "endpoint", where),
                *settings.options,
                Option("auth", name, where),
                Option("aors", name, where),
                *watched,
                *mailbox.options,
                *own,
            ),
            where,
            inherits=settings.inherits + mailbox.inherits,
        ),
        Section(
            name,
            (
                Option("type", "auth", where),
                Option("auth_type", "userpass", where),
                Option("username", name, where),
                Option("password", secret_token(device.secret), device.place("secret")),
            ),
            where,
        ),
        Section(
            name,
            (Option("type", "aor", where), *aor.options, *watched),
            where,
            inherits=aor.inherits,
        ),
    )


def _own(site: Site, extension: Extension) -> tuple[Option, ...]:
    """Return the options of an endpoint that all phones of the extension have, and no others."""
    name = f'"{name_of(extension.names, site.language)}" <{extension.number}>'
    caller_id = Option("callerid", name, name_place(extension, site.language))
    if not extension.account_code:
        return (caller_id, *variables(site, extension))
    account = Option("accountcode", extension.account_code, extension.place("account_code"))
    return (caller_id, account, *variables(site, extension))


def _settings(site: Site, phone: Phone, where: Where) -> tuple[Option, ...]:
    """Return the options of an endpoint that phones of one profile and permission class have in common."""
    extension, device = phone.extension, phone.device
    options: dict[str, Value] = {
        **_transport(device, where),
        # The name in From decides whose password is asked for; an address never does.
        "identify_by": "username",
        "context": (
            f"from-class-{extension.permission_class}",
            extension.places.get("permission_class", where),
        ),
        "disallow": "all",
        "allow": (",".join(device.codecs), device.places.get("codecs", where)),
        **handling(extension, site),
        "dtmf_mode": (device.dtmf_mode, device.places.get("dtmf_mode", where)),
        # Sound goes through the PBX: it records, encrypts and counts what it sees.
        "direct_media": False,
        **_nat(device, where),
        **_encryption(device),
        **_limits(device),
    }
    return section("", options, where).options + shared_variables(site, extension, where)


def _mailbox(dialled: str, phone: Phone, where: Where) -> tuple[Option, ...]:
    """Return the options of an endpoint whose extension has a mailbox; ``dialled`` is the code that opens it."""
    place = phone.extension.place("voicemail")
    found = Option("mwi_subscribe_replaces_unsolicited", "yes", where)
    return (found, Option("voicemail_extension", dialled, place)) if dialled else (found,)


def _registered(phone: Phone, where: Where) -> tuple[Option, ...]:
    """Return the options of an aor: one phone at a time, the newest."""
    device = phone.device
    options: dict[str, Value] = {
        "max_contacts": 1,
        "remove_existing": True,
        "qualify_frequency": (device.qualify, device.places.get("qualify", where)),
    }
    return section("", options, where).options


def _transport(device: Device, where: Where) -> dict[str, Value]:
    """Return the transport; a browser's connection is the only one that reaches it, so it is given none."""
    if device.transport == "wss":
        return {}
    return {"transport": (f"transport-{device.transport}", device.places.get("transport", where))}


def _nat(device: Device, where: Where) -> dict[str, Value]:
    place = device.places.get("nat", where)
    return {key: (_word(device.nat), place) for key in ("rtp_symmetric", "force_rport", "rewrite_contact")}


def _encryption(device: Device) -> dict[str, Value]:
    if device.webrtc:
        return {"webrtc": (_word(True), device.place("webrtc"))}
    if device.media_encryption == "no":
        return {}
    place = device.place("media_encryption")
    found: dict[str, Value] = {"media_encryption": (device.media_encryption, place)}
    if device.media_encryption_optimistic:
        found["media_encryption_optimistic"] = (_word(True), device.place("media_encryption_optimistic"))
    return {**found, **(_DTLS if device.media_encryption == "dtls" else {})}


def _limits(device: Device) -> dict[str, Value]:
    """Return what is said only where it isn't Asterisk's own default."""
    found: dict[str, Value] = {}
    for key in ("rtp_timeout", "rtp_timeout_hold", "device_state_busy_at"):
        value = getattr(device, key)
        if value:
            found[key] = (value, device.place(key))
    if device.t38_udptl:
        found["t38_udptl"] = (_word(True), device.place("t38_udptl"))
    if device.acl:
        found["acl"] = (device.acl, device.place("acl"))
    return found


def _word(value: bool) -> str:
    return "yes" if value else "no"
