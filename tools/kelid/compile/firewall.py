"""What may reach the server: nftables' rules, when strangers are banned, and who never is.

Three list files, which the server's agent puts in force once the server was hardened (role pbx_hardening): ``firewall.list``
is what ``nft -f`` takes, ``bans.list`` a jail of fail2ban, ``trusted.list`` an address a line.

Who is known comes first: a ban can't reach the control node, a trunk or a network of phones, whatever fail2ban thinks of
it. Only the chain is emptied before it is filled, so bans outlive a change of the rules, and ``nft`` takes all of it or
nothing. (``flush table`` beside a set makes the nft of Debian 11 crash.)
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from kelid.findings import NOWHERE, Where
from kelid.model.networks import is_network, phone_networks
from kelid.model.pbx import LIST_SUFFIX, ListFile, ListLine
from kelid.model.site import Firewall, Placed, Site, Trunk

RULES = f"firewall{LIST_SUFFIX}"
BANS = f"bans{LIST_SUFFIX}"
TRUSTED = f"trusted{LIST_SUFFIX}"
"""The agent knows all three by these names (roles/pbx_install/files/agent/firewall.py)."""

TABLE = "inet kelid"
JAIL = "kelid-asterisk"
"""What fail2ban calls the jail, and its filter (role pbx_hardening)."""
SECURITY_LOG = "/var/log/asterisk/security.log"
"""Where Asterisk writes its security events by logger.conf (compile/system.py), in Debian's folder of logs."""

_IAX2 = 4569
_UDPTL = "4000-4999"
"""Ports of faxes over IP (udptl.conf)."""

Rule = tuple[str, Where]


def lists(site: Site) -> tuple[ListFile, ...]:
    """Return the list files, none where the site says nothing of a firewall."""
    if site.firewall is None:
        return ()
    return (
        ListFile(RULES, _lines(_rules(site, site.firewall))),
        ListFile(BANS, _lines(_bans(site.firewall))),
        ListFile(TRUSTED, _lines(_trusted(site, site.firewall))),
    )


def _lines(rules: Iterator[Rule]) -> tuple[ListLine, ...]:
    return tuple(ListLine(text, where) for text, where in rules)


# --- who is known ------------------------------------------------------------------------------------


def _written(thing: Placed, key: str, texts: tuple[str, ...]) -> Iterator[Rule]:
    yield from ((text, thing.place(f"{key}.{index}")) for index, text in enumerate(texts))


def _of_trunk(trunk: Trunk) -> Iterator[Rule]:
    """Yield the addresses, networks and names that a trunk's packets come from."""
    if trunk.host:
        yield trunk.host, trunk.place("host")
    yield from ((other.host, other.place("host")) for other in trunk.backup_hosts)
    yield from _written(trunk, "match", trunk.match)
    if trunk.outbound_proxy:
        yield trunk.outbound_proxy.partition(":")[0], trunk.place("outbound_proxy")


def _door(site: Site, trunk: Trunk) -> str:
    """Return the protocol and port at which a trunk's packets come in: ``udp dport 5060``; "" where there is none."""
    if trunk.kind == "iax2":
        return f"udp dport {_IAX2}"
    return next(
        (_dport(item.protocol, item.port) for item in site.transports if item.protocol == trunk.transport), ""
    )


def _dport(protocol: str, port: int) -> str:
    return f"{'udp' if protocol == 'udp' else 'tcp'} dport {port}"


def _lines_outside(site: Site) -> Iterator[tuple[str, Trunk, Rule]]:
    """Yield each source of each trunk that comes by network: the door, the trunk, the source. Each pair once."""
    seen = set()
    for trunk in site.trunks:
        door = _door(site, trunk) if trunk.kind != "dahdi" else ""
        for source in _of_trunk(trunk) if door else ():
            if (door, source[0]) not in seen:
                seen.add((door, source[0]))
                yield door, trunk, source


def _trusted(site: Site, wall: Firewall) -> Iterator[Rule]:
    """Yield who is never banned, each once: addresses, networks, and names, which fail2ban looks up."""
    found: dict[str, Where] = {"127.0.0.0/8": NOWHERE, "::1": NOWHERE}
    rows = [
        *_written(wall, "ssh_from", wall.ssh_from),
        *((server.address, server.place("address")) for _, server in site.servers.each()),
        *(source for _, _, source in _lines_outside(site)),
        *phone_networks(site),
    ]
    for text, where in rows:
        found.setdefault(text, where)
    yield from found.items()


# --- the rules ---------------------------------------------------------------------------------------


def _rules(site: Site, wall: Firewall) -> Iterator[Rule]:
    top = wall.where
    yield (
        "# Made by kelid; what isn't accepted here is dropped. Bans and looked-up names are kept over a change.",
        NOWHERE,
    )
    names = sorted(
        {f"{_names_of(trunk)} {text}" for _, trunk, (text, _) in _lines_outside(site) if not is_network(text)}
    )
    yield from ((f"# name {text}", NOWHERE) for text in names)
    yield f"table {TABLE} {{", top
    for kept in ("banned", *sorted({name.partition(" ")[0] for name in names})):
        yield f"set {kept}4 {{ type ipv4_addr; {'flags timeout; ' if kept == 'banned' else ''}}}", top
        yield f"set {kept}6 {{ type ipv6_addr; {'flags timeout; ' if kept == 'banned' else ''}}}", top
    if wall.remote_phones:
        for number in (4, 6):
            kind = f"type ipv{number}_addr; size 65535; flags dynamic,timeout; timeout 1m;"
            yield f"set strangers{number} {{ {kind} }}", wall.place("remote_phones")
    yield "chain input { type filter hook input priority 0; policy drop; }", top
    yield "}", top
    yield f"flush chain {TABLE} input", top
    yield f"table {TABLE} {{", top
    yield "chain input {", top
    yield 'iifname "lo" accept', top
    yield "ct state invalid drop", top
    yield from _known(site, wall)
    yield "ip saddr @banned4 drop", wall.place("bans")
    yield "ip6 saddr @banned6 drop", wall.place("bans")
    yield "# What answers this server.", NOWHERE
    yield "ct state established,related ct direction reply accept", top
    yield "icmp type { echo-request, destination-unreachable, time-exceeded, parameter-problem } accept", top
    # ICMPv6, by its number (a small Debian knows no names of protocols): without neighbours there is no IPv6 (RFC 4890).
    yield "meta l4proto 58 accept", top
    yield "udp sport 67 udp dport 68 accept", top
    yield "udp sport 547 udp dport 546 accept", top
    if wall.remote_phones:
        yield from _strangers(site, wall)
    yield "ct state established,related accept", top
    if wall.remote_phones or _sound_from_outside(site):
        yield from (
            (f"{sound} accept", site.rtp.where if site.rtp.where.file else top) for sound in _sound(site)
        )
    yield "}", top
    yield "}", top


def _names_of(trunk: Trunk) -> str:
    """Return the set that holds what a trunk's names were looked up as."""
    return "iax_names" if trunk.kind == "iax2" else f"sip_{trunk.transport}_names"


def _from(source: str) -> str:
    """Return how a rule says where a packet comes from."""
    return f"{'ip6' if ':' in source else 'ip'} saddr {source}"


def _known(site: Site, wall: Firewall) -> Iterator[Rule]:
    """Yield the rules of those who are known, and whom no ban holds out."""
    ports = sorted({server.port for _, server in site.servers.each()})
    yield "# The control node and administrators.", NOWHERE
    for source, where in _written(wall, "ssh_from", wall.ssh_from):
        yield f"{_from(source)} tcp dport {_set(ports)} accept", where
        yield f"{_from(source)} ct state established,related accept", where
    yield from _trunks(site)
    if phones := list(phone_networks(site)):
        yield "# Phones.", NOWHERE
        for source, where in phones:
            for door in (*_doors(site), *_sound(site)):
                yield f"{_from(source)} {door} accept", where
            yield f"{_from(source)} ct state established,related accept", where
    if wall.allow:
        yield "# What else may be reached.", NOWHERE
        for opening in wall.allow:
            for source, where in _written(opening, "from", opening.sources):
                yield f"{_from(source)} {opening.protocol} dport {opening.port} accept", where


def _trunks(site: Site) -> Iterator[Rule]:
    rows = list(_lines_outside(site))
    if not rows:
        return
    yield "# Trunks.", NOWHERE
    seen = set()
    for door, trunk, (source, where) in rows:
        if is_network(source):
            froms = [_from(source)]
        else:
            kept = _names_of(trunk)
            froms = [f"ip saddr @{kept}4", f"ip6 saddr @{kept}6"]
        for come in froms:
            if (come, door) in seen:  # another name of the same set
                continue
            seen.add((come, door))
            yield f"{come} {door} accept", where
            if trunk.kind == "sip":
                yield from ((f"{come} {sound} accept", where) for sound in _sound(site))
            yield f"{come} ct state established,related accept", where


def _doors(site: Site) -> list[str]:
    """Return protocol and ports of the transports: ``udp dport 5060``, ``tcp dport { 5061, 8089 }``."""
    found = []
    for protocol in ("udp", "tcp"):
        ports = sorted(
            {item.port for item in site.transports if (item.protocol == "udp") == (protocol == "udp")}
        )
        if ports:
            found.append(f"{protocol} dport {_set(ports)}")
    return found


def _set(ports: list[int]) -> str:
    return str(ports[0]) if len(ports) == 1 else f"{{ {', '.join(map(str, ports))} }}"


def _sound(site: Site) -> list[str]:
    """Return the ports of sound, and those of faxes over IP where any are sent so."""
    faxes = any(trunk.t38 for trunk in site.trunks) or any(
        device.t38_udptl for extension in site.extensions for device in extension.devices
    )
    ranges = [f"{site.rtp.start}-{site.rtp.end}", *((_UDPTL,) if faxes else ())]
    return [f"udp dport {ranges[0]}" if len(ranges) == 1 else f"udp dport {{ {', '.join(sorted(ranges))} }}"]


def _sound_from_outside(site: Site) -> bool:
    """Return True if a telephone company's sound may come from any address: SDP alone says which, call by call."""
    inside = [ipaddress.ip_network(text) for text, _ in phone_networks(site)]

    def within(text: str) -> bool:
        if not is_network(text):
            return False
        found = ipaddress.ip_network(text)
        return any(found.version == one.version and found.subnet_of(one) for one in inside)  # type: ignore[arg-type]

    return any(
        not within(text)
        for trunk in site.trunks
        if trunk.kind == "sip" and not any(box.trunk == trunk.name for box in site.gateways)
        for text, _ in _of_trunk(trunk)
    )


def _strangers(site: Site, wall: Firewall) -> Iterator[Rule]:
    """Yield what lets phones in from anywhere, each address at its rate: of packets with UDP, else of connections."""
    where, rate = wall.place("remote_phones"), wall.place("remote_rate")
    over = f"limit rate over {wall.remote_rate}/second burst {2 * wall.remote_rate} packets"
    yield "# Phones that come from anywhere.", NOWHERE
    for door in _doors(site):
        new = "" if door.startswith("udp") else "ct state new "
        for family, number in (("ip", 4), ("ip6", 6)):
            yield f"{door} {new}update @strangers{number} {{ {family} saddr {over} }} drop", rate
        yield f"{door} {new}accept", where


# --- bans --------------------------------------------------------------------------------------------


def _bans(wall: Firewall) -> Iterator[Rule]:
    bans = wall.bans
    rows = {
        "enabled": ("true", NOWHERE),
        "filter": (JAIL, NOWHERE),
        "banaction": ("kelid", NOWHERE),
        "logpath": (SECURITY_LOG, NOWHERE),
        "backend": ("auto", NOWHERE),
        "usedns": ("no", NOWHERE),
        "maxretry": (str(bans.maxretry), bans.place("maxretry")),
        "findtime": (str(bans.findtime), bans.place("findtime")),
        "bantime": (str(bans.bantime), bans.place("bantime")),
    }
    yield "# Made by kelid: strangers who guess names and passwords of phones.", NOWHERE
    yield f"[{JAIL}]", wall.place("bans")
    yield from ((f"{key} = {value}", where) for key, (value, where) in rows.items())
    # ssh takes keys only, from ssh_from only, and nobody there is to be held out.
    yield "[sshd]", wall.place("ssh_from")
    yield "enabled = false", wall.place("ssh_from")
