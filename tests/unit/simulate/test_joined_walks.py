"""Two dial plans on the way to the first step that differs: what only people notice doesn't multiply it, and what is told of
who calls, from where and when stays exact."""

from __future__ import annotations

from datetime import date

import pytest

from kelid.model.behaviour import CallChange
from kelid.model.pbx import ConfFile, Option, Pbx, Section
from kelid.readback import read_dialplan
from kelid.simulate.alone import MATCHED
from kelid.simulate.case import Case
from kelid.simulate.pairs import Pairs
from kelid.simulate.symbols import FIRST, Shared, Store

TODAY = date(2026, 11, 26)


def pbx(text: str, phones: dict[str, dict[str, str]] | None = None) -> Pbx:
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    endpoints = tuple(
        Section(
            name,
            (
                Option("type", "endpoint"),
                Option("callerid", f'"{name}" <{name}>'),
                *(Option(key, value) for key, value in options.items()),
            ),
        )
        for name, options in (phones or {}).items()
    )
    files = (ConfFile("pjsip.conf", sections=endpoints),) if endpoints else ()
    return Pbx(site="test", asterisk=22, contexts=tuple(contexts), files=files)


def walked(before: Pbx, after: Pbx, context: str = "") -> tuple[Pairs, list[CallChange]]:
    pairs = Pairs(before, after, TODAY)
    pairs.walk_all(context)
    assert not pairs.not_covered
    return pairs, pairs.changes()


# --- what doesn't multiply ------------------------------------------------------------------------------

MANY = """
[in]
{ways}
[office]
exten => _1XX,1,GotoIfTime(20:00-21:59,*,*,*?night)
 same => n,Gosub(ring,${{EXTEN}},1)
 same => n(night),NoOp()
[ring]
exten => _X.,1,Set(LOCAL(to)=${{FILTER(0-9,${{DB(CFU/${{EXTEN}})}})}})
 same => n,GotoIf($["${{to}}" = "" | "x${{to}}" = "x${{EXTEN}}"]?stay)
 same => n,StackPop()
 same => n,Goto(office,${{to}},1)
 same => n(stay),Dial(PJSIP/${{EXTEN}},20)
 same => n,GotoIf($["${{DIALSTATUS}}" = "BUSY"]?busy)
 same => n,Set(LOCAL(to)=${{DB(CFNA/${{EXTEN}})}})
 same => n,GotoIf($["${{to}}" = "on"]?busy)
 same => n,Queue(sales)
 same => n,Return()
 same => n(busy),Playback({heard})
 same => n,Return()
"""


RECORDED = MANY.replace(
    "[ring]\nexten => _X.,1,",
    "[ring]\nexten => _X.,1,Set(LOCAL(who)=${{FILTER(0-9,${{CONNECTEDLINE(num)}})}})\n"
    " same => n,MixMonitor(${{who}}-${{QUEUEPOSITION}}.wav)\n same => n,",
)


def points(*ways: str, plan: str = MANY) -> int:
    rows = "\n".join(f"exten => {at},1,{way}\n same => n,Goto(office,100,1)" for at, way in enumerate(ways))
    sides = [pbx(plan.format(ways=rows, heard=heard)) for heard in ("busy", "engaged")]
    pairs, changes = walked(*sides, context="in")
    assert {one.dialled for one in changes} == {str(at) for at in range(len(ways))}
    return len(pairs.points)


def test_languages_priorities_and_times_are_walked_once() -> None:
    """However a call comes to an extension, it goes on as all others: each way adds only its own steps."""
    plain = points("NoOp(1)", "NoOp(2)", "NoOp(3)", "NoOp(4)")
    told = points(
        "Set(CHANNEL(language)=fa)",
        "Set(QUEUE_PRIO=10)",
        "Set(CHANNEL(musicclass)=calm)",
        "Set(TIMEOUT(absolute)=60)",
    )
    assert told <= plain + 4
    timed = points(*(f"GotoIfTime({10 + at}:00-{10 + at}:59,*,*,*?2:9)" for at in range(4)))
    assert timed <= plain + 8  # which way the hour goes, for each


def test_to_whom_a_call_was_connected_and_where_it_was_in_a_queue_is_walked_once() -> None:
    told = points(
        "Set(CONNECTEDLINE(num,i)=101)",
        "Set(CONNECTEDLINE(num,i)=102)",
        "Set(QUEUEPOSITION=1)",
        "Set(QUEUEPOSITION=2)",
        plan=RECORDED,
    )
    assert told <= points("NoOp(1)", "NoOp(2)", "NoOp(3)", "NoOp(4)", plan=RECORDED)


def test_how_a_call_would_end_is_not_walked_where_only_its_end_goes_by_that() -> None:
    """Nobody answers for four reasons, and one that is asked for: past the question there are no more of each step."""
    sides = [
        pbx(MANY.format(ways="exten => 1,1,Goto(office,100,1)", heard=heard)) for heard in ("one", "two")
    ]
    pairs = Pairs(*sides, TODAY)
    seen: dict[tuple[str, int], int] = {}
    point = pairs._point

    def counted(case: Case) -> int:
        known, channel = len(pairs.points), case.runs[0].channel
        number = point(case)
        if len(pairs.points) > known and case.joined:
            seen[channel.context, channel.priority] = seen.get((channel.context, channel.priority), 0) + 1
        return number

    pairs._point = counted  # type: ignore[method-assign]
    pairs.walk_all("in")
    queue = next(number for number in range(1, 20) if "Queue" in MANY.split("[ring]")[1].splitlines()[number])
    assert seen["ring", queue] == 1


SPOKEN = """
[in]
exten => 1,1,Set(CHANNEL(language)=fa)
 same => n,Goto(office,100,1)
exten => 2,1,Set(CHANNEL(language)=en)
 same => n,Goto(office,100,1)
[office]
exten => 100,1,{first}
 same => n,Playback(welcome)
 same => n,Hangup()
"""


def test_what_a_step_that_differs_names_is_kept() -> None:
    """English for all: whoever had it anyhow hears the same."""
    sides = [pbx(SPOKEN.format(first=first)) for first in ("NoOp()", "Set(CHANNEL(language)=en)")]
    assert {one.dialled for one in walked(*sides, "in")[1]} == {"1"}


# --- what stays exact -----------------------------------------------------------------------------------

HOURS = """
[in]
exten => 1,1,GotoIfTime(08:00-11:59,*,*,*?office,201,1)
 same => n,Hangup()
exten => 2,1,Goto(office,201,1)
[office]
exten => 201,1,Answer()
 same => n,GotoIfTime(20:00-21:59,*,*,*?night)
 same => n,GotoIfTime(10:00-13:59,*,*,*?noon)
 same => n,Hangup()
 same => n(night),Playback({night})
 same => n,Hangup()
 same => n(noon),Playback({noon})
"""


def test_what_was_decided_of_the_time_before_is_kept_in_what_is_told() -> None:
    """Whoever comes in the morning is not there at night, and from 8 to 10 nothing is said to him."""
    _, changes = walked(
        pbx(HOURS.format(night="owl", noon="lunch")), pbx(HOURS.format(night="bat", noon="lunch")), "in"
    )
    assert {(one.dialled, one.time) for one in changes} == {("2", "every day 20:00-22:00")}
    _, changes = walked(
        pbx(HOURS.format(night="owl", noon="lunch")), pbx(HOURS.format(night="owl", noon="tea")), "in"
    )
    assert {(one.dialled, one.time) for one in changes} == {
        ("1", "every day 10:00-12:00"),
        ("2", "every day 10:00-14:00"),
    }


CLASSES = """
[staff]
exten => _2XX,1,Goto(inside,${{EXTEN}},1)
[guests]
exten => _2XX,1,Goto(inside,${{EXTEN}},1)
[inside]
exten => _2XX,1,GotoIf($["${{WHO}}" = "102"]?known)
 same => n,Dial(PJSIP/${{EXTEN}},20)
 same => n,Hangup()
 same => n(known),Playback({heard})
 same => n,Hangup()
"""
PHONES = {
    "101": {"context": "staff", "set_var": "WHO=101", "language": "fa"},
    "102": {"context": "staff", "set_var": "WHO=102"},
    "103": {"context": "guests", "set_var": "WHO=103"},
    "104": {"context": "guests"},
}


def test_phones_of_all_classes_go_on_as_one_and_are_told_apart() -> None:
    """What is decided by the phone is told of the phones that it is decided for."""
    sides = [pbx(CLASSES.format(heard=heard), PHONES) for heard in ("hello", "welcome")]
    pairs, changes = walked(*sides)
    assert {name for one in changes for name in one.way_in.names} & {"102"}
    assert not {name for one in changes for name in one.way_in.names} & {"103", "104"}
    assert {dict(one.example)["phone:"] for one in changes} == {"102"}
    inside = {
        (point.parted[0].runs[0].channel.context, point.parted[0].runs[0].channel.exten)
        for point in pairs.points
        if point.parted is not None
    }
    assert len(inside) == len([point for point in pairs.points if point.parted is not None]) == 1


def test_a_phone_that_is_not_the_same_on_both_sides_is_walked_by_itself() -> None:
    """A phone with another name changes its own calls, and nobody else's."""
    named = {**PHONES, "103": {**PHONES["103"], "set_var": "WHO=102"}}
    _, changes = walked(pbx(CLASSES.format(heard="hello"), PHONES), pbx(CLASSES.format(heard="hello"), named))
    assert {one.way_in.names for one in changes} == {("103",)}


def test_the_phone_of_a_call_is_nobody_once_it_makes_no_difference() -> None:
    """The number of a variable that is gone may be another's next: that isn't taken for the phone."""
    shared = Shared()
    store = Store(shared)
    phone = shared.atoms[ord(store.new("phone", "", shared.automaton.texts("101", "102"))) - FIRST][0]
    store.phones = {phone: store.domains[phone]}
    text = f"office,{shared.atom(phone, ())}"
    assert store.knows(text)
    store.drop(())
    assert not store.knows(text)
    assert (
        shared.atoms[ord(store.new("heard", "language", shared.automaton.texts("fa", "en"))) - FIRST][0]
        == phone
    )
    assert not store.phones


# --- two that are apart ---------------------------------------------------------------------------------


def hunted(members: int, first: int = 0, line: str = "") -> Pbx:
    rows = [
        f" same => n,Gosub(free,{100 + at},1)\n"
        ' same => n,ExecIf($["${GOSUB_RETVAL}" = "1"]?Dial(PJSIP/' + f"{100 + at},10))\n"
        for at in range(first, members)
    ]
    return pbx(
        "[in]\nexten => 1,1,Answer()\n"
        + (f" same => n,Dial({line},10)\n" if line else "")
        + "".join(rows)
        + " same => n,Hangup()\n[free]\n"
        + 'exten => _X.,1,GotoIf($["${DB(DND/${EXTEN})}" = "all" | "${DB(DND/${EXTEN})}" = "some"]?no)\n'
        + " same => n,GotoIf($[${GROUP_COUNT(${EXTEN}@phone)} > 1]?no)\n"
        + " same => n,GotoIf($[${GROUP_COUNT(${EXTEN}@phone)} > 0]?no)\n"
        + " same => n,Return(1)\n same => n(no),Return(0)\n"
    )


def test_what_only_one_side_asks_about_is_forgotten_when_it_has_passed() -> None:
    """Members less at the head: why each of them isn't rung is decided one after the other, and not all at once."""
    sizes = [len(walked(hunted(less + 1), hunted(less + 1, less), "in")[0].points) for less in (2, 3)]
    assert sizes[1] < 4 * sizes[0] < 4 * 1000


def by_both(before: Pbx, after: Pbx, monkeypatch: pytest.MonkeyPatch) -> tuple[Pairs, list[CallChange]]:
    """Return what is found where neither run is ever put aside."""
    with monkeypatch.context() as patched:
        patched.setattr("kelid.simulate.alone.Alone.point", lambda *_: None)
        return walked(before, after, "in")


def told(changes: list[CallChange]) -> set[tuple[object, ...]]:
    sides = [(one, [(event.kind, event.subject) for event in one.before + one.after]) for one in changes]
    return {(one.dialled, one.caller, one.time, len(one.before), *events) for one, events in sides}


def test_how_the_one_that_waits_came_there_makes_no_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line is called first, and on the other side no more: what is found out of the members there is of no use here."""
    plans = [(hunted(many, line="PJSIP/9@line"), hunted(many)) for many in (2, 3)]
    alone = [walked(*sides, "in") for sides in plans]
    both = [by_both(*sides, monkeypatch) for sides in plans]
    more = [len(pairs.points) for pairs, _ in both]
    less = [len(pairs.points) for pairs, _ in alone]
    assert more[1] > 2.5 * more[0]
    assert less[1] < 1.8 * less[0]
    assert less[1] < more[1]
    assert told(alone[1][1]) == told(both[1][1]) != set()


def test_where_the_other_does_the_same_both_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked before a line is called on one side, and after it on the other, has one answer."""
    plan = "[in]\nexten => 1,1,{}\n same => n,Dial(PJSIP/9@line,10)\n same => n,{}\n same => n,Hangup()\n"
    asked = '$["${DB(A/1)}" = "1"]'
    early = pbx(
        plan.format(f"ExecIf({asked}?Set(x=1))", 'ExecIf($["${x}" = "1"]?Playback(one):Playback(two))')
    )
    late = pbx(plan.format("NoOp()", f"ExecIf({asked}?Playback(one):Playback(two))"))
    other = pbx(plan.format("NoOp()", f"ExecIf({asked}?Playback(four):Playback(three))"))
    pairs, changes = walked(early, late, "in")
    assert any(point.end == MATCHED for point in pairs.points)
    assert not changes
    _, changes = walked(early, other, "in")
    assert {(one.before[0].subject, one.after[0].subject) for one in changes} == {
        ("one", "four"),
        ("two", "three"),
    }
    assert told(changes) == told(by_both(early, other, monkeypatch)[1])


DISA = """
[in]
exten => 1,1,DISA(no-password,out)
[out]
exten => _0XXXXXXXXX.,1,Dial(PJSIP/${{EXTEN}}@{trunk},30)
exten => _1XX,1,Dial(PJSIP/${{EXTEN}},30)
exten => i,1,Playback(pbx-invalid)
"""


def test_any_number_is_dialled_after_a_dial_tone() -> None:
    """It is decided where it is looked up, and nothing of it is open."""
    sides = [pbx(DISA.format(trunk=trunk)) for trunk in ("one", "other")]
    pairs, changes = walked(*sides, context="in")
    assert not pairs.undecided
    assert {one.before[0].kind for one in changes} == {"calls-out"} or {
        event.kind for one in changes for event in one.before[:1]
    } == {"rings"}
    keys = {dict(one.example)["keys:"] for one in changes}
    assert all(key.startswith("0") and len(key) >= 11 for key in keys)
    assert walked(sides[0], sides[0], "in")[1] == []
