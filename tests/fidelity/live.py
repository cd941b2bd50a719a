"""Cases and sites placed in the witness, and compared with the oracle."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from fidelity.compare import Verdict, compare, oracle
from fidelity.generate import Case, Shot
from fidelity.plain import tree
from kelid.lab.presses import presses
from kelid.lab.witness import RATE, TOGETHER, Live, Witness
from kelid.model.call import Call, World
from kelid.model.pbx import Pbx

AT = datetime(2026, 12, 1, 10, 0, 5, tzinfo=ZoneInfo("UTC"))
"""The moment of calls for which none was chosen: a Tuesday."""
PASSES = ((RATE, TOGETHER), (8.0, 12), (2.0, 1))
"""How calls are placed: how much time is hastened, and how many are on their way at once. Whatever differs is placed again in
the next way, the last one alone in a fresh world; only what differs there as well is a disagreement."""
SLOW = PASSES[-1][0]
STUCK = 120.0
"""Seconds of Asterisk's without a step after which a caller gives up while a case is made smaller: some forms of it never
end."""
GENERAL = "[general]\nstatic = yes\nautofallthrough = {}\nclearglobalvars = yes\n"
FROM_PHONE = "[from-phone]\nexten => _.,1,Goto(${CUT(EXTEN,~,1)},${CUT(EXTEN,~,2)},1)\n"
"""Where calls of phones begin: what they dial is ``CONTEXT~EXTEN``."""
DATABASE = {"fam/key": "value", "x/y": "12"}


@dataclass(frozen=True)
class Placed:
    """A call that was placed, and what came of it."""

    group: str
    call: Call
    world: World
    live: Live
    verdict: Verdict
    case: Case | None = None
    way: int = 0
    """Which of PASSES gave the verdict: how often it was placed again."""


def general(case: Case) -> str:
    """Return the part of the file before a case's contexts."""
    general = GENERAL.format("yes" if case.fallthrough else "no")
    return general + (FROM_PHONE if any(shot.phone for shot in case.shots) else "")


def world_of(case: Case, shot: Shot) -> World:
    """Return the world that a call of a case meets."""
    return World(
        otherwise=case.otherwise,
        devices=dict(case.devices),
        database=DATABASE,
        presses=shot.presses,
        answers=dict(shot.answers),
    )


def call_of(case: Case, shot: Shot) -> Call:
    """Return a call of a case."""
    if shot.phone:
        return Call(
            context="from-phone",
            exten=f"{shot.context}~{shot.exten}",
            at=case.at or AT,
            technology="PJSIP",
            endpoint=shot.phone,
            caller=shot.phone,
            caller_name=f"Phone {shot.phone}",
        )
    return Call(
        context=shot.context,
        exten=shot.exten,
        at=case.at or AT,
        caller=shot.caller,
        caller_name=shot.name,
    )


def place_cases(witness: Witness, cases: Sequence[Case], asterisk: int) -> Iterator[Placed]:
    """Place all calls of cases of one version, and compare each; those with the same autofallthrough are loaded together."""
    for fallthrough in sorted({case.fallthrough for case in cases}, reverse=True):
        loaded = [case for case in cases if case.fallthrough == fallthrough]
        head = replace(loaded[0], shots=tuple(shot for case in loaded for shot in case.shots))
        pbx, files = tree(general(head) + "".join(case.text for case in loaded), asterisk)
        load = partial(witness.load, pbx, files, at=loaded[0].at or AT)
        load()
        key = lambda case: ((case.at or AT).isoformat(), case.otherwise, case.devices, case.alone)
        for _, group in itertools.groupby(sorted(loaded, key=key), key):
            yield from _place(witness, pbx, [(case, shot) for case in group for shot in case.shots], load)


def _place(
    witness: Witness,
    pbx: Pbx,
    shots: Sequence[tuple[Case, Shot]],
    load: Callable[[], object],
    way: int = 0,
) -> Iterator[Placed]:
    """Place calls of one world and moment, and compare; those that differ are placed again, in the next of PASSES."""
    again = []
    rate, together = PASSES[way]
    last = way + 1 == len(PASSES)
    for batch in [[shot] for shot in shots] if last else [shots]:
        case = batch[0][0]
        world = world_of(*batch[0])
        if last and case.alone:
            load()  # it remembers lamps beside astdb
        witness.prepare(world, case.at or AT, rate=1.0 if case.at else rate, reload=way > 0)
        calls = [call_of(*shot) for shot in batch]
        worlds = [world_of(*shot) for shot in batch]
        traces = [oracle(pbx, call, world) for call, world in zip(calls, worlds, strict=True)]
        at_once = 1 if case.alone else together
        lives = witness.place(calls, [presses(trace, pbx) for trace in traces], together=at_once)
        for (case, shot), call, world, trace, live in zip(batch, calls, worlds, traces, lives, strict=True):
            verdict = compare(pbx, trace, live)
            if verdict.how == "different" and not last:
                again.append((case, shot))
            else:
                yield Placed(case.family, call, world, live, verdict, replace(case, shots=(shot,)), way)
    if again:
        yield from _place(witness, pbx, again, load, way + 1)


# -- the smallest form


def shrink(witness: Witness, case: Case, asterisk: int) -> Case:
    """Given a case of one call that differs, return the fewest lines, keys and letters that still differ."""
    lines = case.text.splitlines()
    while True:
        smaller = _fewer_lines(witness, case, lines, asterisk)
        if smaller == lines:
            break
        lines = smaller
    case = replace(case, text="\n".join(lines) + "\n")
    shot = case.shots[0]
    simpler = [
        replace(case, shots=(fewer,))
        for fewer in (
            replace(shot, caller="", name=""),
            replace(shot, name=""),
            *(replace(shot, presses=shot.presses[:count]) for count in range(len(shot.presses))),
        )
        if fewer != shot
    ]
    for smaller_case, differs in zip(simpler, differing(witness, simpler, asterisk), strict=True):
        if differs:
            return smaller_case
    return case


def _fewer_lines(witness: Witness, case: Case, lines: list[str], asterisk: int) -> list[str]:
    """Return the lines without some that make no difference; the same list if all do."""
    tries = [replace(case, text="\n".join(lines[:at] + lines[at + 1 :]) + "\n") for at in range(len(lines))]
    spare = [at for at, differs in enumerate(differing(witness, tries, asterisk)) if differs]
    while spare:
        kept = [line for at, line in enumerate(lines) if at not in spare]
        if next(differing(witness, [replace(case, text="\n".join(kept) + "\n")], asterisk)):
            return kept
        spare = spare[: len(spare) // 2]
    return lines


def differing(witness: Witness, cases: Sequence[Case], asterisk: int) -> Iterator[bool]:
    """Say for each case of one call whether the oracle and Asterisk differ; all are loaded at once, under other names."""
    if not cases:
        return
    named = [renamed(case, f"{case.name}v{number}v") for number, case in enumerate(cases)]
    text = general(cases[0]) + "".join(case.text for case in named)
    pbx, _ = tree(text, asterisk)
    witness.dialplan(text)
    case = named[0]
    witness.prepare(world_of(case, case.shots[0]), case.at or AT, rate=1.0 if case.at else SLOW)
    calls = [call_of(case, case.shots[0]) for case in named]
    traces = [
        oracle(pbx, call, world_of(case, case.shots[0])) for case, call in zip(named, calls, strict=True)
    ]
    keys = [presses(trace, pbx) for trace in traces]
    lives = witness.place(calls, keys, together=4, patience=STUCK)
    for trace, live in zip(traces, lives, strict=True):
        yield compare(pbx, trace, live).how == "different"


def renamed(case: Case, name: str) -> Case:
    """Return the case under another name, in all of its text."""
    shots = tuple(replace(shot, context=shot.context.replace(case.name, name)) for shot in case.shots)
    return replace(case, name=name, text=case.text.replace(case.name, name), shots=shots)


def table(placed: Iterable[Placed]) -> list[tuple[str, int, int, int]]:
    """Return for each group: its name, calls compared, disagreements, unknown."""
    rows: dict[str, list[int]] = {}
    for one in placed:
        row = rows.setdefault(one.group, [0, 0, 0])
        row[0] += 1
        row[1] += one.verdict.how == "different"
        row[2] += one.verdict.how == "unknown"
    return [(name, *counts) for name, counts in sorted(rows.items())]
