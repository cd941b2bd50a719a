"""Which numbers outside a call may reach that no phone makes: a forward, a follow-me, a member of a ring group."""

from __future__ import annotations

from kelid.model.patterns import parse
from kelid.model.site import Site


def refusal(site: Site, permission_class: str, number: str) -> str:
    """Return why such a call, paid by the class, can't go to the number; "" if it can. What it costs is rule X001's."""
    if number in site.dial.emergency:
        return f"{number} is an emergency number: help can't be sent to whoever calls in"
    payer = next((item for item in site.permission_classes if item.name == permission_class), None)
    if payer is None:
        return f"there is no permission class {permission_class!r}"
    taken = [
        route
        for route in site.outbound_routes
        if route.name in payer.routes and any(_takes(item.match, number) for item in route.patterns)
    ]
    if not taken:
        return f"no route of the class {payer.name!r} takes the number {number}"
    return ""


def _takes(pattern: str, number: str) -> bool:
    try:
        return parse(pattern).takes(number)
    except ValueError:
        return False
