"""Macros where all calls are looked at: what a macro is given, what it gives back, and where the call goes on."""

from __future__ import annotations

from datetime import date

import pytest

from kelid.model.pbx import Pbx
from kelid.simulate.explore import Explorer
from kelid.simulate.pairs import Pairs
from kelid.simulate.ways_in import entrance
from unit.simulate.conftest import pbx_of
from unit.simulate.test_limits import in_a_large_walk

TODAY = date(2026, 11, 26)


@pytest.fixture(params=["a few points", "many points"], autouse=True)
def _both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "many points":
        in_a_large_walk(monkeypatch)


def plan(text: str) -> Pbx:
    return pbx_of(text, asterisk=16)


def heard(text: str) -> set[str]:
    """Return what is heard in any call."""
    explorer = Explorer((plan(text),), TODAY, seconds=30)
    explorer.root(explorer.case((entrance("in"),), ()))
    explorer.walk()
    assert not explorer.not_covered
    events = [event for point in explorer.points for event in point.events]
    events += [event for point in explorer.points for link in point.links for event in link.events]
    return {event.subject for event in events if event.kind == "hears"}


def told(before: str, after: str) -> set[tuple[str, str]]:
    """Return what is heard otherwise: before, and now."""
    pairs = Pairs(plan(before), plan(after), TODAY, seconds=30)
    pairs.walk_all("in")
    assert not pairs.undecided
    assert not pairs.not_covered
    return {(one.before[0].subject, one.after[0].subject) for one in pairs.changes()}


def test_a_macro_is_walked_and_comes_back() -> None:
    assert heard(
        """
        [in]
        exten => s,1,Macro(hello,one)
         same => n,Macro(hello,two)
         same => n,Playback(end)
        [macro-hello]
        exten => s,1,Playback(m-${ARG1})
        """
    ) == {"m-one", "m-two", "end"}


@pytest.mark.parametrize(
    "call",
    [
        "Macro(hello,one)",
        "MacroIf($[1]?hello,one)",
        "ExecIf($[1]?Macro(hello,one))",
        "Macro(${WHICH},one)",
        "Dial(PJSIP/101,5,M(hello^one))",
        "Dial(PJSIP/101,5,${OPTIONS})",
    ],
)
def test_a_change_in_a_macro_is_told_whatever_calls_it(call: str) -> None:
    text = """
        [globals]
        OPTIONS=M(hello^one)
        [in]
        exten => s,1,Set(WHICH=hello)
         same => n,{}
         same => n,Playback(end)
        [macro-hello]
        exten => s,1,NoOp()
         same => n,Playback({}-${{ARG1}})
        """
    assert told(text.format(call, "a"), text.format(call, "b")) == {("a-one", "b-one")}


def test_what_a_macro_keeps_is_read_behind_it() -> None:
    text = """
        [in]
        exten => s,1,Macro(ask)
         same => n,GotoIf($["${{KEPT}}" = "7"]?seven)
         same => n,Playback(other)
         same => n,Hangup()
         same => n(seven),Playback({})
        [macro-ask]
        exten => s,1,Set(KEPT=${{DB(a/b)}})
        """
    assert told(text.format("was"), text.format("now")) == {("was", "now")}


def test_arguments_of_the_outer_macro_are_back_behind_the_inner_one() -> None:
    text = """
        [in]
        exten => _1XX,1,Macro(outer,${EXTEN})
        [macro-outer]
        exten => s,1,Macro(inner,x)
         same => n,GotoIf($["${ARG1}" = "123"]?three)
         same => n,Playback(other)
         same => n,Hangup()
         same => n(three),Playback(three)
        [macro-inner]
        exten => s,1,Playback(in-${ARG1})
        """
    assert heard(text) == {"in-x", "other", "three"}


def test_the_number_that_was_called_is_known_in_a_macro() -> None:
    text = """
        [in]
        exten => _1XX,1,Macro(outer)
        [macro-outer]
        exten => s,1,GotoIf($["${{MACRO_EXTEN}}" = "123"]?three)
         same => n,Playback(other)
         same => n,Hangup()
         same => n(three),Playback({})
        """
    assert told(text.format("was"), text.format("now")) == {("was", "now")}


def test_a_macro_may_leave_out_steps_behind_it() -> None:
    text = """
        [in]
        exten => s,1,Macro(skip)
         same => n,Playback(next)
         same => n,Hangup()
        exten => s,102,Playback({})
        [macro-skip]
        exten => s,1,ExecIf($["${{DB(a/b)}}" = "1"]?Set(MACRO_OFFSET=100):NoOp())
        """
    assert told(text.format("was"), text.format("now")) == {("was", "now")}


def test_a_jump_leaves_a_macro() -> None:
    text = """
        [in]
        exten => s,1,Macro(away)
         same => n,Playback(back)
        [there]
        exten => s,1,Playback({})
        [macro-away]
        exten => s,1,GotoIf($["${{DB(a/b)}}" = "1"]?there,s,1)
         same => n,Playback(here)
        """
    assert told(text.format("was"), text.format("now")) == {("was", "now")}


def test_macros_within_one_another_have_an_end() -> None:
    text = """
        [in]
        exten => s,1,Macro(round,a)
        [macro-round]
        exten => s,1,Dial(PJSIP/101,5)
         same => n,Playback(r)
         same => n,Macro(round,${ARG1})
        """
    assert heard(text) == {"r"}


def test_what_a_macro_puts_back_tells_calls_apart() -> None:
    text = """
        [in]
        exten => s,1,GotoIf($["${DB(a/b)}" = "1"]?one)
         same => n,Macro(outer,x)
         same => n,Hangup()
         same => n(one),Macro(outer,y)
        [macro-outer]
        exten => s,1,Macro(inner,z)
         same => n,Playback(p-${ARG1})
        [macro-inner]
        exten => s,1,Dial(PJSIP/101,5)
        """
    assert heard(text) == {"p-x", "p-y"}
