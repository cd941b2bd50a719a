"""SIP trunks: their objects in pjsip.conf."""

from __future__ import annotations

from kelid.compile.conf import Value, at, section
from kelid.compile.trunks import language
from kelid.findings import Where
from kelid.model.pbx import Section, secret_token
from kelid.model.site import Site, Trunk

FOREVER = 1000000
"""Tries before a registration is given up: the default of ten ends sooner than a provider's outage."""


def sections(site: Site) -> tuple[Section, ...]:
    """Return the objects of every SIP trunk."""
    return tuple(part for trunk in site.trunks if trunk.kind == "sip" for part in _sections(site, trunk))


def _sections(site: Site, trunk: Trunk) -> tuple[Section, ...]:
    parts = [_endpoint(site, trunk), *_aors(trunk)]
    if trunk.registration != "accept":
        parts.append(_identify(trunk))
    if trunk.secret:
        parts.append(_auth(trunk))
    if trunk.registration == "send":
        parts += _registrations(trunk)
    return tuple(parts)


def _numbered(trunk: Trunk) -> list[tuple[str, str, int, Where]]:
    """Return a name for each host of the trunk, its address and port, and its place. No trunk's name has a dot."""
    places = [at(trunk, "host"), *(other.place("host") for other in trunk.backup_hosts)]
    return [
        (trunk.name if index == 1 else f"{trunk.name}.{index}", host, port, place)
        for index, ((host, port), place) in enumerate(zip(trunk.hosts, places, strict=False), start=1)
    ]


def _uri(trunk: Trunk, host: str, port: int, user: str = "") -> str:
    at = f"{user}@" if user else ""
    return f"sip:{at}{host}:{port}" + ("" if trunk.transport == "udp" else f";transport={trunk.transport}")


def _common(trunk: Trunk) -> dict[str, Value]:
    """Return what says by which way packets leave."""
    options: dict[str, Value] = {"transport": (f"transport-{trunk.transport}", at(trunk, "transport"))}
    if trunk.outbound_proxy:
        options["outbound_proxy"] = (f"sip:{trunk.outbound_proxy};lr", at(trunk, "outbound_proxy"))
    return options


def _endpoint(site: Site, trunk: Trunk) -> Section:
    name, user = trunk.name, at(trunk, "user")
    options: dict[str, Value] = {"type": "endpoint", **_common(trunk)}
    if trunk.registration == "accept":
        # The name in From, or in the answer to our challenge, says whose password is asked for.
        options |= {"identify_by": "username,auth_username", "auth": (name, user)}
        if trunk.match:
            options |= {
                "deny": ("0.0.0.0/0", at(trunk, "match")),
                "permit": (",".join(trunk.match), at(trunk, "match")),
            }
    else:
        # Only the address says that a call is this trunk's: by name, anyone could claim to be it,
        # and a trunk's calls need no password.
        options["identify_by"] = "ip"
    options |= {
        "context": f"from-trunk-{name}",
        "disallow": "all",
        "allow": (",".join(trunk.codecs), at(trunk, "codecs")),
        "aors": ",".join(aor for aor, *_ in _numbered(trunk)) or name,
    }
    if trunk.registration != "accept" and trunk.user:
        options["outbound_auth"] = (name, user)
    from_user = trunk.from_user or (trunk.user if trunk.registration != "accept" else "")
    if from_user:
        options["from_user"] = (from_user, at(trunk, "from_user" if trunk.from_user else "user"))
    if trunk.from_domain or trunk.host:
        options["from_domain"] = (
            trunk.from_domain or trunk.host,
            at(trunk, "from_domain" if trunk.from_domain else "host"),
        )
    options |= {
        "send_pai": (trunk.send_pai, at(trunk, "send_pai")),
        # A caller who hides the number is shown to the telephone company, which keeps it to itself (RFC 3325).
        "trust_id_outbound": trunk.send_pai,
        "language": language(site, trunk),
        "dtmf_mode": (trunk.dtmf_mode, at(trunk, "dtmf_mode")),
        "direct_media": False,
        "rtp_symmetric": True,
        "force_rport": True,
        "allow_transfer": False,
        **_wished(trunk),
    }
    return section(name, options, trunk.place("name"))


def _wished(trunk: Trunk) -> dict[str, Value]:
    """Return the options that only some trunks need."""
    options: dict[str, Value] = {}
    if trunk.registration == "accept":
        options["rewrite_contact"] = True
    if trunk.trust_caller_id:
        options["trust_id_inbound"] = (True, at(trunk, "trust_caller_id"))
    if trunk.send_rpid:
        options["send_rpid"] = (True, at(trunk, "send_rpid"))
    if trunk.musicclass:
        options["moh_suggest"] = (trunk.musicclass, at(trunk, "musicclass"))
    if trunk.timers != "yes":
        options["timers"] = (trunk.timers, at(trunk, "timers"))
    if trunk.timers_sess_expires != 1800:
        options["timers_sess_expires"] = (trunk.timers_sess_expires, at(trunk, "timers_sess_expires"))
    if trunk.media_encryption != "no":
        place = at(trunk, "media_encryption")
        options["media_encryption"] = (trunk.media_encryption, place)
        options["media_encryption_optimistic"] = (
            trunk.media_encryption_optimistic,
            at(trunk, "media_encryption_optimistic"),
        )
        if trunk.media_encryption == "dtls":
            options |= {
                "dtls_auto_generate_cert": (True, place),
                "dtls_verify": ("fingerprint", place),
                "dtls_setup": ("actpass", place),
            }
    if trunk.t38:
        place = at(trunk, "t38")
        options |= {
            "t38_udptl": (True, place),
            "t38_udptl_ec": ("redundancy", place),
            "t38_udptl_maxdatagram": (400, place),
        }
    return options


def _aors(trunk: Trunk) -> list[Section]:
    """Return one AOR a host: Asterisk takes the first one that has a contact which answers, so their order holds."""
    qualify: dict[str, Value] = {"qualify_frequency": (trunk.qualify, at(trunk, "qualify"))}
    if trunk.outbound_proxy:
        qualify["outbound_proxy"] = _common(trunk)["outbound_proxy"]
    if trunk.registration == "accept":
        options: dict[str, Value] = {"type": "aor", "max_contacts": 1, "remove_existing": True, **qualify}
        return [section(trunk.name, options, trunk.place("name"))]
    return [
        section(
            name, {"type": "aor", "contact": (_uri(trunk, host, port), place), **qualify}, trunk.place("name")
        )
        for name, host, port, place in _numbered(trunk)
    ]


def _identify(trunk: Trunk) -> Section:
    sources = trunk.match or tuple(host for host, _ in trunk.hosts)
    place = at(trunk, "match" if trunk.match else "host")
    return section(
        trunk.name,
        {
            "type": "identify",
            "endpoint": trunk.name,
            "match": (",".join(sources), place),
            "srv_lookups": False,
        },
        trunk.place("name"),
    )


def _auth(trunk: Trunk) -> Section:
    user = trunk.name if trunk.registration == "accept" else trunk.auth_user or trunk.user
    return section(
        trunk.name,
        {
            "type": "auth",
            "auth_type": "userpass",
            "username": (user, at(trunk, "auth_user" if trunk.auth_user else "user")),
            "password": (secret_token(trunk.secret), at(trunk, "secret")),
        },
        trunk.place("name"),
    )


def _registrations(trunk: Trunk) -> list[Section]:
    """Return one registration a host."""
    user = at(trunk, "user")
    contact = trunk.contact_user or trunk.user
    return [
        section(
            name,
            {
                "type": "registration",
                **_common(trunk),
                "outbound_auth": (trunk.name, user),
                "server_uri": (_uri(trunk, host, port), place),
                "client_uri": (_uri(trunk, trunk.from_domain or host, port, trunk.user), user),
                "contact_user": (contact, at(trunk, "contact_user" if trunk.contact_user else "user")),
                "expiration": (trunk.registration_expiration, at(trunk, "registration_expiration")),
                # Never give up: the default ends after ten tries, and a provider's outage lasts longer.
                "retry_interval": (trunk.registration_retry, at(trunk, "registration_retry")),
                "forbidden_retry_interval": 300,
                "max_retries": FOREVER,
                "auth_rejection_permanent": False,
            },
            trunk.place("name"),
        )
        for name, host, port, place in _numbered(trunk)
    ]
