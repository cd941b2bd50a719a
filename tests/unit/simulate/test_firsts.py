"""Two runs that are apart are asked what people may notice first of each: where that can't be the same, they part."""

from __future__ import annotations

from datetime import date

import pytest

from kelid.model.behaviour import CallChange
from kelid.model.pbx import Pbx
from kelid.readback import read_dialplan
from kelid.simulate.pairs import Pairs

TODAY = date(2026, 11, 26)


def plan(text: str) -> Pbx:
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    return Pbx(site="test", asterisk=22, contexts=tuple(contexts))


def walked(before: str, after: str) -> tuple[Pairs, list[CallChange]]:
    pairs = Pairs(plan(before), plan(after), TODAY)
    pairs.walk_all("in")
    assert not pairs.not_covered
    return pairs, pairs.changes()


def sides(rest: str) -> tuple[str, str]:
    """Return two dial plans in which calls go to one context, and to another."""
    first = "[in]\nexten => 1,1,Goto({},s,1)\n"
    return first.format("one") + rest, first.format("other") + rest


def told(changes: list[CallChange]) -> set[tuple[str, ...]]:
    return {(one.before[0].kind, one.before[0].subject, one.after[0].subject) for one in changes}


@pytest.fixture
def _asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kelid.simulate.pairs.MOST_APART", 0)


def lines_and_phones(many: int) -> str:
    tries = "".join(
        f' same => n,ExecIf($["${{DB(cap/{at})}}" = "1"]?Set(TRIED=${{TRIED}}{at}))\n' for at in range(many)
    )
    phones = "".join(
        f' same => n,ExecIf($["${{DB(DND/{at})}}" = "1"]?Set(TO=${{TO}}&PJSIP/{at}))\n'
        for at in range(100, 100 + many)
    )
    return (
        f"[one]\nexten => s,1,Set(TRIED=)\n{tries} same => n,Dial(PJSIP/9${{TRIED}}@line,10)\n same => n,Hangup()\n"
        f"[other]\nexten => s,1,Set(TO=PJSIP/99)\n{phones} same => n,Page(${{TO}})\n same => n,Hangup()\n"
    )


def test_what_one_finds_out_does_not_come_with_all_that_the_other_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plans = [sides(lines_and_phones(many)) for many in (2, 4)]
    by_both = [len(walked(*both)[0].points) for both in plans]
    monkeypatch.setattr("kelid.simulate.pairs.MOST_APART", 0)
    asked = [walked(*both) for both in plans]
    assert by_both[1] > 6 * by_both[0]
    assert len(asked[1][0].points) < 4 * len(asked[0][0].points)
    assert len(asked[1][0].points) < by_both[1] / 3
    for pairs, changes in asked:
        assert not pairs.undecided
        assert {(one.before[0].kind, one.after[0].kind) for one in changes} == {("calls-out", "answered")}


@pytest.mark.usefixtures("_asked")
def test_two_that_come_to_the_same_by_other_ways_do_not_part() -> None:
    rest = "".join(
        f'[{name}]\nexten => s,1,ExecIf($["${{DB({name}/on)}}" = "1"]?Set(A=1))\n'
        ' same => n,Playback(hello)\n same => n,GotoIf($["${A}" = "1"]?end)\n same => n(end),Hangup()\n'
        for name in ("one", "other")
    )
    assert walked(*sides(rest))[1] == []


@pytest.mark.usefixtures("_asked")
def test_only_the_worlds_in_which_they_do_something_else_are_told() -> None:
    rest = """[one]
exten => s,1,GotoIf($["${DB(night/on)}" = "1"]?night)
 same => n,Playback(day)
 same => n,Hangup()
 same => n(night),Playback(night)
 same => n,Hangup()
[other]
exten => s,1,NoOp()
 same => n,Playback(day)
 same => n,Hangup()
"""
    _, changes = walked(*sides(rest))
    assert told(changes) == {("hears", "night", "day")}


@pytest.mark.usefixtures("_asked")
def test_two_that_go_round_for_ever_are_the_same() -> None:
    rest = "".join(f"[{name}]\nexten => s,1,NoOp()\n same => n,Goto(s,1)\n" for name in ("one", "other"))
    assert walked(*sides(rest))[1] == []
    heard = rest.replace("[other]\nexten => s,1,NoOp()", "[other]\nexten => s,1,Playback(hello)")
    assert walked(*sides(heard))[1]


@pytest.mark.usefixtures("_asked")
def test_what_is_not_known_of_one_is_said() -> None:
    """Also where it isn't what comes on an ordinary day."""
    rest = """[one]
exten => s,1,GotoIf($["${DB(night/on)}" = "1"]?night)
 same => n,Playback(day)
 same => n,Hangup()
 same => n(night),Whatever(x)
[other]
exten => s,1,NoOp()
 same => n,Dial(PJSIP/9@line,10)
"""
    pairs, changes = walked(*sides(rest))
    assert changes
    assert pairs.undecided


@pytest.mark.usefixtures("_asked")
def test_letters_beyond_ascii_may_be_any() -> None:
    """The sets of texts know the letters of ASCII alone: what is kept may be the same."""
    rest = """[one]
exten => s,1,NoOp()
 same => n,System(فروش)
 same => n,Hangup()
[other]
exten => s,1,NoOp()
 same => n,System(${DB(say/this)})
 same => n,Hangup()
"""
    _, changes = walked(*sides(rest))
    assert {one.after[0].kind for one in changes} == {"hangup", "box"}


def test_what_is_decided_after_that_by_which_they_part_makes_no_points() -> None:
    """Which number is called is decided first; how that call ends makes no difference any more."""
    row = '[in]\nexten => _0X!,1,Dial(PJSIP/${{IF($["${{EXTEN:0:2}}" = "00"]?{}:{})}}@line,10)\n same => n,Hangup()\n'
    pairs, changes = walked(row.format(1, 2), row.format(3, 4))
    assert sum(point.parted is not None for point in pairs.points) == 2
    assert {
        (dict(one.before[0].details)["number"], dict(one.after[0].details)["number"]) for one in changes
    } == {
        ("1", "3"),
        ("2", "4"),
    }


def test_what_only_one_was_asked_does_not_keep_them_apart() -> None:
    """Two that begin to look for somebody at another place of a list, and come to the same."""
    rest = "".join(f' same => n,ExecIf($["${{DB(a/{at})}}" = "1"]?Set(A=${{A}}{at}))\n' for at in range(6))
    rows = [
        f"[in]\nexten => 1,1,NoOp({asked})\n{rest} same => n,Playback(${{A}})\n same => n,Hangup()\n"
        for asked in ("${RAND(1,3)}", "${RAND(1,4)}", "x")
    ]
    apart, changes = walked(*rows[:2])
    assert changes == []
    assert len(apart.points) < 40


def test_of_many_changes_those_that_part_alike_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        "[in]\n"
        + "".join(
            f"exten => _{number},1,Set(N={number})\n same => n,Goto(rest,s,1)\n" for number in (21, 35, 47)
        )
        + f"[rest]\nexten => s,1,Playback({heard})\n same => n,Playback(${{N}})\n"
        for heard in ("old", "new")
    ]
    by_number = walked(*rows)[1]
    monkeypatch.setattr("kelid.simulate.telling.MOST_TOLD", 0)
    (every,) = walked(*rows)[1]
    assert {one.dialled for one in by_number} == {"21", "35", "47"}
    assert every.dialled == "21, 35, 47"
