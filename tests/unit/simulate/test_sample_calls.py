"""Calls through the sample sites: nothing in them is unknown, and some of them step by step."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kelid.model.call import Call, World
from kelid.model.pbx import Pbx
from kelid.pipeline import check
from kelid.simulate import simulate
from kelid.simulate.dialplan import positions

SITES = Path(__file__).parents[3] / "sites"
AT = datetime(2026, 11, 26, 10, 0, tzinfo=ZoneInfo("Asia/Tehran"))

NAMES = sorted(path.name for path in SITES.iterdir() if (path / "site.yml").exists())


@lru_cache
def pbx_of(site: str) -> Pbx:
    pbx = check(SITES, site).pbx
    assert pbx is not None
    return pbx


def example(pattern: str) -> str:
    """Return a text that the pattern matches."""
    if not pattern.startswith("_"):
        return pattern
    made = ""
    for position in positions(pattern):
        if isinstance(position, str):
            return made + ("12345" if position == "." else "")
        made += sorted(position)[len(position) // 2]
    return made


def calls(pbx: Pbx) -> Iterator[Call]:
    """Yield a call to each extension, but for those that differ from another one in numbers only."""
    seen: set[tuple[str, ...]] = set()
    for context in pbx.contexts:
        for exten in context.extens:
            texts = (context.name, exten.pattern, *(f"{step.app}({step.data})" for step in exten.steps))
            shape = tuple(re.sub("[0-9]+", "0", text) for text in texts)
            if shape not in seen and exten.caller is None:
                seen.add(shape)
                yield Call(context=context.name, exten=example(exten.pattern), at=AT, caller="09121112233")


WORLDS = {
    "answers": World(),
    "nobody": World(otherwise="no_answer", presses=("1",)),
    "trouble": World(
        otherwise="busy",
        presses=("2", "12#"),
        answers={"queue": "TIMEOUT", "confirm": "reject", "password": "wrong", "voicemail": "0"},
    ),
}


@pytest.mark.parametrize("site", NAMES)
@pytest.mark.parametrize("world", WORLDS)
def test_no_call_is_unknown(site: str, world: str) -> None:
    pbx = pbx_of(site)
    count = 0
    for call in calls(pbx):
        trace = simulate(pbx, call, WORLDS[world])
        count += 1
        assert trace.end in ("hangup", "loop"), f"{call.context},{call.exten}: {trace.unknown}"
        assert trace.steps, call
    assert count > 40


def way(site: str, call: Call, world: World) -> list[str]:
    trace = simulate(pbx_of(site), call, world)
    return [f"{s.context},{s.exten},{s.priority} {s.app}({s.data})" for s in trace.steps if s.channel == 0]


def test_a_colleague_is_called_and_does_not_answer() -> None:
    call = Call(
        context="from-class-local", exten="103", at=AT, technology="PJSIP", endpoint="102", caller="102"
    )
    world = World(devices={"PJSIP/103": "no_answer"}, database={"CFNA/103": "104"})
    assert way("noor-clinic", call, world) == [
        "from-class-local,103,1 Gosub(ring,103,1(PJSIP/103,25,i,0,national))",
        "ring,103,1 Set(DB(LASTCALLER/103)=102)",
        "ring,103,2 Gosub(forward,103,1(CFU,national,))",
        "forward,103,1 Set(LOCAL(to)=)",
        "forward,103,2 GotoIf(1?stay)",
        "forward,103,14 Return()",
        "ring,103,3 Gosub(phone-free,103,1(0))",
        "phone-free,103,1 GotoIf(0?no)",
        "phone-free,103,2 Set(LOCAL(calls)=0)",
        "phone-free,103,3 GotoIf(0?no)",
        "phone-free,103,4 GotoIf(0?no)",
        "phone-free,103,5 Return(1)",
        "ring,103,4 GotoIf(0?busy)",
        "ring,103,5 Dial(PJSIP/103,25,i)",
        "ring,103,6 GotoIf(0?busy)",
        "ring,103,7 Set(LOCAL(way)=no-answer)",
        "ring,103,8 Gosub(forward,103,1(CFNA,national,))",
        "forward,103,1 Set(LOCAL(to)=104)",
        "forward,103,2 GotoIf(0?stay)",
        "forward,103,3 GotoIf(0?stay)",
        "forward,103,4 GotoIf(0?stay)",
        "forward,103,5 GotoIf(1?inside)",
        "forward,103,15 Set(FORWARD_IN=internal,104,1)",
        "forward,103,16 Set(__FORWARDS=1)",
        "forward,103,17 StackPop()",
        "forward,103,18 StackPop()",
        "forward,103,19 Goto(internal,104,1)",
        "internal,104,1 Gosub(ring,104,1(PJSIP/104,25,i,0,national))",
        "ring,104,1 Set(DB(LASTCALLER/104)=102)",
        "ring,104,2 Gosub(forward,104,1(CFU,national,))",
        "forward,104,1 Set(LOCAL(to)=)",
        "forward,104,2 GotoIf(1?stay)",
        "forward,104,14 Return()",
        "ring,104,3 Gosub(phone-free,104,1(0))",
        "phone-free,104,1 GotoIf(0?no)",
        "phone-free,104,2 Set(LOCAL(calls)=0)",
        "phone-free,104,3 GotoIf(0?no)",
        "phone-free,104,4 GotoIf(0?no)",
        "phone-free,104,5 Return(1)",
        "ring,104,4 GotoIf(0?busy)",
        "ring,104,5 Dial(PJSIP/104,25,i)",
    ]


def test_outside_of_hours_the_announcement_is_heard() -> None:
    friday = datetime(2026, 11, 27, 10, 0, tzinfo=ZoneInfo("Asia/Tehran"))
    call = Call(
        context="from-trunk-mokhaberat",
        exten="02188001234",
        at=friday,
        technology="PJSIP",
        endpoint="mokhaberat",
        caller="09121112233",
    )
    trace = simulate(pbx_of("noor-clinic"), call, World())
    assert "announcement-closed" in {step.context for step in trace.steps}
    assert "queue" not in {event.kind for event in trace.events}
    assert trace.end == "hangup"


def test_a_refused_caller_is_hung_up() -> None:
    call = Call(
        context="from-trunk-mokhaberat",
        exten="02188001234",
        at=AT,
        technology="PJSIP",
        endpoint="mokhaberat",
        caller="09121112233",
    )
    trace = simulate(pbx_of("noor-clinic"), call, World(database={"BLACKLIST/09121112233": "1"}))
    assert trace.steps[-1].data == "21"
    assert trace.events[-1].kind == "hangup"
    assert trace.events[-1].details == (("cause", "21"),)
