"""The same calls in the oracle and in a live Asterisk, in turns: seconds for as many of them."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fidelity.plain import tree
from kelid.lab import Lab
from kelid.lab.witness import Witness
from kelid.model.call import Call, World
from kelid.simulate import simulate

DIALPLAN = """
[general]
autofallthrough = yes
[in]
exten => _X.,1,Gosub(sub,s,1(${EXTEN},x))
 same => n,Set(x=${EXTEN:1})
 same => n,GotoIf($[${x} > 5000]?big)
 same => n,ExecIf($[${x} > 100]?Set(y=1))
 same => n,GotoIfTime(08:00-17:59,mon-fri,*,*,Asia/Tehran?l,1)
 same => n,Goto(l,1)
 same => n(big),Hangup()
exten => l,1,Set(i=$[0${i} + 1])
 same => n,NoOp(${FILTER(0-9,${CALLERID(num)})} ${i})
 same => n,GotoIf($[${i} < 3]?l,1)
 same => n,Hangup()
[sub]
exten => s,1,Set(LOCAL(n)=${LEN(${ARG1})})
 same => n,Return(${IF($[${n} > 3]?long:short)})
"""
"""Some eighteen steps a call, none of which waits."""


def turns(lab_name: str, count: int, rounds: int) -> Iterator[tuple[float, float]]:
    """Yield for each round the seconds that ``count`` calls take: in the oracle, in one process; and live, at true time.

    The witness's own program reads what Asterisk tells and takes a share of the machine; so would anybody who asks Asterisk.
    """
    pbx, files = tree(DIALPLAN)
    at = datetime.now(UTC)
    calls = [Call(context="in", exten=f"1{number}", at=at, caller="100") for number in range(count)]
    try:
        with Witness(Lab.up(lab_name).create_host("bench")) as witness:
            witness.load(pbx, files, at=None)
            witness.prepare(World(), at, rate=1.0)
            told = witness.place(calls[:100])
            assert all(len(live.steps) > 10 for live in told)
            for _ in range(rounds):
                start = time.perf_counter()
                witness.place(calls)
                live_seconds = time.perf_counter() - start
                gc.collect()
                start = time.perf_counter()
                for call in calls:
                    simulate(pbx, call, World())
                yield time.perf_counter() - start, live_seconds
    finally:
        Lab(lab_name).down()
