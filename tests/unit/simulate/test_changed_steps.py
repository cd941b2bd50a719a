"""A step of a dial plan is changed by chance: where a call by chance does something else, the diff never says *none*."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from fidelity.sites import Ways, site_pbx
from kelid.model.call import Call, World
from kelid.model.pbx import Context, Exten, Pbx, Step
from kelid.model.record import replace
from kelid.simulate import simulate
from kelid.simulate.dialplan import MATCH, match
from kelid.simulate.pairs import Pairs

SITES = Path(__file__).parents[3] / "sites"
TODAY = date(2026, 11, 27)
SITE = "noor-clinic"
SECONDS = 4.0
"""What the diff has for one step; *could not decide* is no miss."""

Place = tuple[str, str, int]


class Trial(NamedTuple):
    """Calls by chance, what they do, and which of them take each step."""

    plan: Pbx
    calls: list[tuple[Call, World]]
    done: list[list[tuple[str, str, object]]]
    takers: dict[Place, set[int]]


def does(plan: Pbx, call: Call, world: World) -> list[tuple[str, str, object]]:
    """Return what happens; which keys are pressed is what the caller does, and of that it is told only where it matters."""
    return [
        (event.kind, "" if event.kind == "keys" else event.subject, event.details)
        for event in simulate(plan, call, world).events
    ]


def closure(contexts: dict[str, Context], name: str, seen: list[str]) -> list[str]:
    if name in contexts and name not in seen:
        seen.append(name)
        for include in contexts[name].includes:
            closure(contexts, include.context, seen)
    return seen


def places(contexts: dict[str, Context], context: str, exten: str, priority: int) -> list[Place]:
    """Return the steps that one of a trace may be: the extension of that very name first."""
    found = [
        (one.pattern != exten, (home, one.pattern, priority))
        for home in closure(contexts, context, [])
        for one in contexts[home].extens
        if one.caller is None
        and len(one.steps) >= priority
        and (one.pattern == exten or (one.pattern.startswith("_") and match(one.pattern, exten, MATCH)))
    ]
    return [place for _, place in sorted(found)]


@pytest.fixture(scope="module")
def trial() -> Trial:
    plan, _ = site_pbx(SITES, SITE)
    ways = Ways(plan)
    rng = random.Random(5)  # noqa: S311 - calls by chance, not secrets
    contexts = {context.name: context for context in plan.contexts}
    made = Trial(plan, [], [], {})
    for number in range(600):
        call, presses = ways.call(rng, ways.moment(rng))
        made.calls.append((call, replace(ways.world(rng), presses=presses)))
        made.done.append(does(plan, *made.calls[-1]))
        for step in simulate(plan, *made.calls[-1]).steps:
            for place in places(contexts, step.context, step.exten, step.priority)[:1]:
                made.takers.setdefault(place, set()).add(number)
    return made


def changed(rng: random.Random, step: Step) -> Step:
    """Return the step with another number in it, with its branches the other way round, or one that does nothing."""
    kind = rng.randrange(3)
    numbers = list(re.finditer(r"\d+", step.data))
    if kind == 0 and numbers:
        one = rng.choice(numbers)
        return Step(
            step.app, step.data[: one.start()] + str(int(one[0]) + 1) + step.data[one.end() :], step.label
        )
    if kind == 1 and step.app == "GotoIf" and step.data.count("?") == 1 and step.data.count(":") <= 1:
        condition, _, ways = step.data.partition("?")
        yes, _, no = ways.partition(":")
        return Step(step.app, f"{condition}?{no}:{yes}", step.label)
    return Step("NoOp", "", step.label)


def with_step(plan: Pbx, place: Place, step: Step) -> Pbx:
    return with_steps(plan, place, [step])


def with_steps(plan: Pbx, place: Place, rows: Sequence[Step]) -> Pbx:
    """Return the dial plan with other steps in the place of one."""
    contexts = []
    for context in plan.contexts:
        if context.name == place[0]:
            extens = [
                Exten(
                    one.pattern,
                    (*one.steps[: place[2] - 1], *rows, *one.steps[place[2] :]),
                    one.where,
                    one.caller,
                )
                if one.pattern == place[1] and one.caller is None
                else one
                for one in context.extens
            ]
            context = Context(  # noqa: PLW2901 - the same one, changed
                context.name, tuple(extens), context.includes, context.hints, context.where, context.switches,
                context.ignorepats,
            )  # fmt: skip
        contexts.append(context)
    return replace(plan, contexts=tuple(contexts))


@pytest.mark.parametrize("apart", [None, 0], ids=["apart", "met"])
@pytest.mark.parametrize("seed", range(12))
def test_a_call_that_differs_is_never_none(
    trial: Trial, seed: int, apart: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if apart is not None:
        monkeypatch.setattr("kelid.simulate.pairs.MOST_APART", apart)
    rng = random.Random(seed)  # noqa: S311 - steps by chance, not secrets
    plan = trial.plan
    while True:
        place = rng.choice(sorted(trial.takers))
        steps = next(
            one.steps
            for context in plan.contexts
            if context.name == place[0]
            for one in context.extens
            if one.pattern == place[1] and one.caller is None
        )
        after = with_step(plan, place, changed(rng, steps[place[2] - 1]))
        differ = [
            number
            for number in sorted(trial.takers[place])
            if does(after, *trial.calls[number]) != trial.done[number]
        ]
        if differ:
            break
    pairs = Pairs(plan, after, TODAY, seconds=SECONDS)
    added, removed = pairs.walk_all()
    says_something = pairs.changes() or pairs.not_covered or pairs.undecided or added or removed
    assert says_something, (place, trial.calls[differ[0]])
