"""Dial plans in which calls go round: all calls are told of all the same, and in an end."""

from __future__ import annotations

from datetime import date

import pytest

from kelid.simulate import explore
from kelid.simulate.explore import MOST_REPEATED, MOST_ROUNDS, Explorer
from kelid.simulate.pairs import Pairs
from kelid.simulate.symbols import Shared
from kelid.simulate.ways_in import entrance
from unit.simulate.conftest import pbx_of

TODAY = date(2026, 11, 26)
SECONDS = 30
"""Of processor time, after which a walk without an end is one: each of these takes less than two."""

LIST = """
[in]
exten => s,1,Set(DEVICES=${DB(device/list)})
 same => n,Set(COUNT=${FIELDQTY(DEVICES,&)})
 same => n,Set(AT=1)
 same => n(next),Set(ONE=${CUT(DEVICES,&,${AT})})
 same => n,ExecIf($["${ONE}" = "101"]?Playback(own))
 same => n,Set(AT=$[${AT} + 1])
 same => n,GotoIf($[${AT} <= ${COUNT}]?next)
 same => n,Playback(end)
"""
"""A loop over a list that nobody knows (lamps and phones of one person, in many inherited systems)."""

NEVER_BACK = """
[in]
exten => s,1,Background(menu)
 same => n,WaitExten(5)
exten => 1,1,Gosub(ask,s,1)
 same => n,Playback(back)
exten => 2,1,Gosub(ask,s,1(two))
 same => n,Playback(back-two)
[ask]
exten => s,1,Background(again)
 same => n,WaitExten(5)
 same => n,Return()
exten => 1,1,Goto(in,s,1)
exten => t,1,Return()
"""
"""Whoever presses 1 leaves the subroutine without Return, and comes to it anew."""

TRUNKS = """
[in]
exten => _X.,1,Gosub(first,s,1(${EXTEN}))
[first]
exten => s,1,Dial(PJSIP/${ARG1}@first,30)
 same => n,GotoIf($["${DIALSTATUS}" = "CHANUNAVAIL"]?other)
 same => n,Playback(first-over)
 same => n,Hangup()
 same => n(other),Gosub(second,s,1(7${ARG1:1}))
[second]
exten => s,1,Dial(PJSIP/${ARG1}@second,30)
 same => n,GotoIf($["${DIALSTATUS}" = "CHANUNAVAIL"]?other)
 same => n,Playback(second-over)
 same => n,Hangup()
 same => n(other),Gosub(first,s,1(8${ARG1:1}))
"""
"""Two trunks, each of which tries the other when it is down."""


def walked(text: str) -> Explorer:
    walk = Explorer((pbx_of(text),), TODAY, seconds=SECONDS)
    walk.root(walk.case((entrance("in"),), ()))
    walk.walk()
    return walk


def heard(walk: Explorer) -> set[str]:
    events = [event for point in walk.points for event in point.events]
    events += [event for point in walk.points for link in point.links for event in link.events]
    return {event.subject for event in events if event.kind == "hears"}


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        (LIST, {"own", "end"}),
        (NEVER_BACK, {"menu", "again", "back", "back-two"}),
        (TRUNKS, {"first-over", "second-over"}),
    ],
)
def test_all_calls_have_an_end(text: str, sounds: set[str]) -> None:
    walk = walked(text)
    assert not walk.not_covered
    assert heard(walk) == sounds


@pytest.mark.parametrize(
    ("text", "sound"), [(LIST, "own"), (LIST, "end"), (NEVER_BACK, "back-two"), (TRUNKS, "second-over")]
)
def test_what_changes_there_is_told(text: str, sound: str) -> None:
    pairs = Pairs(pbx_of(text), pbx_of(text.replace(f"({sound})", "(other)")), TODAY, seconds=SECONDS)
    pairs.walk_all("in")
    changes = pairs.changes()
    assert not pairs.undecided
    assert not pairs.not_covered
    assert {(one.before[0].subject, one.after[0].subject) for one in changes} == {(sound, "other")}


def test_a_loop_that_ends_is_walked_as_it_is() -> None:
    rounds = MOST_ROUNDS - 1
    text = f"""
    [in]
    exten => s,1,Set(AT=0)
     same => n(next),Read(KEY,ask,1)
     same => n,GotoIf($["${{KEY}}" = "1"]?out)
     same => n,Set(AT=$[${{AT}} + 1])
     same => n,GotoIf($[${{AT}} < {rounds}]?next)
     same => n(out),Playback(round-${{AT}})
    """
    assert heard(walked(text)) == {"ask", *(f"round-{at}" for at in range(rounds + 1))}


def test_who_comes_back_several_times_comes_back_to_each() -> None:
    depth = MOST_REPEATED - 1
    text = f"""
    [in]
    exten => s,1,Set(AT=0)
     same => n,Gosub(down,s,1)
     same => n,Playback(top-${{AT}})
    [down]
    exten => s,1,Set(AT=$[${{AT}} + 1])
     same => n,GotoIf($[${{AT}} > {depth}]?back)
     same => n,Gosub(down,s,1)
     same => n(back),Playback(up)
     same => n,Return()
    """
    walk = walked(text)
    assert heard(walk) == {"up", f"top-{depth + 1}"}
    ways = [event for point in walk.points for event in point.events if event.subject == "up"]
    assert len(ways) == depth + 1


def test_too_many_open_texts_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Shared, *_: object) -> str:
        raise OverflowError("too many")

    walk = Explorer((pbx_of(LIST),), TODAY, seconds=SECONDS)
    walk.root(walk.case((entrance("in"),), ()))
    monkeypatch.setattr(Shared, "atom", full)
    walk.walk()
    assert list(walk.not_covered) == ["too many"]
    assert any(point.end == "open" for point in walk.points)


def test_many_calls_of_one_dial_plan_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
    [in]
    exten => s,1,Set(A=${DB(a/a)})
     same => n,Set(B=${DB(b/b)})
     same => n,GotoIf($["${A}" = "1"]?one)
     same => n,Set(A=other)
     same => n(one),GotoIf($["${B}" = "1"]?two)
     same => n,Set(B=other)
     same => n(two),Dial(PJSIP/101,5)
     same => n,Playback(${A}-${B})
    """
    apart = walked(text)
    monkeypatch.setattr(explore, "MOST_ALONE", 0)
    met = walked(text)
    assert len(met.points) < len(apart.points)
    assert heard(apart) == {"1-1", "1-other", "other-1", "other-other"}
