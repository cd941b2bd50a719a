"""T: trunks and their numbers."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from kelid.findings import Severity
from kelid.model.site import Site
from kelid.rules.registry import Fault, rule


@rule("T001")
def did_twice(site: Site) -> Iterator[Fault]:
    """A number rings in on one trunk, once."""
    first: dict[str, str] = {}
    for trunk in site.trunks:
        for index, did in enumerate(trunk.dids):
            before = first.setdefault(did, trunk.name)
            if before != trunk.name or did in trunk.dids[:index]:
                yield (
                    trunk.place(f"dids.{index}"),
                    f"the number {did} is named twice among the dids",
                    f"keep it at {before!r} alone",
                )
                break


@rule("T002")
def no_codec(site: Site) -> Iterator[Fault]:
    """A trunk needs a codec."""
    for trunk in site.trunks:
        if not trunk.codecs:
            yield trunk.place("codecs"), f"trunk {trunk.name!r} has no codec", "leave codecs out, or name one"


@rule("T003")
def secret_without_user(site: Site) -> Iterator[Fault]:
    """A trunk's password needs a user."""
    for trunk in site.trunks:
        if trunk.secret and not trunk.user:
            yield (
                trunk.place("secret"),
                f"trunk {trunk.name!r} has a secret and no user",
                "add the user, or leave the secret out",
            )


@rule("T004", Severity.WARNING)
def trunk_idle(site: Site) -> Iterator[Fault]:
    """A trunk is used by some route."""
    used = {route.trunk for route in site.inbound_routes}
    used |= {name for route in site.outbound_routes for name in route.trunks}
    for trunk in site.trunks:
        if trunk.name not in used:
            yield trunk.where, f"no route uses the trunk {trunk.name!r}", "add a route, or remove the trunk"


@rule("T005", Severity.WARNING)
def did_unanswered(site: Site) -> Iterator[Fault]:
    """Every number of a trunk leads somewhere."""
    taken = {(route.trunk, route.did) for route in site.inbound_routes}
    for trunk in site.trunks:
        for index, did in enumerate(trunk.dids):
            if (trunk.name, did) not in taken and did not in trunk.dids[:index]:
                text = f"calls to {did} go nowhere"
                yield (
                    trunk.place(f"dids.{index}"),
                    text,
                    "add an inbound route in routes.yml, or remove the number",
                )


CODECS = frozenset(
    {
        *(
            "adpcm",
            "alaw",
            "codec2",
            "g719",
            "g722",
            "g723",
            "g726",
            "g726aal2",
            "g729",
            "gsm",
            "ilbc",
            "lpc10",
        ),
        *("opus", "siren14", "siren7", "slin", "slin12", "slin16", "slin192", "slin24", "slin32", "slin44"),
        *("slin48", "slin96", "speex", "speex16", "speex32", "ulaw"),
    }
)
"""The sound formats of Asterisk 16 and newer (``core show codecs``)."""


@rule("T006")
def codec_unknown(site: Site) -> Iterator[Fault]:
    """A trunk's codec is one that Asterisk knows."""
    for trunk in site.trunks:
        for index, codec in enumerate(trunk.codecs):
            if codec not in CODECS:
                near = difflib.get_close_matches(codec, CODECS, 1, 0.6)
                fix = f"did you mean {near[0]}?" if near else "known are " + ", ".join(sorted(CODECS))
                yield trunk.place(f"codecs.{index}"), f"Asterisk has no codec {codec!r}", fix
