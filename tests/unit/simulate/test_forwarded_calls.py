"""A call that was forwarded goes on as all others that come to an extension, and nothing that it may do is left out."""

from __future__ import annotations

from datetime import date

import pytest

from kelid.model.behaviour import Behaviour
from kelid.model.pbx import Pbx
from kelid.readback import read_dialplan
from kelid.simulate.graph import graph_of
from kelid.simulate.languages import ANY, Equals, Ranked
from kelid.simulate.live import Live
from kelid.simulate.pairs import Pairs
from kelid.simulate.reach import Reach
from kelid.simulate.symbols import FIRST, LONGEST, Shared, Store, Symbols

PLAN = """
[in]
{ways}
[inside]
{extensions}
[ring]
exten => _X.,1,Gosub(forward,${{EXTEN}},1(CFU))
 same => n,Gosub(free,${{EXTEN}},1(${{ARG2}}))
 same => n,GotoIf($[${{GOSUB_RETVAL}} = 0]?busy)
 same => n,Dial(${{ARG1}},20)
 same => n(busy),Gosub(forward,${{EXTEN}},1(CFB))
 same => n,Return({end})
[free]
exten => _X.,1,GotoIf($[${{ARG1}} = 1 & ${{GROUP_COUNT(${{EXTEN}}@phone)}} > 0]?no)
 same => n,Return(1)
 same => n(no),Return(0)
[forward]
exten => _X.,1,Set(LOCAL(to)=${{FILTER(0-9,${{DB(${{ARG1}}/${{EXTEN}})}})}})
 same => n,GotoIf($["${{to}}" = "" | "x${{to}}" = "x${{EXTEN}}"]?stay)
 same => n,GotoIf($[0${{FORWARDS}} >= 5]?stay)
 same => n,GotoIf(${{DIALPLAN_EXISTS(inside,${{to}},1)}}?go)
 same => n(stay),Return()
 same => n(go),Set(TO=inside,${{to}},1)
 same => n,Set(__FORWARDS=$[0${{FORWARDS}} + 1])
 same => n,StackPop()
 same => n,StackPop()
 same => n,Goto(${{TO}})
"""


def walked(*ways: str, limits: tuple[int, ...] = (0,), end: str = "") -> Behaviour:
    rows = [
        f"exten => {number},1,Gosub(ring,${{EXTEN}},1(PJSIP/{number},{limit}))\n same => n,Hangup()"
        for number, limit in zip(range(100, 140), limits * 40, strict=False)
    ]
    text = PLAN.format(
        ways="\n".join(f"exten => {at},1,{way}" for at, way in enumerate(ways, 1)),
        extensions="\n".join(rows),
        end=end,
    )
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    pbx = Pbx(site="test", asterisk=22, contexts=tuple(contexts))
    return graph_of(pbx, date(2026, 11, 26), context="in")


def told(found: Behaviour) -> set[str]:
    """Return what happens at all: kinds of events, and what they are about."""
    events = [event for node in found.nodes for event in node.events]
    events += [event for node in found.nodes for way in node.ways for event in way.events]
    return {f"{event.kind} {event.subject}" for event in events}


GO = "Goto(inside,100,1)"
ANSWERED = f"Answer()\n same => n,{GO}"


def test_one_that_was_answered_before_goes_on_as_one_that_was_not() -> None:
    """Only up to the first extension the two are told apart, which is less than all that follows."""
    once, twice = len(walked(GO).nodes), len(walked(GO, ANSWERED).nodes)
    assert once > 20
    assert twice - once <= 24


def test_both_ends_of_a_forwarded_call_are_there() -> None:
    """Whoever was answered before ends as usual; whoever was not, with what the last Dial left behind."""
    nodes = walked(GO, ANSWERED).nodes
    causes = {
        value
        for node in nodes
        for event in (*node.events, *(event for way in node.ways for event in way.events))
        if event.kind == "hangup"
        for key, value in event.details
        if key == "cause"
    }
    assert {"16", "17", "34"} <= causes


def test_how_often_it_was_forwarded_is_asked_anew_by_each_subroutine() -> None:
    """The number that one subroutine has found to be too high isn't carried through the rest of the way."""
    nodes = walked(GO, limits=(1,)).nodes
    dials = [node for node in nodes if any("PJSIP" in way.condition.subject for way in node.ways)]
    # One for who was called first, one for who was forwarded to: not one for each answer to "five times or not".
    assert len(dials) == 2


def test_what_only_the_caller_of_a_subroutine_still_names_is_forgotten_too() -> None:
    """In a subroutine that has let go of its number, extensions that were told apart before are one: only the step that
    tells them apart, and the one that some are sent to, are there twice.
    """
    asking, different = len(walked(GO, limits=(1,)).nodes), len(walked(GO, limits=(0, 1)).nodes)
    assert different - asking <= 2


def test_how_many_calls_a_phone_has_is_asked_where_it_matters() -> None:
    """Of a phone without a limit nobody wants to know it."""

    def asks(*limits: int) -> bool:
        nodes = walked(GO, limits=limits).nodes
        return any(way.condition.subject.startswith("group") for node in nodes for way in node.ways)

    assert asks(1)
    assert not asks(0)


def test_what_one_subroutine_asked_of_an_extension_is_forgotten_in_the_next() -> None:
    """Extensions of which some take one call only are told apart where that is asked, and are one again at the Dial."""
    alike, different = len(walked(GO, limits=(0,)).nodes), len(walked(GO, limits=(0, 1)).nodes)
    assert different - alike <= 12


def test_a_call_forwarded_to_itself_goes_on_like_one_that_is_not_forwarded() -> None:
    """That the number is the extension's own says nothing new about the extension."""
    nodes = walked(GO, GO.replace("100", "${EXTEN}00"), limits=(0, 1)).nodes
    conditions = [way.condition for node in nodes for way in node.ways]
    assert any(one.subject.startswith("database CFU/") and " is " in one.subject for one in conditions)
    assert len(nodes) < 110


@pytest.mark.parametrize(("given", "read"), [("1(a)", False), ("1", True), ("1(a,b)", False)])
def test_a_subroutine_reads_its_own_arguments(given: str, read: bool) -> None:
    """ARG1 of the caller is nobody's business in a subroutine that is given one (app_stack.c)."""
    text = f"[in]\nexten => 1,1,Gosub(sub,s,{given})\n same => n,Hangup()\n"
    text += "[sub]\nexten => s,1,NoOp(${ARG1})\n same => n,Return()\n"
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    pbx = Pbx(site="test", asterisk=22, contexts=tuple(contexts))
    live = Live(pbx, Reach(pbx))
    assert bool(live.look("in", "1", 1).far & live.bit("ARG1")) is read


RINGS = """
[in]
exten => _1XX,1,Goto(inside,${{EXTEN}},1)
[inside]
{extensions}
[ring]
exten => _X.,1,Gosub(forward,${{EXTEN}},1(CFU))
 same => n,Dial(${{ARG1}},${{ARG2}})
 same => n,Gosub(forward,${{EXTEN}},1(CFNA))
 same => n,Return()
[forward]
exten => _X.,1,Set(LOCAL(to)=${{FILTER(0-9,${{DB(${{ARG1}}/${{EXTEN}})}})}})
 same => n,GotoIf($["${{to}}" = "" | "x${{to}}" = "x${{EXTEN}}"]?stay)
 same => n,GotoIf(${{DIALPLAN_EXISTS(inside,${{to}},1)}}?go)
 same => n(stay),Return()
 same => n(go),Set(TO=inside,${{to}},1)
 same => n,StackPop()
 same => n,StackPop()
 same => n,Goto(${{TO}})
"""


def ringing(*seconds: int) -> Pbx:
    rows = [
        f"exten => {number},1,Gosub(ring,${{EXTEN}},1(PJSIP/{number},{time}))\n same => n,Hangup()"
        for number, time in enumerate(seconds, 100)
    ]
    contexts, problems = read_dialplan("extensions.conf", RINGS.format(extensions="\n".join(rows)))
    assert not problems
    return Pbx(site="test", asterisk=22, contexts=tuple(contexts))


def test_of_two_dial_plans_what_one_has_decided_is_kept_until_the_other_has() -> None:
    """One ring time of six is another: the other five, which ring for three different times, do what they did."""
    pairs = Pairs(ringing(10, 20, 30, 10, 20, 30), ringing(10, 35, 30, 10, 20, 30), date(2026, 11, 26))
    pairs.walk_all("in", "")
    changes = list(pairs.changes())

    assert not pairs.undecided
    assert changes
    assert {(one.before[0].subject, one.after[0].subject) for one in changes} == {("PJSIP/101", "PJSIP/101")}
    assert {
        (dict(one.before[0].details)["seconds"], dict(one.after[0].details)["seconds"]) for one in changes
    } == {("20", "35")}


def test_the_last_digits_of_what_was_dialled_are_looked_up() -> None:
    """A trunk that gives more or fewer digits than a number has: the last ones count, and none at all is a case, too."""
    text = """
[in]
exten => _[0-9*#+]!,1,Set(DID=${FILTER(0-9*#+,${EXTEN})})
 same => n,Set(DID=${DID:-4})
 same => n,Set(DID=${IF($[${LEN(${DID})} > 0]?021${DID}:)})
 same => n,Goto(numbers,${DID},1)
[numbers]
exten => 0211234,1,Playback(known)
exten => _021X!,1,Playback(other)
"""
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    found = graph_of(
        Pbx(site="test", asterisk=22, contexts=tuple(contexts)), date(2026, 11, 26), context="in"
    )

    assert not found.not_covered
    assert {"hears known", "hears other"} <= told(found)
    assert not any(event.startswith("unknown") for event in told(found))


def test_a_number_made_of_two_open_parts_is_looked_up() -> None:
    """A feature code with a queue's number, and the phone's own behind it: each of the phones is taken, the rest is open."""
    shared = Shared()
    store = Store(shared)
    dialled = store.new("dialled", "", shared.automaton.repeated(ANY, 1, LONGEST))
    phone = store.new("phone", "", shared.automaton.texts("101", "102"))
    symbols = Symbols(store, lambda options: len(options) - 1)
    queue = symbols.viewed(dialled, ("cut", "*", 1))

    wanted = "*46600*102"
    found = symbols.classify(f"*46{queue}*{phone}", "hint", wanted.__eq__, lambda: Equals(wanted))
    assert found is True
    assert store.plain(phone) == "102"


def test_what_leaves_the_same_to_the_other_part_of_a_number_is_one_way() -> None:
    """Three of a hundred phones have a hint: one way for two of one queue, one for the third, one for all others."""
    shared = Shared()
    store = Store(shared)
    automaton = shared.automaton
    dialled = store.new("dialled", "", automaton.repeated(ANY, 1, LONGEST))
    phone = store.new("phone", "", automaton.texts(*map(str, range(100, 200))))
    ways: list[int] = []

    def last(options: list[object]) -> int:
        ways.append(len(options))
        return len(options) - 1

    symbols = Symbols(store, last)
    queue = symbols.viewed(dialled, ("cut", "*", 1))
    hints = automaton.texts("*46600*102", "*46600*150", "*46601*199")
    found = symbols.classify(
        f"*46{queue}*{phone}",
        "hint",
        lambda text: 0 if automaton.has(hints, text) else -1,
        lambda: Ranked(automaton, [hints]),
    )
    assert ways[0] == 3
    left = automaton.count(store.domains[shared.atoms[ord(phone) - FIRST][0]])
    assert (found, left) in ((-1, 97), (-1, 2), (0, 2), (-1, 1), (0, 1))
    assert (
        symbols.classify(
            f"*46{queue}*{phone}",
            "hint",
            lambda text: 0 if automaton.has(hints, text) else -1,
            lambda: Ranked(automaton, [hints]),
        )
        == found
    )
    assert sum(ways) == sum(ways[:2])


READS = """
[in]
exten => 1,1,{set_it}
 same => n,Goto(inside,100,1)
[inside]
exten => 100,1,Set(to=${{FILTER(0-9,${{DB(CFU/100)}})}})
 same => n,GotoIf($["${{to}}" = "120"]?inside,120,1)
 same => n,Dial(PJSIP/100,20)
 same => n,Set(to=${{FILTER(0-9,${{DB(CFNA/100)}})}})
 same => n,Set(__FORWARDS=1)
 same => n,GotoIf($["${{to}}" = "120"]?inside,120,1)
 same => n,Hangup()
exten => 120,1,GotoIf($["{read}" = "{wanted}"]?yes)
 same => n,Playback(no)
 same => n,Hangup()
 same => n(yes),Playback(yes)
 same => n,Hangup()
"""


def reading(set_it: str, read: str, wanted: str) -> Pbx:
    contexts, problems = read_dialplan(
        "extensions.conf", READS.format(set_it=set_it, read=read, wanted=wanted)
    )
    assert not problems
    return Pbx(site="test", asterisk=22, contexts=tuple(contexts))


BROUGHT = [
    ("Set(DIALSTATUS=NOANSWER)", "Set(DIALSTATUS=BUSY)", "${DIALSTATUS}", "BUSY"),
    ("Set(CALLERID(num)=1)", "Set(CALLERID(num)=2)", "${CALLERID(num)}", "1"),
    ("NoOp()", "Set(CALLERID(num)=9${CALLERID(num)})", "${CALLERID(num):0:1}", "9"),
    ("Set(CALLERID(name)=a)", "Set(CALLERID(name)=b)", "${CALLERID(name)}", "b"),
    ("Set(CONNECTEDLINE(num,i)=1)", "Set(CONNECTEDLINE(num,i)=2)", "${CONNECTEDLINE(num)}", "2"),
]
"""What a call brings along to an extension, set in two ways; what reads it there; what only one of the ways has."""


@pytest.mark.parametrize(("one", "other", "read", "wanted"), BROUGHT, ids=lambda text: text)
def test_what_a_call_brings_along_is_there_where_it_is_read(
    one: str, other: str, read: str, wanted: str
) -> None:
    """Who was forwarded at once brings what was set before; and of two dial plans that set it otherwise, the calls part."""
    for set_it in (one, other):
        found = graph_of(reading(set_it, read, wanted), date(2026, 11, 26), context="in")
        assert not found.not_covered
        assert f"hears {'yes' if wanted in set_it else 'no'}" in told(found)

    for before, after in ((one, other), (other, one)):
        pairs = Pairs(reading(before, read, wanted), reading(after, read, wanted), date(2026, 11, 26))
        pairs.walk_all("in", "")
        parted = {(change.before[0].subject, change.after[0].subject) for change in pairs.changes()}
        assert not pairs.undecided
        assert ("yes", "no") in parted or ("no", "yes") in parted


@pytest.mark.parametrize(
    ("read", "wanted"), [("${DIALSTATUS}", status) for status in ("NOANSWER", "BUSY", "CHANUNAVAIL")]
)
def test_how_the_dial_before_ended_is_there_after_a_forward(read: str, wanted: str) -> None:
    found = graph_of(reading("NoOp()", read, wanted), date(2026, 11, 26), context="in")
    assert not found.not_covered
    assert {"hears yes", "hears no"} <= told(found)


def test_a_name_that_grows_with_each_forward_doesnt_make_the_walk_endless() -> None:
    """Two extensions that forward to each other, each putting a word before the caller's name."""
    rows = "".join(
        f"exten => {one},1,Set(CALLERID(name)=at {one} ${{CALLERID(name)}})\n"
        f' same => n,GotoIf($["${{DB(CFU/{one})}}" = ""]?stay)\n same => n,Goto({other},1)\n'
        f" same => n(stay),Dial(PJSIP/{one},20)\n same => n,Hangup()\n"
        for one, other in ((100, 101), (101, 100))
    )
    contexts, problems = read_dialplan("extensions.conf", f"[in]\n{rows}")
    assert not problems
    found = graph_of(
        Pbx(site="test", asterisk=22, contexts=tuple(contexts)), date(2026, 11, 26), context="in"
    )
    assert not found.not_covered
    assert any(event.startswith("rings PJSIP") for event in told(found))
    assert len(found.nodes) < 60
