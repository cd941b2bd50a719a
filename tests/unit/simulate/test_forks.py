"""A step is a function of the state before it and of the answers: it can be taken again from a copy, and states compared."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kelid.model.call import Call, Question
from kelid.simulate.run import Run

AT = datetime(2026, 11, 26, 10, 0, tzinfo=ZoneInfo("Asia/Tehran"))

PLAN = """
    [a]
    exten => s,1,Set(__x=1)
    exten => s,2,Gosub(sub,s,1(arg))
    exten => s,3,Dial(PJSIP/1&Local/7@b/n,20,b(pre^s^1)U(confirm))
    exten => s,4,Background(menu)
    exten => s,5,WaitExten(2)
    exten => 1,1,NoOp(one ${DB(a/b)})
    exten => 12,1,NoOp(twelve)
    exten => t,1,Hangup()
    exten => h,1,NoOp(h)
    [sub]
    exten => s,1,Set(LOCAL(y)=2)
    exten => s,2,Return(r)
    [pre]
    exten => s,1,Return()
    [b]
    exten => 7,1,Set(DB(k/l)=v)
    exten => 7,2,Dial(PJSIP/2,10)
    [confirm]
    exten => s,1,Read(K,x,1)
    exten => s,2,ExecIf($["${K}" = ""]?Set(GOSUB_RESULT=CONTINUE))
    exten => s,3,Return()
"""


class NoAnswerLeftError(Exception):
    """Raised where no answer is left."""


def scripted(answers: list[str]) -> Any:
    left = list(answers)

    def ask(question: Question) -> str:
        if not left:
            raise NoAnswerLeftError(question)
        return left.pop(0)

    return ask


def explore(run: Run, states: dict[Any, int], ways: list[list[Any]], steps: list[Any]) -> None:
    """Take every way through the dial plan, answering each question in every way."""
    while True:
        before = run.copy()
        before.steps.clear()
        steps += run.steps
        run.steps.clear()
        states[before.key()] = states.get(before.key(), 0) + 1
        answers: list[str] = []
        try:
            run.ask = scripted(answers)
            more = run.step()
        except NoAnswerLeftError as stop:
            question = stop.args[0]
            for answer in question.answers or ("1",):
                fork(before, [answer], states, ways, list(steps))
            return
        if not more:
            ways.append([*steps, *run.steps, run.end])
            return


def fork(
    before: Run, answers: list[str], states: dict[Any, int], ways: list[list[Any]], steps: list[Any]
) -> None:
    run = before.copy()
    run.ask = scripted(answers)
    try:
        more = run.step()
    except NoAnswerLeftError as stop:
        question = stop.args[0]
        for answer in question.answers or ("1",):
            fork(before, [*answers, answer], states, ways, list(steps))
        return
    if more:
        explore(run, states, ways, steps)
    else:
        ways.append([*steps, *run.steps, run.end])


@pytest.fixture
def run(plan: Any) -> Run:
    call = Call(context="a", exten="s", at=AT, technology="PJSIP", endpoint="x")
    return Run(plan(PLAN).pbx, call, scripted([]))


def test_every_way_can_be_taken(run: Run) -> None:
    states: dict[Any, int] = {}
    ways: list[list[Any]] = []
    explore(run, states, ways, [])
    assert {way[-1] for way in ways} == {"hangup"}
    said = {tuple(step.data for step in way[:-1] if step.app == "NoOp") for way in ways}
    assert ("one 1", "h") in said  # astdb's value was asked for
    assert ("twelve", "h") in said
    assert ("h",) in said
    assert len(ways) > 50
    # ways meet again: fewer states than steps taken
    assert sum(states.values()) > 2 * len(states)


def test_a_copy_goes_its_own_way(run: Run) -> None:
    run.ask = scripted(["ANSWER"])
    for _ in range(4):
        run.step()
    copy = run.copy()
    assert copy.key() == run.key()
    copy.channel.variables["x"] = "other"
    assert copy.key() != run.key()
    assert run.channel.variables["x"] == "1"
    copy = run.copy()
    copy.channel.frames.append(copy.channel.frames[0]) if copy.channel.frames else copy.step()
    assert copy.key() != run.key()


def test_a_step_taken_again_gives_the_same(run: Run) -> None:
    for _ in range(3):
        run.step()
    copy = run.copy()
    run.step()
    copy.step()
    assert run.key() == copy.key()
    assert run.steps == copy.steps


def test_time_that_has_passed_is_no_difference(run: Run) -> None:
    copy = run.copy()
    copy.elapsed += 100
    assert copy.key() == run.key()
