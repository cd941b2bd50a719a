"""T: trunks, gateways and cards, and their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kelid.findings import Severity, Where
from kelid.model.meant import instead
from kelid.model.site import Gateway, Site, Trunk
from kelid.rules.dids import has
from kelid.rules.registry import Fault, rule, secret_rule

_SIP = frozenset(
    {
        "backup_hosts", "registration", "auth_user", "registration_expiration", "registration_retry", "transport",
        "outbound_proxy", "from_user", "from_domain", "contact_user", "media_encryption", "media_encryption_optimistic",
        "trust_caller_id", "send_pai", "send_rpid", "dtmf_mode", "timers", "timers_sess_expires", "t38",
    }
)  # fmt: skip
_IAX2 = frozenset({"encryption", "trunking"})
_NETWORK = frozenset({"host", "port", "match", "user", "secret", "codecs", "qualify"})

KEYS: dict[str, frozenset[str]] = {
    "sip": _SIP | _NETWORK,
    "iax2": _IAX2 | _NETWORK,
    "dahdi": frozenset({"dahdi"}),
}
"""Kind of trunk -> the keys that have a meaning with it and not with every kind."""


@rule("T008")
def key_of_another_kind(site: Site) -> Iterator[Fault]:
    """A trunk has the keys of its kind alone."""
    others = frozenset().union(*KEYS.values())
    for trunk in site.trunks:
        for key in sorted((others - KEYS[trunk.kind]).intersection(trunk.places)):
            kinds = " or ".join(kind for kind, keys in KEYS.items() if key in keys)
            text = f"trunk {trunk.name!r}: {key} means nothing with kind: {trunk.kind}"
            yield trunk.place(key), text, f"remove it; it is for kind: {kinds}"


@rule("T009")
def key_missing(site: Site) -> Iterator[Fault]:
    """A trunk has what its kind needs."""
    for trunk in site.trunks:
        missing = ""
        if trunk.kind == "dahdi":
            card = trunk.dahdi
            missing = "" if card and (card.spans or card.lines) else "dahdi: with spans or lines"
        elif not trunk.host and not (trunk.kind == "sip" and trunk.registration == "accept"):
            missing = "host"
        elif trunk.kind == "iax2" and not trunk.user:
            missing = "user: the name that the other side has for this one"
        if missing:
            yield trunk.where, f"trunk {trunk.name!r} needs {missing}", "add it"


@rule("T010")
def registration_impossible(site: Site) -> Iterator[Fault]:
    """Who registers where can be told from a trunk's keys."""
    for trunk in site.trunks:
        if trunk.kind != "sip":
            continue
        if trunk.registration == "send" and not trunk.user:
            text = f"trunk {trunk.name!r} is to register and has no user"
            yield trunk.place("registration"), text, "add the user, or write registration: none"
        elif trunk.registration == "accept" and (trunk.host or trunk.backup_hosts):
            text = f"trunk {trunk.name!r} has a host, and the other side is to register here"
            yield trunk.place("registration"), text, "leave the hosts out, or write registration: none"
        elif trunk.registration == "accept" and trunk.user and trunk.user != trunk.name:
            text = f"the other side of {trunk.name!r} registers here with the trunk's name, not as {trunk.user!r}"
            yield trunk.place("user"), text, "leave the user out"


@rule("T011")
def transport_missing(site: Site) -> Iterator[Fault]:
    """A trunk's transport is one of the site's."""
    known = {transport.protocol for transport in site.transports} or {"udp"}
    for trunk in site.trunks:
        if trunk.kind == "sip" and trunk.transport not in known:
            text = f"trunk {trunk.name!r} goes by {trunk.transport}, and site.yml has no such transport"
            yield trunk.place("transport"), text, f"add it to transports; there is {', '.join(sorted(known))}"


@rule("T012", Severity.WARNING)
def keys_in_clear(site: Site) -> Iterator[Fault]:
    """Encrypted sound has keys that nobody can read on the way."""
    for trunk in site.trunks:
        if trunk.media_encryption == "sdes" and trunk.transport != "tls":
            text = f"trunk {trunk.name!r} sends the keys of its encrypted sound in clear"
            yield trunk.place("media_encryption"), text, "use transport: tls"


@rule("T013", Severity.WARNING)
def backup_never_used(site: Site) -> Iterator[Fault]:
    """A trunk with several hosts asks whether they answer."""
    for trunk in site.trunks:
        if trunk.backup_hosts and not trunk.qualify:
            text = f"trunk {trunk.name!r} never notices that its first host is gone: qualify is 0"
            yield trunk.place("qualify"), text, "leave qualify out, or give it some seconds"


@rule("T015")
def internal_without_being(site: Site) -> Iterator[Fault]:
    """Only a trunk to one of the client's own PBXs has a site, or a class that pays for its calls."""
    for trunk in site.trunks:
        for key in ("site", "permission_class"):
            if getattr(trunk, key) and not trunk.internal:
                text = f"trunk {trunk.name!r} has a {key}, and isn't internal"
                yield trunk.place(key), text, "add internal: true, if the other side is a PBX of the client's"
    known = {item.name for item in site.permission_classes}
    for trunk in site.trunks:
        if trunk.internal and trunk.permission_class and trunk.permission_class not in known:
            text = f"trunk {trunk.name!r}: there is no permission class {trunk.permission_class!r}"
            yield (
                trunk.place("permission_class"),
                text,
                instead(trunk.permission_class, sorted(known), "routes.yml"),
            )


@rule("T019", Severity.WARNING)
def public_and_internal(site: Site) -> Iterator[Fault]:
    """An internal trunk leads to a PBX of the client's, whose phones dial extensions: no public numbers come by it."""
    for trunk in site.trunks:
        if trunk.internal and trunk.dids:
            text = f"trunk {trunk.name!r} is internal and has dids: who calls by it dials extensions, and out by its class"
            fix = "take internal out if a telephone company is at its other end; else take the dids out"
            yield trunk.place("internal"), text, fix


@rule("T020")
def card_used_twice(site: Site) -> Iterator[Fault]:
    """A channel of a card, and a group, belong to one trunk."""
    groups: dict[int, str] = {}
    channels: dict[int, str] = {}
    for trunk in site.trunks:
        card = trunk.dahdi
        if trunk.kind != "dahdi" or card is None:
            continue
        if groups.setdefault(card.group, trunk.name) != trunk.name:
            text = f"the group {card.group} is that of {groups[card.group]!r}"
            yield card.place("group"), text, "give this trunk another"
        taken: list[tuple[int, Where]] = []
        for span in card.spans:
            taken += [(number, span.place("span")) for number in range(span.first, span.first + 31)]
        taken += [(line.channel, line.place("channel")) for line in card.lines]
        faults: dict[Where, tuple[int, str]] = {}
        for number, where in taken:
            before = channels.setdefault(number, f"{trunk.name}:{where}")
            if before != f"{trunk.name}:{where}":
                faults.setdefault(where, (number, before.partition(":")[0]))
        for where, (number, name) in faults.items():
            yield (
                where,
                f"the channel {number} of the card is taken already, in {name!r}",
                "look at the card's numbers",
            )


@rule("T021")
def line_of_nobody(site: Site) -> Iterator[Fault]:
    """The number of an analog line is among its trunk's."""
    for trunk in site.trunks:
        for line in trunk.dahdi.lines if trunk.dahdi else ():
            if line.number and not has(trunk, line.number):
                text = f"the line {line.number} is not among the dids of {trunk.name!r}"
                yield line.place("number"), text, "add it to dids, or correct it"


def _of(site: Site, gateway: Gateway) -> Trunk | None:
    return next((trunk for trunk in site.trunks if trunk.name == gateway.trunk), None)


@rule("T030")
def gateway_without_trunk(site: Site) -> Iterator[Fault]:
    """A gateway is the other end of a SIP trunk."""
    for gateway in site.gateways:
        trunk = _of(site, gateway)
        if trunk is None or trunk.kind != "sip":
            names = ", ".join(item.name for item in site.trunks if item.kind == "sip") or "none"
            text = f"gateway {gateway.name!r}: there is no SIP trunk {gateway.trunk!r}"
            yield gateway.place("trunk"), text, f"SIP trunks are {names}"


@rule("T031")
def gateway_elsewhere(site: Site) -> Iterator[Fault]:
    """A gateway's address is one that its trunk takes calls from."""
    for gateway in site.gateways:
        trunk = _of(site, gateway)
        if trunk is None or trunk.kind != "sip" or (trunk.registration == "accept" and not trunk.match):
            continue
        sources = trunk.match or tuple(host for host, _ in trunk.hosts)
        if not any(_lies_in(gateway.address, source) for source in sources):
            text = f"gateway {gateway.name!r} has the address {gateway.address}, and its trunk takes calls from others"
            yield gateway.place("address"), text, f"they are {', '.join(sources)}"


def _lies_in(address: str, source: str) -> bool:
    """Return True if a host or an IPv4 address is the source, or in the network that the source is."""
    if address.lower() == source.lower():
        return True
    network, slash, bits = source.partition("/")
    parts = [part.split(".") for part in (address, network)]
    if not slash or any(len(part) != 4 or not all(item.isdigit() for item in part) for part in parts):
        return False
    values = [
        sum(int(item) << shift for item, shift in zip(part, (24, 16, 8, 0), strict=True)) for part in parts
    ]
    return values[0] >> (32 - int(bits)) == values[1] >> (32 - int(bits))


@rule("T032")
def gateway_twice(site: Site) -> Iterator[Fault]:
    """A port of a gateway, and a MAC address, is there once."""
    macs: dict[str, str] = {}
    for gateway in site.gateways:
        mac = gateway.mac.lower()
        if mac and macs.setdefault(mac, gateway.name) != gateway.name:
            yield (
                gateway.place("mac"),
                f"{gateway.mac} is the MAC address of {macs[mac]!r}",
                "read it again on the device",
            )
        seen: set[int] = set()
        for port in gateway.ports:
            if port.port in seen:
                text = f"gateway {gateway.name!r} has the port {port.port} twice"
                yield port.place("port"), text, "give each port its own number"
            seen.add(port.port)


@rule("T033")
def port_of_nobody(site: Site) -> Iterator[Fault]:
    """The number at a gateway's port is the trunk's, or at a port for telephones an extension's."""
    extensions = {extension.number for extension in site.extensions}
    for gateway in site.gateways:
        trunk = _of(site, gateway)
        for port in gateway.ports:
            if not port.number or trunk is None:
                continue
            if port.kind == "fxs":
                if port.number not in extensions:
                    text = f"port {port.port} of {gateway.name!r} is for extension {port.number}, which isn't there"
                    yield port.place("number"), text, "add it to extensions.yml, or correct it"
            elif not has(trunk, port.number):
                text = f"the line {port.number} at {gateway.name!r} is not among the dids of {trunk.name!r}"
                yield port.place("number"), text, "add it to dids, or correct it"


LINES = {"fxo": 1, "gsm": 1, "e1": 30, "fxs": 0}
"""Kind of port -> how many calls it can carry to and from outside."""


@rule("T034", Severity.WARNING)
def more_calls_than_lines(site: Site) -> Iterator[Fault]:
    """A trunk to a gateway lets through no more calls than there are lines."""
    for trunk in site.trunks:
        gateways = [gateway for gateway in site.gateways if gateway.trunk == trunk.name]
        lines = sum(LINES[port.kind] for gateway in gateways for port in gateway.ports)
        if gateways and trunk.max_channels > lines:
            text = f"trunk {trunk.name!r} lets {trunk.max_channels} calls through, and its gateways have {lines} lines"
            yield trunk.place("max_channels"), text, f"write {lines}"


@secret_rule("T035")
def secret_with_semicolon(site: Site, secrets: Mapping[str, str]) -> Iterator[Fault]:
    """The secret of an IAX2 trunk has no semicolon: Asterisk would take each part of it for a secret."""
    for trunk in site.trunks:
        if trunk.kind == "iax2" and ";" in secrets.get(trunk.secret, ""):
            where = site.secret_names.get(trunk.secret, trunk.place("secret"))
            yield (
                where,
                f"the secret {trunk.secret!r} has a semicolon, and IAX2 would take each part",
                "make another",
            )
