"""What a release can't have in the staged copy, which has no network: names, checks of the other side, hardware."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

from .conf import Line, conf_lines

HARDWARE = ("chan_dahdi.so", "codec_dahdi.so", "res_timing_dahdi.so")
"""Modules that open telephony hardware: never loaded in the staged copy."""
LEFT_OUT = ""
"""What stands for an option that becomes a comment in the staged copy."""
NOWHERE_ADDRESS = "192.0.2.1"
"""What stands for a host name in the staged copy (RFC 5737: reserved for documents, never routed)."""
NOBODY = "127.0.0.1:9"
"""Where the staged copy registers: a port where nothing listens (discard, RFC 863). At the trunk's own port it would
meet itself: over TLS it then complains of its own certificate, in one run out of many."""


def is_address(text: str) -> bool:
    """Return whether the text is an IP address or network."""
    try:
        ipaddress.ip_network(text.strip("[]"), strict=False)
    except ValueError:
        return False
    return True


def host_of(text: str) -> str:
    """Return the host of what may have a port: ``192.0.2.1:5060``, ``[2001:db8::1]:5060``, or without one."""
    return re.sub(r":\d+$", "", text) if text.count(":") == 1 else text.split("]")[0].lstrip("[")


def host_of_uri(uri: str) -> str:
    """Return the host of a SIP URI: ``sip:user@host:5060;transport=udp`` gives ``host``."""
    rest = re.sub(r"^['\"<]*sips?:", "", uri)
    rest = rest.split("@")[-1]
    match = re.match(r"\[[^\]]+\]|[^\\:;>,'\"]+", rest)
    return match.group(0) if match else ""


@dataclass
class Adapter:
    """Adapts the files of a tree, and notes what is not staged and which addresses the copy must have."""

    not_staged: list[str] = field(default_factory=list)
    addresses: set[str] = field(default_factory=set)

    def adapt(self, path: str, text: str) -> str:
        """Given a file of the tree, return it as the staged copy gets it: the same lines, in the same order."""
        rows = text.split("\n")
        for line in list(conf_lines(text)):
            row, value = rows[line.number - 1], line.value
            replaced = self._adapted(path, line)
            if replaced is None:
                continue
            if replaced == LEFT_OUT:  # an option without a value wouldn't do: "load =" is an error
                rows[line.number - 1] = f"; {row}"
                continue
            head, found, tail = row.rpartition(value) if value else (row, "", "")
            rows[line.number - 1] = f"{head}{replaced}{tail}" if found else row
        return "\n".join(rows)

    def _adapted(self, path: str, line: Line) -> str | None:
        """Return the value that stands in the staged copy, or None where the real one can stay."""
        key, value = line.key, line.value
        if path == "modules.conf" and key in ("load", "require", "preload", "preload-require") and value in HARDWARE:
            self.not_staged.append(f"{value} (opens telephony hardware)")
            return LEFT_OUT
        if key in ("bind", "bindaddr", "tlsbindaddr", "udpbindaddr", "media_address", "rtpbindaddr"):
            host = host_of(value)
            if is_address(host) and not ipaddress.ip_address(host).is_unspecified:
                self.addresses.add(f"{host}/{128 if ':' in host else 32}")
            return None
        if path == "iax.conf":
            return self._adapted_iax(line)
        if path == "rtp.conf" and key in ("stunaddr", "turnaddr"):
            self.not_staged.append(f"name resolution of {value} ({line.section})")
            return "127.0.0.1"
        if not path.startswith("pjsip"):
            return None
        if key == "match" and value:
            parts = [part.strip() for part in value.split(",")]
            if all(is_address(part) for part in parts):
                return None
            self.not_staged.append(f"name resolution of {value} ({line.section})")
            return ",".join(part if is_address(part) else NOWHERE_ADDRESS for part in parts)
        if key in ("external_media_address", "external_signaling_address") and not is_address(value):
            self.not_staged.append(f"name resolution of {value} ({line.section})")
            return NOWHERE_ADDRESS
        if key in ("server_uri", "client_uri", "contact"):
            host = host_of_uri(value)
            if key == "server_uri":
                self.not_staged.append(f"registration {line.section}")
                where = re.compile(rf"(?<=[:@]){re.escape(host)}(:\d+)?(?=$|[\\:;>,'\"])") if host else None
                return where.sub(NOBODY, value, count=1) if where else None
            if host and not is_address(host):
                return re.sub(rf"(?<=[:@]){re.escape(host)}(?=$|[\\:;>,'\"])", NOWHERE_ADDRESS, value, count=1)
        if key in ("qualify_frequency", "qualify_2xx_only") and value.isdigit():
            return "0"
        return None

    def _adapted_iax(self, line: Line) -> str | None:
        """Return what stands for a host name in iax.conf, which Asterisk looks up when it reads the file."""
        before, at, address = line.value.rpartition("@")
        host, colon, port = address.partition(":")
        if line.key == "register" and at:
            self.not_staged.append(f"registration at {host}")
        elif line.key == "host" and not is_address(host) and host != "dynamic":
            self.not_staged.append(f"name resolution of {host} ({line.section})")
        else:
            return None
        return f"{before}{at}{NOWHERE_ADDRESS}{colon}{port}"
