"""Texts that a live Asterisk has evaluated, and its values: the generators of tests/fidelity/texts.py made them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kelid.model.call import Call
from kelid.model.pbx import Pbx
from kelid.simulate.run import Run
from kelid.simulate.substitute import template
from kelid.simulate.unknown import UnknownHere

KEPT: dict[str, Any] = json.loads(
    Path(__file__).with_name("texts_of_asterisk.json").read_text(encoding="utf-8")
)
VARIABLES: dict[str, str] = KEPT.pop("variables")


def make_run(asterisk: int) -> Run:
    """Return a call without questions, with the variables that the live one had."""
    call = Call(context="c", exten="s", at=datetime(2026, 11, 26, 16, 0, tzinfo=UTC))
    run = Run(Pbx(site="", asterisk=asterisk), call, lambda question: "")
    run.channel.variables.update(VARIABLES)
    return run


@pytest.mark.parametrize("kind", sorted(KEPT))
def test_texts_have_the_values_that_asterisk_gave_them(kind: str) -> None:
    run = make_run(int(kind.rsplit(" ", 1)[1]))
    differing, unknown = [], []
    for text, value in KEPT[kind]:
        try:
            mine = template(text)(run)
        except UnknownHere as problem:
            unknown.append((text, problem.what))
            continue
        # the log that the values were read from has the bytes of a letter that was cut as they are
        if mine.encode(errors="surrogateescape").decode(errors="replace") != value:
            differing.append((text, value, mine))
    assert not differing
    assert len(unknown) <= len(KEPT[kind]) // 20, unknown
