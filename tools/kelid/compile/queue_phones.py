"""What a queue rings for an extension: its phone, or one channel that rings all of its phones."""

from __future__ import annotations

from kelid.compile.features.phone import OWN
from kelid.model.site import Extension

PHONES = "queue-phones"
"""The context that rings all phones of an extension that has several: a queue rings one channel a member."""

CALLING = f"${{IF(${{DIALPLAN_EXISTS({PHONES},{OWN},1)}}?Local/{OWN}@{PHONES}/n:PJSIP/{OWN})}}"
"""The member of queues that whoever dials is."""


def alone(extension: Extension) -> bool:
    """Return whether the extension has one phone, named as itself."""
    return [device.endpoint for device in extension.devices] == [extension.number]


def interface(extension: Extension) -> str:
    """Return the channel that rings the extension for a queue, by which the queue knows its member."""
    number = extension.number
    return f"PJSIP/{number}" if alone(extension) else f"Local/{number}@{PHONES}/n"
