"""Where calls come into a dial plan: phones, trunks and whoever else has a context; those that are alike as one."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

from kelid.model.origins import Origin, origins, unled
from kelid.model.pbx import Pbx
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

_FOR_CALLS = frozenset(
    """mohinterpret mohsuggest musicclass musiconhold callgroup pickupgroup namedcallgroup namedpickupgroup amaflags
    call-limit busylevel callcounter parkinglot allowtransfer transfer cid_tag callingpres t38pt_udptl faxdetect""".split()  # noqa: SIM905
)
"""Those of chan_sip and chan_iax2 by which calls of two phones may not be alike."""

_DRIVERS = ("PJSIP", "SIP", "IAX2")
"""Technologies whose phones and trunks have names of their own, in the order in which ways in are told."""


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
    """Return the ways in that the configuration has: endpoints, other channels, and contexts that nothing leads to."""
    rows: dict[str, list[Origin]] = {technology: [] for technology in _DRIVERS}
    for origin in origins(pbx):
        rows.setdefault(origin.technology, []).append(origin)
    made: list[Entrance] = []
    for technology, some in rows.items():
        if technology in _DRIVERS:
            made += _endpoints(some, technology)
        else:
            made += (
                Entrance("trunk", context, (), context, technology, True, {}, (technology.lower(), context))
                for context in dict.fromkeys(one.context for one in some)
            )
    return (*made, *map(entrance, unled(pbx)))


def entrance(context: str) -> Entrance:
    """Return a context as a way in: any number may be dialled there, by anybody."""
    return Entrance("context", context, (), context, "Local", True, {}, ("context", context))


def _endpoints(some: Sequence[Origin], technology: str) -> Iterator[Entrance]:
    """Yield phones, those that are alike as one, trunks and strangers."""
    rows: dict[Hashable, list[tuple[str, dict[str, str]]]] = {}
    about: dict[Hashable, tuple[str, str, bool]] = {}
    for origin in some:
        given = origin.get("callerid")
        own: dict[str, str] = {}
        name, number = split_caller(given) if given else ("", "")
        if number:
            own["caller"] = number
        if name:
            own["caller_name"] = name
        for option in origin.options:
            if option.key in ("set_var", "setvar"):
                variable, _, text = option.value.partition("=")
                own[f"set {variable.strip()}"] = text
        for key, mine in (("language", "language"), ("accountcode", "account")):
            if origin.get(key):
                own[mine] = origin.get(key)
        any_caller = not number
        kind = "anonymous" if origin.anonymous else "trunk" if any_caller else "phone"
        rest = tuple(
            sorted(
                (option.key, _without(option.value, origin.name))
                for option in {option.key: option for option in origin.options}.values()
                if (option.key not in _NOT_FOR_CALLS if technology == "PJSIP" else option.key in _FOR_CALLS)
            )
        )
        alike: Hashable = (
            (kind, origin.context, rest, tuple(sorted(own.keys() - {"account"})), number == origin.name)
            if kind == "phone"
            else (kind, origin.name)
        )
        if technology != "PJSIP":
            alike = (technology.lower(), alike)
        rows.setdefault(alike, []).append((origin.name, own))
        about[alike] = (kind, origin.context, any_caller)
    for alike, members in rows.items():
        kind, context, any_caller = about[alike]
        names = tuple(name for name, _ in members)
        yield Entrance(kind, names[0], names, context, technology, any_caller, dict(members), alike)


def _without(text: str, name: str) -> str:
    return re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", "\0", text)
