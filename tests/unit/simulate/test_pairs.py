"""Which calls change between two dial plans: those that do, and none where nothing does."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from kelid.compare.behaviour import change_of
from kelid.model.behaviour import BehaviourChange
from kelid.model.call import Call, World
from kelid.model.pbx import Media, Pbx
from kelid.model.record import replace
from kelid.readback import read_dialplan
from kelid.simulate import simulate
from kelid.simulate.explore import Explorer
from kelid.simulate.pairs import Pairs
from kelid.simulate.ways_in import entrance

TODAY = date(2026, 11, 26)

OFFICE = """
[in]
exten => _[0-9]!,1,Goto(office,${FILTER(0-9,${EXTEN})},1)

[office]
exten => 100,1,GotoIf($["${DB(NIGHT/office)}" = "closed"]?closed)
 same => n,GotoIfTime(08:00-12:59,thu,*,*,Asia/Tehran?open)
 same => n(closed),Playback(closed)
 same => n,Hangup()
 same => n(open),Goto(menu,s,1)
exten => _2XX,1,Gosub(ring,${EXTEN},1(20))
 same => n,Hangup()

[menu]
exten => s,1,Background(welcome)
 same => n,WaitExten(5)
exten => 1,1,Goto(office,201,1)
exten => t,1,Hangup()

[ring]
exten => _X.,1,Dial(PJSIP/${EXTEN},${ARG1})
 same => n,GotoIf($["${DIALSTATUS}" = "BUSY"]?busy)
 same => n,Playback(vm-nobodyavail)
 same => n,Return()
 same => n(busy),Busy(10)
"""


def plan(text: str) -> Pbx:
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    return Pbx(site="test", asterisk=22, contexts=tuple(contexts))


def changed(before: str, after: str) -> BehaviourChange:
    pairs = Pairs(plan(before), plan(after), TODAY)
    pairs.walk_all("in")
    return change_of(pairs.changes(), undecided=[*pairs.undecided, *pairs.not_covered])


def test_nothing_changes_where_nothing_is_changed() -> None:
    """The same dial plan twice."""
    assert changed(OFFICE, OFFICE).none


def test_nothing_changes_where_only_names_and_places_do() -> None:
    """A context that is called otherwise, steps that do nothing, another order of the file."""
    moved = OFFICE.replace("[menu]", "[greeting]").replace("Goto(menu,s,1)", "Goto(greeting,s,1)")
    moved = moved.replace(" same => n,WaitExten(5)", " same => n,NoOp()\n same => n,WaitExten(5)")
    parts = moved.strip().split("\n\n")
    assert changed(OFFICE, "\n\n".join(reversed(parts)) + "\n").none


def test_hours_change_the_calls_of_those_hours() -> None:
    """Only the number behind the hours, and only at the hours that were added."""
    change = changed(OFFICE, OFFICE.replace("12:59", "16:59"))
    assert not change.undecided
    assert {(one.dialled, one.time) for one in change.changes} == {("100", "Thu 13:00-17:00")}
    (one,) = change.changes
    assert [event.subject for event in one.before if event.kind == "hears"] == ["closed"]
    assert [event.subject for event in one.after if event.kind == "hears"][:1] == ["welcome"]
    # What is said is true: the example does the one before and the other after.
    at = datetime.fromtimestamp(int(dict(one.example)["at"]), UTC)
    for text, heard in ((OFFICE, "closed"), (OFFICE.replace("12:59", "16:59"), "welcome")):
        trace = simulate(plan(text), Call(context="in", exten="100", at=at), World())
        assert next(event.subject for event in trace.events if event.kind == "hears") == heard


def test_a_ring_time_changes_the_calls_that_ring_so_long() -> None:
    """Every number of the pattern, directly and by the menu; not the closed office."""
    change = changed(OFFICE, OFFICE.replace("1(20)", "1(25)"))
    assert not change.undecided
    assert any(one.dialled == "2XX" for one in change.changes)
    assert any(one.dialled == "100" and one.time.startswith("Thu 08:00-13:00") for one in change.changes)


def test_what_there_is_no_time_to_tell_is_not_passed_over() -> None:
    """One change is told, and how many aren't: nobody takes that for all of them."""
    whole = changed(OFFICE, OFFICE.replace("1(20)", "1(25)"))
    pairs = Pairs(plan(OFFICE), plan(OFFICE.replace("1(20)", "1(25)")), TODAY)
    pairs.walk_all("in")
    pairs.seconds_to_tell = 1e-9
    told = pairs.changes()
    change = change_of(told, undecided=[*pairs.undecided, *pairs.not_covered])
    assert len(told) == 1 < len(whole.changes)
    assert not change.none
    (why,) = change.undecided
    assert re.fullmatch(r"\d+ of \d+ places where calls part: the time to tell is over", why)


def test_what_is_heard_in_another_language_is_heard_otherwise() -> None:
    """Also what comes later in the call: nobody else's."""
    spoken = OFFICE.replace(
        "exten => s,1,Background", "exten => s,1,Set(CHANNEL(language)=fa)\n same => n,Background"
    )
    change = changed(OFFICE, spoken)
    assert not change.undecided
    assert {one.dialled for one in change.changes} == {"100"}
    heard = [
        next(event for event in row if event.kind == "hears")
        for one in change.changes
        for row in (one.before, one.after)
    ]
    assert {event.subject for event in heard} == {"welcome"}
    assert {dict(event.details)["language"] for event in heard} == {"en", "fa"}


def test_a_recording_that_there_is_in_one_language_is_the_same_in_all() -> None:
    """The site's own recordings are known: which there are in folders of languages beside the first."""
    name, other = "ab" * 32, "cd" * 32
    text = (
        f"[in]\nexten => 1,1,Set(CHANNEL(language)=fa)\nexten => 1,2,Playback(/media/{name}&/media/{other})\n"
    )
    media = (Media("1", "a.wav", name), Media("2", "b.wav", other))

    def change(*more: Media) -> BehaviourChange:
        sides = [replace(plan(one), media=(*media, *more)) for one in (text, text.replace("=fa", "=en"))]
        pairs = Pairs(*sides, TODAY)
        pairs.walk_all("in")
        return change_of(pairs.changes(), undecided=[*pairs.undecided, *pairs.not_covered])

    assert change().none
    assert not change(Media("3", "c.wav", f"fa/{other}")).none


def test_music_that_the_dial_plan_sets_comes_before_that_of_a_queue() -> None:
    """As local_ast_moh_start in res/res_musiconhold.c has it."""
    text = "[in]\nexten => 1,1,Set(CHANNEL(musicclass)=calm)\nexten => 1,2,Queue(sales)\n"
    assert changed(text, text).none
    (one,) = changed(text, text.replace("calm", "loud")).changes
    assert [dict(row[0].details)["CHANNEL(musicclass)"] for row in (one.before, one.after)] == [
        "calm",
        "loud",
    ]


def test_a_number_that_goes_changes_its_own_calls_only() -> None:
    """A pattern that gets smaller."""
    change = changed(OFFICE, OFFICE.replace("_2XX", "_2[0-8]X"))
    assert not change.undecided
    assert {one.dialled for one in change.changes} == {"29X"}


def test_a_pattern_with_a_dash_among_its_characters_has_calls() -> None:
    """No text has one when it is compared: a dash of a class matches nothing, and takes nothing from the others."""
    plan = "[in]\nexten => _2[29-]9,1,NoOp()\n same => n,{}\n"
    assert {one.dialled for one in changed(plan.format("Hangup()"), plan.format("Playback(x)")).changes} == {
        "229, 299"
    }


def test_a_channels_own_variable_does_not_take_the_global_one_from_others() -> None:
    """A Local channel has none of its own: it reads the global one, which was something else before the call."""
    plan = """[in]
exten => 1,1,Set(GLOBAL(G)={given})
 same => n,Set(G=own)
 same => n,GotoIf($["${{DB(c/d)}}" = "1"]?away)
 same => n(away),Dial(Local/2@office,10)
[office]
exten => 2,1,GotoIf($["${{G}}" = "x"]?there)
 same => n,Hangup()
 same => n(there),Playback({heard})
"""
    for given, told in (("${{DB(a/b)}}", {"1"}), ("x", {"1"}), ("y", set())):
        sides = [plan.replace("{given}", given).format(heard=heard) for heard in ("one", "two")]
        change = changed(*sides)
        assert not change.undecided
        assert {one.dialled for one in change.changes} == told, given


def test_what_only_some_answers_come_to_is_found() -> None:
    """A step that only a busy phone comes to."""
    change = changed(OFFICE, OFFICE.replace("Busy(10)", "Playback(busy)"))
    assert change.changes
    assert all(any(item.value == "BUSY" for item in one.conditions) for one in change.changes), change.changes


CALLERS = """
[in]
exten => _X.,1,Goto(trunk,0${EXTEN:-3},1)

[trunk]
exten => 0100,1,Playback(vm-goodbye)
 same => n,Hangup(16)
exten => 0100/_0912X!,1,Dial(PJSIP/100,20)
 same => n,Hangup(17)
exten => 0200,1,Dial(PJSIP/200,20)
 same => n,Hangup(17)
"""


def test_calls_to_an_extension_for_some_callers_are_walked() -> None:
    """Who calls decides where a call comes to: that isn't open again before it has come there."""
    explorer = Explorer((plan(CALLERS),), TODAY)
    explorer.root(explorer.case((entrance("in"),), (), None))
    explorer.walk()
    events = [event for point in explorer.points for event in point.events]
    events += [event for point in explorer.points for link in point.links for event in link.events]
    noticed = {(event.kind, event.subject) for event in events}
    assert not explorer.not_covered
    assert {("hears", "vm-goodbye"), ("rings", "PJSIP/100"), ("rings", "PJSIP/200")} <= noticed


def test_a_change_for_some_callers_is_told() -> None:
    """Of an extension with callers of its own, both kinds: it was *none* as long as nobody came there."""
    for old, new in (("PJSIP/100", "PJSIP/101"), ("vm-goodbye", "vm-nobodyavail")):
        change = changed(CALLERS, CALLERS.replace(old, new))
        assert not change.undecided
        assert change.changes
        for one in change.changes:
            assert one.before[-2].subject != one.after[-2].subject or one.before[0] != one.after[0]


def test_a_name_that_the_members_of_a_queue_see_is_another_call() -> None:
    """A prefix is put there for them."""
    text = "[in]\nexten => 1,1,Set(CALLERID(name)=Sales ${CALLERID(name)})\n same => n,Queue(sales)\n"
    change = changed(text, text.replace("Sales", "VIP"))
    assert not change.undecided
    assert {one.before[0].kind for one in change.changes} == {"queue"}


COUNTED = """
[in]
exten => 1,1,Set(GROUP(a)={said})
 same => n,Set(__FORWARDS=$[0${{FORWARDS}} + 1])
 same => n,Goto(on,1,1)
[on]
exten => 1,1,GotoIf($[0${{FORWARDS}} >= 5]?stop)
 same => n,Playback(again)
 same => n,Set(__FORWARDS=$[0${{FORWARDS}} + 1])
 same => n,GotoIf($[${{GROUP_COUNT(one@a)}} > 3]?stop)
 same => n,Goto(on,1,1)
 same => n(stop),Playback(enough)
"""


def test_two_that_have_counted_as_far_go_on_counting_together() -> None:
    """They were let be any number each by itself, and one had enough where the other went on."""
    pairs = Pairs(plan(COUNTED.format(said="one")), plan(COUNTED.format(said="two")), TODAY)
    pairs.walk_all("in")
    assert not pairs.not_covered
    assert not pairs.changes()


def test_how_a_call_ends_behind_its_last_step_goes_by_what_the_last_dial_came_to() -> None:
    """Hung up or left to end by itself is not the same: behind a busy phone the caller hears a busy tone then."""
    text = """
[in]
exten => 107,1,Dial(PJSIP/107,20)
 same => n,Goto(rest,107,1)
[rest]
exten => 107,1,NoOp()
"""
    sides = [plan(text + last) for last in (" same => n,Hangup()\n", " same => n,NoOp()\n")]
    for before, after in (sides, sides[::-1]):
        pairs = Pairs(before, after, TODAY)
        pairs.walk_all("in")
        told = pairs.changes()
        assert {one.dialled for one in told} == {"107"}
        assert any("tone" in {event.kind for event in (*one.before, *one.after)} for one in told)
