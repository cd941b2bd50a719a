"""Digits that a menu collects until they can't become another extension: one number, whatever its length."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from kelid.compare.behaviour import change_of
from kelid.model.behaviour import BehaviourChange
from kelid.model.call import Call, World
from kelid.model.trace import Trace
from kelid.simulate import simulate
from kelid.simulate.explore import Explorer
from kelid.simulate.pairs import Pairs
from kelid.simulate.ways_in import entrance
from kelid.simulate.witnesses import wanted
from unit.simulate.test_each_call_is_among_all import QUIET, is_among
from unit.simulate.test_limits import in_a_large_walk
from unit.simulate.test_pairs import TODAY, plan

AT = datetime(2026, 12, 1, 8, tzinfo=UTC)
WAITS = {
    "Background": " same => n,Background(menu)\n same => n,WaitExten(5)\n",
    "WaitExten": " same => n,WaitExten(5)\n",
    "ReadExten": " same => n,ReadExten(K,menu)\n same => n,Goto(${K},1)\n",
}
EXTENSIONS = {
    "four": "_1XXX",
    "any": "_X.",
    "mobile": "_09XXXXXXXXX",
    "at once": "_0X!",
    "a caller's": "2000/123",
    "hash": "_7X#",
}
MENU = """
[in]
exten => s,1,Answer()
{wait}exten => 2,1,Playback(two)
exten => {exten},1,Playback(number)
exten => 44,1,WaitExten(3)
 same => n,Playback(waited)
exten => i,1,Playback(invalid)
exten => t,1,Playback(late)
"""


def menu(wait: str = "Background", exten: str = "four", *others: tuple[str, str]) -> str:
    text = MENU.format(wait=WAITS[wait], exten=EXTENSIONS[exten])
    for old, new in others:
        assert old in text
        text = text.replace(old, new)
    return text


def trace(text: str, presses: tuple[str, ...], caller: str = "") -> Trace:
    call = Call(context="in", exten="s", at=AT, technology="Local", caller=caller)
    return simulate(plan(text), call, World(presses=presses))


def heard(text: str, presses: tuple[str, ...], caller: str = "") -> list[str]:
    return [event.subject for event in trace(text, presses, caller).events if event.kind == "hears"]


def changed(before: str, after: str) -> BehaviourChange:
    both = Pairs(plan(before), plan(after), TODAY, seconds=30)
    both.walk_all("in", "s")
    return change_of(both.changes(), undecided=[*both.undecided, *both.not_covered])


def pressed(rng: random.Random) -> tuple[str, ...]:
    """Keys that a menu may know, and others."""
    begin = rng.choice(
        ("", "1", "12", "123", "1234", "2", "2000", "091", "09123456789", "01", "44", "71#", "#", "*")
    )
    return tuple(begin + "".join(rng.choices("0129*#", k=rng.choice((0, 0, 1, 2)))) for _ in range(2))


@pytest.mark.parametrize("exten", EXTENSIONS)
@pytest.mark.parametrize("wait", WAITS)
def test_each_call_is_one_of_those_that_are_walked(wait: str, exten: str) -> None:
    text = menu(wait, exten)
    walk = Explorer((plan(text),), TODAY, seconds=30)
    root = walk.root(walk.case((entrance("in"),), (), "s"))
    walk.walk()
    assert not walk.not_covered
    assert not any(event.kind == "unknown" for point in walk.points for event in point.events)
    assert len(walk.points) < 100
    rng = random.Random(5)  # noqa: S311 - no secret
    for _ in range(300):
        keys, caller = pressed(rng), rng.choice(("", "123"))
        events = [event for event in trace(text, keys, caller).events if event.kind not in QUIET]
        assert is_among(walk.points, root, events) == len(events), (keys, caller)


@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
@pytest.mark.parametrize("what", ["two", "number", "invalid", "late", "waited"])
@pytest.mark.parametrize("exten", EXTENSIONS)
@pytest.mark.parametrize("wait", WAITS)
def test_what_changes_for_some_digits_is_told(
    monkeypatch: pytest.MonkeyPatch, wait: str, exten: str, what: str, large: bool
) -> None:
    """And only if digits lead there: each of these is heard by somebody who presses some, or by nobody."""
    if large:
        in_a_large_walk(monkeypatch)
    text = menu(wait, exten)
    change = changed(text, menu(wait, exten, (f"({what})", "(other)")))
    rng = random.Random(6)  # noqa: S311 - no secret
    somebody = any(what in heard(text, pressed(rng), rng.choice(("", "123"))) for _ in range(300))
    assert bool(change.changes) == somebody
    assert not change.undecided


@pytest.mark.parametrize("other", ["_[12]XXX", "_1XX", "_1XXXX", "_X.", "1234"])
@pytest.mark.parametrize("wait", WAITS)
def test_both_dial_plans_get_the_same_keys(wait: str, other: str) -> None:
    """Numbers of the one that aren't in the other are told, each with keys that make the difference, and no more."""
    once = ("WaitExten(3)", "Playback(waits)")  # one wait for keys in all
    before, after = menu(wait, "four", once), menu(wait, "four", once, ("_1XXX", other))
    change = changed(before, after)
    assert change.changes
    assert not change.undecided
    for one in change.changes:
        keys = "".join(asked.answer for asked in wanted(one.example[3:]) if asked.kind == "key")
        assert heard(before, (keys,)) != heard(after, (keys,)), one


def test_a_menu_by_another_name_is_none() -> None:
    before = menu("Background", "any")
    moved = before.replace("[in]", "[menu]") + "[in]\nexten => s,1,Goto(menu,s,1)\n"
    assert changed(before + "[other]\nexten => s,1,Goto(in,s,1)\n", moved).none


def test_who_presses_nothing_stays_where_he_is() -> None:
    """``Goto(menu,,1)`` keeps the extension (pbx_parseable_goto in main/pbx.c)."""
    text = (
        "[in]\nexten => s,1,Read(K,,2)\n same => n,Goto(menu,${K},1)\n[menu]\nexten => s,1,Playback(again)\n"
    )
    assert heard(text, ("",)) == ["again"]
    (one,) = changed(text, text.replace("again", "other")).changes
    assert one.before[0].subject == "again"


def test_a_loop_without_an_end_against_the_end_of_a_call_is_told() -> None:
    text = "[in]\nexten => s,1,Answer()\n same => n,Goto(in,1,1)\nexten => 1,1,Goto(in,${EXTEN},1)\n"
    (one,) = changed(text, text.replace("exten => 1,1", "exten => 2,1")).changes
    assert [event.kind for event in (one.before[0], one.after[0])] == ["loop", "hangup"]


def test_nobody_notices_the_cause_with_which_an_answered_call_ends() -> None:
    text = "[in]\nexten => s,1,Answer()\n same => n,Goto(x,1,1)\n[x]\nexten => _1,1,Dial(PJSIP/200,20)\n"
    assert changed(text, text.replace("_1,", "_[12],")).none
