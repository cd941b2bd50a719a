"""Faults of a release that Asterisk passes over without a word; they are found by counting what was loaded."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .adapt import HARDWARE, host_of, is_address
from .conf import Line, Section, resolved
from .disk import rows_of
from .faults import fault
from .refusal import Refusal
from .tables import parse_classes, parse_listeners, parse_modules, parse_objects, parse_peers
from .tools import run

PJSIP_FILES = ("pjsip.conf", "pjsip_transport.conf")
SHOWN = {
    "auth": ("auths", "Auth"),
    "aor": ("aors", "Aor"),
    "transport": ("transports", "Transport"),
    "identify": ("identifies", "Identify"),
}
"""Type of an object -> what lists them, and how their lines begin."""
ASKED = (
    "core show applications",
    "core show functions",
    "dialplan show",
    "iax2 show peers",
    "module show",
    "moh show classes",
    *(f"pjsip show {many}" for many, _ in SHOWN.values()),
)
"""What is asked of the command line; its answers are ``told`` below."""
CONTEXTS_NAMED = {
    "pjsip.conf": ("context", "message_context", "subscribe_context"),
    "iax.conf": ("context",),
    "queues.conf": ("context",),
    "voicemail.conf": ("exitcontext", "dialout", "callback"),
}
"""Files -> the options that name a context of the dial plan."""
LISTENS = {
    "pjsip.conf": ("bind",),
    "pjsip_transport.conf": ("bind",),
    "iax.conf": ("bindaddr",),
    "http.conf": ("bindaddr", "tlsbindaddr"),
}
"""Files -> the options that say on which address something listens."""
MAILBOX_PARTS = 5
"""What stands in a mailbox's line: PIN, name, address, pager, options."""

PJSIP_TYPES = frozenset(
    [
        "acl",
        "aor",
        "asterisk-publication",
        "auth",
        "contact",
        "domain_alias",
        "endpoint",
        "global",
        "identify",
        "inbound-publication",
        "outbound-publish",
        "phoneprov",
        "registration",
        "resource_list",
        "subscription_persistence",
        "system",
        "transport",
        "geolocation",
    ]
)


def missing(tree: Path, expect: Mapping[str, Any], seen: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what the manifest expects and Asterisk didn't load, without a word."""
    files = {
        "contexts": "extensions.conf",
        "endpoints": "pjsip.conf",
        "queues": "queues.conf",
        "mailboxes": "voicemail.conf",
        "registrations": "pjsip.conf",
    }
    for kind, file in files.items():
        for name in sorted(set(expect.get(kind, ())) - set(seen.get(kind, ()))):
            word = "mailbox" if kind == "mailboxes" else kind[:-1]
            head = name.split("@")[0] if kind == "mailboxes" else name
            line = next(
                (
                    n
                    for n, row in enumerate(rows_of(tree / file), 1)
                    if re.match(rf"\[{re.escape(head)}\]|{re.escape(head)}\s*=", row)
                ),
                0,
            )
            yield fault(file, line, word, name, f"{word} {name} did not load, and Asterisk says nothing of it")


def read(tree: Path, *names: str) -> list[tuple[str, Section, dict[str, list[Line]]]]:
    """Return the sections of these files, as far as they are there, with the file of each and its options by key."""
    return [
        (name, section, options)
        for name in names
        if (tree / name).is_file()
        for section, options in resolved((tree / name).read_text(errors="replace"))
    ]


def last(options: Mapping[str, list[Line]], key: str) -> str:
    """Return the value that counts of an option; "" without one."""
    return options[key][-1].value if options.get(key) else ""


def named(options: Mapping[str, list[Line]], *keys: str) -> Iterator[tuple[Line, str]]:
    """Yield the names in options that hold a list of them, each with its line."""
    for key in keys:
        for line in options.get(key, ()):
            for name in line.value.split(","):
                if name.strip():
                    yield line, name.strip()


def objects(tree: Path, told: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield SIP objects of an unknown type, those that vanished, and what endpoints name and isn't there.

    A type that nobody knows, or an endpoint without a password, is nothing to Asterisk.
    """
    found = read(tree, *PJSIP_FILES)
    if not found:
        return
    loaded = {kind: parse_objects(told[f"pjsip show {many}"], word) for kind, (many, word) in SHOWN.items()}
    guarded = {
        last(options, "endpoint") for _, _, options in found if last(options, "type") in ("identify", "registration")
    }
    for file, section, options in found:
        kind = last(options, "type")
        if kind and kind not in PJSIP_TYPES:
            yield fault(file, options["type"][-1].number, kind, section.name, f"no object type is called {kind}")
        elif kind in loaded and section.name not in loaded[kind]:
            what = f"{kind} {section.name} did not load, and Asterisk says nothing of it"
            yield fault(file, section.number, kind, section.name, what)
        if kind != "endpoint":
            continue
        for keys, other in ((("auth", "outbound_auth"), "auth"), (("aors",), "aor"), (("transport",), "transport")):
            for line, name in named(options, *keys):
                if name not in loaded[other]:
                    what = f"endpoint {section.name} names {other} {name}, which isn't there"
                    yield fault(file, line.number, kind, section.name, what)
        if not options.get("auth") and section.name != "anonymous" and section.name not in guarded:
            what = f"endpoint {section.name} has no auth and no identify: nobody proves who calls with its name"
            yield fault(file, section.number, kind, section.name, what)


def contexts(tree: Path, told: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield contexts that objects name and that aren't there: of phones, trunks, queues, and mailboxes."""
    there = set(re.findall(r"^\[ Context '(.*?)' created", told["dialplan show"], re.MULTILINE))
    for file, keys in CONTEXTS_NAMED.items():
        for _, section, options in read(tree, file):
            for key in keys:
                for line in options.get(key, ()):
                    if line.value and line.value not in there:
                        what = f"{section.name} names context {line.value}, which doesn't exist"
                        yield fault(file, line.number, key, section.name, what)


def queues(tree: Path, members: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield members of queues.conf that their queue hasn't got."""
    there = {(item["queue"], item["interface"]) for item in members}
    for file, section, options in read(tree, "queues.conf"):
        for line in options.get("member", ()):
            interface = line.value.split(",")[0].strip()
            if (section.name, interface) not in there:
                what = f"queue {section.name} has no member {interface}, and Asterisk says nothing of it"
                yield fault(file, line.number, "member", section.name, what)


def mailboxes(tree: Path, modules: Path) -> Iterator[dict[str, Any]]:
    """Yield options of voicemail.conf that the module doesn't know, and mailboxes that are written in a way it passes over.

    The module has the name of each option in its file; a name that isn't there is none.
    """
    try:
        binary = (modules / "app_voicemail.so").read_bytes()
    except OSError:
        return
    for file, section, options in read(tree, "voicemail.conf"):
        if section.name == "zonemessages":
            continue
        for key, lines in options.items():
            for line in lines:
                if section.name == "general":
                    if not _in_binary(key, binary):
                        yield fault(file, line.number, "option", key, f"voicemail has no option {key}")
                    continue
                parts = line.value.split(",")
                if not re.fullmatch(r"[\w*#+.-]+", key) or len(parts) > MAILBOX_PARTS:
                    what = f"mailbox {key} is written in a way that Asterisk reads otherwise"
                    yield fault(file, line.number, "mailbox", key, what)
                for option in parts[MAILBOX_PARTS - 1 :]:
                    for one in filter(None, option.split("|")):
                        name = one.partition("=")[0].strip().lower()
                        if "=" not in one or not _in_binary(name, binary):
                            yield fault(file, line.number, "mailbox", key, f"mailbox {key}: no option is called {name}")


def _in_binary(name: str, binary: bytes) -> bool:
    """Return whether a program's file holds a text that ends so: texts may share their ends, each ends in a zero byte."""
    return name.encode() + b"\0" in binary


def rest(tree: Path, told: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield modules that don't run, music classes and IAX2 peers that weren't loaded."""
    running = parse_modules(told["module show"])
    for file, section, options in read(tree, "modules.conf"):
        for key in ("load", "require", "preload", "preload-require"):
            for line in options.get(key, ()):
                if line.value not in HARDWARE and not running.get(line.value, False):
                    yield fault(file, line.number, "module", line.value, f"module {line.value} does not run")
        del section
    music = read(tree, "musiconhold.conf")
    loaded = parse_classes(told["moh show classes"]) if music else set()
    for file, section, _ in music:
        if section.name != "general" and section.name not in loaded:
            yield fault(file, section.number, "class", section.name, f"music class {section.name} did not load")
    iax = [item for item in read(tree, "iax.conf") if last(item[2], "type") in ("friend", "peer")]
    peers = parse_peers(told["iax2 show peers"]) if iax else set()
    for file, section, _ in iax:
        if section.name not in peers:
            yield fault(file, section.number, "peer", section.name, f"IAX2 peer {section.name} did not load")


def addresses(tree: Path, own: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield addresses that something is to listen on and the machine hasn't got.

    The staged copy has them all on its own loopback, so it can't tell; the live Asterisk would find out when it starts.
    """
    for file, keys in LISTENS.items():
        for _, section, options in read(tree, file):
            for key in keys:
                for line in options.get(key, ()):
                    host = host_of(line.value)
                    if is_address(host) and "/" not in host and host not in own and not _anything(host):
                        what = f"{section.name} is to listen on {host}, which is no address of this machine"
                        yield fault(file, line.number, key, section.name, what)


def _anything(host: str) -> bool:
    """Return whether an address stands for all of a machine's, or is the machine itself."""
    address = ipaddress.ip_address(host)
    return address.is_unspecified or address.is_loopback


def own_addresses() -> set[str]:
    """Return the addresses of this machine. Raise Refusal ``overloaded`` where it doesn't say."""
    told = run("ip", "-o", "address", "show")
    if told.returncode:
        raise Refusal("overloaded", f"the server doesn't say which addresses it has: {told.stderr.strip()}")
    return set(re.findall(r"\binet6? ([0-9a-f.:]+)/", told.stdout))


def ports(tree: Path, taken: Mapping[tuple[str, int], str]) -> Iterator[dict[str, Any]]:
    """Yield ports for SIP that another program of the machine has: the live Asterisk would not get them when it starts."""
    for file, section, options in read(tree, *PJSIP_FILES):
        if last(options, "type") != "transport" or not options.get("bind"):
            continue
        kind = "udp" if last(options, "protocol") in ("", "udp") else "tcp"
        bind = options["bind"][-1]
        found = re.search(r"(?:^[^:]*|\]):(\d+)$", bind.value)
        port = int(found.group(1)) if found else 5061 if last(options, "protocol") in ("tls", "wss") else 5060
        if (kind, port) in taken:
            what = f"{section.name} is to listen on port {port} ({kind}), which {taken[kind, port]} has"
            yield fault(file, bind.number, "bind", section.name, what)


def taken_ports() -> dict[tuple[str, int], str]:
    """Return the ports on which programs other than Asterisk listen: protocol and port -> the program."""
    return parse_listeners(run("ss", "-H", "-lntup").stdout)
