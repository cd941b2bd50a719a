"""A sample of ``make reliability`` with a seed that stays: a few cases of each fault, on one server with a call up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kelid.lab import Lab
from reliability import FAULTS
from reliability.calls import under_calls
from reliability.cases import Fault, chosen, run_case
from reliability.ground import Ground, ground_of

pytestmark = pytest.mark.lab

SEED = 5
SAMPLED = [fault for fault in FAULTS if fault.few]


@pytest.fixture(scope="module")
def ground(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with ground_of(lab, tmp_path_factory.mktemp("reliability")) as ground:
        yield ground


@pytest.mark.parametrize("fault", SAMPLED, ids=lambda fault: fault.name)
def test_a_sample_of_each_fault(ground: Ground, fault: Fault) -> None:
    results = [run_case(ground, fault.name, case) for case in chosen(fault, ground, SEED, fault.few)]

    assert results
    assert not [f"{one.fault}:{one.case}: {one.broken}" for one in results if one.broken]


def test_calls_go_on_under_applies(ground: Ground) -> None:
    under_calls(ground, 1, strict=False)
