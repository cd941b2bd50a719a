"""Which ways out a phone has, which a call has that no phone makes, and what counts what they cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from kelid.compile import compile_site
from kelid.compile.patterns import all_but
from kelid.load import load_site
from kelid.model.patterns import parse
from kelid.model.pbx import Pbx
from kelid.model.record import replace
from kelid.model.site import Cap, DialPattern, Site


@pytest.fixture(scope="module")
def clinic(root: Path) -> Site:
    site = load_site(root / "sites" / "noor-clinic", shown="sites/noor-clinic").site
    assert site is not None
    return site


def includes(pbx: Pbx, name: str) -> list[str]:
    return [item.context for context in pbx.contexts if context.name == name for item in context.includes]


def with_class(clinic: Site, **changes: object) -> Site:
    classes = tuple(
        replace(item, **changes) if item.name == "international" else item
        for item in clinic.permission_classes
    )
    return replace(clinic, permission_classes=classes)


def test_phones_may_call_abroad_and_calls_that_none_makes_only_for_a_reason(clinic: Site) -> None:
    pbx = compile_site(clinic)
    assert "outbound-international" in includes(pbx, "from-class-international")
    assert "outbound-international" not in includes(pbx, "class-international")
    assert "outbound-mobile" in includes(pbx, "class-international")
    opened = compile_site(with_class(clinic, allow_from_outside="the director travels"))
    assert includes(opened, "class-international")[:2] == ["emergency", "outbound-international"]


def test_a_route_that_asks_for_a_pin_is_open_to_all(clinic: Site) -> None:
    routes = tuple(
        replace(route, pin_set="any") if route.kind == "international" else route
        for route in clinic.outbound_routes
    )
    item = next(item for item in clinic.permission_classes if item.name == "international")
    assert [item.open_to_outside(route) for route in routes if route.costly] == [True]


def test_a_wide_pattern_lets_no_costly_number_through(clinic: Site) -> None:
    routes = tuple(
        replace(route, patterns=(DialPattern(match="0X."),)) if route.name == "national" else route
        for route in clinic.outbound_routes
    )
    pbx = compile_site(
        replace(clinic, outbound_routes=routes, dial=replace(clinic.dial, premium=("0909XXXXXXX",)))
    )
    assert includes(pbx, "class-national")[:3] == ["emergency", "refused-premium", "refused-abroad"]
    assert includes(pbx, "class-local") == ["emergency", "outbound-tehran"]


@pytest.mark.parametrize("code", ["98", "1", "423"])
@pytest.mark.parametrize("number", ["0044123", "009812", "00981", "001", "004231", "00429", "01", "0"])
def test_what_is_abroad_is_all_but_the_own_country(code: str, number: str) -> None:
    """Numbers that end before they differ from the own country's are no numbers."""
    patterns = [parse(text.removeprefix("_")) for text in all_but("00", code)]
    rest = number.removeprefix("00") if number.startswith("00") else ""
    abroad = bool(rest) and not rest.startswith(code) and not code.startswith(rest)
    assert any(pattern.takes(number) for pattern in patterns) is abroad


def test_an_emergency_call_is_never_counted_or_asked(clinic: Site) -> None:
    cap = Cap(name="dear", kinds=("international",), per="class", calls_per_day=1)
    pbx = compile_site(replace(with_class(clinic, max_calls=1), caps=(cap,)))
    apps = {
        context.name: [step.app for exten in context.extens for step in exten.steps]
        for context in pbx.contexts
    }
    assert "Gosub" not in apps["route-emergency"]
    assert apps["outbound-emergency"] == ["Goto"] * 3
    assert apps["route-international"][:3] == ["Gosub", "Set", "Gosub"]
    limits = next(context for context in pbx.contexts if context.name == "class-limits")
    # A pattern that takes the extension h as well would go on with a call that was ended here.
    assert not any(parse(e.pattern[1:].replace("[a-zA-Z0-9]", "X")).takes("1") for e in limits.extens[1:])
