"""What pjsip.conf says of endpoints, and what SIP's messages hold: func_pjsip_*.c and res_pjsip_header_funcs.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kelid.model.call import Question
from kelid.simulate.arguments import atoi, split_arguments
from kelid.simulate.functions.channel import group_numbers
from kelid.simulate.registry import reads, writes
from kelid.simulate.undecided import settled
from kelid.simulate.unknown import UnknownHere

if TYPE_CHECKING:
    from kelid.simulate.run import Run


def _named(listed: str) -> tuple[str, ...]:
    return tuple(listed.split())


_ON = _named(
    """
    aggregate_mwi allow_overlap allow_subscribe allow_transfer direct_media follow_early_media_fork force_rport
    refer_blind_progress send_diversion
    """
)
_OFF = _named(
    """
    accept_multiple_sdp_answers allow_unauthenticated_options asymmetric_rtp_codec bind_rtp_to_media_address
    bundle disable_direct_media_on_nat fax_detect force_avp g726_non_standard ice_support ignore_183_without_sdp
    inband_progress media_encryption_optimistic media_use_received_transport moh_passthrough
    notify_early_inuse_ringing one_touch_recording preferred_codec_only rewrite_contact rpid_immediate rtcp_mux
    rtp_ipv6 rtp_symmetric send_aoc send_history_info send_pai send_rpid srtp_tag_32 suppress_moh_on_sendonly
    suppress_q850_reason_headers t38_bind_udptl_to_media_address t38_udptl t38_udptl_ipv6 t38_udptl_nat
    trust_id_inbound trust_id_outbound use_avpf use_ptime user_eq_phone
    """
)
_EMPTY = _named(
    """
    accountcode acl auth call_group callerid_tag contact_acl dtls_ca_file dtls_ca_path dtls_cert_file
    dtls_cipher dtls_private_key follow_redirect_methods from_domain from_user geoloc_incoming_call_profile
    geoloc_outgoing_call_profile incoming_mwi_mailbox language mailboxes media_address message_context
    mwi_from_user named_call_group named_pickup_group outbound_auth outbound_proxy overlap_context pickup_group
    set_var stir_shaken_profile subscribe_context tenantid tone_zone transport voicemail_extension
    """
)
ENDPOINT: dict[str, str] = {
    **dict.fromkeys(_ON, "true"),
    **dict.fromkeys(_OFF, "false"),
    **dict.fromkeys(_EMPTY, ""),
    "aors": "102", "cos_audio": "0", "cos_video": "0", "device_state_busy_at": "0", "dtls_rekey": "0",
    "fax_detect_timeout": "0", "max_audio_streams": "1", "max_video_streams": "1", "rtp_keepalive": "0",
    "rtp_port_end": "0", "rtp_port_start": "0", "rtp_timeout": "0", "rtp_timeout_hold": "0",
    "sub_min_expiry": "0", "t38_udptl_maxdatagram": "0", "timers_min_se": "90", "timers_sess_expires": "1800",
    "tos_audio": "0", "tos_video": "0",
    "100rel": "yes", "callerid_privacy": "allowed_not_screened", "connected_line_method": "invite",
    "direct_media_glare_mitigation": "none", "direct_media_method": "invite", "dtls_auto_generate_cert": "No",
    "dtls_fingerprint": "SHA-256", "dtls_setup": "active", "dtls_verify": "No", "dtmf_mode": "rfc4733",
    "identify_by": "username,ip", "incoming_call_offer_pref": "local", "media_encryption": "no",
    "moh_suggest": "default", "mwi_subscribe_replaces_unsolicited": "no",
    "outgoing_call_offer_pref": "remote_merge", "record_off_feature": "automixmon",
    "record_on_feature": "automixmon", "redirect_method": "user", "rtp_engine": "asterisk", "sdp_owner": "-",
    "sdp_session": "Asterisk", "security_negotiation": "no", "send_connected_line": "yes",
    "t38_udptl_ec": "none", "timers": "yes", "trust_connected_line": "yes", "webrtc": "no",
    "callerid": "<unknown>", "context": "default",
}  # fmt: skip
"""What each option of an endpoint is without a line for it, as sorcery writes it (measured: Asterisk 22.10, 16.28)."""

AOR: dict[str, str] = {
    "authenticate_qualify": "false", "default_expiration": "3600", "mailboxes": "", "max_contacts": "0",
    "maximum_expiration": "7200", "minimum_expiration": "60", "outbound_proxy": "", "qualify_2xx_only": "false",
    "qualify_frequency": "0", "qualify_timeout": "3.000000", "remove_existing": "false",
    "remove_unavailable": "false", "support_path": "false", "voicemail_extension": "",
}  # fmt: skip
"""What each option of an address of record is without a line for it."""

_YES = ("yes", "true", "y", "t", "1", "on")
_OTHERWISE = ("allow", "disallow", "stir_shaken")
"""What sorcery writes in a way of its own, or each version in another."""
_LISTS = ("named_call_group", "named_pickup_group")


def _object(run: Run, name: str, kind: str) -> dict[str, str] | None:
    """Return the options of an object of pjsip.conf (the last of several alike), None where there is none."""
    for section in run.pbx.sections("pjsip.conf", kind):
        if section.name == name:
            found: dict[str, str] = {}
            for option in section.options:
                if option.key in found and option.key in ("set_var", "contact"):
                    found[option.key] += f",{option.value}"
                else:
                    found[option.key] = option.value
            return found
    return None


def _as_shown(field: str, default: str, value: str) -> str:
    """Return an option's value as sorcery writes it: ``true`` and ``false``, whole numbers, groups one by one."""
    if default in ("true", "false"):
        return "true" if value.strip().lower() in _YES else "false"
    if default.isdigit():
        return str(atoi(value))
    if field in ("call_group", "pickup_group"):
        return group_numbers(value)
    if field in _LISTS:
        return ", ".join(part.strip() for part in value.split(","))
    return value


def _field(run: Run, arguments: str, function: str, kind: str, defaults: dict[str, str]) -> str | None:
    given = split_arguments(arguments, 2)
    if not given or not given[0]:
        run.warn(f"Cannot call {function} without an {kind} name to query")
        return None
    if len(given) < 2 or not given[1]:
        run.warn(f"Cannot call {function} with an empty field name to query")
        return None
    name = settled(run, given[0])
    options = _object(run, name, kind)
    if options is None:
        run.warn(f"Failed to retrieve information for {kind} '{name}'")
        return None
    field = given[1]
    default = defaults.get(field)
    if default is None:
        if kind == "aor" and field == "contact":
            return run.learn(Question("peer", f"{name},contact"))
        if field in options or field in _OTHERWISE:
            raise UnknownHere(f"{function}({arguments})")
        return ""
    return (
        default if field not in options or field == "set_var" else _as_shown(field, default, options[field])
    )


@reads("PJSIP_ENDPOINT")
def endpoint(run: Run, arguments: str) -> str | None:
    """Return an option of an endpoint."""
    return _field(run, arguments, "PJSIP_ENDPOINT", "endpoint", ENDPOINT)


@reads("PJSIP_AOR")
def address_of_record(run: Run, arguments: str) -> str | None:
    """Return an option of an address of record; its contacts come and go, and the world knows them."""
    return _field(run, arguments, "PJSIP_AOR", "aor", AOR)


@reads("PJSIP_CONTACT")
def contact(run: Run, arguments: str) -> str | None:
    """Return something of a contact, which comes and goes: the world says what."""
    return run.learn(Question("peer", settled(run, arguments)))


CONTACTS = "contacts"


@reads("PJSIP_DIAL_CONTACTS")
def dial_contacts(run: Run, arguments: str) -> str | None:
    """Return what Dial can call to reach all contacts of an endpoint, "" where none is registered.

    The real text names each contact's address; that the endpoint is called is all that can be told of it here.
    """
    given = split_arguments(settled(run, arguments), 3)
    if not given or not given[0]:
        run.warn("An endpoint name must be specified when using the 'PJSIP_DIAL_CONTACTS' dialplan function")
        return None
    name = given[0]
    if _object(run, name, "endpoint") is None:
        run.warn(f"Specified endpoint '{name}' was not found")
        return None
    answer = run.learn(Question(CONTACTS, name, ("1", "0")))
    return "" if answer == "0" else f"PJSIP/{name}"


@writes("PJSIP_HEADER")
def set_header(run: Run, arguments: str, value: str) -> None:
    """Add a header to the message that goes out, change it or take it away."""
    given = split_arguments(arguments, 3)
    action = given[0].lower() if given else ""
    name = given[1] if len(given) > 1 else ""
    if not name:
        run.warn("This function requires a header name.")
        return
    key = f"PJSIP_HEADER/{name}"
    if action in ("add", "update"):
        run.channel.hooks[key] = value
    elif action == "remove":
        run.channel.hooks.pop(key, None)
    else:
        run.warn(f"Action '{action}' is not valid, must be 'add', 'update', or 'remove'")


@reads("PJSIP_HEADER")
def header(run: Run, arguments: str) -> str | None:
    """Return a header of the message that came in."""
    given = split_arguments(settled(run, arguments), 3)
    if len(given) < 2 or not given[1]:
        run.warn("This function requires a header name.")
        return None
    number = given[2] if len(given) > 2 and given[2] else "1"
    name = given[1] if number == "1" else f"{given[1]},{number}"
    return run.learn(Question("header", name))


@reads("PJSIP_HEADERS")
def headers(run: Run, arguments: str) -> str | None:
    """Return the names of the headers that begin so."""
    given = split_arguments(settled(run, arguments), 2)
    return run.learn(Question("header", f"{given[0] if given else ''}*"))


@reads("PJSIP_RESPONSE_HEADER", "PJSIP_RESPONSE_HEADERS", "PJSIP_HEADER_PARAM", "SIP_HEADER", "SIP_HEADERS")
def other_header(run: Run, arguments: str) -> str | None:
    """Return something else of a message."""
    return run.learn(Question("header", settled(run, arguments)))


@reads("SIPPEER", "IAXPEER")
def old_peer(run: Run, arguments: str) -> str | None:
    """Return something of a peer: whether and where it is registered is for the world to say."""
    return run.learn(Question("peer", settled(run, arguments)))
