"""The functions of the dial plan: ``${NAME(arguments)}`` and ``Set(NAME(arguments)=value)``, one module for each family.

Importing this registers them all in ``kelid.simulate.registry.FUNCTIONS``.
"""

from __future__ import annotations

from kelid.simulate.functions import (
    channel,
    database,
    devices,
    endpoints,
    logic,
    messages,
    numbers,
    parties,
    strings,
    texts,
    times,
    variables,
    world,
)

__all__ = [
    "channel", "database", "devices", "endpoints", "logic", "messages", "numbers", "parties", "strings", "texts", "times",
    "variables", "world",
]  # fmt: skip
