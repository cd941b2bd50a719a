"""What of a PBX can't be tried in the private Asterisk beside the live one, which has no network and no telephony card.

The agent leaves out or replaces the same (roles/pbx_install/files/agent/adapt.py); a test holds the two together.
"""

from __future__ import annotations

import ipaddress
import re

from kelid.model.pbx import Pbx, Section

HARDWARE = ("chan_dahdi.so", "codec_dahdi.so", "res_timing_dahdi.so")
"""Modules that open telephony hardware."""

_LOADING = ("load", "require", "preload", "preload-require")


def not_staged(pbx: Pbx) -> tuple[str, ...]:
    """Return what is not tried, in the words of the agent, each once."""
    found: list[str] = []
    for file in pbx.files:
        for section in file.resolved:
            for option in section.options:
                if said := _of_option(file.path, section, option.key, option.value):
                    found.append(said)
    return tuple(dict.fromkeys(found))


def _of_option(path: str, section: Section, key: str, value: str) -> str:
    if path == "modules.conf":
        loads = key in _LOADING and value in HARDWARE
        return f"{value} (opens telephony hardware)" if loads else ""
    if path == "iax.conf":
        return _of_iax(section, key, value)
    resolved = f"name resolution of {value} ({section.name})"
    if path == "rtp.conf":
        return resolved if key in ("stunaddr", "turnaddr") else ""
    if not path.startswith("pjsip"):
        return ""
    if key == "match" and value and not all(_is_address(part.strip()) for part in value.split(",")):
        return resolved
    if key in ("external_media_address", "external_signaling_address") and not _is_address(value):
        return resolved
    return f"registration {section.name}" if key == "server_uri" else ""


def _of_iax(section: Section, key: str, value: str) -> str:
    _, at, address = value.rpartition("@")
    host = address.partition(":")[0]
    if key == "register" and at:
        return f"registration at {host}"
    if key == "host" and host != "dynamic" and not _is_address(host):
        return f"name resolution of {host} ({section.name})"
    return ""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_network(re.sub(r"^\[|\]$", "", text), strict=False)
    except ValueError:
        return False
    return True
