"""The clock goes on while a call waits: what it is told by time conditions then, alone and where all calls are walked."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kelid.compare.behaviour import change_of
from kelid.model.behaviour import BehaviourChange
from kelid.model.call import NO_ANSWER, Call, World
from kelid.model.trace import Trace
from kelid.pipeline.witnesses import Trees, starts_of
from kelid.simulate import simulate
from kelid.simulate.explore import Explorer
from kelid.simulate.pairs import Pairs
from kelid.simulate.ways_in import entrance
from unit.simulate.test_each_call_is_among_all import QUIET, is_among
from unit.simulate.test_limits import in_a_large_walk
from unit.simulate.test_pairs import TODAY, plan

CLOSES = datetime(2026, 12, 1, 17, 1, tzinfo=UTC)
"""A Tuesday: 17:00 is the last minute of 09:00-17:00."""
OPEN = "09:00-17:00,mon-fri,*,*"


def trace(text: str, at: datetime, **world: object) -> Trace:
    call = Call(context="in", exten="s", at=at, technology="Local")
    return simulate(plan(text), call, World(**world))  # type: ignore[arg-type]


def data(made: Trace, app: str = "NoOp") -> list[str]:
    return [step.data for step in made.steps if step.app == app]


# --- one call ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "condition",
    [
        f"${{IFTIME({OPEN}?open:closed)}}",
        '${IF($["${STRFTIME(${EPOCH},UTC,%H%M)}" < "1701"]?open:closed)}',
        f"${{IF($[${{EPOCH}} < {int(CLOSES.timestamp())}]?open:closed)}}",
    ],
)
@pytest.mark.parametrize("wait", ["Wait(10)", "Dial(PJSIP/101,10)", "WaitExten(10)", "Queue(sales,,,,10)"])
def test_who_waits_over_the_border_is_behind_it(condition: str, wait: str) -> None:
    text = f"[in]\nexten => s,1,Answer()\n same => n,{wait}\n same => n(t),NoOp({condition})\nexten => t,1,Goto(s,t)\n"
    for before, said in ((11, "open"), (10, "closed"), (1, "closed"), (0, "closed")):
        made = trace(
            text,
            CLOSES - timedelta(seconds=before),
            devices={"PJSIP/101": NO_ANSWER},
            answers={"queue": "TIMEOUT"},
        )
        assert data(made)[0] == said, before


def test_an_include_ends_while_a_call_is_in_it() -> None:
    """Each step is looked up anew: what was included is gone, and the call has nowhere to go on (pbx_extension_helper)."""
    text = f"[in]\ninclude => day,{OPEN}\n[day]\nexten => s,1,Answer()\n same => n,Wait(5)\n same => n,NoOp(still)\n"
    assert data(trace(text, CLOSES - timedelta(seconds=6))) == ["still"]
    assert data(trace(text, CLOSES - timedelta(seconds=5))) == []


def test_seconds_are_true_ones_where_clocks_are_put() -> None:
    london = ZoneInfo("Europe/London")
    text = "[in]\nexten => s,1,Wait(3600)\n same => n,NoOp(${STRFTIME(${EPOCH},Europe/London,%H:%M %Z)})\n"
    assert data(trace(text, datetime(2026, 10, 25, 0, 30, tzinfo=london))) == ["01:30 BST"]
    assert data(trace(text, datetime(2026, 10, 25, 1, 30, tzinfo=london))) == ["01:30 GMT"]
    assert data(trace(text, datetime(2027, 3, 28, 0, 30, tzinfo=london))) == ["02:30 BST"]


def test_who_is_cut_off_has_waited_no_longer() -> None:
    text = "[in]\nexten => s,1,Set(TIMEOUT(absolute)=5)\n same => n,Wait(100)\nexten => T,1,NoOp(${EPOCH})\n"
    assert data(trace(text, CLOSES)) == [str(int(CLOSES.timestamp()) + 5)]


def test_a_loop_that_waits_until_somebody_opens_has_an_end() -> None:
    text = (
        f"[in]\nexten => s,1,Answer()\n same => n(again),GotoIfTime({OPEN}?open)\n same => n,Wait(30)\n"
        " same => n,Goto(again)\n same => n(open),NoOp(open)\n"
    )
    made = trace(text, datetime(2026, 12, 1, 7, 0, 10, tzinfo=UTC))
    assert data(made) == ["open"]
    assert len(data(made, "Wait")) == 240
    never = trace(text.replace("mon-fri", "sun").replace("*,*?", "29,feb?"), CLOSES)
    assert never.end == "loop"
    assert never.events[-1].subject == "in,s"
    assert len(never.steps) < 1000


# --- all calls -----------------------------------------------------------------------------------

LATE = """
[in]
exten => s,1,GotoIfTime({hours}?open)
 same => n,Playback(closed)
 same => n,Hangup()
 same => n(open),Answer()
 same => n,{wait}
 same => n(t),{look}
 same => n,Playback({still})
 same => n,Hangup()
 same => n(no),Playback({meanwhile})
 same => n,Hangup()
exten => t,1,Goto(s,t)
[days]
exten => 20261224,1,NoOp()
[day]
exten => s,1,NoOp()
[by-day]
include => day,{hours}
"""
WAITS = ("Wait(10)", "Dial(PJSIP/101,10)", "WaitExten(10)")
LOOKS = {
    "GotoIfTime": f"GotoIfTime({OPEN}?:no)",
    "IFTIME": f'GotoIf($["${{IFTIME({OPEN}?yes:no)}}" = "no"]?no)',
    "STRFTIME": 'GotoIf($["${STRFTIME(${EPOCH},UTC,%H)}" > "16"]?no)',
    "calendar": "GotoIf(${DIALPLAN_EXISTS(days,${STRFTIME(${EPOCH},UTC,%Y%m%d)},1)}?no)",
    "include": "GotoIf($[${DIALPLAN_EXISTS(by-day,s,1)} = 0]?no)",
}
HOURS = {"STRFTIME": "09:00-16:59,mon-fri,*,*", "calendar": "*,*,1-23,dec"}


def late(look: str, wait: str = "Wait(10)", meanwhile: str = "shut", still: str = "still") -> str:
    return LATE.format(
        hours=HOURS.get(look, OPEN), wait=wait, look=LOOKS[look], meanwhile=meanwhile, still=still
    )


def walked(before: str, after: str) -> tuple[BehaviourChange, Pairs]:
    both = Pairs(plan(before), plan(after), TODAY, zone="UTC", seconds=30)
    both.walk_all("in", "s")
    return change_of(both.changes(), undecided=[*both.undecided, *both.not_covered]), both


@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("look", LOOKS)
def test_what_only_those_do_who_wait_over_a_border_is_told(
    monkeypatch: pytest.MonkeyPatch, look: str, wait: str, large: bool
) -> None:
    """With the moment: the call that is told does so, in both dial plans."""
    if large:
        in_a_large_walk(monkeypatch)
    before, after = late(look, wait), late(look, wait, meanwhile="other")
    change, _ = walked(before, after)
    assert not change.undecided
    (one,) = change.changes
    assert [event.subject for event in (*one.before, *one.after) if event.kind == "hears"] == [
        "shut",
        "other",
    ]
    at = datetime.fromtimestamp(int(dict(one.example)["at"]), UTC)
    for text, heard in ((before, "shut"), (after, "other")):
        assert data(trace(text, at, devices={"PJSIP/101": NO_ANSWER}), "Playback")[-1] == heard


@pytest.mark.parametrize("look", LOOKS)
def test_who_waits_has_still_the_rest_of_the_day(look: str) -> None:
    change, _ = walked(late(look), late(look, still="other"))
    (one,) = change.changes
    assert not one.conditions


@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
@pytest.mark.parametrize("look", LOOKS)
def test_the_same_calls_by_other_names_are_none(
    monkeypatch: pytest.MonkeyPatch, look: str, large: bool
) -> None:
    if large:
        in_a_large_walk(monkeypatch)
    moved = late(look).replace("(open)", "(begin)").replace("?open", "?begin")
    moved = moved.replace(" same => n,Wait(10)", " same => n,NoOp()\n same => n,Wait(4)\n same => n,Wait(6)")
    change, _ = walked(late(look), moved)
    assert change.none


def test_what_is_looked_at_before_a_wait_is_not_behind_the_border() -> None:
    """Where nobody waits between two looks at the clock, both see the same."""
    plain = late("GotoIfTime", "NoOp()")
    assert walked(plain, plain.replace("shut", "other"))[0].none


TWICE = """
[in]
exten => s,1,GotoIfTime(09:00-17:00,mon-fri,*,*?open)
 same => n,Hangup()
 same => n(open),Wait(100)
 same => n,GotoIfTime(09:00-17:00,mon-fri,*,*?:no)
 same => n,Wait(30)
 same => n,GotoIfTime(09:00-17:00,mon-fri,*,*?yes)
 same => n,Playback({second})
 same => n,Hangup()
 same => n(yes),Playback(yes)
 same => n,Hangup()
 same => n(no),Playback(first)
"""


@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
def test_a_border_may_come_in_any_of_the_waits(monkeypatch: pytest.MonkeyPatch, large: bool) -> None:
    """And a call is found that is tried at the right moment before it."""
    if large:
        in_a_large_walk(monkeypatch)
    before, after = TWICE.format(second="second"), TWICE.format(second="other")
    (one,) = walked(before, after)[0].changes
    assert "the clock" in [condition.subject for condition in one.conditions]
    moments = {start.calls[0].at for start in starts_of(one, Trees(plan(before), plan(after)))}
    heard = {data(trace(after, at), "Playback")[-1] for at in moments}
    assert "other" in heard


ROUND = """
[in]
exten => s,1,Answer()
 same => n(again),GotoIfTime(09:00-17:00,mon-fri,*,*?open)
 same => n,Playback(closed)
 same => n,WaitExten(7)
 same => n,Goto(again)
 same => n(open),Background(menu)
 same => n,WaitExten(7)
exten => 1,1,Dial(PJSIP/101,20)
 same => n,GotoIfTime(12:00-13:00,*,*,*?lunch,s,1)
 same => n,Goto(s,again)
exten => 2,1,Wait(30)
 same => n,Goto(s,again)
exten => t,1,Set(n=$[0${n} + 1])
 same => n,GotoIf($[${n} < 3]?s,again)
exten => i,1,Goto(s,again)
[lunch]
exten => s,1,Playback(lunch)
"""


@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
def test_each_call_is_one_of_those_that_are_walked(monkeypatch: pytest.MonkeyPatch, large: bool) -> None:
    """Those that come in shortly before each border, and wait over it after each row of keys."""
    if large:
        in_a_large_walk(monkeypatch)
    walk = Explorer((plan(ROUND),), TODAY, seconds=30)
    walk.root(walk.case((entrance("in"),), (), "s"))
    walk.walk()
    assert not walk.not_covered
    for hour, before in itertools.product((9, 12, 13), (-70, 5, 29, 45, 59)):
        at = datetime(2026, 12, 1, hour, tzinfo=UTC) - timedelta(seconds=before)
        for keys in itertools.product(("", "1", "2"), repeat=3):
            made = trace(ROUND, at, devices={"PJSIP/101": NO_ANSWER}, presses=keys)
            events = [event for event in made.events if event.kind not in {*QUIET, "loop"}]
            # Who waits through the night is followed for some rounds.
            assert is_among(walk.points, 0, events) == len(events) - (made.end == "loop"), (at, keys)
