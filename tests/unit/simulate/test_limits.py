"""Calls whose TIMEOUT(absolute) leaves them another time each: they are walked once, and nothing that they do is lost."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kelid.simulate import explore, pairs
from kelid.simulate.explore import Explorer
from kelid.simulate.ways_in import entrance
from unit.simulate.test_pairs import TODAY, changed, plan

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


def explored(text: str) -> Explorer:
    pbx = plan(text)
    walk = Explorer((pbx,), TODAY)
    walk.root(walk.case((entrance("in"),), (), "s"))
    walk.walk()
    assert not walk.not_covered
    return walk


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


APART = """
[in]
exten => s,1,Set(TIMEOUT(absolute)=6)
 same => n,Goto({way},s,1)
[one]
exten => s,1,Gosub(wait,s,1)
 same => n,Playback(one)
[two]
exten => s,1,Gosub(wait,s,1)
 same => n,Wait({more})
 same => n,Playback(one)
[wait]
exten => s,1,GotoIf($["${{DEVICE_STATE(PJSIP/1)}}" = "BUSY"]?:last)
 same => n,GotoIf($["${{DEVICE_STATE(PJSIP/2)}}" = "BUSY"]?:second)
 same => n,Wait(1)
 same => n(second),Wait(2)
 same => n(last),Wait(3)
 same => n,Return()
"""


def test_two_that_are_asked_by_themselves_have_their_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the longest way the second waits a second too long."""
    in_a_large_walk(monkeypatch)
    before = APART.format(way="one", more=0)
    for more in (0, 1):
        change = changed(before, APART.format(way="two", more=more))
        assert not change.undecided
        assert change.none == (more == 0)


def test_no_time_is_let_go_of_where_the_dial_plan_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asking = loop().replace("Playback(waited)", "Playback(left-${TIMEOUT(absolute)})")
    exact = explored(asking)
    in_a_large_walk(monkeypatch)
    assert told(explored(asking)) == told(exact)
