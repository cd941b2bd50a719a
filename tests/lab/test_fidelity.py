"""A part of ``make fidelity`` with a seed that stays: the oracle says what a live Asterisk does, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from fidelity import sites
from fidelity.generate import FAMILIES, cases
from fidelity.live import Placed, place_cases
from kelid.lab import Lab
from kelid.lab.witness import Witness

pytestmark = pytest.mark.lab

SEED = 4
FEW = {
    "keys": 1,
    "reads": 1,
    "ends": 3,
    "passwords": 1,
    "conferences": 1,
    "directories": 1,
    "pickups": 1,
    "waits": 1,
    "lamps": 1,
}
"""Families whose calls wait."""
CASES = 4


@pytest.fixture(scope="module")
def witness(lab: Lab) -> Iterator[Witness]:
    with Witness(lab.create_host("witness22")) as witness:
        yield witness


@pytest.fixture(scope="module")
def old_witness(lab: Lab) -> Iterator[Witness]:
    with Witness(lab.create_host("witness16", image="pbx11")) as witness:
        yield witness


def agree(found: Iterable[Placed]) -> int:
    """Return how many calls were compared; fail with the first that differs."""
    count = 0
    for one in found:
        assert one.verdict.how != "different", f"{one.call} {one.world.presses}\n{one.verdict}\n{one.case}"
        count += one.verdict.how == "same"
    return count


def test_dial_plans_by_chance(witness: Witness) -> None:
    made = [
        case
        for family in FAMILIES
        if not family.startswith("old_")
        for case in cases(SEED, FEW.get(family, CASES), (family,))
    ]
    assert agree(place_cases(witness, made, 22)) > 300


def test_macros(old_witness: Witness) -> None:
    assert agree(place_cases(old_witness, cases(SEED, 5, old=True), 16)) == 5


@pytest.mark.parametrize("name", ["noor-clinic"])
def test_a_sample_site(witness: Witness, root: Path, name: str) -> None:
    pbx, bundle = sites.site_pbx(root / "sites", name)
    found = list(sites.place_site(witness, pbx, bundle, sites.Ways(pbx).groups(SEED, 2, 25)))
    assert [one.verdict.why for one in found if one.verdict.how == "unknown"] == []
    assert agree(found) == 50
