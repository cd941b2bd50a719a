"""What a caller presses in the lab for what the oracle was told."""

from __future__ import annotations

from typing import Any

import pytest

from fidelity.live import AT
from fidelity.plain import tree
from kelid.lab.presses import presses
from kelid.model.call import Call, World
from kelid.simulate import simulate


def keys(step: str, *, pressed: tuple[str, ...] = (), **answers: str) -> list[tuple[int, str]]:
    pbx, _ = tree(f"[general]\n[a]\nexten => s,1,Answer()\n same => n,{step}\n[in]\nexten => _2X,1,NoOp()\n")
    world: dict[str, Any] = {"presses": pressed, "answers": answers}
    trace = simulate(pbx, Call(context="a", exten="s", at=AT), World(**world))
    return [(press.step, press.keys) for press in presses(trace, pbx)]


def test_a_pin_is_given_wrong_three_times_or_not_at_all() -> None:
    assert keys("Authenticate(4711)", password="right") == [(1, "4711#")]
    assert keys("Authenticate(4711)", password="wrong") == [(1, "0000#0000#0000#")]
    assert keys("Authenticate(4711)", password="none") == []


def test_what_is_dialled_after_a_pin_waits_until_it_is_given() -> None:
    assert keys("DISA(4711,in)", pressed=("21",), password="right") == [(1, "4711#"), (1, "21")]
    pbx, _ = tree("[general]\n[a]\nexten => s,1,DISA(4711,in)\n[in]\nexten => _2X,1,NoOp()\n")
    world = World(presses=("21",), answers={"password": "right"})
    pin, number = presses(simulate(pbx, Call(context="a", exten="s", at=AT), world), pbx)
    assert number.after > pin.after + len(pin.keys) * 0.25 + 1


@pytest.mark.parametrize(
    ("ends", "menu", "pressed"), [("HANGUP", "way-out", "!"), ("DTMF", "way-out", "*"), ("DTMF", "", None)]
)
def test_a_conference_is_left(ends: str, menu: str, pressed: str | None) -> None:
    found = keys(f"ConfBridge(x,,,{menu})", conference=ends)
    assert found == ([(1, pressed)] if pressed else [])


def test_a_name_is_spelled_by_the_letters_on_the_keys_and_accepted() -> None:
    assert keys("Directory(default,in)", directory="102") == [(1, "527"), (1, "1")]  # Karimi
    assert keys("Directory(default,in)", directory="0") == [(1, "0")]
    assert keys("Directory(default,in)", directory="") == []
