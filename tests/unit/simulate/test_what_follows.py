"""Whatever a call can come to from a step is known to come after it: by its own words, and by those of other files."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

import pytest

from fidelity.sites import Ways, site_pbx
from kelid.model.pbx import ConfFile, Option, Pbx, Section
from kelid.model.record import replace
from kelid.readback import read_dialplan
from kelid.simulate import simulate
from kelid.simulate.live import Live
from kelid.simulate.pairs import Pairs
from kelid.simulate.reach import Reach

SITES = Path(__file__).parents[3] / "sites"
TODAY = date(2026, 11, 26)


def pbx(text: str, *files: ConfFile) -> Pbx:
    contexts, problems = read_dialplan("extensions.conf", text)
    assert not problems
    return Pbx(site="test", asterisk=22, contexts=tuple(contexts), files=files)


QUEUE = """
[in]
exten => 1,1,Queue(sales,,,,60)
 same => n,Hangup()
[keys]
exten => 0,1,Playback({said})
 same => n,Hangup()
[other]
exten => 0,1,Playback(other)
"""
MEMBER = """
[in]
exten => 1,1,Queue(sales,,,,60)
 same => n,Hangup()
[asked]
exten => s,1,Playback({said})
 same => n,Return()
"""
MAILBOX = """
[in]
exten => 1,1,VoiceMail(201@default,u)
 same => n,Hangup()
[away]
exten => o,1,Playback({said})
 same => n,Hangup()
"""

CARRIED = """
[in]
exten => 1,1,Set(RINGS=&Local/0912@away/n)
 same => n,ExecIf($["${{RINGS}}" != ""]?Dial(${{RINGS:1}},30))
 same => n,Hangup()
[away]
exten => 0912,1,Dial(PJSIP/{said},20)
"""
GIVEN = """
[in]
exten => 1,1,Gosub(ring,s,1(&Local/0912@away/n))
 same => n,Hangup()
[ring]
exten => s,1,Set(LOCAL(all)=${{ARG1}})
 same => n,Dial(${{all:1}},30)
 same => n,Return()
[away]
exten => 0912,1,Dial(PJSIP/{said},20)
"""
BROUGHT = """
[in]
exten => 1,1,Dial(PJSIP/2,30,${{OPTIONS}})
 same => n,Hangup()
[answered]
exten => s,1,Playback({said})
 same => n,Return()
[asked]
exten => s,1,Return()
"""


def section(name: str, **options: str) -> Section:
    return Section(name, tuple(Option(key, value) for key, value in options.items()))


@pytest.mark.parametrize(
    ("text", "file"),
    [
        (QUEUE, ConfFile("queues.conf", sections=(section("sales", context="keys", member="PJSIP/1"),))),
        (
            MEMBER,
            ConfFile("queues.conf", sections=(section("sales", membergosub="asked", member="PJSIP/1"),)),
        ),
        (
            MAILBOX,
            ConfFile(
                "voicemail.conf",
                sections=(Section("default", (Option("201", "1234,Ali,,,operator=yes|exitcontext=away"),)),),
            ),
        ),
        (
            MAILBOX,
            ConfFile(
                "voicemail.conf",
                sections=(
                    section("general", operator="yes", exitcontext="away"),
                    Section("default", (Option("201", "1234,Ali"),)),
                ),
            ),
        ),
        (CARRIED, ConfFile("queues.conf", sections=())),
        (GIVEN, ConfFile("queues.conf", sections=())),
        (
            BROUGHT,
            ConfFile(
                "pjsip.conf",
                sections=(
                    section("7", type="endpoint", context="in", set_var="OPTIONS=U(answered^s^1)"),
                    section("2", type="endpoint", context="in", aors="2", set_var="OPTIONS=U(asked^s^1)"),
                    section("2", type="aor", contact="sip:2@192.0.2.2"),
                ),
            ),
        ),
    ],
    ids=[
        "key in a queue",
        "what a member is asked",
        "operator of a mailbox",
        "operator of all mailboxes",
        "channel in a variable",
        "channel in an argument",
        "subroutine in a variable of a phone",
    ],
)
def test_a_change_behind_what_a_step_does_not_name_is_told(text: str, file: ConfFile) -> None:
    """They were *none*: the step that changed seemed to be out of reach of all calls."""
    one, same, other = (pbx(text.format(said=said), file) for said in ("one", "one", "two"))
    way = "" if file.path == "pjsip.conf" else "in"
    for after, changes in ((other, True), (same, False)):
        pairs = Pairs(one, after, TODAY)
        pairs.walk_all(way)
        assert bool(pairs.changes()) is changes


@pytest.mark.parametrize("site", sorted(path.parent.name for path in SITES.glob("*/site.yml")))
def test_each_step_of_a_call_comes_after_the_one_before(site: str) -> None:
    plan, _ = site_pbx(SITES, site)
    live = Live(plan, Reach(plan))
    nodes = {number: key for key, number in live._nodes.items()}
    follow: dict[tuple[str, str, int], set[tuple[str, str, int]]] = {}
    for key in live._nodes:
        step = live._extens[key[0]][key[1]][key[2]]
        follow[key] = {nodes[edge.target] for edge in live._after(key, step)}
    ways = Ways(plan)
    rng = random.Random(11)  # noqa: S311 - calls by chance, not secrets
    found = 0
    for _ in range(400):
        call, presses = ways.call(rng, ways.moment(rng))
        trace = simulate(plan, call, replace(ways.world(rng), presses=presses))
        gone: set[tuple[str, str, int]] = set()
        # A Dial's channels take turns, and whoever comes back from a subroutine goes on behind the step that called it.
        known: set[tuple[str, str, int]] = set()
        for step in trace.steps:
            here = {
                (context, exten, step.priority)
                for context in live.closure(step.context)
                for exten in live._extens.get(context, {})
                if live._may_mean(exten, step.exten) and (context, exten, step.priority) in live._nodes
            }
            assert not gone or here & known, (call, step)
            found += bool(gone)
            gone |= here
            known |= {(context, exten, priority + 1) for context, exten, priority in here}
            known.update(*(follow[one] for one in here))
    assert found > 100
