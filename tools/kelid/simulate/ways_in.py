"""Where calls come into a dial plan: phones, trunks and whoever else has a context; those that are alike as one."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

from kelid.model.pbx import Pbx, Section
from kelid.simulate.functions.parties import split_caller

_NOT_FOR_CALLS = frozenset(
    """auth aors outbound_auth mailboxes callerid set_var accountcode type from_user from_domain voicemail_extension
    contact_user mwi_from_user subscribe_context named_call_group named_pickup_group call_group pickup_group
    allow_subscribe sub_min_expiry aggregate_mwi mwi_subscribe_replaces_unsolicited identify_by
    acl deny permit contact_acl contact_deny contact_permit transport force_rport rewrite_contact timers timers_min_se
    timers_sess_expires 100rel allow disallow dtmf_mode direct_media direct_media_method rtp_symmetric rtp_keepalive
    rtp_timeout rtp_timeout_hold media_address bind_rtp_to_media_address media_encryption media_encryption_optimistic
    media_use_received_transport webrtc use_avpf ice_support rtcp_mux bundle dtls_auto_generate_cert dtls_verify dtls_rekey
    dtls_cert_file dtls_private_key dtls_ca_file dtls_ca_path dtls_cipher dtls_setup dtls_fingerprint srtp_tag_32
    t38_udptl t38_udptl_ec t38_udptl_maxdatagram t38_udptl_nat t38_bind_udptl_to_media_address
    tos_audio tos_video cos_audio cos_video max_audio_streams max_video_streams""".split()  # noqa: SIM905
)
"""Options of an endpoint that say nothing of where its own calls go, or are looked at by themselves."""


class Entrance(NamedTuple):
    """A way in. ``sets`` holds what each endpoint has of its own: name -> (caller, caller_name, "set VAR"...) -> text."""

    kind: str
    name: str
    names: tuple[str, ...]
    context: str
    technology: str
    any_caller: bool
    sets: dict[str, dict[str, str]]
    alike: Hashable = ()

    def tables(self, names: Sequence[str], language: str = "") -> dict[str, dict[str, str]]:
        """Return what the endpoints have of their own: "caller", "caller_name", "set VAR" -> endpoint -> text.

        ``language`` is that of those that have none.
        """
        keys: dict[str, None] = {}
        for name in names:
            keys.update(dict.fromkeys(self.sets.get(name, {})))
        defaults = {"language": language}
        return {
            key: {name: self.sets.get(name, {}).get(key, defaults.get(key, "")) for name in names}
            for key in keys
        }


def entrances(pbx: Pbx) -> tuple[Entrance, ...]:
    """Return the ways in that the configuration has, in its order."""
    return (*_pjsip(pbx), *_iax2(pbx), *_dahdi(pbx))


def entrance(context: str) -> Entrance:
    """Return a context as a way in: any number may be dialled there, by anybody."""
    return Entrance("context", context, (), context, "Local", True, {})


def _pjsip(pbx: Pbx) -> Iterator[Entrance]:
    rows: dict[Hashable, list[tuple[str, dict[str, str]]]] = {}
    about: dict[Hashable, tuple[str, str, bool]] = {}
    for section in pbx.sections("pjsip.conf", "endpoint"):
        options = {option.key: option.value for option in section.options}
        context = options.get("context", "default")
        given = options.get("callerid", "")
        own: dict[str, str] = {}
        name, number = split_caller(given) if given else ("", "")
        if number:
            own["caller"] = number
        if name:
            own["caller_name"] = name
        for option in section.options:
            if option.key == "set_var":
                variable, _, text = option.value.partition("=")
                own[f"set {variable.strip()}"] = text
        for key, mine in (("language", "language"), ("accountcode", "account")):
            if options.get(key):
                own[mine] = options[key]
        anonymous = section.name == "anonymous"
        any_caller = not number
        kind = "anonymous" if anonymous else "trunk" if any_caller else "phone"
        rest = tuple(
            sorted(
                (key, _without(text, section.name))
                for key, text in options.items()
                if key not in _NOT_FOR_CALLS
            )
        )
        alike: Hashable = (
            (kind, context, rest, tuple(sorted(own.keys() - {"account"})), number == section.name)
            if kind == "phone"
            else (kind, section.name)
        )
        rows.setdefault(alike, []).append((section.name, own))
        about[alike] = (kind, context, any_caller)
    for alike, members in rows.items():
        kind, context, any_caller = about[alike]
        names = tuple(name for name, _ in members)
        yield Entrance(kind, names[0], names, context, "PJSIP", any_caller, dict(members), alike)


def _without(text: str, name: str) -> str:
    return re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", "\0", text)


def _iax2(pbx: Pbx) -> Iterator[Entrance]:
    for section in pbx.sections("iax.conf"):
        context = section.get("context")
        if section.name != "general" and context and section.get("type") in ("user", "friend"):
            yield Entrance(
                "trunk", section.name, (section.name,), context, "IAX2", True, {}, ("iax2", section.name)
            )


def _dahdi(pbx: Pbx) -> Iterator[Entrance]:
    seen: dict[str, Section] = {}
    for section in pbx.sections("chan_dahdi.conf"):
        context = section.get("context")
        if context and context not in seen:
            seen[context] = section
            yield Entrance("trunk", context, (), context, "DAHDI", True, {}, ("dahdi", context))
