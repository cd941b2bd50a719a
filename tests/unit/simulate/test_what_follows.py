"""Whatever a call can come to from a step is known to come after it: by its own words, and by those of other files."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

import pytest

from fidelity.sites import Ways, site_pbx
from kelid.model.pbx import ConfFile, Exten, Option, Pbx, Section, Step
from kelid.model.record import replace
from kelid.readback import read_dialplan
from kelid.simulate.ahead import Reading
from kelid.simulate.case import Case
from kelid.simulate.dialplan import MATCH, match
from kelid.simulate.live import Live
from kelid.simulate.matching import SymbolicDialplan
from kelid.simulate.pairs import Pairs
from kelid.simulate.reach import Reach
from kelid.simulate.run import Run
from kelid.simulate.symbols import Shared, Store
from kelid.simulate.world import Answers

SITES = Path(__file__).parents[3] / "sites"
TODAY = date(2026, 11, 26)
MOST_STEPS = 400


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
        (
            QUEUE.replace("Queue(sales,,,,60)", "ExecIf($[1]?Queue(sales,,,,60))"),
            ConfFile("queues.conf", sections=(section("sales", context="keys", member="PJSIP/1"),)),
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
        "key in a queue under a condition",
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


class EachStep(Live):
    """Every step reads a name of its own, by which is seen from where it is still ahead."""

    def _reads(self, step: Step) -> tuple[int, int]:
        read, kill = super()._reads(step)
        return read | self._bit(self.name(step)), kill

    @staticmethod
    def name(step: Step) -> str:
        return f"\0step {id(step)}"


@pytest.mark.parametrize("site", sorted(path.parent.name for path in SITES.glob("*/site.yml")))
def test_all_that_a_call_comes_to_was_ahead_of_it(site: str) -> None:
    """At each step of calls by chance, all steps that they take later are known to be ahead."""
    plan, _ = site_pbx(SITES, site)
    rows = {
        (context.name, exten.pattern, priority): step
        for context in plan.contexts
        for exten in context.extens
        for priority, step in enumerate(exten.steps, 1)
    }
    reach = Reach(plan)
    live, shared = EachStep(plan, reach), Shared()
    reading = Reading(shared, [SymbolicDialplan(plan, shared.automaton)], [live], [reach])
    names = {context.name: sorted(live.closure(context.name)) for context in plan.contexts}
    ways = Ways(plan)
    rng = random.Random(11)  # noqa: S311 - calls by chance, not secrets
    compared = 0
    for _ in range(60):
        call, presses = ways.call(rng, ways.moment(rng))
        answers = Answers(replace(ways.world(rng), presses=presses))
        run = answers.run = Run(plan, call, answers)
        ahead: list[tuple[int, int]] = []
        while run.step() and len(ahead) < MOST_STEPS:
            ahead.append((len(run.steps), reading.ahead(Case([run], Store(shared)), run, 0).far))
        for at, step in enumerate(run.steps):
            mask = 0
            for context in names[step.context]:
                for exten in {step.exten, *(one.pattern for one in matching(plan, context, step.exten))}:
                    if (context, exten, step.priority) in rows:
                        mask |= live.bit(EachStep.name(rows[context, exten, step.priority]))
            for begun, far in ahead:
                if begun <= at and mask:
                    assert far & mask, (call, presses, run.steps[begun - 1], step)
                    compared += 1
    assert compared > 1000


def matching(plan: Pbx, context: str, exten: str) -> list[Exten]:
    """Return the patterns of a context that an extension matches."""
    return [
        one
        for found in plan.contexts
        if found.name == context
        for one in found.extens
        if one.pattern.startswith("_") and match(one.pattern, exten, MATCH)
    ]
