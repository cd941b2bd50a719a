"""Which steps may do something else between two dial plans, and what is live before a step: never too little."""

from __future__ import annotations

from datetime import date

import pytest

from kelid.model.pbx import Option, Pbx
from kelid.model.record import replace
from kelid.readback import read_dialplan
from kelid.simulate.differing import differing
from kelid.simulate.explore import Explorer
from kelid.simulate.languages import Automaton
from kelid.simulate.live import ASTDB, CALLER, Live
from kelid.simulate.pairs import Pairs
from kelid.simulate.reach import Reach
from kelid.simulate.settings import Settings
from kelid.simulate.ways_in import entrance

PLAN = """
[in]
include => office
exten => h,1,NoOp(${DB(ENDED/${EXTEN})})

[office]
exten => 100,1,Set(WHERE=shop,200,1)
 same => n,Goto(${WHERE})
exten => 101,hint,PJSIP/101
exten => 101,1,Dial(PJSIP/101,20)
 same => n,GotoIf(${DIALPLAN_EXISTS(shop,${NEXT},1)}?there)
 same => n,Hangup(${HANGUPCAUSE})
 same => n(there),GotoIf($["${EXTENSION_STATE(101@office)}" = "INUSE"]?no)
 same => n(no),Playback(${GREETING})
exten => 102,1,Gosub(kept,s,1(CFU))
 same => n,Answer()
 same => n,Hangup()

[shop]
exten => 200,1,GotoIf($["${CALLERID(num):0:2}" = "09"]?mobile)
 same => n(mobile),Hangup(21)

[kept]
exten => s,1,Return(${DB(${ARG1}/100)})
"""


def plan(text: str = PLAN, **values: str) -> Pbx:
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    made = Pbx(site="test", asterisk=22, contexts=tuple(contexts))
    return replace(made, globals=tuple(Option(key, value) for key, value in values.items()))


def marked(before: Pbx, after: Pbx) -> tuple[set[str], set[str]]:
    """Return the marked steps of each side as ``context,extension,priority``."""
    found = differing(before, after, Settings(before, after))
    old, new = ({",".join(map(str, place)) for place in side} for side in found.steps)
    return old, new


@pytest.mark.parametrize(
    ("old", "new", "there"),
    [
        ("Dial(PJSIP/101,20)", "Dial(PJSIP/101,30)", {"office,101,1"}),
        ("exten => 101,hint,PJSIP/101", "exten => 101,hint,PJSIP/102", {"office,101,4"}),
        # Another number in the shop: the step that is new, whoever looks for it, and who goes to that context.
        ("[kept]", "exten => 201,1,Hangup()\n\n[kept]", {"shop,201,1", "office,101,2", "office,100,1"}),
    ],
)
def test_what_reads_otherwise_or_finds_something_else_is_marked(old: str, new: str, there: set[str]) -> None:
    _, after = marked(plan(), plan(PLAN.replace(old, new)))
    assert after == there


CHANNELS = """
[in]
exten => 1,1,Gosub(ring,s,1({first}))
 same => n,Goto(${{CONTEXT}},2,1)
[ring]
exten => s,1,Dial(${{ARG1}},20)
 same => n,Return()
[numbers]
{include}exten => 7,1,Hangup()
"""


@pytest.mark.parametrize(
    ("first", "include", "there"),
    [
        # Nobody comes to the context in which another number is found: a Dial is no search, and ${CONTEXT} is another one.
        ("PJSIP/1", "", {"numbers,8,1"}),
        # A Local channel comes there, by whichever variable it is called.
        ("Local/9@numbers", "", {"numbers,8,1", "in,1,1", "ring,s,1"}),
        ("Local/9@num${X}", "", {"numbers,8,1", "ring,s,1"}),
        # The context includes that of the step, so a call in it may be there.
        ("PJSIP/1", "include => in\n", {"numbers,8,1", "in,1,2"}),
    ],
)
def test_a_call_to_a_variable_is_marked_where_it_may_come_there(
    first: str, include: str, there: set[str]
) -> None:
    text = CHANNELS.format(first=first, include=include)
    more = text.replace("exten => 7", "exten => 8,1,Hangup()\nexten => 7")
    assert marked(plan(text), plan(more))[1] == there


def test_a_global_variable_marks_who_reads_it() -> None:
    assert marked(plan(GREETING="a"), plan(GREETING="b"))[1] == {"office,101,5"}


def test_nothing_is_marked_where_only_the_order_is_another() -> None:
    parts = PLAN.strip().split("\n\n")
    assert marked(plan(), plan("\n\n".join(reversed(parts)) + "\n")) == (set(), set())


def names(live: Live, context: str, exten: str, priority: int) -> frozenset[str]:
    return live.names(live.look(context, exten, priority).far)


def test_what_is_live_follows_jumps_through_variables_and_stops_where_it_is_set() -> None:
    pbx = plan()
    live = Live(pbx, Reach(pbx))
    # Through a variable to the shop, which decides by the caller; and to the h of the context that includes this one.
    assert {CALLER, f"{ASTDB}ENDED"} <= names(live, "office", "100", 1)
    assert CALLER not in names(live, "office", "102", 1)
    # A Dial with a limit may leave the cause as it was.
    assert "HANGUPCAUSE" in names(live, "office", "101", 1)
    # A family that an argument names is that of the call to the subroutine.
    assert f"{ASTDB}CFU" in names(live, "office", "102", 1)
    assert f"{ASTDB}CFU" not in names(live, "office", "102", 2)


def test_a_ring_group_is_not_walked_for_each_set_of_its_members() -> None:
    """Twice as many members are some twice as many points, and who may ring is told as all of them."""

    def walked(count: int) -> Explorer:
        members = "".join(f" same => n,Gosub(reach,{200 + n},1(PJSIP/{200 + n}))\n" for n in range(count))
        text = (
            f"[in]\nexten => 1,1,Set(RINGS=)\n{members}"
            ' same => n,ExecIf($["${RINGS}" != ""]?Dial(${RINGS:1},20))\n same => n,Hangup()\n'
            "[reach]\nexten => _X.,1,GotoIf(${DB_EXISTS(DND/${EXTEN})}?no)\n"
            " same => n,Set(RINGS=${RINGS}&${ARG1})\n same => n(no),Return()\n"
        )
        explorer = Explorer((plan(text),), date(2026, 11, 26))
        explorer.root(explorer.case((entrance("in"),), (), "1"))
        explorer.walk()
        assert not explorer.not_covered
        return explorer

    few, many = walked(6), walked(12)
    assert len(many.points) < 2.5 * len(few.points)
    rung = {
        event.subject
        for point in few.points
        for event in (*point.events, *(event for link in point.links for event in link.events))
        if event.kind == "rings"
    }
    everybody = [f"PJSIP/{200 + n}" for n in range(6)]
    assert "&".join(everybody) in rung
    assert len(rung) <= 3  # with the last member, without, and the last alone
    for one in rung:
        members = one.split("&")
        assert members == [member for member in everybody if member in members]


def test_the_longest_text_of_a_set_is_one_of_it() -> None:
    automaton = Automaton()
    node = automaton.texts("", "&a", "&a&bc", "&bc")
    assert automaton.longest(node) == "&a&bc"
    assert automaton.longest(automaton.texts("")) == ""


AROUND = """
[in]
exten => 1,1,Goto(2,there)
exten => 2,1,Answer()
 same => n{label},Playback(two)
exten => 3,1,Background(menu)
 same => n,WaitExten(5)
exten => 5,1,Playback(five)
exten => 7,1,Set(WAY=2,there)
 same => n,Goto(${{WAY}})
exten => 8,1,Dial(PJSIP/8,20,d)
 same => n,Hangup()
exten => t,1,Hangup()
exten => i,1,Hangup()
{more}
"""


@pytest.mark.parametrize(
    ("label", "more", "told"),
    [
        ("(there)", "", {"1", "7", "3", "8"}),  # in the menu, and while 8 rings, the caller may press 1
        ("", "exten => 25,1,Playback(new)\n", {"25", "3", "8"}),
        ("", "exten => h,1,Set(DB(a/b)=c)\n", {"1", "2", "3", "5", "7", "8", "h", "i", "t"}),
    ],
)
def test_who_may_come_to_another_extension_of_a_context_is_told(
    label: str, more: str, told: set[str]
) -> None:
    """By a label, also of a variable's; by keys in a menu, or while a phone rings; at the end."""
    sides = [AROUND.format(label="", more=""), AROUND.format(label=label, more=more)]
    pairs = Pairs(plan(sides[0]), plan(sides[1]), date(2026, 11, 26))
    pairs.walk_all("in", "")

    assert not pairs.undecided
    assert {number for change in pairs.changes() for number in change.dialled.split(", ")} == told


def test_two_part_by_what_is_noticed_first_whatever_is_decided_after_it() -> None:
    """How a phone answers, and what is pressed in a menu, tell nothing more: one point where they part, and one change."""
    menu = "exten => 2,1,Background(menu)\n same => n,WaitExten(5)\n"
    old = "[in]\nexten => 1,1,Dial(PJSIP/1,20)\n same => n,Goto(2,1)\n" + menu
    new = old.replace("Dial(PJSIP/1,20)", "Background(hello)")
    pairs = Pairs(plan(old), plan(new), date(2026, 11, 26))
    pairs.walk_all("in", "1")

    assert not pairs.undecided
    assert [point.end for point in pairs.points].count("parted") == 1
    assert len(pairs.points) <= 3
    (change,) = pairs.changes()
    assert [event.kind for event in change.before][:1] == ["rings"]
    assert ("hears", "hello") in [(event.kind, event.subject) for event in change.after]


def test_the_order_of_hints_marks_nothing() -> None:
    asks = "[in]\nexten => 1,1,NoOp(${EXTENSION_STATE(101@in)})\n"
    one, two = "exten => 101,hint,PJSIP/101\n", "exten => 102,hint,PJSIP/102\n"
    assert marked(plan(asks + one + two), plan(asks + two + one)) == (set(), set())
    assert marked(plan(asks + one + two), plan(asks + one + two.replace("/102", "/9")))[1] == {"in,1,1"}
