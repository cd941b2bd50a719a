"""Two runs that go the same way: they take the same steps together, meet others, and are told of only where they differ."""

from __future__ import annotations

from datetime import date

import pytest

from kelid.model.behaviour import CallChange
from kelid.model.pbx import Pbx
from kelid.readback import read_dialplan
from kelid.report.behaviour import both
from kelid.simulate.case import Case
from kelid.simulate.explore import Explorer
from kelid.simulate.pairs import Pairs
from kelid.simulate.points import Points
from kelid.simulate.ways_in import entrance
from unit.simulate.test_limits import explored, in_a_large_walk

TODAY = date(2026, 11, 26)
SECONDS = 30
"""Of processor time, after which a walk without an end is one: each of these takes less than one."""


def plan(text: str) -> Pbx:
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    return Pbx(site="test", asterisk=22, contexts=tuple(contexts))


def walked(before: str, after: str) -> tuple[Pairs, list[CallChange]]:
    pairs = Pairs(plan(before), plan(after), TODAY, seconds=SECONDS)
    pairs.walk_all("in")
    assert not pairs.not_covered
    assert not pairs.undecided
    return pairs, pairs.changes()


def told(changes: list[CallChange]) -> set[tuple[str, ...]]:
    return {(one.before[0].kind, one.before[0].subject, one.after[0].subject) for one in changes}


@pytest.fixture(params=["a few points", "many points"])
def _both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "many points":
        in_a_large_walk(monkeypatch)


@pytest.fixture
def _large(monkeypatch: pytest.MonkeyPatch) -> None:
    in_a_large_walk(monkeypatch)


def sides(rest: str, number: str = "1") -> tuple[str, str]:
    """Return two dial plans of which one keeps a text that the other doesn't have: so they go by themselves."""
    first = f"[in]\nexten => {number},1,{{}}\n same => n,Goto(office,s,1)\n[office]\nexten => s,1,NoOp()\n"
    last = " same => n,Playback(${KEPT}told)\n same => n,Hangup()\n"
    return first.format("NoOp()") + rest + last, first.format("Set(KEPT=now)") + rest + last


APART = {("hears", "told", "nowtold")}
"""What is told of such sides, if nothing else is."""


def found_out(many: int) -> str:
    """Return steps that keep something of each of so many answers, and show it to a phone."""
    names = "".join(f"${{S{at}}}" for at in range(many))
    return (
        "".join(f' same => n,ExecIf($["${{DB(one/{at})}}" = "1"]?Set(S{at}=x{at}))\n' for at in range(many))
        + f" same => n,Set(CALLERID(name)={names})\n same => n,Dial(PJSIP/100,20)\n"
    )


@pytest.mark.usefixtures("_large")
def test_what_two_found_out_together_does_not_multiply() -> None:
    few, many = (walked(*sides(found_out(count))) for count in (4, 8))
    assert len(many[0].points) < 3 * len(few[0].points)
    assert told(few[1]) == told(many[1]) == APART


@pytest.mark.usefixtures("_both_ways")
def test_whom_one_lets_ring_stays_as_it_is_while_it_waits() -> None:
    members = "".join(
        f" same => n,Gosub(reach,{at},1(PJSIP/{at}))\n"
        ' same => n,ExecIf($["${RINGS}" != ""]?Dial(${RINGS:1},20))\n'
        for at in (100, 101, 102)
    )
    reach = """[reach]
exten => _1XX,1,GotoIf($["${DB(DND/${EXTEN})}" = "1"]?no)
 same => n,Set(RINGS=${RINGS}&${ARG1})
 same => n(no),Return()
"""
    before, after = sides(f" same => n,Set(RINGS=)\n{members}")
    _, changes = walked(before + reach, after + reach)
    assert told(changes) == APART


@pytest.mark.usefixtures("_both_ways")
def test_both_come_to_the_same_count_of_a_group() -> None:
    _, changes = walked(
        *sides(
            " same => n,Set(GROUP(out)=e1)\n"
            " same => n,GotoIf($[${GROUP_COUNT(e1@in)} + ${GROUP_COUNT(e1@out)} > 30]?full)\n"
            " same => n,Dial(DAHDI/r0/0912,20)\n"
            " same => n(full),NoOp()\n"
        )
    )
    assert told(changes) == APART


TURNS = """[in]
exten => 1,1,Goto(turns,${{RAND(1,{last})}},1)
[turns]
""" + "".join(
    f"exten => {at},1,Dial(PJSIP/10{at},20)\n same => n,Goto(turns,{at % 4 + 1},1)\n" for at in range(1, 5)
)


@pytest.mark.usefixtures("_large")
def test_numbers_from_other_ranges_are_a_change_of_their_own() -> None:
    _, changes = walked(TURNS.format(last=3), TURNS.format(last=4))
    assert told(changes) == {("chance", "1-3", "1-4")}
    (change,) = changes
    assert not change.conditions
    assert ("random:1-3", "1") in change.example
    assert ("random:1-4", "4") in change.example
    assert both(change)[0].startswith("was goes on with one of 1-3 by chance, then rings 101 for 20 s")
    _, same = walked(
        TURNS.format(last=3), TURNS.format(last=3).replace("1,Dial(PJSIP/104,20)", "1,Dial(PJSIP/105,20)")
    )
    assert told(same) == {("rings", "PJSIP/104", "PJSIP/105")}


@pytest.mark.usefixtures("_large")
def test_a_name_by_chance_is_no_number_from_a_range() -> None:
    text = "[in]\nexten => 1,1,Set(A={})\n same => n,Set(B={})\n same => n,Playback(${{B}})\n"
    _, changes = walked(text.format("${RAND(1,3)}", "x"), text.format("${UUID()}", "x"))
    assert not changes
    _, changes = walked(text.format("${UUID()}", "x"), text.format("${RAND(1,3)}", "y"))
    assert told(changes) == {("hears", "x", "y")}


def test_in_a_small_diff_it_is_told_what_the_numbers_lead_to() -> None:
    _, changes = walked(TURNS.format(last=3), TURNS.format(last=4))
    assert told(changes) == {
        ("rings", f"PJSIP/10{one}", f"PJSIP/10{other}")
        for one in range(1, 4)
        for other in range(1, 5)
        if one != other
    }


def heard(many: int, sound: str, other: str) -> tuple[str, str]:
    """Return two dial plans in which calls find out something, are answered, and hear something."""
    first = "[in]\nexten => 1,1,Goto({},s,1)\n"
    steps = "".join(
        f"[{name}]\nexten => s,1,NoOp()\n"
        + "".join(
            f' same => n,ExecIf($["${{DB({name}/{at})}}" = "1"]?Set(S{at}=x{at}))\n' for at in range(many)
        )
        + f" same => n,Playback({text})\n"
        + f" same => n,Set(CALLERID(name)={''.join(f'${{S{at}}}' for at in range(many))})\n same => n,Dial(PJSIP/100,20)\n"
        for name, text in (("one", sound), ("other", other))
    )
    return first.format("one") + steps, first.format("other") + steps


@pytest.mark.usefixtures("_large")
def test_that_a_call_is_answered_is_not_all_that_is_noticed_of_it() -> None:
    few, many = (walked(*heard(count, "day", "night")) for count in (2, 5))
    assert len(many[0].points) < 4 * len(few[0].points)
    assert told(few[1]) == told(many[1]) == {("hears", "day", "night")}
    for pairs, _ in (few, many):
        partings = [point.parted[1:] for point in pairs.points if point.parted is not None]
        assert partings
        assert all(event is not None and event.kind == "hears" for both in partings for event in both)


RUNG = """[in]
exten => 1,1,Dial(PJSIP/{},20,b(before^s^1))
 same => n,Playback(nobody)
[before]
exten => s,1,Set(PJSIP_HEADER(add,Alert-Info)=ring)
 same => n,Return()
"""


def test_how_a_call_ends_is_asked_once_it_is_known_who_rings() -> None:
    pairs, changes = walked(RUNG.format(100), RUNG.format(101))
    assert ("rings", "PJSIP/100", "PJSIP/101") in told(changes)
    assert len(pairs.points) < 14


def test_devices_that_are_called_are_not_found_to_be_unavailable() -> None:
    walk = explored(RUNG.format(100).replace("exten => 1", "exten => s"))
    ends = [one.answer for point in walk.points for link in point.links for one in link.chosen]
    assert sorted(ends) == ["ANSWER", "BUSY", "CHANUNAVAIL", "CONGESTION", "NOANSWER", "made"]


def test_ends_of_a_call_with_a_subroutine_before_it_are_all_told() -> None:
    plans = [
        RUNG.format(100).replace("Playback(nobody)", f"Playback({text}${{DIALSTATUS}})") for text in ("", "x")
    ]
    _, changes = walked(*plans)
    assert {one.before[0].subject for one in changes} == {"BUSY", "NOANSWER", "CHANUNAVAIL", "CONGESTION"}
    assert all(len(one.conditions) == 1 for one in changes)
    assert all(answer != "made" for one in changes for _, answer in one.example)


@pytest.mark.usefixtures("_both_ways")
def test_what_only_one_was_asked_is_the_same_for_the_other_once_it_is_asked() -> None:
    text = (
        "[in]\nexten => 1,1,{}\n same => n,Goto(office,s,1)\n[office]\nexten => s,1,NoOp()\n"
        + found_out(3)
        + ' same => n,ExecIf($["${{DB(a/b)}}" = "1"]?Playback(one):Playback(two))\n'.format()
        + " same => n,Playback(${KEPT}${OTHER}told)\n same => n,Hangup()\n"
    )
    before = text.replace("{}", 'ExecIf($["${DB(a/b)}" = "1"]?Set(KEPT=1):Set(KEPT=0))')
    _, changes = walked(before, text.replace("{}", "Set(OTHER=2)"))
    assert told(changes) == {("hears", "1told", "2told"), ("hears", "0told", "2told")}


@pytest.mark.usefixtures("_large")
def test_options_that_are_not_decided_may_be_those_of_the_other() -> None:
    rest = "".join(
        f"[{name}]\nexten => s,1,NoOp()\n same => n,Dial(PJSIP/100,20,${{O}})\n" for name in ("one", "other")
    )
    first = """[in]
exten => 1,1,Set(O=${IF($["${DB(a/b)}" = "1"]?i:t)})
 same => n,NoOp(${DB(a/c)})
 same => n,Goto(%s,s,1)
"""
    _, changes = walked(first % "one" + rest, first % "other" + rest)
    assert not changes


def menus(rest: str, first: str = "WaitExten(5)") -> tuple[str, str]:
    """Return two dial plans with a menu, of which one has kept something before."""
    text = f"[in]\nexten => s,1,Answer()\n same => n,{{}}\n same => n,{first}\n{rest}"
    return text.format("NoOp()"), text.format("Set(KEPT=now)")


@pytest.mark.parametrize(
    "rest",
    [
        # The same keys are the same number, and not the first so many characters of it.
        "exten => *1,1,Playback(${KEPT}told)\nexten => _9X!,1,Playback(other-${EXTEN})\n",
        # Of a number that is one digit long nothing is left behind the first.
        "exten => _X.,1,Playback(other)\nexten => _X,1,Dial(PJSIP/${EXTEN}@line,5)\n same => n,Playback(${KEPT}told)\n",
        # Which extension has the second step is looked for by the number of each.
        "exten => _2!,1,Playback(other)\nexten => _NXX,1,NoOp()\n same => n,Playback(${KEPT}told)\n",
    ],
)
@pytest.mark.parametrize("first", ["WaitExten(5)", "Background(menu)"])
def test_both_have_dialled_the_same_number_in_a_menu(rest: str, first: str) -> None:
    before, after = menus(rest.replace("{", "{{").replace("}", "}}"), first)
    pairs = Pairs(plan(before), plan(after), TODAY, seconds=SECONDS)
    pairs.walk_all("in", "s")
    assert not pairs.not_covered
    assert told(pairs.changes()) == APART


@pytest.mark.usefixtures("_both_ways")
def test_the_name_that_a_phone_shows_stays_as_it_is_while_one_waits() -> None:
    text = """[in]
exten => 1,1,{}
 same => n,Set(__AGAIN=$[0${AGAIN} + 1])
 same => n,Set(CALLERID(name)=${IF($["${DB(a/b)}" = "1"]?x:y)} ${IF($["${DB(a/c)}" = "1"]?x:y)})
 same => n,Goto(office,s,1)
[office]
exten => s,1,Dial(PJSIP/100,20)
 same => n,GotoIf($[${AGAIN} < 4]?in,1,1)
 same => n,Playback(${KEPT}told)
"""
    _, changes = walked(text.replace("{}", "NoOp()"), text.replace("{}", "Set(KEPT=now)"))
    assert told(changes) == APART


@pytest.mark.usefixtures("_both_ways")
def test_whether_a_border_is_over_is_the_same_for_both() -> None:
    text = """[in]
include => noon,12:00-12:59,*,*,*
exten => s,1,NoOp()
 same => n,Set(__KEPT={})
 same => n,Wait(40)
 same => n,ExecIfTime(17:00-23:59,tue,*,*?Playback(${KEPT}told))
"""
    pairs = Pairs(
        *(plan(text.replace("{}", one)) for one in ("old", "now")), TODAY, zone="UTC", seconds=SECONDS
    )
    pairs.walk_all("in", "s")
    assert told(pairs.changes()) == {("hears", "oldtold", "nowtold")}


def test_what_would_be_decided_where_no_way_branches_is_not_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    text = '[in]\nexten => s,1,Set(A=${DB(a/b)})\n same => n,GotoIf($["${A}" = "1"]?there)\n same => n(there),Hangup()\n'
    first = Points.key

    def deciding(self: Points, case: Case) -> object:
        symbols = case.runs[0].symbols
        assert symbols is not None
        if case.runs[0].channel.priority > 1:
            symbols.equal(case.runs[0].channel.variables.get("A", ""), "7")
        return first(self, case)

    monkeypatch.setattr(Points, "key", deciding)
    walk = Explorer((plan(text),), TODAY, seconds=SECONDS)
    walk.root(walk.case((entrance("in"),), (), "s"))
    walk.walk()
    (reason,) = walk.not_covered
    assert reason.startswith("a decision where no way branches")
    assert "open" in {point.end for point in walk.points}
