"""Dial plans that a live Asterisk has gone through, and its steps: functions that read and write what a call keeps."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kelid.model.call import Call, World
from kelid.readback import read_tree
from kelid.simulate import simulate

KEPT: dict[str, Any] = json.loads(
    Path(__file__).with_name("steps_of_asterisk.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", sorted(KEPT))
def test_the_steps_are_those_that_asterisk_took(name: str) -> None:
    text = "\n".join(KEPT[name]["dialplan"]) + "\n"
    pbx = read_tree({"extensions.conf": text.encode()}, asterisk=int(name.rsplit(" ", 1)[1])).pbx
    trace = simulate(pbx, Call(context="top", exten="s", at=datetime(2026, 11, 26, 16, tzinfo=UTC)), World())
    assert not trace.unknown
    mine = [[step.context, step.exten, step.priority, step.app, step.data] for step in trace.steps]
    for live, ours in zip(KEPT[name]["steps"], mine, strict=False):
        assert ours == live
    assert len(mine) == len(KEPT[name]["steps"])
