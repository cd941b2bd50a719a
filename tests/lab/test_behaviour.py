"""A part of ``make behaviour`` with a seed that stays: what the behaviour diff names differs on a live Asterisk."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from behaviour.edits import edit
from behaviour.suite import Judge, place_all
from kelid.lab import Lab
from kelid.lab.witness import Witness

pytestmark = pytest.mark.lab

SITE = "noor-clinic"
EDITS = ("2/0", "2/2", "2/4", "2/5")
"""A route that goes and one in another language, where an open and a closed office lead: their calls are soon walked."""


def test_named_calls_differ_and_others_do_not(lab: Lab, root: Path) -> None:
    judge = Judge(root / "sites", date(2026, 11, 26), 2, 60.0)
    results = [
        judge.judge(edit(root / "sites", SITE, seed, refactor=False), number)
        for number, seed in enumerate(EDITS)
    ]
    assert [result.says for result in results] == ["these"] * len(EDITS)
    assert all(len(result.named) == 1 and len(result.not_named) == 2 for result in results)
    with Witness(lab.create_host("asterisk22")) as asterisk:
        for result in place_all(asterisk, judge, results, lambda _: None):
            assert result.wrong == [], result.notes
