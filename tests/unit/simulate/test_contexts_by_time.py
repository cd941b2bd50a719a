"""Contexts that include others by time, or have extensions for some callers: what is there isn't there for all calls."""

from __future__ import annotations

import pytest

from kelid.compare.behaviour import change_of
from kelid.simulate.pairs import Pairs
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
