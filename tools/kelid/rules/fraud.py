"""X: toll fraud, and what calls may cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kelid.findings import Severity, Where
from kelid.model.meant import instead
from kelid.model.patterns import Pattern, parse
from kelid.model.site import Placed, Site
from kelid.rules.outside import calls_outside, path_from_outside, route_of
from kelid.rules.registry import Fault, rule, secret_rule

LEAST_COSTLY_PIN = 6
"""Digits of a PIN that opens what is worth a fraud: a caller may try three at each call."""


@rule("X001")
def costly_from_outside(site: Site) -> Iterator[Fault]:
    """No call that comes from outside goes to a costly number unless a PIN is asked for, or a class says why."""
    classes = {item.name: item for item in site.permission_classes}
    for call in calls_outside(site):
        payer = classes.get(call.permission_class)
        route = route_of(site, payer, call.number) if payer else None
        if payer is None or route is None or payer.open_to_outside(route):
            continue
        path = path_from_outside(site, call.source, call.way)
        text = (
            f"{' -> '.join([*path, call.text])}: the {route.kind} route {route.name!r} asks for no PIN, and the class "
            f"{payer.name!r} doesn't open it to calls that no phone makes"
        )
        yield (
            call.where,
            text,
            "send it elsewhere, give the route a pin_set, or the class allow_from_outside with the reason",
        )


@rule("X002", Severity.WARNING)
def opened_for_nothing(site: Site) -> Iterator[Fault]:
    """A class says why calls from outside may use its costly routes only where it has one without a PIN."""
    routes = {route.name: route for route in site.outbound_routes}
    for item in site.permission_classes:
        open_ = [routes[name] for name in item.routes if name in routes]
        if item.allow_from_outside and not any(route.costly and not route.pin_set for route in open_):
            text = f"the class {item.name!r} has no international or premium route that asks for no PIN"
            yield item.place("allow_from_outside"), text, "take allow_from_outside out"


@rule("X003")
def costly_by_another_name(site: Site) -> Iterator[Fault]:
    """What a route or its trunk makes of a number, digits cut off or put in front, is costly only if its kind says so."""
    costly = _costly_numbers(site)
    inside = {trunk.name for trunk in site.trunks if trunk.internal}
    for route in site.outbound_routes:
        if route.costly or (route.kind == "internal" and inside.issuperset(route.trunks)):
            continue
        fronts = {"": ""} | {
            trunk.number_out.prepend: f" with what the trunk {trunk.name!r} puts before it"
            for trunk in site.trunks
            if trunk.name in route.trunks and trunk.number_out.prepend
        }
        for item in route.patterns:
            for front, by in fronts.items():
                try:
                    sent = parse(item.match).sent(item.strip, front + item.prepend)
                except ValueError:
                    continue
                found = next((kind for kind, pattern in costly if sent.meets(pattern)), "")
                if found and (item.strip or item.prepend or front):
                    text = (
                        f"route {route.name!r}: what {item.match!r} sends can be a number of kind {found}{by}"
                    )
                    fix = f"narrow the pattern, or make it a route of kind: {found}"
                    fix = "send the emergency number itself" if route.emergency else fix
                    yield item.place("match"), text, fix
                    break


@rule("X013")
def costly_alone(site: Site) -> Iterator[Fault]:
    """A route that takes numbers abroad or premium numbers alone is of their kind, or nothing leaves by it."""
    code = site.dial.country_code
    for route in site.outbound_routes:
        if route.costly or route.emergency:
            continue
        for item in route.patterns:
            try:
                pattern = parse(item.match)
                abroad = any(
                    parse(f"{prefix}!").takes_all_of(pattern)
                    and not parse(f"{prefix}{code}!").takes_all_of(pattern)
                    for prefix in (site.dial.international_prefix, "+")
                )
                premium = any(parse(text).takes_all_of(pattern) for text in site.dial.premium)
            except ValueError:
                continue
            if abroad or premium:
                kind = "premium" if premium else "international"
                text = f"route {route.name!r}: {item.match!r} takes {kind} numbers, which kind: {route.kind} lets not out"
                yield item.place("match"), text, f"make it kind: {kind}, or narrow the pattern"


def _costly_numbers(site: Site) -> list[tuple[str, Pattern]]:
    """Return the patterns of premium numbers and of numbers abroad, as they are dialled or sent."""
    dial = site.dial
    texts = [("premium", text) for text in dial.premium]
    code = dial.country_code
    for prefix in (dial.international_prefix, "+"):
        for index, digit in enumerate(code):
            others = "".join(other for other in "0123456789" if other != digit)
            texts.append(("international", f"{prefix}{code[:index]}[{others}]!"))
    found = []
    for kind, text in texts:
        try:
            found.append((kind, parse(text)))
        except ValueError:
            continue
    return found


@rule("X004", Severity.WARNING)
def costly_for_all(site: Site) -> Iterator[Fault]:
    """Not every phone may call costly numbers without a PIN."""
    used = {extension.permission_class for extension in site.extensions}
    classes = [item for item in site.permission_classes if item.name in used]
    for route in site.outbound_routes:
        if route.costly and not route.pin_set and classes and all(route.name in c.routes for c in classes):
            text = f"every phone may call by the {route.kind} route {route.name!r}, without a PIN"
            yield route.place("name"), text, "give it a pin_set, or leave it to a class of its own"


@rule("X005", Severity.WARNING)
def premium_without_cap(site: Site) -> Iterator[Fault]:
    """A cap bounds what calls to premium numbers may cost."""
    for route in site.outbound_routes:
        if route.kind != "premium":
            continue
        for item in site.permission_classes:
            bounded = any(
                "premium" in cap.kinds and (not cap.permission_classes or item.name in cap.permission_classes)
                for cap in site.caps
            )
            if route.name in item.routes and not bounded:
                text = f"nothing bounds what calls of the class {item.name!r} to premium numbers may cost"
                yield item.place(f"routes.{item.routes.index(route.name)}"), text, "add a cap in routes.yml"


@rule("X006")
def cap_without_limit(site: Site) -> Iterator[Fault]:
    """A cap has a limit."""
    keys = ("calls_at_once", "calls_per_hour", "calls_per_day", "minutes_per_hour", "minutes_per_day")
    for cap in site.caps:
        if not any(getattr(cap, key) for key in keys):
            yield cap.where, f"the cap {cap.name!r} limits nothing", f"add one of {', '.join(keys)}"


@rule("X007", Severity.WARNING)
def cap_counts_nothing(site: Site) -> Iterator[Fault]:
    """A cap counts calls of kinds and classes that there are."""
    kinds = {route.kind for route in site.outbound_routes}
    for cap in site.caps:
        if not kinds & set(cap.kinds):
            text = f"the cap {cap.name!r} counts nothing: no route is of kind {' or '.join(cap.kinds)}"
            yield cap.where, text, "name the kinds of routes that it is for, or remove it"


@rule("X008")
def cap_of_nobody(site: Site) -> Iterator[Fault]:
    """A cap's permission classes are at the site."""
    known = [item.name for item in site.permission_classes]
    for cap in site.caps:
        for index, name in enumerate(cap.permission_classes):
            if name not in known:
                text = f"cap {cap.name!r}: there is no permission class {name!r}"
                yield cap.place(f"permission_classes.{index}"), text, instead(name, known, "routes.yml")


@rule("X009")
def list_pattern_wrong(site: Site) -> Iterator[Fault]:
    """The patterns of the blacklist and of premium numbers are such as Asterisk understands."""
    lists: list[tuple[Placed, str]] = [(site.dial, "premium")]
    if site.blacklist:
        lists += [(site.blacklist, "patterns"), (site.blacklist, "allow")]
    for owner, key in lists:
        for index, text in enumerate(getattr(owner, key)):
            try:
                parse(text)
            except ValueError as problem:
                yield (
                    owner.place(f"{key}.{index}"),
                    f"{text!r} is no pattern: {problem}",
                    "correct the pattern",
                )


def _pins(site: Site) -> Iterator[tuple[str, str, Where]]:
    """Yield set, name of the secret, and place of every PIN."""
    for pin_set in site.pin_sets:
        for pin in pin_set.pins:
            yield pin_set.name, pin.secret, site.secret_names.get(pin.secret, pin.place("secret"))


@secret_rule("X010")
def pin_known(site: Site, secrets: Mapping[str, str]) -> Iterator[Fault]:
    """A PIN of a set is nobody else's, and no number that everybody knows."""
    first: dict[str, str] = {}
    numbers = {extension.number for extension in site.extensions}
    for set_, name, where in _pins(site):
        value = secrets.get(name)
        if value is None:
            continue
        before = first.setdefault(value, name)
        if before != name:
            text = f"the PINs {before!r} and {name!r} are the same: calls can't be told apart"
            yield where, text, "make one for each, at random"
        elif value in numbers:
            yield where, f"the PIN {name!r} of {set_!r} is the number of an extension", "make one at random"


@secret_rule("X011", Severity.WARNING)
def pin_too_short(site: Site, secrets: Mapping[str, str]) -> Iterator[Fault]:
    """A PIN that opens costly routes has six digits or more."""
    sets = {route.pin_set for route in site.outbound_routes if route.costly}
    sets |= {disa.pin_set for disa in site.disa}
    for set_, name, where in _pins(site):
        if set_ in sets and len(secrets.get(name, "0" * LEAST_COSTLY_PIN)) < LEAST_COSTLY_PIN:
            text = f"the PIN {name!r} has fewer than {LEAST_COSTLY_PIN} digits, and opens calls that are worth a fraud"
            yield where, text, "make a longer one at random"


@rule("X012")
def emergency_held_back(site: Site) -> Iterator[Fault]:
    """Nothing holds an emergency call back, and who helps sees who calls."""
    for route in site.outbound_routes:
        if not route.emergency:
            continue
        for key in ("pin_set", "time_group", "max_duration"):
            if getattr(route, key):
                text = f"the emergency route {route.name!r} has a {key}, which is never heeded"
                yield route.place(key), text, "take it out: emergency calls are let out at once"
        if route.caller_id == "anonymous":
            text = f"the emergency route {route.name!r} hides who calls"
            yield route.place("caller_id"), text, "leave caller_id out, so that help knows whom to call back"
