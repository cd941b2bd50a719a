"""Which numbers a trunk has, and which of them some inbound route takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kelid.model.patterns import Pattern, parse
from kelid.model.site import InboundRoute, Site, Trunk

_PLAIN = frozenset("0123456789*#+")


def is_number(text: str) -> bool:
    """Return True for a number, False for a pattern."""
    return _PLAIN.issuperset(text)


def read(text: str) -> Pattern | None:
    """Return the pattern, or None where it can't be read."""
    try:
        return parse(text)
    except ValueError:
        return None


def example(pattern: Pattern) -> str:
    """Return a number that the pattern takes."""
    return "".join(max(place, key=lambda char: (char.isdigit(), char)) for place in pattern.places) + (
        "2222222" if pattern.tail else ""
    )


def numbers(trunk: Trunk, index: int, most: int) -> Iterator[str]:
    """Yield the numbers of one of the trunk's dids, at most so many of a block."""
    first, _, last = trunk.dids[index].partition("-")
    if not last:
        yield first
    elif len(first) == len(last) and first <= last:
        plus, low = ("+", first[1:]) if first.startswith("+") else ("", first)
        for value in range(int(low), min(int(last), int(low) + most) + 1):
            yield f"{plus}{value:0{len(low)}}"


def has(trunk: Trunk, did: str) -> bool:
    """Return True if the number, or a number that the pattern takes, is among the trunk's."""
    if is_number(did):
        return any(len(did) == len(first) and first <= did <= last for first, last, _ in trunk.blocks())
    pattern = read(did)
    if pattern is None:
        return True
    return any(
        pattern.takes(number) for index in range(len(trunk.dids)) for number in numbers(trunk, index, 10_000)
    )


def routes(site: Site, trunk: Trunk) -> list[InboundRoute]:
    """Return the inbound routes for a trunk, and those for all."""
    return [
        route
        for route in site.inbound_routes
        if route.trunk == trunk.name or (not route.trunk and not trunk.internal)
    ]


def taken(
    site: Site, trunk: Trunk, *, but: InboundRoute | None = None, only_exact: bool = False
) -> Callable[[str], bool]:
    """Return a function that tells whether some route takes calls to a number, whoever calls; ``but`` doesn't count."""
    own = [route for route in routes(site, trunk) if not route.caller_id and route is not but]
    exact = {route.did for route in own if is_number(route.did)} - {""}
    if only_exact:
        return exact.__contains__
    if any(not route.did for route in own) and not (but and not but.did):
        return lambda _: True
    patterns = [pattern for route in own if not is_number(route.did) and (pattern := read(route.did))]
    return lambda number: number in exact or any(pattern.takes(number) for pattern in patterns)
