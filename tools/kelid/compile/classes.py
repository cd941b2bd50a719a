"""Permission classes: which ways out a phone has, and which a call has that no phone makes."""

from __future__ import annotations

from kelid.compile import hours
from kelid.compile.patterns import all_but, as_pattern
from kelid.model.patterns import parse
from kelid.model.pbx import Context, Exten, Include, Step
from kelid.model.site import OutboundRoute, PermissionClass, Site

ABROAD = "refused-abroad"
PREMIUM = "refused-premium"

_REFUSED = (Step("Hangup", "21"),)
"""Cause 21 (call rejected, Q.850) becomes SIP 403: the number is there, and the class may not call it."""


def contexts(site: Site) -> tuple[Context, ...]:
    """Return two contexts a class, and those that stop costly numbers from leaving by a route that isn't meant for them.

    ``from-class-NAME`` is the way in of phones. ``class-NAME`` is for calls that no phone makes (forwards, DISA, call-back,
    destinations outside): there, routes that are worth a fraud are left out unless they ask for a PIN or the class says why
    they needn't. Emergency numbers come first in each, and costly routes before the others. Where a pattern of another route
    is so wide that it takes costly numbers too, these are refused before.
    """
    found = []
    routes = {route.name: route for route in site.outbound_routes}
    guards = _guards(site)
    overrides = (Include(hours.OVERRIDES),) if hours.overridden(site) else ()
    for item in site.permission_classes:
        where = item.place("name")
        costly = _costly(item, routes)
        guarded = [name for name in costly if item.open_to_outside(routes[name])]
        plain = [name for name in item.routes if name in routes and not routes[name].costly]
        includes = [Include("emergency"), *_includes(item, guarded)]
        includes += [
            Include(guard.name)
            for guard in guards
            if any(_meet(routes[name], exten.pattern) for name in plain for exten in guard.extens)
        ]
        includes += _includes(item, plain)
        found.append(Context(f"class-{item.name}", includes=tuple(includes), where=where))
        found.append(
            Context(
                f"from-class-{item.name}",
                includes=(
                    Include("emergency"),
                    Include("internal"),
                    Include("features"),
                    *overrides,
                    *(_includes(item, costly) if guarded != costly else ()),
                    Include(f"class-{item.name}", where=where),
                    Include("no-such-number"),
                ),
                where=where,
            )
        )
    used = {include.context for context in found for include in context.includes}
    return (*found, *(guard for guard in guards if guard.name in used))


def _costly(item: PermissionClass, routes: dict[str, OutboundRoute]) -> list[str]:
    """Return the costly routes of the class, premium ones first: their patterns lie within those of international ones."""
    names = [name for name in item.routes if name in routes and routes[name].costly]
    return sorted(names, key=lambda name: routes[name].kind != "premium")


def _includes(item: PermissionClass, names: list[str]) -> list[Include]:
    return [
        Include(f"outbound-{name}", where=item.place(f"routes.{item.routes.index(name)}")) for name in names
    ]


def _meet(route: OutboundRoute, pattern: str) -> bool:
    """Return True if a route takes a number that the pattern takes. What can't be read takes everything."""
    try:
        theirs = parse(pattern.removeprefix("_"))
        return any(parse(item.match).meets(theirs) for item in route.patterns)
    except ValueError:
        return True


def _guards(site: Site) -> tuple[Context, ...]:
    """Return the contexts that refuse numbers abroad, and premium numbers."""
    dial = site.dial
    abroad = [
        Exten(pattern, _REFUSED, dial.place("country_code"))
        for prefix in (dial.international_prefix, "+")
        for pattern in all_but(prefix, dial.country_code)
    ]
    premium = tuple(
        Exten(as_pattern(text), _REFUSED, dial.place(f"premium.{index}"))
        for index, text in enumerate(dial.premium)
    )
    return (
        Context(PREMIUM, premium, where=dial.place("premium")),
        Context(ABROAD, tuple(abroad), where=dial.place("international_prefix")),
    )
