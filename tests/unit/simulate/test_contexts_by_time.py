"""Contexts that include others by time, or have extensions for some callers: what is there isn't there for all calls."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest

from kelid.compare.behaviour import change_of
from kelid.model.call import Call, World
from kelid.simulate import simulate
from kelid.simulate.pairs import Pairs
from unit.simulate.conftest import pbx_of
from unit.simulate.test_limits import in_a_large_walk
from unit.simulate.test_pairs import TODAY, plan

BY_DAY = """
[in]
include => day,09:00-11:59,*,*,*
exten => s,1,NoOp()
 same => n,GotoIfTime(09:00-11:59,*,*,*?morning,s,1)
 same => n,Playback(later)
[day]
exten => s,1,Wait(5)
 same => n,Goto(morning,s,1)
[morning]
exten => s,1,Playback(MARK)
"""
NOT_THERE = """
[in]
exten => s,1,Goto({context},1,1)
[by-time]
include => day,09:00-11:59,*,*,*
exten => i,1,Playback(MARK)
[not-at-all]
exten => e,1,Playback(MARK)
[by-caller]
exten => 1/123,1,Playback(known)
exten => i,1,Playback(MARK)
[by-no-caller]
exten => 1/,1,Playback(MARK)
exten => i,1,Playback(someone)
[day]
exten => 1,1,Playback(day)
"""
LOOKED_FOR = """
[in]
exten => s,1,GotoIfTime(09:00-11:59,*,*,*?early)
 same => n,Playback(late)
 same => n,Goto(look,s,1)
 same => n(early),Playback(early)
 same => n,Goto(look,s,1)
[look]
exten => s,1,NoOp()
 same => n,GotoIf(${{{function}}}?there)
 same => n,Playback(MARK)
 same => n(there),Hangup()
[by-time]
include => day,09:00-11:59,*,*,*
[day]
exten => s,1,NoOp()
"""


@pytest.mark.parametrize(
    "text",
    [
        BY_DAY,
        NOT_THERE.format(context="by-time"),
        NOT_THERE.format(context="by-caller"),
        NOT_THERE.format(context="not-at-all"),
        NOT_THERE.format(context="by-no-caller"),
        LOOKED_FOR.format(function="DIALPLAN_EXISTS(by-time,s,1)"),
        LOOKED_FOR.format(function="VALID_EXTEN(by-time,s,1)"),
    ],
)
def test_a_change_for_those_who_find_nothing_there_is_told(text: str) -> None:
    both = Pairs(plan(text), plan(text.replace("MARK", "other")), TODAY, zone="UTC")
    both.walk_all("in", "s")
    change = change_of(both.changes(), undecided=[*both.undecided, *both.not_covered])
    assert change.changes
    assert not change.undecided
    both = Pairs(plan(text), plan(text), TODAY, zone="UTC")
    both.walk_all("in", "s")
    assert not both.changes()


MENU = """
[in]
include => day,09:00-16:59,mon-fri,*,*
exten => s,1,Answer()
 same => n,WaitExten(5)
exten => {own},1,Playback(own)
exten => i,1,Playback(invalid)
exten => t,1,Playback(late)
[day]
exten => {day},1,Playback(day)
"""
MOMENTS = (
    datetime(2026, 12, 1, 10, tzinfo=UTC),
    datetime(2026, 12, 1, 16, 59, 58, tzinfo=UTC),
    datetime(2026, 12, 1, 20, tzinfo=UTC),
)


def heard(text: str) -> set[str]:
    """Return all that anybody hears who presses up to two of some keys, in and out of the hours."""
    found: set[str] = set()
    for at, keys in itertools.product(MOMENTS, itertools.product(("", "1", "2", "3", "4", "#"), repeat=2)):
        call = Call(context="in", exten="s", at=at, technology="Local")
        made = simulate(plan(text), call, World(presses=("".join(keys),)))
        found |= {event.subject for event in made.events if event.kind == "hears"}
    return found


@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
@pytest.mark.parametrize("what", ["own", "day", "invalid", "late"])
@pytest.mark.parametrize(
    ("own", "day"),
    [("_XX", "12"), ("12", "_XX"), ("_X", "12"), ("12", "_X"), ("34", "12"), ("_X.", "_1X."), ("_XX", "_XX")],
)
def test_a_menu_that_knows_more_by_day(
    monkeypatch: pytest.MonkeyPatch, own: str, day: str, what: str, large: bool
) -> None:
    if large:
        in_a_large_walk(monkeypatch)
    text = MENU.format(own=own, day=day)
    both = Pairs(plan(text), plan(text.replace(f"({what})", "(other)")), TODAY, zone="UTC", seconds=30)
    both.walk_all("in", "s")
    change = change_of(both.changes(), undecided=[*both.undecided, *both.not_covered])
    assert bool(change.changes) == (what in heard(text))
    assert not change.undecided


DAY_AND_NIGHT = """
[in]
include => day,09:00-16:59,mon-fri,*,*
include => night
[day]
exten => _X.,1,Dial(PJSIP/101,20)
 same => n,Playback(nobody)
[night]
exten => _X.,1,Playback(closed)
exten => 021,1,Playback(special)
exten => _X./_0912.,1,Playback(blocked)
exten => i,1,Playback(invalid)
"""


@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
@pytest.mark.parametrize("what", ["closed", "special", "blocked", "invalid"])
def test_the_night_is_another_context(monkeypatch: pytest.MonkeyPatch, what: str, large: bool) -> None:
    """Nothing is told of the day: a number that rings somebody then has rung him before."""
    if large:
        in_a_large_walk(monkeypatch)
    other = DAY_AND_NIGHT.replace(f"({what})", "(other)")
    both = Pairs(plan(DAY_AND_NIGHT), plan(other), TODAY, zone="UTC", seconds=30)
    both.walk_all("in")
    change = change_of(both.changes(), undecided=[*both.undecided, *both.not_covered])
    assert {(one.before[0].subject, one.after[0].subject) for one in change.changes} == {(what, "other")}
    assert not change.undecided


def test_a_time_that_a_global_variable_holds() -> None:
    text = """
    [globals]
    OPEN=08:00-16:59
    DAYS=mon-fri
    [in]
    exten => s,1,GotoIfTime(${{OPEN}},${{DAYS}},*,*?open)
     same => n,Playback(closed)
     same => n,Hangup()
     same => n(open),Playback({})
    """
    pairs = Pairs(pbx_of(text.format("was")), pbx_of(text.format("now")), TODAY)
    pairs.walk_all("in", "s")
    (change,) = pairs.changes()
    assert not pairs.not_covered
    assert (change.before[0].subject, change.after[0].subject) == ("was", "now")
    assert change.time
    other = text.replace("[in]", "[in]\nexten => x,1,Set(GLOBAL(OPEN)=09:00-10:00)")
    pairs = Pairs(pbx_of(other.format("was")), pbx_of(other.format("now")), TODAY)
    pairs.walk_all("in", "s")
    assert list(pairs.not_covered) == ["a time that is made of variables: ${OPEN},mon-fri,*,*"]
