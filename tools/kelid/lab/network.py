"""One bridge for each lab, and network namespaces on it. No lab has a way out; labs don't see one another."""

from __future__ import annotations

import hashlib
import ipaddress

from kelid.lab.errors import LabError
from kelid.lab.processes import ip_json, run

_POOL = ipaddress.IPv4Network("10.213.0.0/16")


def short_name(lab: str) -> str:
    """Return the name of a lab's bridge, which is also how all of its interfaces and namespaces begin.

    An interface's name has at most 15 characters, so it comes from a digest of the lab's name.
    """
    return "kl" + hashlib.sha256(lab.encode()).hexdigest()[:8]


def mac_of(address: str) -> str:
    """Return the MAC address of an IPv4 address: always the same, so no neighbour's table is ever stale."""
    return "02:4b:" + ":".join(f"{byte:02x}" for byte in ipaddress.ip_address(address).packed)


def free_subnet(lab: str) -> str:
    """Return a /24 that no route or address of this machine touches. Raise LabError if none is left."""
    taken: list[ipaddress.IPv4Network] = []
    for route in ip_json("-4", "route", "show", "table", "all"):
        destination = str(route.get("dst", "default"))
        if destination != "default":
            taken.append(ipaddress.IPv4Network(destination, strict=False))
    choices = list(_POOL.subnets(new_prefix=24))
    start = int(hashlib.sha256(lab.encode()).hexdigest(), 16) % len(choices)
    for choice in choices[start:] + choices[:start]:
        if not any(choice.overlaps(other) for other in taken):
            return str(choice)
    raise LabError(f"no free network is left in {_POOL}; take a lab down")


def address_in(subnet: str, number: int) -> str:
    """Return the address of that number in a lab's network; 1 is the machine itself."""
    return str(ipaddress.ip_network(subnet)[number])


def make_bridge(lab: str, subnet: str) -> None:
    """Make the lab's bridge, with this machine at address 1, unless it is there."""
    name = short_name(lab)
    if not ip_json("link", "show", name):
        run(["ip", "link", "add", name, "address", mac_of(address_in(subnet, 1)), "type", "bridge"])
    run(["ip", "address", "replace", f"{address_in(subnet, 1)}/24", "dev", name])
    run(["ip", "link", "set", name, "up"])


def namespace_name(lab: str, address: str) -> str:
    """Return the name of the network namespace that has the address, and of its interface on the bridge."""
    return f"{short_name(lab)}-{address.rsplit('.', 1)[1]}"


def make_namespace(lab: str, address: str) -> str:
    """Make a network namespace with the address on its ``eth0``, joined to the lab's bridge, and return its name."""
    name = namespace_name(lab, address)
    inner = name + "i"
    run(["ip", "netns", "add", name])
    run(["ip", "link", "add", name, "type", "veth", "peer", "name", inner])
    run(["ip", "link", "set", inner, "address", mac_of(address), "netns", name, "name", "eth0"])
    run(["ip", "link", "set", name, "master", short_name(lab), "up"])
    run(["ip", "-n", name, "link", "set", "lo", "up"])
    run(["ip", "-n", name, "address", "add", f"{address}/24", "dev", "eth0"])
    run(["ip", "-n", name, "link", "set", "eth0", "up"])
    return name


def remove_namespace(name: str) -> None:
    """Remove a namespace and its interface; each may be missing."""
    run(["ip", "link", "delete", name], check=False)
    run(["ip", "netns", "delete", name], check=False)


def leftovers(lab: str) -> tuple[list[str], list[str]]:
    """Return the lab's namespaces and its interfaces that exist now (the bridge among them)."""
    prefix = short_name(lab)
    own = (prefix, prefix + "-")
    namespaces = [str(one.get("name", "")) for one in ip_json("netns", "list")]
    links = [str(one.get("ifname", "")) for one in ip_json("link", "show")]
    return (
        [name for name in namespaces if name.startswith(own[1])],
        [name for name in links if name == own[0] or name.startswith(own[1])],
    )


def remove_all(lab: str) -> None:
    """Remove every namespace and interface that carries the lab's name."""
    namespaces, links = leftovers(lab)
    for name in namespaces:
        remove_namespace(name)
    for name in links:
        run(["ip", "link", "delete", name], check=False)
