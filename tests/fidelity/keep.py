"""Disagreements that were found, in their smallest form: kept with what the live Asterisk did, and replayed without one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from fidelity.compare import Step, by_channel, oracle
from fidelity.generate import Case, Shot
from fidelity.live import AT, call_of, general, world_of
from fidelity.plain import tree
from kelid.lab.presses import presses
from kelid.lab.witness import Witness

CASES = Path(__file__).parent / "cases"


def keep(witness: Witness, case: Case, asterisk: int) -> str:
    """Place the calls of a case once more and write them down with what they did; return the case's name."""
    text = general(case) + case.text
    name = f"{case.family}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    pbx, files = tree(text, asterisk)
    witness.load(pbx, files, at=case.at or AT)
    calls = []
    for shot in case.shots:
        call, world = call_of(case, shot), world_of(case, shot)
        witness.prepare(world, call.at, rate=4.0, reload=True)
        (live,) = witness.place([call], [presses(oracle(pbx, call, world), pbx)], together=1)
        one = {key: value for key, value in vars(shot).items() if value}
        calls.append({**one, "steps": by_channel(live.steps, call.at)})
    told = {
        "asterisk": asterisk,
        "version": witness.command("core show version").split(" built")[0],
        "at": (case.at or AT).isoformat(),
        "otherwise": case.otherwise,
        "devices": dict(case.devices),
        "calls": calls,
    }
    folder = CASES / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "extensions.conf").write_text(text, encoding="utf-8")
    (folder / "calls.json").write_text(
        json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return name


def replay(folder: Path) -> list[tuple[tuple[tuple[Step, ...], ...], tuple[tuple[Step, ...], ...]]]:
    """Return for each call of a kept case what the oracle says, and what Asterisk did."""
    told: dict[str, Any] = json.loads((folder / "calls.json").read_text(encoding="utf-8"))
    text = (folder / "extensions.conf").read_text(encoding="utf-8")
    pbx, _ = tree(text, told["asterisk"])
    at = datetime.fromisoformat(told["at"])
    devices = tuple(told.get("devices", {}).items())
    case = Case(folder.name, "", text, (), at=at, otherwise=told["otherwise"], devices=devices)
    found = []
    for one in told["calls"]:
        shot = Shot(
            one["context"],
            one["exten"],
            one.get("caller", ""),
            one.get("name", ""),
            tuple(one.get("presses", ())),
            one.get("phone", ""),
            tuple((kind, answer) for kind, answer in one.get("answers", ())),
        )
        call, world = replace_at(case, shot), world_of(case, shot)
        trace = oracle(pbx, call, world)
        live = tuple(
            tuple((str(c), str(e), int(p), str(a), str(d)) for c, e, p, a, d in channel)
            for channel in one["steps"]
        )
        found.append((by_channel(trace.steps, call.at), live))
    return found


def replace_at(case: Case, shot: Shot) -> Any:
    """Return the call of a case at its moment."""
    return call_of(replace(case), shot)
