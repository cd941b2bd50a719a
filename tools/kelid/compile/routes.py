"""Outbound routes: which number leaves by which trunk, and what happens when that trunk can't take it."""

from __future__ import annotations

from kelid.compile.dialplan import DIALLED, NO_REDIRECT, NUMBER
from kelid.findings import Where
from kelid.model.pbx import Context, Exten, Include, Step
from kelid.model.site import DialPattern, OutboundRoute, Site, Trunk


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the emergency context and two contexts a route: its patterns, and the trunks in order."""
    trunks = {trunk.name: trunk for trunk in site.trunks}
    emergency = tuple(
        Include(f"outbound-{route.name}", where=route.place("kind"))
        for route in site.outbound_routes
        if route.emergency
    )
    found = [Context("emergency", includes=emergency)]
    for route in site.outbound_routes:
        found.append(_patterns(route))
        named = [
            (trunks[name], route.place(f"trunks.{index}"))
            for index, name in enumerate(route.trunks)
            if name in trunks
        ]
        found.append(_trunks(route, named))
    return tuple(found)


def _patterns(route: OutboundRoute) -> Context:
    return Context(
        f"outbound-{route.name}",
        tuple(_onward(route, item) for item in route.patterns),
        where=route.place("name"),
    )


def _onward(route: OutboundRoute, item: DialPattern) -> Exten:
    """Return the extension of one pattern: it sends the number on as it is to leave."""
    dialled = f"${{EXTEN:{item.strip}}}" if item.strip else "${EXTEN}"
    onward = f"route-{route.name},{item.prepend}${{FILTER({DIALLED},{dialled})}},1"
    where = item.place("match")
    pattern = as_pattern(item.match)
    if item.caller_number:
        pattern = f"{pattern}/{as_pattern(item.caller_number)}"
    return Exten(pattern, (Step("Goto", onward, where=where),), where)


def as_pattern(text: str) -> str:
    """Given a pattern without underscore, return it as Asterisk wants it: plain digits need none."""
    return text if all(char in "0123456789*#+" for char in text) else f"_{text}"


def _trunks(route: OutboundRoute, trunks: list[tuple[Trunk, Where]]) -> Context:
    """Return the context whose extension is the number that leaves: so the CDR shows it as ``dst``."""
    steps: list[Step] = []
    for index, (trunk, where) in enumerate(trunks):
        following = f"trunk-{index + 2}" if index + 1 < len(trunks) else ""
        label = f"trunk-{index + 1}" if index else ""
        steps += _attempt(route, trunk, following, label=label, where=where)
    # The last cause reaches the phone: busy stays busy, a number that doesn't exist stays one.
    steps.append(Step("Hangup", "${HANGUPCAUSE}", label="ended", where=route.place("name")))
    # 34 (no circuit available, Q.850) becomes SIP 503.
    steps.append(Step("Hangup", "34", label="full", where=route.place("name")))
    return Context(
        f"route-{route.name}", (Exten(NUMBER, tuple(steps), route.place("name")),), where=route.place("name")
    )


def _attempt(route: OutboundRoute, trunk: Trunk, following: str, *, label: str, where: Where) -> list[Step]:
    """Return the steps of one trunk, named at a place; ``following`` is the next trunk's label, "" after the last."""
    limit = trunk.place("max_channels")
    data = []
    # Our own count never holds an emergency call back: the telephone company may refuse it, then the next
    # trunk is tried.
    if trunk.max_channels:
        data.append(("Set", f"GROUP(trunk-out)={trunk.name}", where))
        if not route.emergency:
            busy = f"${{GROUP_COUNT({trunk.name}@trunk-in)}} + ${{GROUP_COUNT({trunk.name}@trunk-out)}}"
            data.append(("GotoIf", f"$[{busy} > {trunk.max_channels}]?{following or 'full'}", limit))
    # Only the side that is called gets the trunk's number, and no name from inside; the CDR keeps who called.
    shown = f"f({trunk.caller_id})" if trunk.caller_id else ""
    data.append(("Dial", f"PJSIP/${{EXTEN}}@{trunk.name},,{NO_REDIRECT}{shown}", where))
    if following:
        failed = '$["${DIALSTATUS}" = "CHANUNAVAIL" | "${DIALSTATUS}" = "CONGESTION"]'
        data.append(("GotoIf", f"{failed}?{following}:ended", where))
    return [Step(app, text, label if i == 0 else "", place) for i, (app, text, place) in enumerate(data)]
