"""The reliability campaign: ``make reliability``. Exit status 1 where anything that must hold didn't.

python -m reliability                      everything that isn't in the book yet; hours
python -m reliability --seed 7             another seed (it is printed)
python -m reliability --only kill,cut=5    some faults, of some so many cases
python -m reliability --case 'kill:begin/rename/3'   one case, again
python -m reliability --only kill --matching '^(confirm|undo)/'   the cases whose names have that
python -m reliability --sample 20          so many cases of each fault, by chance
python -m reliability --minutes 60         stop to begin new cases after that; the next run goes on
python -m reliability --book FILE          where it stands how each case ended (build/reliability/SEED.jsonl)
python -m reliability --jobs 3             three labs at once, which share the cases (not `calls`, which comes last, alone)
python -m reliability --table              only print the table of a book
"""

from __future__ import annotations

import argparse
import fcntl
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kelid.lab import Lab, missing_requirements
from reliability import FAULTS
from reliability.cases import Book, Fault, chosen, run_case, table
from reliability.ground import Ground, ground_of

ROOT = Path(__file__).resolve().parents[2]


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(
        prog="reliability", description="Break applies in every way, and see what holds."
    )
    parser.add_argument("--seed", type=int, help="what chance begins with")
    parser.add_argument(
        "--only", default="", help=f"faults, with commas: {', '.join(fault.name for fault in FAULTS)}"
    )
    parser.add_argument("--case", default="", help="one case, as FAULT:NAME")
    parser.add_argument(
        "--matching",
        default="",
        metavar="PATTERN",
        help="only cases whose names have that (a regular expression)",
    )
    parser.add_argument("--sample", type=int, metavar="N", help="at most so many cases of each fault")
    parser.add_argument("--minutes", type=float, default=1e6, help="stop to begin new cases after that")
    parser.add_argument(
        "--book", type=Path, metavar="FILE", help="the results so far; what is in it isn't run again"
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="so many labs at once")
    parser.add_argument("--claims", type=Path, help=argparse.SUPPRESS)  # what the labs of --jobs share
    parser.add_argument("--table", action="store_true", help="only print the table of the book")
    return parser.parse_args()


def say(text: str) -> None:
    """Tell how it goes."""
    print(text, file=sys.stderr, flush=True)


def wanted(given: argparse.Namespace) -> list[tuple[Fault, int | None]]:
    """Return the faults that were asked for, in that order, and how many cases of each. Raise SystemExit for no such name."""
    known = {fault.name: fault for fault in FAULTS}
    words = [word for word in given.only.split(",") if word]
    if given.case:
        words = [given.case.split(":")[0]]
    asked = [word.partition("=") for word in words or known]
    unknown = {name for name, _, _ in asked} - set(known)
    if unknown:
        raise SystemExit(f"no fault is called {', '.join(sorted(unknown))}")
    return [(known[name], int(count) if count else given.sample) for name, _, count in asked]


def campaign(
    ground: Ground, given: argparse.Namespace, faults: list[tuple[Fault, int | None]], book: Book
) -> None:
    """Run the cases that aren't in the book, fault by fault, and tell of each."""
    end = time.monotonic() + given.minutes * 60
    for fault, sample in faults:
        cases = list(chosen(fault, ground, given.seed, sample))
        if given.case:
            cases = [case for case in cases if case.name == given.case.partition(":")[2]]
        cases = [case for case in cases if re.search(given.matching, case.name)]
        left = [case for case in cases if given.case or not book.done(fault.name, case.name)]
        say(f"{fault.name}: {len(cases)} cases, {len(cases) - len(left)} of them done before")
        for number, case in enumerate(left, 1):
            if time.monotonic() > end:
                return
            if given.claims and not claimed(given.claims, f"{fault.name}:{case.name}"):
                continue
            result = run_case(ground, fault.name, case)
            book.add(result)
            how = f"BROKEN {result.broken}" if result.broken else result.note
            say(f"{fault.name} {number}/{len(left)} {case.name}: {how} ({result.seconds:.0f} s)")


def claimed(path: Path, case: str) -> bool:
    """Take a case for this lab; return False where another one has it."""
    with path.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        if case in file.read().splitlines():
            return False
        file.write(f"{case}\n")
    return True


def share(given: argparse.Namespace, faults: list[tuple[Fault, int | None]], book: Book) -> None:
    """Run the cases in several labs at once, each in a process of its own. Ends with all of them."""
    only = ",".join(
        fault.name if count is None else f"{fault.name}={count}" for fault, count in faults if not fault.alone
    )
    if not only:
        return
    with tempfile.TemporaryDirectory(prefix="kelid-reliability-") as folder:
        words = [
            *(sys.executable, "-m", "reliability", "--seed", str(given.seed), "--book", str(book.path)),
            *("--only", only, "--minutes", str(given.minutes), "--claims", str(Path(folder, "claims"))),
            *("--matching", given.matching),
        ]
        labs = [subprocess.Popen(words, stdout=subprocess.DEVNULL) for _ in range(given.jobs)]
        try:
            for lab in labs:
                lab.wait()
        finally:
            for lab in labs:
                lab.terminate()
            for lab in labs:
                lab.wait()


def stopped(number: int, frame: object) -> None:
    """Leave as at Ctrl-C, so that the lab is taken down; once: what comes after that doesn't disturb it."""
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)


def alone(given: argparse.Namespace, faults: list[tuple[Fault, int | None]], book: Book) -> None:
    """Run the cases in one lab."""
    name = f"reliability-{os.getpid()}"
    try:
        with (
            tempfile.TemporaryDirectory(prefix="kelid-reliability-") as folder,
            ground_of(Lab.up(name), Path(folder), progress=say) as ground,
        ):
            campaign(ground, given, faults, book)
    finally:
        Lab(name).down()


def main() -> int:
    """Run the campaign, print the table, and return the exit status."""
    signal.signal(signal.SIGTERM, stopped)
    given = arguments()
    faults = wanted(given)
    if given.seed is None:
        given.seed = secrets.randbelow(10**6)
    book = Book(given.book or ROOT / "build" / "reliability" / f"{given.seed}.jsonl")
    if not given.table:
        missing = missing_requirements()
        if missing:
            say("; ".join(missing))
            return 1
        say(f"seed {given.seed}; the book is {book.path}")
        begun = time.monotonic()
        here = faults
        if given.jobs > 1 and not given.case:
            share(given, faults, book)
            book = Book(book.path)
            here = [(fault, count) for fault, count in faults if fault.alone]
            given.minutes -= (time.monotonic() - begun) / 60
        if here and given.minutes > 0:
            alone(given, here, book)
    tried = [fault for fault, _ in faults]
    print(table(tried, book))
    broken = [one for one in book.results if one.broken and one.fault in {fault.name for fault in tried}]
    for one in broken:
        print(f"BROKEN {one.fault}:{one.case}: {one.broken}")
    print(f"seed {given.seed}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
