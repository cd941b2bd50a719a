"""A part of ``make fidelity`` with a seed that stays: the oracle says what a live Asterisk does, step by step."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from fidelity import sites
from fidelity.generate import FAMILIES, cases
from fidelity.live import Placed, place_cases
from kelid.lab import Lab
from kelid.lab.processes import RUN, wait_until
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


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=lambda stop: stop.name)
def test_a_run_that_is_stopped_leaves_nothing_behind(root: Path, stop: signal.Signals) -> None:
    path = os.pathsep.join([str(root / "tests"), str(root / "tools")])
    words = [sys.executable, "-m", "fidelity", "--only", "loops", "--seed", "1"]
    with subprocess.Popen(
        words, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    ) as run:
        name = f"fidelity-{run.pid}"
        assert run.stderr
        assert run.stderr.readline() == "seed 1\n"
        wait_until("the first calls", lambda: "calls" in run.stderr.readline(), timeout=120)
        assert processes(name)
        run.send_signal(stop)
        assert run.wait(60) == 128 + stop
        run.stderr.read()
    wait_until("the end of all its processes", lambda: not processes(name), timeout=60)
    assert not (RUN / name).exists()


def processes(name: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if name in (words := path.read_bytes().decode(errors="replace")):
                found.append(words)
    return found
