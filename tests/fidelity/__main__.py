"""The fidelity suite: ``make fidelity``. Exit status 1 where the oracle and a live Asterisk disagree.

python -m fidelity                      all: every sample site, every family of dial plans, Macros on Asterisk 16
python -m fidelity --seed 7             another seed (it is printed)
python -m fidelity --minutes 15         how long it may take
python -m fidelity --only patterns,noor-clinic
python -m fidelity --keep               write each disagreement, in its smallest form, to tests/fidelity/cases/
python -m fidelity --json               the report for a machine
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from fidelity import sites
from fidelity.generate import FAMILIES, cases
from fidelity.keep import keep
from fidelity.live import AT, Placed, place_cases, shrink, table
from kelid import pipeline
from kelid.lab import Host, Lab, missing_requirements
from kelid.lab.witness import Witness

ROOT = Path(__file__).resolve().parents[2]
SITES = ROOT / "sites"
IMAGES = {22: "pbx", 16: "pbx11"}
CASES = 12
"""Dial plans of each family in one round."""
GROUPS, CALLS = 2, 40
"""Groups of calls of each site in one round, and calls in each."""


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description="Compare the call oracle with a live Asterisk.")
    parser.add_argument("--seed", type=int, help="what chance begins with")
    parser.add_argument(
        "--minutes", type=float, default=15.0, help="stop to begin new rounds after that (15)"
    )
    parser.add_argument("--rounds", type=int, default=1000, help="at most so many rounds")
    parser.add_argument("--cases", type=int, default=CASES, help="dial plans of each family in one round")
    parser.add_argument(
        "--only", default="", help="names of sites and of families of dial plans, with commas"
    )
    parser.add_argument("--keep", action="store_true", help="write what differs to tests/fidelity/cases/")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser.parse_args()


class Suite:
    """One run: witnesses that are started when they are needed, and what was found so far."""

    def __init__(self, lab: Lab, given: argparse.Namespace) -> None:
        """Given the lab and what was asked for."""
        self.lab, self.given = lab, given
        self.hosts: dict[int, Host] = {}
        self.witnesses: dict[int, Witness] = {}
        self.placed: list[Placed] = []
        self.end = time.monotonic() + given.minutes * 60
        only = [name for name in given.only.split(",") if name]
        names = pipeline.site_names(SITES)
        self.sites = [name for name in names if not only or name in only]
        self.families = [name for name in FAMILIES if not only or name in only]

    def witness(self, asterisk: int) -> Witness:
        """Return the witness of that version."""
        if asterisk not in self.witnesses:
            if asterisk not in self.hosts:
                self.hosts[asterisk] = self.lab.create_host(f"witness{asterisk}", image=IMAGES[asterisk])
            self.witnesses[asterisk] = Witness(self.hosts[asterisk])
        return self.witnesses[asterisk]

    def run(self) -> None:
        """Do rounds until the time is over; the first one is done whole."""
        for number in range(self.given.rounds):
            seed = self.given.seed + number
            for what, found in self.round(seed):
                if number and time.monotonic() > self.end:
                    return
                self.take(what, found)
            if time.monotonic() > self.end:
                return

    def round(self, seed: int) -> Iterator[tuple[str, Iterable[Placed]]]:
        """Yield what is compared in one round: its name, and the calls when they are asked for."""
        for name in self.families:
            asterisk = 16 if name.startswith("old_") else 22
            made = cases(seed, self.given.cases, (name,), old=asterisk == 16)
            yield name, place_cases(self.witness(asterisk), made, asterisk)
            if asterisk == 16:
                self.witnesses.pop(
                    16
                ).close()  # an idle one takes a good part of a core where its time is hastened
        for name in self.sites:
            pbx, bundle = sites.site_pbx(SITES, name)
            groups = sites.Ways(pbx).groups(seed, GROUPS, CALLS)
            yield name, sites.place_site(self.witness(22), pbx, bundle, groups)

    def take(self, what: str, found: Iterable[Placed]) -> None:
        """Compare, and tell."""
        begin = time.monotonic()
        placed = list(found)
        self.placed += placed
        counts = [sum(one.verdict.how == how for one in placed) for how in ("different", "unknown")]
        again = sum(one.way > 0 for one in placed)
        took = f"{time.monotonic() - begin:.0f} s"
        say(
            f"{what}: {len(placed)} calls, {counts[0]} disagree, {counts[1]} unknown, {again} placed again, {took}"
        )
        for one in placed:
            if one.verdict.how == "different":
                say(f"  {one.call.context},{one.call.exten} {one.world.presses}: {one.verdict}")
                if self.given.keep and one.case:
                    asterisk = 16 if one.case.old else 22
                    smallest = shrink(self.witness(asterisk), one.case, asterisk)
                    say(f"  kept as {keep(self.witness(asterisk), smallest, asterisk)}\n{smallest.text}")

    def close(self) -> None:
        """End the witnesses."""
        for witness in self.witnesses.values():
            witness.close()


def say(text: str) -> None:
    """Tell how it goes."""
    print(text, file=sys.stderr, flush=True)


def stopped(number: int, frame: object) -> None:
    """Leave in order, so that the lab is taken down; once: what comes after that doesn't disturb it."""
    for other in (signal.SIGTERM, signal.SIGINT):
        signal.signal(other, signal.SIG_IGN)
    raise SystemExit(128 + number)


def main() -> int:
    """Compare, print the report, and return the exit status."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stopped)
    given = arguments()
    if given.seed is None:
        given.seed = secrets.randbelow(10**6)
    missing = missing_requirements()
    if missing:
        say("; ".join(missing))
        return 1
    say(f"seed {given.seed}")
    name = f"fidelity-{os.getpid()}"
    begin = time.monotonic()
    try:
        suite = Suite(Lab.up(name), given)
        try:
            suite.run()
        finally:
            suite.close()
    finally:
        Lab(name).down()
    rows = table(suite.placed)
    calls, different, unknown = (sum(row[at] for row in rows) for at in (1, 2, 3))
    if given.json:
        named = [dict(zip(("what", "calls", "disagreements", "unknown"), row, strict=True)) for row in rows]
        print(
            json.dumps(
                {
                    "seed": given.seed,
                    "calls": calls,
                    "disagreements": different,
                    "unknown": unknown,
                    "rows": named,
                },
                indent=2,
            )
        )
    else:
        print(f"{'':<24}{'calls':>8}{'disagree':>10}{'unknown':>9}")
        for what, *row in [*rows, ("all", calls, different, unknown)]:
            print(f"{what:<24}{row[0]:>8}{row[1]:>10}{row[2]:>9}")
        print(f"seed {given.seed}, {time.monotonic() - begin:.0f} s")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())


__all__ = ["AT", "Suite", "main"]
