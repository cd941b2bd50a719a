"""Outbound routes: which number leaves by which trunk, and what happens when that trunk can't take it."""

from __future__ import annotations

from kelid.compile import caller_id, caps, hours, pins
from kelid.compile.dialplan import DIALLED, NO_REDIRECT, NUMBER
from kelid.compile.patterns import as_pattern
from kelid.compile.trunks import counted, dial, full
from kelid.findings import Where
from kelid.model.pbx import Context, Exten, Include, Step
from kelid.model.site import DialPattern, OutboundRoute, Site, Trunk


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the emergency context and two contexts a route: its patterns, and the trunks in order."""
    emergency = tuple(
        Include(f"outbound-{route.name}", where=route.place("kind"))
        for route in site.outbound_routes
        if route.emergency
    )
    found = [Context("emergency", includes=emergency)]
    for route in site.outbound_routes:
        extens = tuple(_onward(site, route, item) for item in route.patterns)
        found.append(Context(f"outbound-{route.name}", extens, where=route.place("name")))
        found.append(_trunks(site, route))
    return tuple(found)


def _onward(site: Site, route: OutboundRoute, item: DialPattern) -> Exten:
    """Return the extension of one pattern: it sends the number on as it is to leave."""
    where = item.place("match")
    dialled = f"${{EXTEN:{item.strip}}}" if item.strip else "${EXTEN}"
    onward = f"route-{route.name},{item.prepend}${{FILTER({DIALLED},{dialled})}},1"
    caller = as_pattern(item.caller_number) if item.caller_number else None
    steps = [Step("Goto", onward, where=where)]
    if caps.knows_class(site) and not route.emergency:
        # The context in which the call looked for the number; that names its class.
        steps.insert(0, Step("Set", "PAYER=${CONTEXT}", where=where))
    return Exten(as_pattern(item.match), tuple(steps), where, caller)


def _trunks(site: Site, route: OutboundRoute) -> Context:
    """Return the context whose extension is the number that leaves: so the CDR shows it as ``dst``."""
    known = {trunk.name: trunk for trunk in site.trunks}
    trunks = [
        (known[name], route.place(f"trunks.{index}"))
        for index, name in enumerate(route.trunks)
        if name in known
    ]
    where = route.place("name")
    steps = _before(site, route)
    for index, (trunk, place) in enumerate(trunks):
        following = f"trunk-{index + 2}" if index + 1 < len(trunks) else ""
        label = f"trunk-{index + 1}" if index else ""
        steps += _attempt(site, route, trunk, following, label=label, where=place)
    # With the cause that the last line left (pbx_builtin_hangup): busy stays busy, a number that doesn't exist stays one.
    steps.append(Step("Hangup", label="ended", where=where))
    # 34 (no circuit available, Q.850) becomes SIP 503.
    steps.append(Step("Hangup", "34", label="full", where=where))
    return Context(f"route-{route.name}", (Exten(NUMBER, tuple(steps), where),), where=where)


def _before(site: Site, route: OutboundRoute) -> list[Step]:
    """Return what comes before the first trunk; on an emergency route nothing stops a call, and nothing is asked."""
    steps = []
    if route.time_group and not route.emergency:
        place = route.place("time_group")
        steps += hours.time_group_steps(site, route.time_group, "open")
        steps += [Step("Hangup", "21", where=place), Step("NoOp", label="open", where=place)]
    if route.pin_set and not route.emergency:
        steps.append(pins.ask(site, route.pin_set, where=route.place("pin_set")))
    # After the PIN: who doesn't know it can't use up what others may call.
    steps += caps.before(site, route.kind, route.place("kind"))
    if route.musicclass:
        # The channel that is called takes it over (app_dial), and plays it when it is put on hold.
        place = route.place("musicclass")
        steps.append(Step("Set", f"CHANNEL(musicclass)={route.musicclass}", where=place))
    return steps


def _attempt(
    site: Site, route: OutboundRoute, trunk: Trunk, following: str, *, label: str, where: Where
) -> list[Step]:
    """Return the steps of one trunk, named at a place; ``following`` is the next trunk's label, "" after the last."""
    limit = trunk.place("max_channels")
    data = []
    # Our own count never holds an emergency call back: the telephone company may refuse it, then the next
    # trunk is tried.
    if counted(trunk):
        data.append(("Set", f"GROUP(trunk-out)={trunk.name}", where))
        if not route.emergency and (busy := full(trunk)):
            data.append(("GotoIf", f"$[{busy}]?{following or 'full'}", limit))
    sets, shown = caller_id.shown(site, route, trunk)
    data += [("Set", text, route.place("caller_id")) for text in sets]
    longest = f"S({route.max_duration})" if route.max_duration and not route.emergency else ""
    records, options = caps.on_answer(site, route)
    data += [("Set", text, route.place("record")) for text in records]
    data.append(("Dial", f"{dial(site, trunk)},,{NO_REDIRECT}{shown}{longest}{options}", where))
    if following:
        failed = '$["${DIALSTATUS}" = "CHANUNAVAIL" | "${DIALSTATUS}" = "CONGESTION"]'
        data.append(("GotoIf", f"{failed}?{following}:ended", where))
    return [Step(app, text, label if i == 0 else "", place) for i, (app, text, place) in enumerate(data)]
