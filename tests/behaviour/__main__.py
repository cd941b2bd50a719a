"""The behaviour suite: ``make behaviour``. Exit status 1 where the behaviour diff and a live Asterisk disagree.

python -m behaviour                     200 edits of the sample sites; the seed is printed
python -m behaviour --seed 7 --edits 20
python -m behaviour --only noor-clinic --no-lab
python -m behaviour --json              the report for a machine
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import secrets
import signal
import sys
import time
from datetime import date
from pathlib import Path

from behaviour.edits import edits
from behaviour.suite import Judge, Result, place_all
from fidelity.__main__ import say, stopped
from kelid import pipeline
from kelid.lab import Lab, missing_requirements
from kelid.lab.witness import Witness
from kelid.pipeline.behaviour import SECONDS

SITES = Path(__file__).resolve().parents[2] / "sites"
TODAY = date(2026, 11, 26)
"""The day for which the sample sites are judged: edits that are valid stay so."""


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(
        description="Place calls that the behaviour diff names before and after an edit."
    )
    parser.add_argument("--seed", type=int, help="what chance begins with")
    parser.add_argument("--edits", type=int, default=200, help="how many edits (200)")
    parser.add_argument("--only", default="", help="names of sites, with commas")
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help="processor time that the diff has for one edit"
    )
    parser.add_argument("--no-lab", action="store_true", help="ask the diff and the oracle alone")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser.parse_args()


def row(results: list[Result]) -> dict[str, int]:
    """Return the counts of some edits."""
    plain = [one for one in results if not one.edit.refactor]
    return {
        "edits": len(plain),
        "changes": sum(one.says == "these" for one in plain),
        "none": sum(one.says == "none" for one in plain),
        "undecided": sum(one.says == "could not decide" for one in results),
        "placed": sum(len(one.differs) for one in results),
        "differ": sum(sum(one.differs) for one in results),
        "not_named": sum(len(one.same) for one in results),
        "same": sum(sum(one.same) for one in results),
        "without_call": sum(bool(one.change.changes) and not one.named for one in results),
        "missed": sum(len(one.missed) for one in results),
        "refactors": sum(one.edit.refactor for one in results),
        "empty": sum(one.edit.refactor and one.says == "none" for one in results),
        "wrong": sum(bool(one.wrong) for one in results),
    }


def main() -> int:
    """Do the edits, place the calls, print the table, and return the exit status."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stopped)
    given = arguments()
    if given.seed is None:
        given.seed = secrets.randbelow(10**6)
    if not given.no_lab and (missing := missing_requirements()):
        say("; ".join(missing))
        return 1
    say(f"seed {given.seed}")
    gc.set_threshold(1_000_000, 50, 100)  # as the command has it: the diff's time is the same here
    begin = time.monotonic()
    only = [name for name in given.only.split(",") if name]
    names = [name for name in pipeline.site_names(SITES) if not only or name in only]
    judge = Judge(SITES, TODAY, given.seed, given.seconds)
    results: dict[str, list[Result]] = {name: [] for name in names}
    for number, edit in enumerate(edits(SITES, names, given.seed, given.edits)):
        result = judge.judge(edit, number)
        results[edit.site].append(result)
        calls = f"{len(result.named)} named, {len(result.not_named)} not named, {len(result.missed)} missed"
        say(
            f"{number} {edit.site}: {edit.kind}: {edit.words}\n  {result.says}, {result.seconds:.1f} s; {calls}"
        )
        for why in (*result.change.undecided[:2], *result.notes):
            say(f"    {why}")
    if not given.no_lab:
        lab_name = f"behaviour-{os.getpid()}"
        try:
            host = Lab.up(lab_name).create_host("asterisk22")
            with Witness(host) as asterisk:
                for of_site in results.values():
                    if of_site:
                        for result in place_all(asterisk, judge, of_site, say):
                            for wrong in result.wrong:
                                say(f"{result.edit.site}: {result.edit.kind}: {result.edit.words}\n  {wrong}")
                                for note in result.notes:
                                    say(f"    {note[:2000]}")
        finally:
            Lab(lab_name).down()
    every = [one for of_site in results.values() for one in of_site]
    table = {name: row(of_site) for name, of_site in results.items() if of_site} | {"all": row(every)}
    if given.json:
        print(json.dumps({"seed": given.seed, "rows": table}, indent=2))
    else:
        columns = list(table["all"])
        print(f"{'':<20}" + "".join(f"{name:>13}" for name in columns))
        for name, counts in table.items():
            print(f"{name:<20}" + "".join(f"{counts[column]:>13}" for column in columns))
        print(f"seed {given.seed}, {time.monotonic() - begin:.0f} s")
    return 1 if table["all"]["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
