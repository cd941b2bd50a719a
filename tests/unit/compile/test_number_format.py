"""Numbers as lines write them: what comes in can be dialled back, what goes out keeps its meaning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelid.model.number_format import incoming, outgoing, rewrite
from kelid.model.site import DialRules

IRAN = DialRules(
    country_code="98", area_code="21", trunk_prefix="0", international_prefix="00", emergency=("110",)
)
AMERICA = DialRules(
    country_code="1", area_code="212", trunk_prefix="1", international_prefix="011", emergency=("911",)
)
SPAIN = DialRules(
    country_code="34", area_code="", trunk_prefix="", international_prefix="00", emergency=("112",)
)
"""Numbers of nine digits, no prefix, no area codes."""

INCOMING = [
    (IRAN, "auto", "+989123456789", "09123456789"),
    (IRAN, "auto", "00989123456789", "09123456789"),
    (IRAN, "auto", "+441632960000", "00441632960000"),
    (IRAN, "auto", "00441632960000", "00441632960000"),
    (IRAN, "auto", "9123456789", "9123456789"),
    (IRAN, "auto", "+98", "+98"),
    (IRAN, "e164", "989123456789", "09123456789"),
    (IRAN, "e164", "441632960000", "00441632960000"),
    (IRAN, "e164", "+989123456789", "09123456789"),
    (IRAN, "e164", "02188001234", "02188001234"),
    (IRAN, "e164", "1818", "1818"),
    (IRAN, "national", "9123456789", "09123456789"),
    (IRAN, "national", "09123456789", "09123456789"),
    (IRAN, "national", "115", "115"),
    (IRAN, "local", "88001234", "02188001234"),
    (IRAN, "local", "09123456789", "09123456789"),
    (IRAN, "local", "+989123456789", "09123456789"),
    (IRAN, "as_sent", "+989123456789", "+989123456789"),
    (AMERICA, "e164", "12125550100", "12125550100"),
    (AMERICA, "national", "2125550100", "12125550100"),
    (AMERICA, "auto", "+12125550100", "12125550100"),
    (AMERICA, "local", "5550100", "12125550100"),
    (AMERICA, "e164", "441632960000", "011441632960000"),
    (SPAIN, "e164", "34911234567", "911234567"),
    (SPAIN, "auto", "+34911234567", "911234567"),
    (SPAIN, "national", "911234567", "911234567"),
]


@pytest.mark.parametrize(("dial", "form", "sent", "becomes"), INCOMING)
def test_callers_numbers_become_what_a_phone_here_dials(
    dial: DialRules, form: str, sent: str, becomes: str
) -> None:
    assert rewrite(sent, incoming(form, dial)) == becomes


OUTGOING = [
    (IRAN, "plus", "02188001234", "+982188001234"),
    (IRAN, "plus", "00441632960000", "+441632960000"),
    (IRAN, "plus", "+441632960000", "+441632960000"),
    (IRAN, "plus", "115", "115"),
    (IRAN, "plus", "88001234", "88001234"),
    (IRAN, "e164", "09123456789", "989123456789"),
    (IRAN, "e164", "00441632960000", "441632960000"),
    (IRAN, "e164", "+441632960000", "441632960000"),
    (IRAN, "international", "09123456789", "00989123456789"),
    (IRAN, "international", "+441632960000", "00441632960000"),
    (IRAN, "national", "+989123456789", "09123456789"),
    (IRAN, "national", "00989123456789", "09123456789"),
    (IRAN, "national", "+441632960000", "00441632960000"),
    (IRAN, "as_dialled", "+98912", "+98912"),
    (AMERICA, "e164", "12125550100", "12125550100"),
    (AMERICA, "plus", "011441632960000", "+441632960000"),
    (AMERICA, "plus", "911", "911"),
    (SPAIN, "plus", "911234567", "+34911234567"),
    (SPAIN, "plus", "112", "112"),
]


@pytest.mark.parametrize(("dial", "form", "dialled", "sent"), OUTGOING)
def test_dialled_numbers_become_what_the_line_wants(
    dial: DialRules, form: str, dialled: str, sent: str
) -> None:
    assert rewrite(dialled, outgoing(form, dial)) == sent


DIALS = st.sampled_from([IRAN, AMERICA, SPAIN])
NUMBERS = st.text("0123456789*#+", max_size=40)
COUNTRIES = st.sampled_from(["98", "1", "34", "44", "7"])


@given(DIALS, COUNTRIES, st.text("23456789", min_size=9, max_size=10))
def test_a_number_survives_the_way_out_and_in_again(dial: DialRules, country: str, rest: str) -> None:
    as_dialled = rewrite(f"+{country}{rest}", incoming("auto", dial))
    for out, back in (
        ("plus", "auto"),
        ("international", "auto"),
        ("e164", "e164"),
        ("national", "national"),
    ):
        sent = rewrite(as_dialled, outgoing(out, dial))
        assert rewrite(sent, incoming(back, dial)) == as_dialled, (out, sent)


@given(DIALS, NUMBERS)
def test_nothing_is_lost_or_made_up(dial: DialRules, number: str) -> None:
    for form in ("as_sent", "auto", "e164", "national", "local"):
        made = rewrite(number, incoming(form, dial))
        assert set(made) <= set("0123456789*#+")
        assert made[-3:] == number[-3:]
        assert bool(made) == bool(number)
    for form in ("as_dialled", "plus", "e164", "national", "international"):
        made = rewrite(number, outgoing(form, dial))
        assert set(made) <= set("0123456789*#+")
        assert made[-3:] == number[-3:]
        assert bool(made) == bool(number)


@given(DIALS, st.text("0123456789", min_size=3, max_size=4))
def test_short_numbers_stay(dial: DialRules, number: str) -> None:
    for form in ("e164", "national", "local"):
        if not number.startswith(dial.international_prefix):
            assert rewrite(number, incoming(form, dial)) == number
    for number_ in dial.emergency:
        for form in ("plus", "e164", "national", "international"):
            assert rewrite(number_, outgoing(form, dial)) == number_
