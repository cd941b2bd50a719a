"""T: trunks, gateways and cards, and their numbers."""

from __future__ import annotations

from collections.abc import Iterator

from kelid.findings import Severity
from kelid.model.meant import meant
from kelid.model.number_format import SHORT, incoming, outgoing, rewrite
from kelid.model.patterns import parse
from kelid.model.site import NumberIn, Site, Trunk
from kelid.rules.dids import example, numbers, taken
from kelid.rules.registry import Fault, rule

LARGEST_BLOCK = 10_000
"""Numbers of a block: a telephone company gives no more at once."""


@rule("T001")
def did_twice(site: Site) -> Iterator[Fault]:
    """A number rings in on one trunk, once."""
    seen: list[tuple[str, str, str]] = []
    for trunk in site.trunks:
        for first, last, index in trunk.blocks():
            before = next(
                (
                    (low, high, name)
                    for low, high, name in seen
                    if len(low) == len(first) and low <= last and first <= high
                ),
                None,
            )
            seen.append((first, last, trunk.name))
            if before:
                yield (
                    trunk.place(f"dids.{index}"),
                    f"the number {max(first, before[0])} is named twice among the dids",
                    f"keep it at {before[2]!r} alone",
                )


@rule("T002")
def no_codec(site: Site) -> Iterator[Fault]:
    """A trunk needs a codec."""
    for trunk in site.trunks:
        if not trunk.codecs and trunk.kind != "dahdi":
            yield trunk.place("codecs"), f"trunk {trunk.name!r} has no codec", "leave codecs out, or name one"


@rule("T003")
def secret_without_user(site: Site) -> Iterator[Fault]:
    """A trunk's password needs a user."""
    for trunk in site.trunks:
        if trunk.secret and not trunk.user and trunk.registration != "accept":
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
        if trunk.name not in used and not trunk.internal and not ("" in used and trunk.dids):
            yield trunk.where, f"no route uses the trunk {trunk.name!r}", "add a route, or remove the trunk"


@rule("T005", Severity.WARNING)
def did_unanswered(site: Site) -> Iterator[Fault]:
    """Every number of a trunk leads somewhere."""
    for trunk in site.trunks:
        takes = taken(site, trunk)
        for index in range(len(trunk.dids)):
            left = [number for number in numbers(trunk, index, LARGEST_BLOCK) if not takes(number)]
            if left:
                more = f", and to {len(left) - 1} more of the block" if len(left) > 1 else ""
                yield (
                    trunk.place(f"dids.{index}"),
                    f"calls to {left[0]} go nowhere{more}",
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
                near = meant(codec, CODECS)
                fix = f"did you mean {near}?" if near else "known are " + ", ".join(sorted(CODECS))
                yield trunk.place(f"codecs.{index}"), f"Asterisk has no codec {codec!r}", fix


@rule("T007")
def block_wrong(site: Site) -> Iterator[Fault]:
    """A block of numbers goes up, and its ends have as many digits."""
    for trunk in site.trunks:
        for first, last, index in trunk.blocks():
            if len(first) != len(last) or first > last:
                yield (
                    trunk.place(f"dids.{index}"),
                    f"{first}-{last} is no block of numbers",
                    "write both ends in full, the lower first",
                )
            elif int(last) - int(first) >= LARGEST_BLOCK:
                yield (
                    trunk.place(f"dids.{index}"),
                    f"the block {first}-{last} has more than {LARGEST_BLOCK} numbers",
                    "write the blocks that the telephone company gave",
                )


@rule("T014")
def one_address_read_in_two_ways(site: Site) -> Iterator[Fault]:
    """Trunks at one address are read alike: to Asterisk a call from there is any one's of them."""
    first: dict[str, Trunk] = {}
    for trunk in site.trunks:
        if trunk.kind != "sip" or trunk.registration == "accept":
            continue
        for source in trunk.match or [host for host, _ in trunk.hosts]:
            other = first.setdefault(source.lower(), trunk)
            if other is not trunk and _read(other) != _read(trunk):
                yield (
                    trunk.place("match" if trunk.match else "host"),
                    f"calls from {source} can be those of {other.name!r} or of {trunk.name!r}, which are read differently",
                    "give both the same did_in, caller_id_in, internal and permission_class, or other addresses",
                )


def _read(trunk: Trunk) -> tuple[object, ...]:
    return (trunk.did_in, trunk.caller_id_in, trunk.internal, trunk.permission_class)


def can_come(number: str, how: NumberIn, site: Site) -> bool:
    """Return True if some number that is sent becomes this one."""
    if how.format == "as_sent":
        forms = {number}
    else:
        forms = {
            rewrite(number, outgoing(form, site.dial))
            for form in ("as_dialled", "plus", "e164", "international", "national")
        }
    for form in forms:
        front = form.startswith(how.prepend)
        long_enough = not how.digits or len(form) - len(how.prepend) + how.strip == how.digits
        if front and long_enough and rewrite(form, incoming(how.format, site.dial)) == number:
            return True
    return False


@rule("T016")
def did_never_comes(site: Site) -> Iterator[Fault]:
    """A trunk's numbers are written as ``did_in`` makes them of what is sent."""
    for trunk in site.trunks:
        for first, _, index in trunk.blocks():
            if not can_come(first, trunk.did_in, site):
                yield (
                    trunk.place(f"dids.{index}"),
                    f"trunk {trunk.name!r} never brings a call to {first}: did_in makes other numbers of what is sent",
                    "write the number as did_in leaves it, or change did_in",
                )


@rule("T017")
def own_number_without_area(site: Site) -> Iterator[Fault]:
    """A trunk's own number can be written as the trunk shows numbers."""
    for trunk in site.trunks:
        form = trunk.caller_id_format
        if not trunk.caller_id or form in {"as_written", "national"}:
            continue
        front = {"plus": "+", "e164": site.dial.country_code, "international": site.dial.international_prefix}
        shown = rewrite(trunk.caller_id, outgoing(form, site.dial))
        if not shown.startswith(front[form]):
            yield (
                trunk.place("caller_id"),
                f"{trunk.caller_id} can't be shown in the format {form}: its area is not known",
                f"write it with the trunk prefix and area code: {site.dial.trunk_prefix}{site.dial.area_code}...",
            )


@rule("T018", Severity.WARNING)
def sent_without_area(site: Site) -> Iterator[Fault]:
    """What a route sends to a trunk can be written in the trunk's format."""
    trunks = {trunk.name: trunk for trunk in site.trunks}
    for route in site.outbound_routes:
        if route.kind in {"emergency", "internal"}:
            continue
        for item in route.patterns:
            try:
                number = item.prepend + example(parse(item.match))[item.strip :]
            except ValueError:
                continue
            for name in route.trunks:
                trunk = trunks.get(name)
                form = trunk.number_out.format if trunk else "as_dialled"
                if form in {"as_dialled", "national"} or len(number) <= SHORT or number.startswith("+"):
                    continue
                sent = rewrite(number, outgoing(form, site.dial))
                if sent == number and not (
                    form == "international" and number.startswith(site.dial.international_prefix)
                ):
                    yield (
                        item.place("match"),
                        f"route {route.name!r}: {name!r} wants numbers in the format {form}, and {item.match!r} sends "
                        "them without an area code",
                        f"prepend {site.dial.trunk_prefix}{site.dial.area_code}",
                    )
