"""Trunks as the dial plan sees them: what Dial takes, whether one more call fits, and how our number is shown."""

from __future__ import annotations

from kelid.compile.number_text import expression
from kelid.compile.sounds import asterisk_language
from kelid.findings import Where
from kelid.model.number_format import outgoing, rewrite
from kelid.model.site import Site, Trunk

_HUNT = {"lowest": "g", "highest": "G", "round_robin_up": "r", "round_robin_down": "R"}
"""How a free channel is looked for -> Asterisk's letter (chan_dahdi, "Dial string")."""


def dial(site: Site, trunk: Trunk) -> str:
    """Return the channel that Dial calls, with ``${EXTEN}``, which was filtered already, as the number."""
    number = trunk.number_out.prepend + expression(outgoing(trunk.number_out.format, site.dial), "EXTEN")
    if trunk.kind == "iax2":
        return f"IAX2/{trunk.name}/{number}"
    if trunk.kind == "dahdi" and trunk.dahdi:
        return f"DAHDI/{_HUNT[trunk.dahdi.hunt]}{trunk.dahdi.group}/{number}"
    return f"PJSIP/{number}@{trunk.name}"


def full(trunk: Trunk) -> str:
    """Return the condition that is true when the trunk can take no more calls out; "" where nothing limits them.

    The call that asks has been counted already: ``Set(GROUP(trunk-out)=NAME)``.
    """
    out = f"${{GROUP_COUNT({trunk.name}@trunk-out)}}"
    asked = []
    if trunk.max_channels:
        asked.append(f"${{GROUP_COUNT({trunk.name}@trunk-in)}} + {out} > {trunk.max_channels}")
    if trunk.max_channels_out:
        asked.append(f"{out} > {trunk.max_channels_out}")
    return " | ".join(asked)


def written_as(site: Site, trunk: Trunk, variable: str) -> str:
    """Return text that becomes the number in the variable (digits and ``+`` alone) as the trunk shows numbers."""
    return expression(outgoing(trunk.caller_id_format, site.dial), variable)


def shown_number(site: Site, trunk: Trunk, number: str = "") -> str:
    """Return a number, or the trunk's own, as the trunk shows numbers; "" where it has none."""
    return rewrite(number or trunk.caller_id, outgoing(trunk.caller_id_format, site.dial))


def counted(trunk: Trunk) -> bool:
    """Return True if calls of the trunk are counted, because something limits them."""
    return bool(trunk.max_channels or trunk.max_channels_in or trunk.max_channels_out)


def language(site: Site, trunk: Trunk) -> tuple[str, Where]:
    """Return the language of the trunk's callers, and where it was said."""
    if trunk.language:
        return asterisk_language(trunk.language), trunk.place("language")
    return asterisk_language(site.language), site.place("language")
