"""A context that only has another name now is told as none; where its name may be seen, it is left as it is."""

from __future__ import annotations

from datetime import date

import pytest

from kelid.model.pbx import ConfFile, Option, Pbx, Section
from kelid.model.record import replace
from kelid.readback import read_dialplan
from kelid.simulate.pairs import Pairs
from kelid.simulate.renamed import as_named_before

PLAN = """
[in]
exten => 1,1,Answer()
 same => n,GotoIf($["${CALLERID(num)}" = "5"]?closed,s,1)
 same => n,Set(NEXT=other,${EXTEN},1)
 same => n,Goto(${NEXT})
[closed]
exten => s,1,Playback(bye)
 same => n,Goto(closed,t,1)
exten => t,1,Hangup()
[other]
exten => 1,1,Gosub(closed,s,1)
 same => n,Hangup()
"""


def plan(text: str) -> Pbx:
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    return Pbx(site="test", asterisk=22, contexts=tuple(contexts))


def renamed(text: str) -> str:
    return (
        text.replace("closed,s", "closed-2,s")
        .replace("closed,t", "closed-2,t")
        .replace("[closed]", "[closed-2]")
    )


def test_it_gets_the_name_that_it_had() -> None:
    before, after = plan(PLAN), plan(renamed(PLAN))
    assert before.contexts != after.contexts
    assert as_named_before(before, after).contexts == before.contexts
    assert as_named_before(after, before).contexts == after.contexts


def test_one_that_goes_to_another_is_known_once_that_one_is() -> None:
    before = PLAN + "[again]\nexten => s,1,Playback(once)\n same => n,Goto(closed,s,1)\n"
    after = renamed(before).replace("[again]", "[again-2]")
    assert as_named_before(plan(before), plan(after)).contexts == plan(before).contexts


def test_nothing_is_walked_for_it() -> None:
    pairs = Pairs(plan(PLAN), plan(renamed(PLAN)), date(2026, 11, 28))
    pairs.walk_all("in")
    assert pairs.changes() == []
    assert not pairs.undecided
    assert not pairs.not_covered
    assert 0 < len(pairs.ways) == len(pairs.points)


def test_what_else_is_changed_is_still_told() -> None:
    after = renamed(PLAN).replace("Answer()", "Playback(welcome)")
    pairs = Pairs(plan(PLAN), plan(after), date(2026, 11, 28))
    pairs.walk_all("in")
    changes = pairs.changes()
    assert changes
    assert all("welcome" in repr(change.after) for change in changes)
    assert all("bye" in repr(change.before) or "bye" not in repr(change.after) for change in changes)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("Playback(bye)", "SayAlpha(${CONTEXT})", id="it tells its name"),
        pytest.param("Answer()", "NoOp(${STACK_PEEK(1,c)})", id="somebody asks who called"),
        pytest.param("[in]", "[in]\ninclude => closed", id="it is included"),
        pytest.param("[closed]", "[closed]\ninclude => other", id="it includes another"),
        pytest.param("Answer()", "Set(X=closed)", id="a variable has it"),
        pytest.param("Answer()", "Gosub(other,1,1(closed))", id="it is handed on"),
        pytest.param("other,${EXTEN},1", "${DB(a/b)}", id="any place may be gone to"),
        pytest.param("other,${EXTEN},1", "${X},${EXTEN},1", id="any context may be gone to"),
        pytest.param("Goto(${NEXT})", "Goto(${MAY},s,1)", id="any context may be jumped to"),
        pytest.param("Goto(${NEXT})", "Goto(clo${X},s,1)", id="a name that may be made"),
        pytest.param("Answer()", "Set(X=${DIALPLAN_EXISTS(c${X},s,1)})", id="a name that may be asked for"),
        pytest.param("Answer()", "Dial(Local/s@closed)", id="a channel comes there"),
        pytest.param("Answer()", "Gosub(CLOSED,t,1)", id="it is named in other letters"),
        pytest.param("Answer()", "Playback(closed-2)", id="the new name is something else, too"),
    ],
)
def test_a_name_that_may_be_seen_is_left(old: str, new: str) -> None:
    before = PLAN.replace(old, new)
    assert before != PLAN
    after = (
        renamed(before)
        .replace("include => closed", "include => closed-2")
        .replace("X=closed)", "X=closed-2)")
    )
    after = after.replace("1(closed)", "1(closed-2)").replace("s@closed", "s@closed-2")
    made = plan(after)
    assert as_named_before(plan(before), made) is made


def test_one_that_phones_come_to_is_left() -> None:
    sides = []
    for name, text in (("closed", PLAN), ("closed-2", renamed(PLAN))):
        phone = Section("101", (Option("type", "endpoint"), Option("context", name)))
        sides.append(replace(plan(text), files=(ConfFile("pjsip.conf", (phone,)),)))
    assert as_named_before(*sides) is sides[1]


def test_one_of_two_that_are_alike_is_left() -> None:
    more = "[again]\nexten => s,1,Playback(bye)\n same => n,Goto(again,t,1)\nexten => t,1,Hangup()\n"
    made = plan(renamed(PLAN))
    assert as_named_before(plan(PLAN + more), made) is made
