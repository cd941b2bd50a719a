"""Trunks: their SIP objects, and the way in for what they bring."""

from __future__ import annotations

from kelid.compile.conf import section
from kelid.compile.text import go
from kelid.model.pbx import Context, Exten, Section, Step, secret_token
from kelid.model.site import Site, Trunk


def sip(site: Site) -> tuple[Section, ...]:
    """Return the objects of every trunk."""
    return tuple(part for trunk in site.trunks for part in _sip(site, trunk))


def _sip(site: Site, trunk: Trunk) -> tuple[Section, ...]:
    name, where = trunk.name, trunk.where
    account = {"outbound_auth": name, "from_user": trunk.user} if trunk.user else {}
    parts = [
        section(
            name,
            {
                "type": "endpoint",
                "transport": "transport-udp",
                # Only the address says that a call is this trunk's: by name, anyone could claim to be it,
                # and a trunk's calls need no password.
                "identify_by": "ip",
                "context": f"from-trunk-{name}",
                "disallow": "all",
                "allow": ",".join(trunk.codecs),
                "aors": name,
                **account,
                "from_domain": trunk.host,
                "send_pai": True,
                "language": site.language,
                "dtmf_mode": "rfc4733",
                "direct_media": False,
                "rtp_symmetric": True,
                "force_rport": True,
                "allow_transfer": False,
            },
            where,
        ),
        section(
            name,
            {
                "type": "aor",
                "contact": f"sip:{trunk.host}:{trunk.port}",
                "qualify_frequency": trunk.qualify,
            },
            where,
        ),
        section(
            name, {"type": "identify", "endpoint": name, "match": trunk.host, "srv_lookups": False}, where
        ),
    ]
    if trunk.user:
        parts += [
            section(
                name,
                {
                    "type": "auth",
                    "auth_type": "userpass",
                    "username": trunk.user,
                    "password": secret_token(trunk.secret),
                },
                where,
            ),
            section(
                name,
                {
                    "type": "registration",
                    "transport": "transport-udp",
                    "outbound_auth": name,
                    "server_uri": f"sip:{trunk.host}:{trunk.port}",
                    "client_uri": f"sip:{trunk.user}@{trunk.host}:{trunk.port}",
                    "contact_user": trunk.user,
                    "expiration": 300,
                    # Never give up: the default ends after ten tries, and a provider's outage lasts longer.
                    "retry_interval": 30,
                    "forbidden_retry_interval": 300,
                    "max_retries": 1000000,
                    "auth_rejection_permanent": False,
                },
                where,
            ),
        ]
    return tuple(parts)


def contexts(site: Site) -> tuple[Context, ...]:
    """Return one way in per trunk: its DIDs and where they lead. Any other number finds nothing (SIP 404)."""
    found = []
    for trunk in site.trunks:
        extens = []
        for route in site.inbound_routes:
            if route.trunk != trunk.name:
                continue
            steps = (
                [Step("Set", f"GROUP(trunk-in)={trunk.name}", where=route.where)]
                if trunk.max_channels
                else []
            )
            steps.append(go(route.destination, where=route.where))
            extens.append(Exten(route.did, tuple(steps), route.where))
        found.append(Context(f"from-trunk-{trunk.name}", tuple(extens), where=trunk.where))
    return tuple(found)
