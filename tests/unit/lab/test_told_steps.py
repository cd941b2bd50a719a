"""Steps as Asterisk tells them, laid side by side with the oracle's."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from kelid.lab.told import by_channel, timed

AT = datetime(2026, 12, 1, 10, 0, tzinfo=ZoneInfo("UTC"))


def test_a_parked_call_that_comes_back_is_told_in_parks_name() -> None:
    told = [
        ("lot", "s", 1, "Park", "x", 0),
        ("lot", "back", 1, "Park", "x", 0),
        ("front", "s", 1, "Set", "a=", 0),
    ]
    oracle = [("lot", "s", 1, "Park", "x", 0), ("lot", "back", 1, "Goto", "front,s,1", 0), told[2]]
    assert by_channel(oracle, AT) == by_channel(told, AT)
    elsewhere = [told[0], ("lot", "other", 1, "Goto", "front,s,1", 0), told[2]]
    assert by_channel(elsewhere, AT) != by_channel(told, AT)
    other = [told[0], told[1], ("front", "s", 1, "Set", "b=", 0)]
    assert by_channel(other, AT) != by_channel(told, AT)


def test_called_channels_come_in_no_order_and_those_without_steps_not_at_all() -> None:
    told = [
        ("a", "s", 1, "Dial", "x", 0),
        ("a", "s", 1, "AppDial", "(Outgoing Line)", 1),
        ("b", "2", 1, "NoOp", "", 3),
        ("b", "1", 1, "NoOp", "", 2),
    ]
    assert by_channel(told, AT) == (
        (("a", "s", 1, "Dial", "x"),),
        (("b", "1", 1, "NoOp", ""),),
        (("b", "2", 1, "NoOp", ""),),
    )


def test_an_application_that_is_told_again_after_its_subroutine_is_one_step() -> None:
    dial = ("a", "s", 1, "Dial", "PJSIP/101,,B(b^s^1)", 0)
    steps = [dial, ("b", "s", 1, "Return", "", 0), dial, ("a", "s", 2, "NoOp", "", 0)]
    assert [step[3] for step in by_channel(steps, AT)[0]] == ["Dial", "Return", "NoOp"]


def test_the_seconds_that_keys_take_are_no_difference() -> None:
    def steps(seconds: str, other: str = "a1") -> list[tuple[object, ...]]:
        return [("cap", "s", 1, "Set", f"in=23{seconds}", 0), ("cap", "s", 2, "Set", f"b={other}", 0)]

    early, late = by_channel(steps("40"), AT), by_channel(steps("50"), AT)
    assert timed(by_channel(steps("42"), AT), early, late) == early
    assert timed(by_channel(steps("39"), AT), early, late) != early  # earlier than the call
    assert timed(by_channel(steps("51"), AT), early, late) != early
    assert timed(by_channel(steps("42", "a2"), AT), early, late) != early  # which the clock doesn't change
    assert timed(by_channel(steps("42", "b1"), AT), early, late) != early
    assert timed(by_channel(steps("42")[:1], AT), early, late) != early
    assert timed(by_channel([*steps("42"), ("cap", "s", 3, "NoOp", "", 1)], AT), early, late) != early
