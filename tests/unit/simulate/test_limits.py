"""Calls whose TIMEOUT(absolute) leaves them another time each: they are walked once, and nothing that they do is lost."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from kelid.compare.behaviour import change_of
from kelid.model.behaviour import BehaviourChange
from kelid.model.call import NO_ANSWER, Call, World
from kelid.simulate import explore, pairs, simulate
from kelid.simulate.explore import Explorer
from kelid.simulate.pairs import Pairs
from kelid.simulate.ways_in import entrance
from unit.simulate.test_each_call_is_among_all import QUIET, is_among
from unit.simulate.test_pairs import TODAY, plan

LOOP = """
[in]
exten => s,1,Set(TIMEOUT(absolute)={limit})
 same => n,Set(WHO={who})
 same => n,Answer()
 same => n(again),Background(menu)
 same => n,WaitExten(7)
exten => 1,1,Dial(PJSIP/101,{ring})
 same => n,Playback(nobody)
 same => n,GotoIf($["${{WHO}}" = "3"]?third,s,1)
 same => n,Goto(s,again)
exten => 2,1,Wait({wait})
 same => n,Playback(waited)
 same => n,Goto(s,again)
exten => t,1,Goto(s,again)
exten => i,1,Goto(s,again)
exten => T,1,Playback({over})
[third]
exten => s,1,Playback(third)
"""


def loop(limit: int = 100, ring: int = 20, wait: int = 30, over: str = "over", who: str = "1") -> str:
    return LOOP.format(limit=limit, ring=ring, wait=wait, over=over, who=who)


def in_a_large_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explore, "MOST_EXACT", 0)
    monkeypatch.setattr(pairs, "MOST_APART", 0)


SECONDS = 30
"""Of processor time, after which a walk without an end is one: each of these takes less than one."""


def explored(text: str) -> Explorer:
    walk = Explorer((plan(text),), TODAY, seconds=SECONDS)
    walk.root(walk.case((entrance("in"),), (), "s"))
    walk.walk()
    assert not walk.not_covered
    return walk


def changed(before: str, after: str) -> BehaviourChange:
    both = Pairs(plan(before), plan(after), TODAY, seconds=SECONDS)
    both.walk_all("in")
    return change_of(both.changes(), undecided=[*both.undecided, *both.not_covered])


def told(walk: Explorer) -> set[str]:
    """Return all that happens anywhere."""
    links = (event for point in walk.points for link in point.links for event in link.events)
    events = (*links, *(event for point in walk.points for event in point.events))
    return {re.sub(r"\\U000\w{5}", "", str(event)) for event in events}


def test_a_loop_that_waits_is_walked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = explored(loop())
    in_a_large_walk(monkeypatch)
    short, long = explored(loop()), explored(loop(5_000))
    assert len(short.points) < len(exact.points)
    assert len(long.points) == len(short.points)
    assert told(short) == told(exact)


def test_each_call_is_one_of_those_that_are_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are cut off on the way, and those that go on: with each row of keys, and where nobody takes the call."""
    in_a_large_walk(monkeypatch)
    walk = explored(loop())
    for keys in itertools.product(("", "1", "2"), repeat=5):
        call = Call(context="in", exten="s", at=datetime(2026, 12, 1, 8, tzinfo=UTC), technology="Local")
        trace = simulate(plan(loop()), call, World(devices={"PJSIP/101": NO_ANSWER}, presses=keys))
        events = [event for event in trace.events if event.kind not in QUIET]
        assert is_among(walk.points, 0, events) == len(events), keys


@pytest.mark.parametrize(
    "other",
    [{"over": "late"}, {"wait": 31}, {"wait": 120}, {"ring": 25}, {"limit": 90}, {"who": "3"}],
    ids=str,
)
def test_what_changes_is_told(monkeypatch: pytest.MonkeyPatch, other: dict[str, Any]) -> None:
    in_a_large_walk(monkeypatch)
    change = changed(loop(), loop(**other))
    assert change.changes
    assert not change.undecided


def test_two_that_are_apart_are_cut_off_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a limit is over before a wait is asked once for both sides, though each is walked by itself."""
    in_a_large_walk(monkeypatch)
    assert changed(loop(), loop(who="2")).none


ARRIVED = """
[in]
exten => s,1,Set(TIMEOUT(absolute)=20)
 same => n,Set(TIMEOUT(digit)=3)
 same => n,Goto(inside,s,1)
[inside]
exten => s,1,Wait(30)
 same => n,Playback(waited)
exten => e,1,Goto(late,s,1)
[late]
exten => s,1,Playback({over})
"""


@pytest.mark.parametrize("large", [False, True])
def test_who_is_cut_off_may_go_on_with_e(monkeypatch: pytest.MonkeyPatch, large: bool) -> None:
    """Where there is no T, Asterisk goes to e with ABSOLUTETIMEOUT, also behind an extension that the call came to."""
    if large:
        in_a_large_walk(monkeypatch)
    assert changed(ARRIVED.format(over="over"), ARRIVED.format(over="late")).changes


def test_the_time_for_a_digit_is_kept_for_who_reads_it() -> None:
    reading = ARRIVED.replace("Wait(30)", 'GotoIf($["${{TIMEOUT(digit)}}" = "3.000"]?late,s,1)')
    reading = reading.replace("exten => e,", "exten => other,")
    assert changed(reading.format(over="over"), reading.format(over="late")).changes


def test_no_time_is_let_go_of_where_the_dial_plan_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asking = loop().replace("Playback(waited)", "Playback(left-${TIMEOUT(absolute)})")
    exact = explored(asking)
    in_a_large_walk(monkeypatch)
    assert told(explored(asking)) == told(exact)
