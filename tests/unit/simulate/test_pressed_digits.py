"""Digits that are pressed one after the other are one number of any length, and each number of them is among all."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from itertools import permutations

import pytest

from kelid.model.call import Call, World
from kelid.model.pbx import Context, Exten, Pbx, Step
from kelid.model.record import replace
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
exten => 1,1,Answer()
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
"""


def plan(most: int, wanted: str = "1234", tries: int = 1) -> Pbx:
    text = PLAN.format(most=most, wanted=wanted, tries=tries)
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    return Pbx(site="test", asterisk=22, contexts=tuple(contexts))


def does(pbx: Pbx, keys: str) -> list[tuple[str, str]]:
    call = Call(context="in", exten="1", at=MORNING, technology="Local")
    trace = simulate(pbx, call, World(presses=tuple(keys.split())))
    return [(event.kind, event.subject) for event in trace.events]


def test_no_length_is_walked_by_itself() -> None:
    assert (
        len(graph_of(plan(20), TODAY, context="in").nodes)
        == len(graph_of(plan(6), TODAY, context="in").nodes)
        < 25
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
    assert heard(plan(3)) == {"beep", "wrong", "late"}
    assert heard(plan(4)) == heard(plan(5)) == {"beep", "wrong", "late", "right"}


def heard(pbx: Pbx) -> set[str]:
    nodes = graph_of(pbx, TODAY, context="in").nodes
    events = [
        event for node in nodes for event in (*node.events, *(e for way in node.ways for e in way.events))
    ]
    return {event.subject for event in events if event.kind == "hears"}


def changes(before: Pbx, after: Pbx) -> set[tuple[str, str, str]]:
    """Return of each change the keys of its example (-: none within the time), and what is heard first on both sides."""
    pairs = Pairs(before, after, TODAY)
    pairs.walk_all("in")
    assert not pairs.undecided
    assert not pairs.not_covered
    return {
        (
            "".join(row.answer or "-" for row in wanted(one.example[3:])),
            one.before[0].subject,
            one.after[0].subject,
        )
        for one in pairs.changes()
    }


@pytest.mark.parametrize(("old", "new"), [(4, 6), (6, 4), (4, 20), (20, 4)])
def test_where_more_or_fewer_digits_are_waited_for_both_get_the_same_keys(old: int, new: int) -> None:
    """What is told of some keys is what ordinary runs do with them."""
    told = changes(plan(old), plan(new))
    assert {frozenset(row[1:]) for row in told} == {
        frozenset(("right", "wrong")),
        frozenset(("wrong", "late")),
        frozenset(("right", "late")),
    }
    for keys, *heard_first in told:
        said = [
            [subject for kind, subject in does(plan(most), keys.removesuffix("-")) if kind == "hears"]
            for most in (old, new)
        ]
        assert [row[1] for row in said] == heard_first, keys


def test_one_key_and_more_of_them_are_the_same_keys() -> None:
    """A menu of one key that gets entries of two: nobody is told another key than the one that he pressed."""
    for old, new in ((1, 2), (2, 1), (1, 4)):
        told = changes(plan(old, "7"), plan(new, "7"))
        assert {frozenset(row[1:]) for row in told} >= {frozenset(("right", "wrong"))}
        for keys, *heard_first in told:
            said = [
                [
                    subject
                    for kind, subject in does(plan(most, "7"), keys.removesuffix("-"))
                    if kind == "hears"
                ]
                for most in (old, new)
            ]
            assert [row[1] for row in said] == heard_first, keys


TWICE = """
[in]
exten => 1,1,Read(ONE,beep,{first},,1,5)
 same => n,Read(TWO,,{second},,1,5)
 same => n,GotoIf($["${{ONE{one}}}" != "12"]?wrong)
 same => n,GotoIf($["${{TWO{two}}}" != "34"]?wrong)
 same => n,Playback(right)
 same => n,Hangup()
 same => n(wrong),Playback(wrong)
 same => n,Hangup()
"""


@cache
def both(first: int, second: int, one: str, two: str) -> Pbx:
    text = TWICE.format(first=first, second=second, one=one, two=two)
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    return Pbx(site="test", asterisk=22, contexts=tuple(contexts))


@cache
def heard_last(first: int, second: int, one: str, two: str, keys: str) -> str:
    return [subject for kind, subject in does(both(first, second, one, two), keys) if kind == "hears"][-1]


SIZES = [(4, 3), (2, 2), (3, 1), (1, 3), (4, 4)]


@pytest.mark.parametrize("parts", [("", ""), (":0:2", ""), ("", ":0:2"), (":0:2", ":0:2")])
@pytest.mark.parametrize(("one", "other"), list(permutations(SIZES, 2)))
def test_what_a_wait_does_not_read_is_over_with_it(
    one: tuple[int, int], other: tuple[int, int], parts: tuple[str, str]
) -> None:
    """What is pressed at the second wait is the same on both sides, however many the first has read."""
    before, after = both(*one, *parts), both(*other, *parts)
    numbers = [
        "1234"[start:end] + ended for start in range(5) for end in range(start, 5) for ended in ("", "#", "9")
    ]
    rows = zip(
        *([heard_last(*size, *parts, f"{a} {b}") for a in numbers for b in numbers] for size in (one, other)),
        strict=True,
    )
    assert {row[1:] for row in changes(before, after)} == {row for row in rows if row[0] != row[1]}


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
    (exten,) = context.extens
    steps = [step if "READSTATUS" not in step.data else Step("NoOp") for step in exten.steps]
    return Context(context.name, (Exten(exten.pattern, tuple(steps), exten.where),))


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
