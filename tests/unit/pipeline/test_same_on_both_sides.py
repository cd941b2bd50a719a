"""Two sides that are the same do the same, even where nobody can tell what that is."""

from __future__ import annotations

from datetime import date

from kelid.pipeline.behaviour import behaviour_change
from unit.simulate.conftest import pbx_of

PLAN = """
[in]
exten => s,1,GotoIfTime(${WHEN}?closed,s,1)
 same => n,Playback(open)
[closed]
exten => s,1,Playback(closed)
"""


def test_nothing_is_undecided_of_what_is_the_same() -> None:
    assert behaviour_change(pbx_of(PLAN), pbx_of(PLAN), date(2026, 11, 26)).none
    other = pbx_of(PLAN.replace("(open)", "(other)"))
    change = behaviour_change(pbx_of(PLAN), other, date(2026, 11, 26))
    assert change.undecided
