"""What the other side sees of a caller."""

from __future__ import annotations

from kelid.compile.trunks import shown_number, written_as
from kelid.model.site import OutboundRoute, Site, Trunk


def shown(site: Site, route: OutboundRoute, trunk: Trunk) -> tuple[list[str], str]:
    """Return what is set before Dial, and the option of Dial that shows the number which the route chooses.

    Only the side that is called gets that number, and no name from inside; the CDR keeps who called. Phones bring their own
    number in ``OUTBOUND_CALLER_ID`` and ``EMERGENCY_CALLER_ID``, which their endpoint sets: no phone can choose it.
    """
    if route.caller_id == "anonymous":
        return ["CALLERID(pres)=prohib"], ""
    if route.caller_id not in {"extension", "trunk"}:
        return [], f"f({shown_number(site, trunk, route.caller_id)})"
    key = "emergency_caller_id" if route.emergency else "outbound_caller_id"
    if route.caller_id == "trunk" or not any(getattr(item, key) for item in site.extensions):
        return [], f"f({shown_number(site, trunk)})" if trunk.caller_id else ""
    own = f"${{FILTER(0-9+,${{{key.upper()}}})}}"
    chosen = f'SHOWN=${{IF($["${{{key.upper()}}}" != ""]?{own}:{trunk.caller_id})}}'
    sets = [chosen]
    if (written := written_as(site, trunk, "SHOWN")) != "${SHOWN}":
        sets.append(f"SHOWN={written}")
    if trunk.caller_id:
        return sets, "f(${SHOWN})"
    return sets, '${IF($["${SHOWN}" != ""]?f(${SHOWN}))}'
