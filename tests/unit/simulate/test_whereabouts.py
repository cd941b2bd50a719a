"""A number that nobody asks for any more, whose phone it is that rings, and the lamps of many are not walked one by one."""

from __future__ import annotations

import itertools
import random
from datetime import date

import pytest

from fidelity.generate import pattern
from kelid.model.behaviour import Behaviour, CallChange
from kelid.model.pbx import ConfFile, Option, Pbx, Section
from kelid.model.record import replace
from kelid.readback import read_dialplan
from kelid.simulate.dialplan import overlap
from kelid.simulate.graph import graph_of
from kelid.simulate.languages import NOTHING, Automaton
from kelid.simulate.live import Live
from kelid.simulate.matching import SymbolicDialplan
from kelid.simulate.pairs import Pairs
from kelid.simulate.reach import Reach
from kelid.simulate.ways_in import entrances

TODAY = date(2026, 11, 28)


def pbx(text: str, phones: int = 0, **options: str) -> Pbx:
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    sections = tuple(
        Section(
            str(number),
            (
                Option("type", "endpoint"),
                Option("context", "in"),
                Option("callerid", f'"Name {number}" <{number}>'),
                *(Option(key, value) for key, value in options.items() if number % 2),
            ),
        )
        for number in range(101, 101 + phones)
    )
    files = (ConfFile("pjsip.conf", sections=sections),) if sections else ()
    return Pbx(site="test", asterisk=22, contexts=tuple(contexts), files=files)


def walked(text: str, phones: int = 0) -> Behaviour:
    return graph_of(pbx(text, phones), TODAY, context="in")


def changes(before: Pbx, after: Pbx) -> list[CallChange]:
    pairs = Pairs(before, after, TODAY)
    pairs.walk_all()
    assert not pairs.not_covered
    assert not pairs.undecided
    return pairs.changes()


# --- numbers ---------------------------------------------------------------------------------------------

ROUTE = """
[in]
exten => _[0-9+]!,1,Set(SHOWN={shown})
 same => n,Dial(PJSIP/${{SHOWN}}@trunk,,U(asked^s^1){options})
 same => n,{after}
 same => n,Hangup()
[asked]
exten => s,1,Read(KEY,press,1)
 same => n,GotoIf($["${{KEY}}" = "1"]?on)
 same => n,{result}
 same => n(on),Return()
"""
FORMATS = (
    "${IF($[${LEN(${EXTEN})} > 8]?98${EXTEN:1}:${IF($[${LEN(${EXTEN})} > 6]?0${EXTEN}:${EXTEN})})}",
    "${EXTEN}",
)


def questions(shown: str, **given: str) -> int:
    """Return at how many points whoever has answered is asked for a key."""
    kept = {"options": "", "after": "NoOp()", "result": "NoOp()", **given}
    nodes = walked(ROUTE.format(shown=shown, **kept)).nodes
    return sum(any(way.condition.subject.startswith("key") for way in node.ways) for node in nodes)


def test_how_a_number_was_written_is_over_once_somebody_has_answered() -> None:
    three, one = FORMATS
    assert questions(three) == questions(one) > 0
    assert questions(three, after="Playback(${EXTEN})") == questions(three)
    # The call goes on behind the Dial there, and somebody asks for the number.
    for given in ({"result": "Set(GOSUB_RESULT=CONTINUE)"}, {"options": "g"}):
        assert questions(three, after="Playback(${EXTEN})", **given) > questions(three)


def number_live(steps: str, exten: str = "_X.", more: str = "", priority: int = 1) -> bool:
    contexts, problems = read_dialplan("extensions.conf", f"[in]\nexten => {exten},1,{steps}\n{more}")
    assert not problems
    plan = Pbx(site="test", asterisk=22, contexts=tuple(contexts))
    return Live(plan, Reach(plan)).look("in", exten, priority).number


@pytest.mark.parametrize(
    "step",
    [
        "Playback(${EXTEN})", "NoOp(${EXTEN:1})", "Dial(PJSIP/1)", "Queue(sales)", "Macro(x)", "NoOp(${HINTNAME})",
        "ExecIf($[1]?Dial(PJSIP/1))", "Goto(other,${TO},1)", "GotoIf($[1]?${TO},1)", "Gosub(other,${TO},1)", "AGI(x)",
        "NoSuchApplication()",
    ],
)  # fmt: skip
def test_whoever_asks_for_a_number_is_known(step: str) -> None:
    assert number_live(step)
    assert number_live(f"NoOp()\n same => n,{step}")
    assert not number_live(f"{step}\n same => n,Hangup()", priority=2) or step.startswith("Macro")


@pytest.mark.parametrize(
    "step",
    ["Playback(bye)", "ExecIf($[1]?Set(X=1))", "GotoIf($[1]?other,1,1)", "Gosub(other,1,1(${X}))", "Wait(1)"],
)
def test_whoever_does_not_is_known_too(step: str) -> None:
    assert not number_live(step)


def test_who_comes_back_to_a_step_asks_again_and_who_looks_from_elsewhere() -> None:
    back = "NoOp()\n same => n(again),NoOp(${EXTEN})\n same => n,Playback(x)\n same => n,GotoIf($[1]?%s)"
    assert number_live(back % "again", priority=3)
    assert not number_live(back % "end" + "\n same => n(end),NoOp()", priority=3)
    assert number_live("Playback(x)", more="[sub]\nexten => s,1,NoOp(${STACK_PEEK(1,e)})\n")
    assert number_live("Playback(x)", exten="100")


# --- who rings --------------------------------------------------------------------------------------------

INTERCOM = """
[in]
exten => _*80X.,1,Set(TO=${{FILTER(0-9,${{EXTEN:3}})}})
 same => n,GotoIf($[${{DIALPLAN_EXISTS(phones,${{TO}},1)}} = 0]?none)
 same => n,Dial(PJSIP/${{TO}},10,b(auto^s^1))
 same => n(none),Hangup()
[auto]
exten => s,1,GotoIf($["${{CALLERID(name)}}" = "Name 102"]?second)
 same => n,Return()
 same => n(second),Playback(second)
 same => n,Return()
[phones]
exten => _1XX,1,NoOp()
"""


def test_who_is_called_is_not_walked_one_by_one() -> None:
    few, many = (walked(INTERCOM.format(), count) for count in (3, 40))
    assert len(few.nodes) == len(many.nodes)
    heard = [event.subject for node in many.nodes for event in node.events]
    heard += [event.subject for node in many.nodes for way in node.ways for event in way.events]
    assert "second" in heard


def test_phones_that_differ_in_what_calls_do_not_see_are_one_way_in() -> None:
    plan = "[in]\nexten => 1,1,Hangup()\n"
    quiet = {"mwi_subscribe_replaces_unsolicited": "yes", "allow": "alaw", "accountcode": "office"}
    assert len(entrances(pbx(plan, 4, **quiet))) == 1
    assert len(entrances(pbx(plan, 4, tone_zone="ir"))) == 2


# --- lamps ------------------------------------------------------------------------------------------------

TOGGLE = """
[in]
exten => _*46X,1,NoOp()
 same => n,{first}
 same => n,Set(PAUSED=${{EXTENSION_STATE(${{EXTEN}}${{CUT(CHANNEL(endpoint),-,1)}}@in)}})
 same => n,GotoIf($["${{PAUSED}}" = "INUSE"]?on)
 same => n,Playback(pause)
 same => n,Hangup()
 same => n(on),Playback(unpause)
 same => n,Hangup()
{hints}
"""
HINTS = [
    f"exten => *46{queue}{phone},hint,Custom:{queue}-{phone}" for queue in (1, 2) for phone in range(101, 121)
]


def toggle(first: str = "NoOp()", hints: list[str] = HINTS) -> Pbx:
    return pbx(TOGGLE.format(first=first, hints="\n".join(hints)), 20)


def test_lamps_of_each_phone_in_each_queue_are_one_question() -> None:
    few, many = (len(graph_of(toggle(hints=HINTS[:count]), TODAY).nodes) for count in (1, 40))
    assert few == many


def test_a_lamp_that_is_another_one_now_is_a_change_for_its_phone() -> None:
    other = [hint.replace("Custom:2-105", "Custom:2-106") for hint in HINTS]
    assert changes(toggle(), toggle(hints=[hint for hint in HINTS if "2-105" not in hint]))
    assert changes(toggle(), toggle(hints=other))
    assert not changes(toggle(), toggle(hints=HINTS[::-1]))


def test_a_lamp_that_a_global_variable_names_is_another_one_with_it() -> None:
    def side(watched: str) -> Pbx:
        return replace(
            toggle(hints=["exten => _*46XXXX,hint,${WATCHED}"]),
            globals=(Option("WATCHED", watched),),
        )

    assert changes(side("Custom:a"), side("Custom:b"))
    assert not changes(side("Custom:a"), side("Custom:a"))


def test_a_lamp_that_the_call_itself_has_switched_is_known() -> None:
    def is_open(first: str) -> bool:
        nodes = graph_of(toggle(first), TODAY).nodes
        return any(way.condition.subject.startswith("lamp") for node in nodes for way in node.ways)

    assert is_open("Set(DEVICE_STATE(Other:1-101)=INUSE)")
    assert not is_open("Set(DEVICE_STATE(Custom:1-101)=INUSE)")


# --- which calls are told -----------------------------------------------------------------------------------

FILTERED = """
[in]
exten => _*21X.,1,Set(TO=${{FILTER(0-9,${{EXTEN}})}})
 same => n,GotoIf($["${{TO}}" = "2155"]?one)
 same => n,Hangup()
 same => n(one),Playback({said})
 same => n,Hangup()
"""
PREFIXED = """
[in]
exten => 1,1,GotoIf($["${{CALLERID(num):0:1}}" = "+"]?plus)
 same => n,Hangup()
 same => n(plus),Set(CALLERID(num)=00${{CALLERID(num):1}})
 same => n,Goto(then,1,1)
[then]
exten => 1,1,GotoIf($["${{CALLERID(num):0:4}}" = "0098"]?ours)
 same => n,Hangup()
 same => n(ours),Playback({said})
 same => n,Hangup()
"""


@pytest.mark.parametrize(("plan", "dialled", "caller"), [(FILTERED, "*2155", "0"), (PREFIXED, "1", "+")])
def test_what_was_made_of_a_number_does_not_hide_who_calls(plan: str, dialled: str, caller: str) -> None:
    """Not the number itself is what is decided by: ``*2155`` is never ``2155``, and ``+98`` never ``0098``."""
    pairs = Pairs(pbx(plan.format(said="old")), pbx(plan.format(said="new")), TODAY)
    pairs.walk_all("in")
    (found,) = pairs.changes()
    example = dict(found.example)
    assert example["dialled"] == dialled
    assert example["caller"].startswith(caller)


# --- contexts -----------------------------------------------------------------------------------------------

INCLUDED = """
[in]
exten => 9,1,Goto(one,100,1)
exten => 8,1,Goto(two,100,1)
[one]
include => inside
{one}
[two]
include => inside
[inside]
exten => 100,1,Gosub(ring,s,1)
 same => n,{step}
 same => n(end),Goto(rest,s,1)
[ring]
exten => s,1,GotoIf($["${{DB(dnd/on)}}" = "1"]?busy)
 same => n,Dial(PJSIP/100,20)
 same => n,Return(no)
 same => n(busy),Return(yes)
[rest]
exten => s,1,Playback(rest)
 same => n,Hangup()
"""


def dials(step: str = "NoOp()", one: str = "") -> int:
    """Return at how many points somebody is called, for two contexts that include the extension."""
    nodes = walked(INCLUDED.format(step=step, one=one)).nodes
    return sum(any(way.condition.subject.startswith("dial") for way in node.ways) for node in nodes)


def test_whoever_comes_to_an_included_extension_goes_on_as_all_others() -> None:
    assert dials() == 1
    assert dials("GotoIf($[1]?end)") == 1
    assert dials(one="exten => 200,1,NoOp()") == 1


@pytest.mark.parametrize(
    "step",
    [
        "NoOp(${CONTEXT})",
        "Goto(200,1)",
        "Goto(${WAY})",
        "WaitExten(2)",
        "ExecIf($[1]?Goto(200,1))",
        "Goto(,200,1)",
    ],
)
def test_who_asks_in_which_context_it_is_is_told_apart(step: str) -> None:
    assert dials(step) == 2


@pytest.mark.parametrize(
    "one", ["exten => h,1,Playback(bye)", "exten => t,1,NoOp()", "exten => _[hx],1,NoOp()"]
)
def test_a_context_with_a_standard_extension_of_its_own_is_told_apart(one: str) -> None:
    assert dials(one=one) == 2


def test_keys_that_execif_waits_for_are_of_the_context_too() -> None:
    assert dials("ExecIf($[1]?Background(menu))") == dials("Background(menu)")


def test_what_one_context_does_at_the_end_is_a_change_of_its_calls() -> None:
    sides = [
        pbx(INCLUDED.format(step="Hangup()", one=f"exten => h,1,Set(DEVICE_STATE(Custom:a)={state})"))
        for state in ("INUSE", "NOT_INUSE")
    ]
    pairs = Pairs(*sides, TODAY)
    pairs.walk_all("in")
    assert {one.dialled for one in pairs.changes()} == {"9"}


def test_a_lamp_of_a_phone_that_is_not_decided_is_switched_once() -> None:
    plan = "[in]\nexten => *76,1,Set(DEVICE_STATE(Custom:DND${CUT(CHANNEL(endpoint),-,1)})=INUSE)\n same => n,Hangup()\n"
    few, many = (len(graph_of(pbx(plan, count), TODAY).nodes) for count in (2, 30))
    assert few == many


# --- extensions that go on with the same steps -----------------------------------------------------------

LIST = """
[in]
exten => _*48X,1,Gosub(list,${{EXTEN:3}},1)
 same => n,Hangup()
exten => _70X,1,Goto(list,${{EXTEN:2}},1)
[list]
{rows}
[common]
exten => s,1,Read(KEY,press,1)
 same => n,GotoIf($["${{KEY}}" = "1"]?on)
 same => n,GotoIf($["${{DB(A/x)}}" = "1"]?on)
 same => n,Playback(off)
 same => n(on),Return()
"""


def listed(count: int, *after: str, own: str = "Playback(said-{at})") -> str:
    steps = ("Gosub(common,s,1)", *after, "Return()")
    rows = [
        f"exten => {at},1,{own.format(at=at)}\n"
        + "\n".join(f" same => n,{one.format(at=at)}" for one in steps)
        for at in range(count)
    ]
    return LIST.format(rows="\n".join(rows))


def test_extensions_that_go_on_with_the_same_steps_are_walked_once() -> None:
    """Each has its own first step, and goes on as all others: past that there are no more points for more of them."""
    counts = (2, 9)
    few, many = (len(walked(listed(count)).nodes) for count in counts)
    assert many - few <= 2 * (9 - 2)
    apart = [len(walked(listed(count, "NoOp(${{EXTEN}})")).nodes) for count in counts]
    assert apart[1] - apart[0] > 2 * (many - few)
    own = "PauseQueueMember(queue-{at},PJSIP/1)"
    paused = [len(walked(listed(count, own=own)).nodes) for count in counts]
    assert paused[0] <= few + 4  # nobody asks again whether somebody is in the queue
    assert paused[1] - paused[0] <= 2 * (9 - 2)


@pytest.mark.parametrize(
    ("step", "dialled"),
    [
        ("Playback(bye-{at})", ["*483", "703"]),
        ('GotoIf($["${{KEY}}" = "2"]?common,s,4)', ["*483", "703"]),
    ],
)
def test_one_of_them_that_is_changed_is_told_alone(step: str, dialled: list[str]) -> None:
    old = listed(6, "Playback(thanks)")
    head, mark, rest = old.partition("exten => 3,1")
    new = head + mark + rest.replace("Playback(thanks)", step.format(at=3), 1)
    for sides in ((old, new), (new, old)):
        pairs = Pairs(*(pbx(text) for text in sides), TODAY)
        pairs.walk_all("in")
        assert not pairs.not_covered
        told = pairs.changes()
        assert sorted({one.dialled for one in told}) == dialled


LONGER = """exten => _[3-5],1,NoOp()
 same => n,NoOp()
 same => n,NoOp()
 same => n,Playback({heard})
"""


@pytest.mark.parametrize("more", [LONGER, "include => more\n[more]\n" + LONGER])
def test_an_extension_goes_on_with_the_steps_of_another_that_matches(more: str) -> None:
    """Asterisk looks for each step among all extensions that match: 3 has one more, of a pattern, that 2 hasn't."""
    text = """
[in]
exten => _70X,1,Goto(list,${EXTEN:2},1)
[list]
exten => 2,1,Playback(said-2)
 same => n,Read(KEY,press,1)
 same => n,NoOp()
exten => 3,1,Playback(said-3)
 same => n,Read(KEY,press,1)
 same => n,NoOp()
"""
    sides = [pbx(text + more.replace("{heard}", heard)) for heard in ("one", "two")]
    pairs = Pairs(*sides, TODAY)
    pairs.walk_all("in")
    assert {"703", "704, 705"} <= {one.dialled for one in pairs.changes()}


def test_two_extensions_overlap_where_some_number_matches_both() -> None:
    rng = random.Random(7)  # noqa: S311 - patterns by chance, not secrets
    automaton = Automaton()
    plan = SymbolicDialplan(pbx("[in]\nexten => 1,1,NoOp()\n"), automaton)
    names = sorted({pattern(rng) for _ in range(120)} | {"_.", "_!", "7", "_X", "_XX!", "_X."})
    answers = set()
    for one, other in itertools.combinations(names, 2):
        common = automaton.both(plan.node(one), plan.node(other)) != NOTHING
        assert overlap(one, other) == overlap(other, one) == common, (one, other)
        answers.add(common)
    assert answers == {True, False}


# --- mailboxes -------------------------------------------------------------------------------------------

BOXES = """
[in]
exten => _XXX,1,VoiceMail(${EXTEN}@default,u)
 same => n,GotoIf($["${VMSTATUS}" = "FAILED"]?none)
 same => n,Playback(goodbye)
 same => n,Hangup()
 same => n(none),Busy()
exten => o,1,Playback(operator)
"""


def boxes(text: str = BOXES, **lines: str) -> Pbx:
    rows = tuple(Option(key.lstrip("n"), value) for key, value in lines.items())
    files = (ConfFile("voicemail.conf", sections=(Section("default", rows),)),)
    return replace(pbx(text), files=files)


def many_boxes(count: int, **others: str) -> Pbx:
    lines = {f"n{at}": f"1234,Name {at},{at}@site.example" for at in range(101, 101 + count)}
    return boxes(**lines | others)


def test_a_message_is_left_for_somebody_without_asking_for_whom() -> None:
    few, many = (len(graph_of(many_boxes(count), TODAY, context="in").nodes) for count in (3, 60))
    assert many == few
    nodes = graph_of(many_boxes(60), TODAY, context="in").nodes
    said = {event.subject for node in nodes for way in node.ways for event in way.events}
    said |= {event.subject for node in nodes for event in node.events}
    assert {"goodbye", "…@default"} <= said


def test_those_with_an_operator_are_apart() -> None:
    nodes = graph_of(many_boxes(9, n200="1,Two,,,operator=yes"), TODAY, context="in").nodes
    asked = {
        (way.condition.subject, way.condition.value)
        for node in nodes
        for way in node.ways
        if way.condition.subject.startswith("voicemail")
    }
    assert {subject for subject, value in asked if value == "0"} == {"voicemail 200@default"}
    assert ("voicemail …@default", "SUCCESS") in asked


def test_a_mailbox_that_is_another_is_told_for_its_number_alone() -> None:
    old = many_boxes(30)
    for line in ("1234,Other,103@site.example", "1234,Name 103,other@site.example"):
        pairs = Pairs(old, many_boxes(30, n103=line), TODAY)
        pairs.walk_all("in")
        told = pairs.changes()
        assert {one.dialled for one in told} == {"103"}
        assert not pairs.not_covered
    pairs = Pairs(old, many_boxes(30, n103="9999,Name 103,103@site.example"), TODAY)
    pairs.walk_all("in")
    assert not pairs.changes()  # nobody sees another PIN
    pairs = Pairs(old, many_boxes(29), TODAY)
    pairs.walk_all("in")
    assert {one.dialled for one in pairs.changes()} == {"130"}


def test_a_pattern_beside_extensions_with_the_same_steps_keeps_its_number() -> None:
    """What is one number goes on as another; the texts of a pattern in the same context don't."""
    text = """
[in]
exten => 3,1,NoOp(three)
 same => n,Hangup()
exten => 1,1,NoOp(one)
 same => n,Hangup()
exten => _[12]2zx,1,NoOp(${EXTEN})
 same => n,Hangup()
include => more
[more]
exten => _[0-9]Nn!,1,NoOp(${EXTEN})
 same => n,Hangup()
"""
    told = changes_from(text, text.replace("NoOp(${EXTEN})", "NoOp(${EXTEN})\n same => n,Playback(more)", 1))
    assert told == {"[12]2ZX"}


def changes_from(before: str, after: str) -> set[str]:
    pairs = Pairs(pbx(before), pbx(after), TODAY)
    pairs.walk_all("in")
    assert not pairs.not_covered
    return {one.dialled for one in pairs.changes()}
