"""Digits that are pressed one after the other are one number of any length, and each number of them is among all."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from itertools import permutations, zip_longest

import pytest

from kelid.model.call import Call, World
from kelid.model.pbx import Context, Pbx, Step
from kelid.model.record import replace
from kelid.model.value import changed
from kelid.readback import read_dialplan
from kelid.simulate import simulate
from kelid.simulate.explore import Explorer
from kelid.simulate.graph import graph_of
from kelid.simulate.pairs import Pairs
from kelid.simulate.ways_in import entrance
from kelid.simulate.witnesses import Wanted, wanted
from unit.simulate.test_each_call_is_among_all import QUIET, is_among

TODAY = date(2026, 11, 29)
MORNING = datetime(2026, 11, 29, 9, tzinfo=UTC)

PLAN = """
[in]
exten => 1,1,Goto({way})
exten => 2,1,Answer()
 same => n,Read(TO,beep,{most},,{tries},5)
 same => n,GotoIf($["${{READSTATUS}}" = "TIMEOUT"]?late)
 same => n,GotoIf($["${{TO}}" = "{wanted}"]?right)
 same => n,Playback(wrong)
 same => n,Hangup()
 same => n(late),GotoIf($["${{TO}}" = "{wanted}"]?right)
 same => n,Playback(late)
 same => n,Hangup()
 same => n(right),Playback(right)
 same => n,Hangup()
[detour]
exten => 2,1,NoOp()
 same => n,NoOp()
 same => n,NoOp()
 same => n,Goto(in,2,1)
"""


def plan(most: int, wanted: str = "1234", tries: int = 1, way: str = "in,2,1") -> Pbx:
    """Return a dial plan in which so many digits are read; by a ``way`` that takes longer, the other side reads first."""
    text = PLAN.format(most=most, wanted=wanted, tries=tries, way=way)
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    return Pbx(site="test", asterisk=22, contexts=tuple(contexts))


def does(pbx: Pbx, keys: str) -> list[tuple[str, str]]:
    call = Call(context="in", exten="1", at=MORNING, technology="Local")
    trace = simulate(pbx, call, World(presses=tuple(keys.split(" "))))
    return [(event.kind, event.subject) for event in trace.events]


def test_no_length_is_walked_by_itself() -> None:
    assert (
        len(graph_of(plan(20), TODAY, context="in").nodes)
        == len(graph_of(plan(6), TODAY, context="in").nodes)
        < 30
    )


@pytest.mark.parametrize("most", [2, 4, 6])
@pytest.mark.parametrize(
    "keys", ["", "#", "1", "12", "1#", "1234", "1234#", "123456", "12345", "# 1234", " 12#"]
)
def test_each_number_is_among_all(most: int, keys: str) -> None:
    """With # behind it, with the time over, and as long as it may be; the second time, too."""
    for tries in (1, 2):
        pbx = plan(most, tries=tries)
        explorer = Explorer((pbx,), TODAY)
        root = explorer.root(explorer.case((entrance("in"),), ()))
        explorer.walk()
        call = Call(context="in", exten="1", at=MORNING, technology="Local")
        trace = simulate(pbx, call, World(presses=tuple(keys.split(" "))))
        events = [event for event in trace.events if event.kind not in QUIET]
        assert is_among(explorer.points, root, events) == len(events)


def test_what_is_said_of_a_number_goes_by_its_length() -> None:
    """One that is too short for its last digit never ends by itself, and one that is too long is never the right one."""
    assert all_heard(plan(3)) == {"beep", "wrong", "late"}
    assert all_heard(plan(4)) == all_heard(plan(5)) == {"beep", "wrong", "late", "right"}


def all_heard(pbx: Pbx) -> set[str]:
    nodes = graph_of(pbx, TODAY, context="in").nodes
    events = [
        event for node in nodes for event in (*node.events, *(e for way in node.ways for e in way.events))
    ]
    return {event.subject for event in events if event.kind == "hears"}


NUMBERS = [
    "1234"[start:end] + ended
    for start in range(5)
    for end in range(start, 5)
    for ended in ("", "#", "9", "99#")
] + ["7", "70", "7000", "7#"]
"""What is pressed at a wait, in all ways that the plans here tell apart."""


@cache
def heard(pbx: Pbx, keys: str) -> list[str]:
    return [subject for kind, subject in does(pbx, keys) if kind == "hears"]


def heard_otherwise(before: Pbx, after: Pbx) -> set[tuple[str, str]]:
    """Return what is heard on either side where ordinary calls part, whatever is pressed at two waits."""
    rows = [
        zip_longest(heard(before, f"{one} {other}"), heard(after, f"{one} {other}"), fillvalue="")
        for one in NUMBERS
        for other in NUMBERS
    ]
    return {found for row in rows if (found := next((pair for pair in row if pair[0] != pair[1]), None))}


def changes(before: Pbx, after: Pbx) -> set[tuple[str, str, str]]:
    """Return of each change the keys of its example (-: none within the time), and what is heard first on both sides."""
    pairs = Pairs(before, after, TODAY)
    pairs.walk_all("in")
    assert not pairs.undecided
    assert not pairs.not_covered
    return {
        (
            "".join(row.answer or "-" for row in wanted(one.example[3:])),
            *(
                next((event.subject for event in side if event.kind == "hears"), "")
                for side in (one.before, one.after)
            ),
        )
        for one in pairs.changes()
    }


@pytest.mark.parametrize("way", ["in,2,1", "detour,2,1"])
@pytest.mark.parametrize(("old", "new"), [(4, 6), (6, 4), (4, 20), (20, 4)])
def test_where_more_or_fewer_digits_are_waited_for_both_get_the_same_keys(
    old: int, new: int, way: str
) -> None:
    """What is told of some keys is what ordinary runs do with them."""
    told = changes(plan(old), plan(new, way=way))
    assert {frozenset(row[1:]) for row in told} == {
        frozenset(("right", "wrong")),
        frozenset(("wrong", "late")),
        frozenset(("right", "late")),
    }
    assert {row[1:] for row in told} == heard_otherwise(plan(old), plan(new))
    for keys, *heard_first in told if way == "in,2,1" else ():
        said = [heard(side, keys.removesuffix("-"))[-1] for side in (plan(old), plan(new))]
        assert said == heard_first, keys


@pytest.mark.parametrize("way", ["in,2,1", "detour,2,1"])
def test_one_key_and_more_of_them_are_the_same_keys(way: str) -> None:
    """A menu of one key that gets entries of two: nobody is told another key than the one that he pressed."""
    for old, new in ((1, 2), (2, 1), (1, 4)):
        told = changes(plan(old, "7"), plan(new, "7", way=way))
        assert {row[1:] for row in told} == heard_otherwise(plan(old, "7"), plan(new, "7"))
        for keys, *heard_first in told if way == "in,2,1" else ():
            said = [heard(side, keys.removesuffix("-"))[-1] for side in (plan(old, "7"), plan(new, "7"))]
            assert said == heard_first, keys


TWICE = """
[in]
exten => 1,1,Read(ONE,beep,{first},,1,5)
 same => n,Read(TWO,,{second},,1,5)
 same => n,GotoIf($["${{{one}}}" != "12"]?wrong)
 same => n,GotoIf($["${{{two}}}" != "{wanted}"]?wrong)
 same => n,Playback(right)
 same => n,Hangup()
 same => n(wrong),Playback(wrong)
 same => n,Hangup()
"""


@cache
def both(first: int, second: int, one: str, two: str) -> Pbx:
    wanted = "OK" if two == "READSTATUS" else "34"
    text = TWICE.format(first=first, second=second, one=one, two=two, wanted=wanted)
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    return Pbx(site="test", asterisk=22, contexts=tuple(contexts))


SIZES = [(4, 3), (2, 2), (3, 1), (1, 3), (4, 4)]


@pytest.mark.parametrize(
    "parts", [("ONE", "TWO"), ("ONE:0:2", "TWO"), ("ONE", "TWO:0:2"), ("ONE:0:2", "READSTATUS")]
)
@pytest.mark.parametrize(("one", "other"), list(permutations(SIZES, 2)))
def test_what_a_wait_does_not_read_is_over_with_it(
    one: tuple[int, int], other: tuple[int, int], parts: tuple[str, str]
) -> None:
    """What is pressed at the second wait is the same on both sides, however many the first has read."""
    before, after = both(*one, *parts), both(*other, *parts)
    assert {row[1:] for row in changes(before, after)} == heard_otherwise(before, after)


def test_what_is_pressed_is_no_change_by_itself() -> None:
    """Where it makes no difference for anybody how many keys were read, nothing is told."""
    assert not changes(plan(6, "none"), plan(6, "none"))
    longer = plan(6, "none")
    quiet = [
        replace(pbx, contexts=tuple(map(without_status, pbx.contexts))) for pbx in (longer, plan(9, "none"))
    ]
    assert not changes(*quiet)


def without_status(context: Context) -> Context:
    """Return the context with no step that goes by whether the time was over."""
    extens = [
        changed(
            exten,
            steps=tuple(step if "READSTATUS" not in step.data else Step("NoOp") for step in exten.steps),
        )
        for exten in context.extens
    ]
    return changed(context, extens=tuple(extens))


MENU = """
[in]
exten => 1,1,Answer()
 same => n,Goto({way})
exten => 2,1,Read(KEYS,beep,{most},,1,5)
 same => n,GotoIf($["${{READSTATUS}}" = "TIMEOUT" & "${{KEYS}}" = ""]?menu,t,1)
 same => n,GotoIf($["${{KEYS}}" = "12"]?menu,12,1)
 same => n,GotoIf($["${{KEYS}}" = "3"]?menu,3,1)
 same => n,Goto(menu,i,1)
exten => 4,1,Read(THEN,,1,,1,5)
 same => n,GotoIf($["${{THEN}}" = "7"]?seven)
 same => n,Hangup()
 same => n(seven),Playback(seven)
 same => n,Hangup()
[menu]
exten => s,1,Background(beep)
 same => n,WaitExten(5)
exten => 12,1,Playback(twelve)
 same => n,Goto(in,4,1)
exten => 3,1,Playback(three)
 same => n,Goto(in,4,1)
exten => i,1,Playback(invalid)
 same => n,Goto(in,4,1)
exten => t,1,Playback(late)
"""


@pytest.mark.parametrize("ways", [("menu,s,1", "in,2,1"), ("in,2,1", "menu,s,1")])
def test_keys_of_a_menu_and_digits_that_are_read_are_the_same_keys(ways: tuple[str, str]) -> None:
    """A menu that waits for its extensions, and one that reads digits and goes by them, side by side."""

    def menu(way: str, most: int) -> Pbx:
        contexts, problems = read_dialplan("extensions.conf", MENU.format(way=way, most=most))
        assert not problems
        return Pbx(site="test", asterisk=22, contexts=tuple(contexts))

    for most in (2, 3):
        before, after = (menu(way, most) for way in ways)
        # A wait more that nobody makes use of is told, too.
        told = {row[1:] for row in changes(before, after) if row[1] != row[2]}
        assert told == heard_otherwise(before, after)


def test_that_nothing_more_is_pressed_is_no_condition() -> None:
    pairs = Pairs(plan(4), plan(6), TODAY)
    pairs.walk_all("in")
    conditions = [one for change in pairs.changes() for one in change.conditions]
    assert conditions
    assert not [one for one in conditions if one.subject == "key" and one.value in ("", "no key")]


def test_the_keys_of_a_number_are_wanted_one_by_one() -> None:
    assert wanted([("digits:", "12"), ("key:", "#")]) == (
        Wanted("key", "", "1"),
        Wanted("key", "", "2"),
        Wanted("key", "", "#"),
    )
    assert wanted([("key:", "a key"), ("key:", "1"), ("digits:in all", "12"), ("key:", "no key")]) == (
        Wanted("key", "", "1"),
        Wanted("key", "", "2"),
        Wanted("key", "", ""),
    )
    # What one side reads behind the last digit that the other waits for: the whole number stands there then.
    assert wanted([("digits:", "12"), ("dial:PJSIP/1", "BUSY"), ("digits:in all", "129")]) == (
        Wanted("key", "", "1"),
        Wanted("key", "", "2"),
        Wanted("key", "", "9"),
        Wanted("dial", "PJSIP/1", "BUSY"),
    )
