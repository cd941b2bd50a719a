"""Numbers that are worked out of what only the world knows: what compares them stays open until somebody goes by it."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime

import pytest

from kelid.model.call import Call, World
from kelid.model.pbx import Pbx
from kelid.readback import read_dialplan
from kelid.simulate import simulate
from kelid.simulate.explore import Explorer
from kelid.simulate.ways_in import entrance

KNOWN = (
    "Set(A=$[0${DB(x/a)} + 0])",
    "Set(B=$[0${DB(x/b)} + 0])",
)


def plan(*steps: str) -> Pbx:
    rows = "\n same => n,".join(
        (*KNOWN, *steps, "GotoIf(${R}?yes)", "Playback(no)", "Hangup()", "Playback(yes)")
    )
    text = f"[in]\nexten => 1,1,{rows}\n same => n,Hangup()\n".replace(
        "n,Playback(yes)", "n(yes),Playback(yes)"
    )
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    return Pbx(site="test", asterisk=22, contexts=tuple(contexts))


def heard_of_all(pbx: Pbx) -> tuple[set[str], int]:
    """Return what is played in any of all calls, and how many points they have."""
    explorer = Explorer((pbx,), date(2026, 11, 26))
    explorer.root(explorer.case((entrance("in"),), (), "1"))
    explorer.walk()
    assert not explorer.not_covered
    events = [event for point in explorer.points for event in point.events]
    events += [event for point in explorer.points for link in point.links for event in link.events]
    return {event.subject for event in events if event.kind == "hears"}, len(explorer.points)


def heard_by(pbx: Pbx, one: int, other: int) -> str:
    """Return what is played in the call for which astdb has these two numbers."""
    call = Call(context="in", exten="1", at=datetime(2026, 11, 26, 10, tzinfo=UTC), technology="Local")
    trace = simulate(pbx, call, World(database={"x/a": str(one), "x/b": str(other)}))
    (said,) = (event.subject for event in trace.events if event.kind == "hears")
    return said


def condition(rng: random.Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.2:
        return f"{number(rng, depth)} {rng.choice(('<', '>', '<=', '>=', '='))} {number(rng, depth)}"
    joined = rng.choice(("&", "|"))
    left, right = (
        rng.choice(("0", "1", "7", "!1")) if rng.random() < 0.2 else f"({condition(rng, depth - 1)})"
        for _ in range(2)
    )
    return f"{left} {joined} {right}"


def number(rng: random.Random, depth: int) -> str:
    kind = rng.randrange(4 if depth else 2)
    if kind == 0:
        return rng.choice(("${A}", "${B}"))
    if kind == 1:
        return str(rng.randrange(9))
    if kind == 2:
        return f"({number(rng, depth - 1)} {rng.choice('+-*')} {number(rng, depth - 1)})"
    either = (number(rng, depth - 1) for _ in range(2))
    return "${{IF($[{}]?$[{}]:$[{}])}}".format(condition(rng, depth - 1), *either)


@pytest.mark.parametrize("seed", range(60))
def test_every_outcome_is_among_all(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - dial plans by chance, not secrets
    pbx = plan(f"Set(S=$[{number(rng, 2)}])", f"Set(R=$[{condition(rng, 2)} & (${{S}} > 2 | ${{A}} > 4)])")
    every, _ = heard_of_all(pbx)
    for one in range(8):
        for other in range(8):
            assert heard_by(pbx, one, other) in every


def test_what_can_be_told_is_told() -> None:
    """Nothing and a comparison is nothing, whatever it comes to; a number isn't less than itself."""
    for never in ("0 & ${A} < ${B}", "${A} < ${B} & 0", "${A} < ${A}", "!(1 | ${A} < ${B})"):
        assert heard_of_all(plan(f"Set(R=$[{never}])"))[0] == {"no"}, never
    for always in ("1 | ${A} < ${B}", "${A} < ${B} | 1", "${A} <= ${A}"):
        assert heard_of_all(plan(f"Set(R=$[{always}])"))[0] == {"yes"}, always
    assert heard_of_all(plan("Set(R=$[1 & ${A} < ${B}])"))[0] == {"yes", "no"}


def test_the_same_comparison_has_one_outcome() -> None:
    """What it came to is turned round where it comes to yes: nothing is left."""
    pbx = plan("Set(R=$[${A} < ${B}])", "ExecIf($[${A} < ${B}]?Set(R=$[1 - ${R}]))")
    assert heard_of_all(pbx)[0] == {"no"}


@pytest.mark.parametrize(
    ("either", "one"),
    [("${A} > 5]?09121110009:$[${A} * 2", "09121110009"), ("${A} < 5]?09121110009:$[${A} * 2", "14")],
)
def test_it_may_be_each_of_two_numbers(either: str, one: str) -> None:
    """Also a long one."""
    pbx = plan(f"Set(M=${{IF($[{either}])}})", f'Set(R=$["${{M}}" = "{one}"])')
    assert heard_by(pbx, 7, 0) == "yes"
    assert heard_of_all(pbx)[0] == {"yes", "no"}


def test_what_only_makes_a_number_decides_nothing() -> None:
    """A call's share of the time that is left is worked out by comparing; there is one call for all of it."""
    share = (
        "Set(M=${IF($[${A} < 3600 - ${B}]?${A}:$[${B} + 5])})",
        "Set(M=${IF($[${M} < 30]?30:${CUT(M,.,1)})})",
        "Set(M=${IF($[${M} < ${A} & ${B} > 2]?${M}:$[${A} * 2])})",
    )

    def points(*steps: str) -> int:
        return heard_of_all(plan(*steps, "Set(TIMEOUT(absolute)=${M})", "Set(R=1)"))[1]

    assert points(*share) == points("Set(M=$[${A} + ${B}])")
