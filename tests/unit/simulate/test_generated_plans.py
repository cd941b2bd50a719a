"""Dial plans of their own, by chance: each call into them is one of all calls, and a step that is changed is told.

The plans are those that the fidelity suite places on a live Asterisk (``fidelity.generate``): each family tries one corner
of its rules, whatever our own sites use of them.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime

import pytest

from fidelity.generate import FAMILIES, Case, Shot, cases
from fidelity.plain import tree
from kelid.model.call import Call, World
from kelid.model.pbx import Pbx, Step
from kelid.readback import read_dialplan
from kelid.simulate import simulate
from kelid.simulate.explore import Explorer
from kelid.simulate.pairs import Pairs
from kelid.simulate.ways_in import entrance
from unit.simulate.test_changed_steps import changed, does, with_steps
from unit.simulate.test_each_call_is_among_all import QUIET, is_among

TODAY = date(2026, 11, 28)
MORNING = datetime(2026, 11, 29, 9, tzinfo=UTC)
SECONDS = 2.0
"""What a plan has; what isn't covered then is no miss."""

PLANS = {"followers": 40}
"""Plans of a family in which few changes show what it is for; of the others two are enough."""

LEAVING = frozenset({"leavers", "races"})
"""Families in which callers hang up while it rings: no such call is among those that are walked."""

FAMILY = [name for name in FAMILIES if not name.startswith("old_") and name not in LEAVING]


def call_of(case: Case, shot: Shot) -> tuple[Call, World]:
    at = case.at.astimezone(UTC) if case.at else MORNING
    call = Call(
        context=shot.context,
        exten=shot.exten,
        at=at,
        technology="Local",
        caller=shot.caller,
        caller_name=shot.name,
    )
    return call, World(presses=shot.presses, answers=dict(shot.answers))


@pytest.mark.parametrize("family", FAMILY)
def test_each_call_is_among_all(family: str) -> None:
    for case in cases(3, 2, (family,)):
        plan, _ = tree(case.text)
        for context in {shot.context for shot in case.shots}:
            explorer = Explorer((plan,), TODAY, seconds=SECONDS)
            root = explorer.root(explorer.case((entrance(context),), ()))
            explorer.walk()
            if explorer.not_covered:
                continue
            for shot in case.shots:
                trace = simulate(plan, *call_of(case, shot))
                if shot.context != context or trace.unknown:
                    continue
                events = [event for event in trace.events if event.kind not in QUIET]
                found = is_among(explorer.points, root, events)
                assert found == len(events), (case.text, shot, events[: found + 1])


@pytest.mark.parametrize("what", ["changed", "put in"])
@pytest.mark.parametrize("family", FAMILY)
def test_a_step_that_is_another_is_told(family: str, what: str) -> None:
    """For the number and the caller of a call that shows it: a step that is changed, or one that is put in before it."""
    rng = random.Random(family)  # noqa: S311 - steps by chance, not secrets
    for case in cases(4, PLANS.get(family, 2), (family,)):
        plan, _ = tree(case.text)
        places = [
            ((context.name, exten.pattern, number + 1), step)
            for context in plan.contexts
            if context.name.startswith(case.name)
            for exten in context.extens
            if exten.caller is None
            for number, step in enumerate(exten.steps)
        ]
        place, step = rng.choice(places)
        if what == "changed":
            rows = [Step("Playback", "changed", step.label) if rng.random() < 0.5 else changed(rng, step)]
        else:
            rows = [rng.choice([Step("Playback", "more"), Step("NoOp")]), step]
        after = with_steps(plan, place, rows)
        for shot in case.shots:
            call, world = call_of(case, shot)
            if any(simulate(side, call, world).unknown for side in (plan, after)):
                continue
            if does(plan, call, world) != does(after, call, world):
                assert is_told(plan, after, shot), (case.text, place, rows, shot)
                break


def is_told(before: Pbx, after: Pbx, shot: Shot) -> bool:
    """Return True if a change is told for the number and the caller of a call, or the diff could not decide."""
    pairs = Pairs(before, after, TODAY, seconds=SECONDS)
    pairs.walk_all(shot.context)
    has = pairs.shared.automaton.has
    parted = [number for number, point in enumerate(pairs.points) if point.parted is not None]
    return bool(pairs.undecided or pairs.not_covered) or any(
        has(dialled, shot.exten) and has(label.callers, shot.caller)
        for way, root in pairs.ways
        for labels in (pairs.telling().labels(way, root),)
        for number in parted
        for dialled, label in labels.get(number, {}).items()
    )


LOOP = """
[in]
exten => s,1,Set(i=0)
 same => n,While($[${i} < 3])
 same => n,GotoIf($["${DB(night/on)}" = "1"]?night)
 same => n,{step}
 same => n,EndWhile()
 same => n,Playback(day)
 same => n,Hangup()
 same => n(night),ExitWhile()
 same => n,Hangup()
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{step}", "NoOp()"),  # it goes round for ever
        ("EndWhile()", "NoOp()"),
        ("EndWhile()", "ContinueWhile()"),
        ("ExitWhile()", "NoOp()"),
        ("Playback(day)", "Playback(bye)"),
        ("$[${i} < 3]", "$[${i} < 0]"),
    ],
)
def test_a_loop_remembers_where_it_began(old: str, new: str) -> None:
    def plan(text: str) -> Pbx:
        contexts, problems = read_dialplan("extensions.conf", text.replace("{step}", "Set(i=$[${i} + 1])"))
        assert not problems
        return Pbx(site="test", asterisk=22, contexts=tuple(contexts))

    call = Call(context="in", exten="s", at=MORNING, technology="Local")
    worlds = [World(), World(database={"night/on": "1"})]
    sides = (plan(LOOP), plan(LOOP.replace(old, new)))
    differ = any(does(sides[0], call, world) != does(sides[1], call, world) for world in worlds)
    assert is_told(*sides, Shot("in", "s")) or not differ
    explorer = Explorer(sides[:1], TODAY)
    root = explorer.root(explorer.case((entrance("in"),), ()))
    explorer.walk()
    for world in worlds:
        events = [event for event in simulate(sides[0], call, world).events if event.kind not in QUIET]
        assert is_among(explorer.points, root, events) == len(events)


def test_a_step_with_ways_without_number_is_said_to_be_left_out() -> None:
    """Keys that are no extension don't end ``Background(,m)``: any number of them may be pressed in one step."""
    text = "[in]\nexten => s,1,Background(menu,m)\n same => n,WaitExten()\nexten => 6,1,Hangup()\nexten => 21,1,Hangup()\n"
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    explorer = Explorer((Pbx(site="test", asterisk=22, contexts=tuple(contexts)),), TODAY, seconds=1)
    root = explorer.root(explorer.case((entrance("in"),), (), "s"))
    explorer.walk()
    assert root < len(explorer.points)
    assert "ways of the step in,s,1, of which there are too many" in explorer.not_covered
    assert any(point.end == "open" and point.links for point in explorer.points)


@pytest.mark.parametrize("gone", ["EndWhile()", "While($[${i} < 0])"])
def test_a_loop_that_has_no_end_any_more_is_told(gone: str) -> None:
    """The While that is left looks for its end: it is gone for a call that never goes round, too."""
    text = """
[in]
exten => s,1,Set(i=0)
 same => n,While($[${i} < 0])
 same => n,Playback(never)
 same => n,EndWhile()
 same => n,Playback(done)
 same => n,Hangup()
"""
    plan, other = (tree(one)[0] for one in (text, text.replace(gone, "Playback(other)")))
    for sides in ((plan, other), (other, plan)):
        assert is_told(*sides, Shot("in", "s"))
