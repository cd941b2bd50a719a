"""A step more in one of two dial plans doesn't move what follows it, and no call does anything else for that."""

from __future__ import annotations

from datetime import date

import pytest

from kelid.model.pbx import Pbx
from kelid.readback import read_dialplan
from kelid.simulate.aligned import aligned
from kelid.simulate.differing import differing
from kelid.simulate.pairs import Pairs
from kelid.simulate.settings import Settings


def plan(text: str) -> Pbx:
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    return Pbx(site="test", asterisk=22, contexts=tuple(contexts))


def steps(pbx: Pbx) -> list[list[str]]:
    return [
        [f"{step.app}({step.data})" for step in exten.steps]
        for context in pbx.contexts
        for exten in context.extens
    ]


SHORT = """
[in]
exten => 1,1,Answer()
 same => n,Dial(PJSIP/1,20)
 same => n,GotoIf($["${DIALSTATUS}" = "BUSY"]?busy)
 same => n,Playback(gone)
 same => n,Hangup()
 same => n(busy),Playback(busy)
 same => n,Goto(sub,s,1)
[sub]
exten => s,1,Playback(bye)
 same => n,Hangup()
"""


def test_a_step_more_gets_one_of_no_effect_on_the_other_side() -> None:
    """At the same place, in both directions; extensions that are as long, or there on one side only, stay as they are."""
    longer = SHORT.replace(
        " same => n,GotoIf", " same => n,Set(X=1)\n same => n,NoOp(hello)\n same => n,GotoIf"
    )
    longer += "exten => t,1,Hangup()\n"
    for sides in ((SHORT, longer), (longer, SHORT)):
        made = aligned(plan(sides[0]), plan(sides[1]))
        short, more = made if sides[0] is SHORT else made[::-1]
        assert steps(more) == steps(plan(longer))
        assert steps(short)[0][2:4] == ["NoOp()", "NoOp()"]
        assert [one for one in steps(short)[0] if one != "NoOp()"] == steps(plan(SHORT))[0]
        assert steps(short)[1:] == steps(plan(SHORT))[1:]


def test_only_the_steps_that_differ_are_marked_then() -> None:
    longer = SHORT.replace(" same => n,GotoIf", " same => n,Set(X=1)\n same => n,GotoIf")
    sides = aligned(plan(SHORT), plan(longer))
    found = differing(*sides, Settings(*sides))
    assert found.steps == (frozenset({("in", "1", 3)}), frozenset({("in", "1", 3)}))
    assert not found.searched


@pytest.mark.parametrize(
    "step",
    [
        "Goto(3)",
        "Goto(in,1,3)",
        "Goto(1,3)",
        "Goto(+2)",
        "Goto(in,1,${N})",
        'GotoIf($["${X}" = "1,1"]?busy:4)',
        "GotoIfTime(09:00-17:00,mon-fri,*,*?in,1,2)",
        "Gosub(in,1,2(a,b))",
        "ExecIf($[${X} = 1]?Goto(2))",
        "Dial(PJSIP/1,20,G(in^1^2))",
        "Set(TO=in,1,2)",
        "GotoIf(${DIALPLAN_EXISTS(in,${X},2)}?busy)",
        "GotoIf(${VALID_EXTEN(in,1,${X})}?busy)",
        "Dial(PJSIP/1,20,G(in^1^${X}))",
        "Set(CHANNEL(hangup_handler_push)=in,1,2)",
        "NoOp(${PRIORITY})",
        "Macro(one)",
    ],
)
def test_who_goes_to_a_step_by_its_number_finds_it_where_it_was(step: str) -> None:
    """Nothing is aligned where somebody may."""
    longer = SHORT.replace(" same => n,GotoIf", " same => n,Set(X=1)\n same => n,GotoIf")
    told = f"{longer}exten => t,1,{step}\n"
    sides = aligned(plan(SHORT), plan(told))
    assert [steps(one) for one in sides] == [steps(plan(SHORT)), steps(plan(told))]


@pytest.mark.parametrize(
    "step",
    [
        "Goto(1)",
        "Goto(in,1,1)",
        "Set(TO=in,${X},1)\n same => n,Goto(${TO})",
        "Set(X=20)",
        "Gosub(sub,s,1(2,3))",
        "Dial(PJSIP/1,20)",
        "Wait(3)",
    ],
)
def test_other_numbers_are_no_steps(step: str) -> None:
    told = SHORT.replace(" same => n,GotoIf", f" same => n,{step}\n same => n,GotoIf")
    assert "NoOp()" in steps(aligned(plan(SHORT), plan(told))[0])[0]


def test_what_follows_a_step_more_is_walked_as_one() -> None:
    """A step that nobody notices changes nothing, and the two are apart for no longer than it takes."""
    longer = SHORT.replace(" same => n,GotoIf", " same => n,Set(X=1)\n same => n,GotoIf")
    for sides in ((SHORT, longer), (longer, SHORT)):
        pairs = Pairs(plan(sides[0]), plan(sides[1]), date(2026, 11, 26))
        pairs.walk_all("in", "1")
        assert not pairs.undecided
        assert not pairs.changes()
        assert len(pairs.points) < 12


def test_a_step_more_that_people_notice_is_told() -> None:
    longer = SHORT.replace(" same => n,GotoIf", " same => n,Playback(sorry)\n same => n,GotoIf")
    for sides in ((SHORT, longer), (longer, SHORT)):
        pairs = Pairs(plan(sides[0]), plan(sides[1]), date(2026, 11, 26))
        pairs.walk_all("in", "1")
        told = {event.subject for change in pairs.changes() for event in (*change.before, *change.after)}
        assert not pairs.undecided
        assert {"sorry", "gone", "busy"} <= told


@pytest.mark.parametrize(("at", "moved"), [("3", False), ("busy", True), ("1", True)])
def test_a_number_in_a_variable_is_found_where_jumps_are_followed(at: str, moved: bool) -> None:
    """Then nothing is aligned either, and what the jump comes to is told."""
    text = f"[more]\nexten => 2,1,Set(AT={at})\n same => n,Goto(1,${{AT}})\n".replace("Goto(1,$", "Goto($")
    rest = " same => n,Playback(3)\n same => n(busy),Hangup()\n"
    longer = f"{text} same => n,Set(X=1)\n{rest}"
    pairs = Pairs(plan(SHORT + text + rest), plan(SHORT + longer), date(2026, 11, 26))
    pairs.walk_all("more", "2")
    assert pairs.plans[0].aligned is moved
    assert not pairs.undecided
    assert not pairs.changes()  # a jump to 3 plays in both; one to busy passes both by; one to 1 is a loop


def test_a_number_that_only_the_call_shows_is_never_guessed() -> None:
    """Should an aligned dial plan be jumped in by a number after all, the call ends as unknown."""
    text = "[more]\nexten => 2,1,Set(AT=3)\n same => n,Goto(${AT})\n same => n,Set(X=1)\n same => n,Playback(3)\n"
    pairs = Pairs(plan(text), plan(text.replace("Playback(3)", "Playback(4)")), date(2026, 11, 26))
    for each in pairs.plans:
        each.aligned = True
    pairs.walk_all("more", "2")
    assert pairs.undecided


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("exten => 3,1,NoOp(a)\n", "exten => 3,1,NoOp(a)\n same => n,NoOp(more)\n"),
        (
            "exten => 3,1,NoOp(a)\n same => n,NoOp(b)\n",
            "exten => 3,1,NoOp(b)\n same => n,NoOp(c)\n same => n,NoOp(d)\n",
        ),
    ],
)
def test_extensions_that_others_go_on_with_stay_as_they_are(one: str, other: str) -> None:
    """A pattern's next step follows the last one of a number: a step more there takes its place."""
    pattern = "exten => _[3-5],1,NoOp()\n same => n,Playback(second)\n same => n,Playback(third)\n"
    sides = [plan("[in]\n" + text + pattern) for text in (one, other)]
    for before, after in (sides, sides[::-1]):
        assert [steps(side) for side in aligned(before, after)] == [steps(before), steps(after)]
        pairs = Pairs(before, after, date(2026, 11, 28))
        pairs.walk_all("in")
        assert {change.dialled for change in pairs.changes()} == {"3"}


def test_an_extension_that_would_come_to_go_on_stays_as_it_is() -> None:
    """With a step of no effect the pattern would have a fourth step, which would follow the last one of 3."""
    sides = [
        plan("[in]\nexten => 3,1,NoOp()\n same => n,NoOp()\n same => n,NoOp()\nexten => _[3-5],1," + rest)
        for rest in (
            "Playback(a)\n same => n,Playback(b)\n same => n,Playback(c)\n",
            "Playback(c)\n same => n,Playback(x)\n",
        )
    ]
    assert [steps(side) for side in aligned(*sides)] == list(map(steps, sides))
    pairs = Pairs(*sides, date(2026, 11, 28))
    pairs.walk_all("in")
    assert {change.dialled for change in pairs.changes()} == {"4, 5"}


@pytest.mark.parametrize("wait", ["WaitExten(5)", "ExecIf($[1]?WaitExten(5))"])
@pytest.mark.parametrize("more", ["NoOp()", "Playback(late)"])
def test_a_step_behind_the_one_that_waits_for_digits_is_told(wait: str, more: str) -> None:
    """WaitExten goes to ``t`` where no step follows it, and on to the next where there is one."""
    text = f"[in]\nexten => 1,1,Answer()\n same => n,{wait}\n"
    rest = "exten => t,1,Playback(nobody)\n"
    sides = [plan(text + rest), plan(text + f" same => n,{more}\n" + rest)]
    for before, after in (sides, sides[::-1]):
        pairs = Pairs(before, after, date(2026, 11, 28))
        pairs.walk_all("in")
        assert {change.dialled for change in pairs.changes()} == {"1"}
