"""IAX2 trunks: iax.conf. Both sides prove with the secret who they are; without encryption no call comes about."""

from __future__ import annotations

from kelid.compile.conf import Value, at, section
from kelid.compile.sounds import asterisk_language
from kelid.compile.trunks import language
from kelid.model.pbx import ConfFile, Section, secret_token
from kelid.model.site import Site, Trunk


def files(site: Site) -> tuple[ConfFile, ...]:
    """Return iax.conf, where the site has such a trunk: without one nothing listens."""
    trunks = [trunk for trunk in site.trunks if trunk.kind == "iax2"]
    if not trunks:
        return ()
    return (ConfFile("iax.conf", (_general(site), *(_peer(site, trunk) for trunk in trunks))),)


def _general(site: Site) -> Section:
    # No context: who is none of the trunks reaches nothing.
    return section(
        "general",
        {
            "bindport": 4569,
            "delayreject": True,
            "autokill": True,
            "language": (asterisk_language(site.language), site.place("language")),
            "disallow": "all",
            "allow": "alaw,ulaw",
            "jitterbuffer": False,
        },
    )


def _peer(site: Site, trunk: Trunk) -> Section:
    (host, port), match = trunk.hosts[0], at(trunk, "match" if trunk.match else "host")
    options: dict[str, Value] = {
        "type": "friend",
        "host": (host, at(trunk, "host")),
        "port": (port, at(trunk, "port")),
        "username": (trunk.user, at(trunk, "user")),
        "secret": (secret_token(trunk.secret), at(trunk, "secret")),
        "auth": "md5",
        "requirecalltoken": True,
        "context": f"from-trunk-{trunk.name}",
        "encryption": (trunk.encryption, at(trunk, "encryption")),
        "forceencryption": (trunk.encryption, at(trunk, "encryption")),
        "trunk": (trunk.trunking, at(trunk, "trunking")),
        "transfer": False,
        "disallow": "all",
        "allow": (",".join(trunk.codecs), at(trunk, "codecs")),
        "language": language(site, trunk),
        "sendani": False,
    }
    # A name can't stand in a permit line: then the secret alone keeps others out.
    if sources := ",".join(trunk.match) or (host if _is_address(host) else ""):
        options |= {"deny": ("0.0.0.0/0.0.0.0", match), "permit": (sources, match)}
    if trunk.musicclass:
        options["mohinterpret"] = (trunk.musicclass, at(trunk, "musicclass"))
    if trunk.qualify:
        options |= {
            "qualify": (2000, at(trunk, "qualify")),
            "qualifyfreqok": (trunk.qualify * 1000, at(trunk, "qualify")),
        }
    return section(trunk.name, options, trunk.place("name"))


def _is_address(host: str) -> bool:
    return all(part.isdigit() for part in host.split("."))
