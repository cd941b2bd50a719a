"""Trunks: their SIP objects, and the way in for what they bring."""

from __future__ import annotations

from kelid.compile.conf import Value, section
from kelid.compile.text import go
from kelid.model.pbx import Context, Exten, Include, Section, Step, secret_token
from kelid.model.site import Site, Trunk


def sip(site: Site) -> tuple[Section, ...]:
    """Return the objects of every trunk."""
    return tuple(part for trunk in site.trunks if trunk.kind == "sip" for part in _sip(site, trunk))


def _sip(site: Site, trunk: Trunk) -> tuple[Section, ...]:
    name, where = trunk.name, trunk.place("name")
    host, user = trunk.place("host"), trunk.place("user")
    port = trunk.hosts[0][1]
    account: dict[str, Value] = {}
    if trunk.user:
        account = {"outbound_auth": (name, user), "from_user": (trunk.user, user)}
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
                "allow": (",".join(trunk.codecs), trunk.place("codecs")),
                "aors": name,
                **account,
                "from_domain": (trunk.host, host),
                "send_pai": True,
                "language": (site.language, site.place("language")),
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
                "contact": (f"sip:{trunk.host}:{port}", host),
                "qualify_frequency": (trunk.qualify, trunk.place("qualify")),
            },
            where,
        ),
        section(
            name,
            {"type": "identify", "endpoint": name, "match": (trunk.host, host), "srv_lookups": False},
            where,
        ),
    ]
    if trunk.user:
        parts += [
            section(
                name,
                {
                    "type": "auth",
                    "auth_type": "userpass",
                    "username": (trunk.user, user),
                    "password": (secret_token(trunk.secret), trunk.place("secret")),
                },
                where,
            ),
            section(
                name,
                {
                    "type": "registration",
                    "transport": "transport-udp",
                    "outbound_auth": (name, user),
                    "server_uri": (f"sip:{trunk.host}:{port}", host),
                    "client_uri": (f"sip:{trunk.user}@{trunk.host}:{port}", user),
                    "contact_user": (trunk.user, user),
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


def dial(trunk: Trunk) -> str:
    """Return the channel that Dial calls a number outside by; the number is the extension."""
    return f"PJSIP/${{EXTEN}}@{trunk.name}"


def contexts(site: Site) -> tuple[Context, ...]:
    """Return one way in per trunk: its DIDs and where they lead. Any other number finds nothing (SIP 404)."""
    found = []
    for trunk in site.trunks:
        extens = []
        for route in site.inbound_routes:
            if route.trunk != trunk.name:
                continue
            steps = (
                [Step("Set", f"GROUP(trunk-in)={trunk.name}", where=route.place("did"))]
                if trunk.max_channels
                else []
            )
            steps.append(go(route.destination, where=route.place("did")))
            extens.append(Exten(route.did, tuple(steps), route.place("did")))
        # Several accounts at one address: a call from there is any one's of them to Asterisk, so each knows all numbers.
        others = tuple(
            Include(f"from-trunk-{other.name}", where=other.place("host"))
            for other in site.trunks
            if other is not trunk and other.host.lower() == trunk.host.lower()
        )
        found.append(
            Context(f"from-trunk-{trunk.name}", tuple(extens), includes=others, where=trunk.place("name"))
        )
    return tuple(found)
