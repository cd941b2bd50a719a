"""The phones of extensions: each is an endpoint of its own, with a password of its own, and all ring together.

Several registrations of one endpoint would need PJSIP_DIAL_CONTACTS, which puts what phones choose (their address, with
commas and ampersands) into the arguments of Dial. So each phone has a name of ours: ``PJSIP/101&PJSIP/101-mobile``.
"""

from __future__ import annotations

from kelid.compile.conf import Value, section
from kelid.compile.extensions import handling, variables
from kelid.compile.features.codes import code
from kelid.compile.text import name_of, name_place
from kelid.model.pbx import Section, secret_token
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


def sip(site: Site) -> tuple[Section, ...]:
    """Return the endpoint, auth and aor of every phone."""
    return tuple(
        part
        for extension in site.extensions
        for device in extension.devices
        for part in _sip(site, extension, device)
    )


def _sip(site: Site, extension: Extension, device: Device) -> tuple[Section, ...]:
    name = device.endpoint
    where = device.place("name") if device.name else extension.place("number")
    mailbox: dict[str, Value] = {}
    watched: dict[str, Value] = {}
    if extension.voicemail:
        place = extension.place("voicemail")
        box = f"{extension.number}@default"
        mailbox = {
            "mailboxes": (box, place),
            "mwi_subscribe_replaces_unsolicited": True,
        }
        if own := code(site, "own_mailbox"):
            mailbox["voicemail_extension"] = (own, place)
        watched = {"mailboxes": (box, place)}
    endpoint = section(
        name,
        {
            "type": "endpoint",
            **_transport(device),
            # The name in From decides whose password is asked for; an address never does.
            "identify_by": "username",
            "context": (f"from-class-{extension.permission_class}", extension.place("permission_class")),
            "disallow": "all",
            "allow": (",".join(device.codecs), device.place("codecs")),
            "auth": name,
            "aors": name,
            "callerid": (
                f'"{name_of(extension.names, site.language)}" <{extension.number}>',
                name_place(extension, site.language),
            ),
            **handling(extension, site),
            "dtmf_mode": (device.dtmf_mode, device.place("dtmf_mode")),
            # Sound goes through the PBX: it records, encrypts and counts what it sees.
            "direct_media": False,
            **_nat(device),
            **_encryption(device),
            **_limits(device),
            **mailbox,
        },
        where,
    )
    return (
        Section(name, endpoint.options + variables(site, extension), where),
        section(
            name,
            {
                "type": "auth",
                "auth_type": "userpass",
                "username": name,
                "password": (secret_token(device.secret), device.place("secret")),
            },
            where,
        ),
        section(
            name,
            {
                "type": "aor",
                "max_contacts": 1,
                "remove_existing": True,
                "qualify_frequency": (device.qualify, device.place("qualify")),
                **watched,
            },
            where,
        ),
    )


def _transport(device: Device) -> dict[str, Value]:
    """Return the transport; a browser's connection is the only one that reaches it, so it is given none."""
    if device.transport == "wss":
        return {}
    return {"transport": (f"transport-{device.transport}", device.place("transport"))}


def _nat(device: Device) -> dict[str, Value]:
    place = device.place("nat")
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
