"""How fast kelid is, as ratios of one run on this machine: ``make bench``.

Each measure is held against something that the same machine does in the same minute (a plain parse of the same files, a
hash of the same tree), the two in turns, and the best or the middle of several rounds counts;
so a slow or busy machine gives much the same ratios. Exit status 1 when one is over its limit.

  python tests/bench/bench.py            all, some minutes
  python tests/bench/bench.py --quick    fewer sites and rounds
  python tests/bench/bench.py --json     for a machine
  python tests/bench/bench.py --only applies    against sixty servers of a lab
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from made_sites import write_site

from kelid import pipeline
from kelid.pipeline.cache import Cache
from kelid.pipeline.fleet import Task, run

LARGE = 10_000
SMALL = 200
JOBS = 2
CALL = (
    "--from",
    "trunk:ims",
    "--did",
    "02188000000",
    "--caller",
    "09121234567",
    "--at",
    "1405-09-07 10:00",
    "--press",
    "1",
)
"""A call in office hours that goes through the menu."""

PARSE = """
import sys, yaml
class Loader(yaml.CSafeLoader): pass
Loader.add_constructor("!vault", lambda loader, node: loader.construct_scalar(node))
for path in sys.argv[1:]:
    with open(path, "rb") as stream:
        yaml.load(stream.read(), Loader)
"""


class Row(NamedTuple):
    """A line of the table: what is measured, against what, the ratio, its limit, both in seconds, and both peaks in MB."""

    what: str
    against: str
    ratio: float
    limit: float
    seconds: float
    base_seconds: float
    peak: float
    base_peak: float

    @property
    def over(self) -> bool:
        """Return True if the limit is not held."""
        return self.ratio > self.limit


class Loader(yaml.CSafeLoader):
    """PyYAML's fastest loader, which also takes sealed values."""


Loader.add_constructor("!vault", lambda loader, node: loader.construct_scalar(node))


# --- measuring -----------------------------------------------------------------------------------


ALL_CALLS = 40.0
"""How many times what a check takes may the whole behaviour of a site take."""


def process(words: Sequence[str], cwd: Path, *, cut: int = 0) -> tuple[float, float]:
    """Run a program and return its seconds of processor time and its peak in MB. Raise RuntimeError if it fails.

    With exit status ``cut`` (not 0) it has stopped at its own limit of time: its seconds are infinite then.
    """
    # A program that was run before has its byte code, also where a developer told Python to keep none.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    child = subprocess.Popen(
        words, cwd=cwd, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _, status, usage = os.wait4(child.pid, 0)
    assert child.stderr is not None
    said = child.stderr.read().decode()
    child.stderr.close()
    child.returncode = os.waitstatus_to_exitcode(status)
    if cut and child.returncode == cut:
        return math.inf, usage.ru_maxrss / 1024
    if child.returncode:
        raise RuntimeError(f"{' '.join(words)}: {said}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def in_child(work: Callable[[], Any]) -> tuple[Any, float]:
    """Do the work in a process of its own; return what it returned (as JSON carries it) and the peak in MB."""
    out, into = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            os.close(out)
            gc.enable()
            with os.fdopen(into, "w") as stream:
                json.dump(work(), stream)
            code = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)
    os.close(into)
    with os.fdopen(out) as stream:
        text = stream.read()
    _, status, usage = os.wait4(child, 0)
    if status:
        raise RuntimeError("a measure failed")
    return json.loads(text), usage.ru_maxrss / 1024


def clocked(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Return how many seconds the work takes."""
    start = clock()
    work()
    return clock() - start


# --- the measures --------------------------------------------------------------------------------


def processes(sites: Path, rounds: int) -> Iterator[Row]:
    """(a) and (b): whole processes, by processor time, the best of each."""
    write_site(sites, "one")
    files = sorted(str(path) for path in (sites / "one").glob("*.yml"))
    python = sys.executable
    out = sites.parent / "one"
    sides = {
        "parse": [python, "-c", PARSE, *files],
        "check": [python, "-m", "kelid", "check", "--sites", str(sites), "one"],
        "trace": [python, "-m", "kelid", "trace", "--sites", str(sites), "one", *CALL],
        "render": [python, "-m", "kelid", "render", "--sites", str(sites), "one", "--output", str(out)],
    }
    best = dict.fromkeys(sides, (9000000000.0, 0.0))
    for _ in range(rounds + 1):  # one more: the first fills what later ones find
        for side, words in sides.items():
            seconds, peak = process(words, sites)
            best[side] = (min(best[side][0], seconds), max(best[side][1], peak))
    for side, limit in (("check", 2.0), ("render", 2.8)):
        what = f"kelid check of {SMALL} extensions" if side == "check" else "check and render"
        yield Row(
            what,
            "a process that parses the same files with CSafeLoader",
            best[side][0] / best["parse"][0],
            limit,
            best[side][0],
            best["parse"][0],
            best[side][1],
            best["parse"][1],
        )

    # Once, as it takes as long as all others together; twice its limit is enough to see that it is over.
    behaviour = [python, "-m", "kelid", "behaviour", "--sites", str(sites), "one", "--json"]
    best["behaviour"] = process(
        [*behaviour, "--seconds", f"{2 * ALL_CALLS * best['check'][0]:.0f}"], sites, cut=5
    )
    for side, limit, what in (
        ("trace", 3.0, f"kelid trace of a call at {SMALL} extensions, by the clock and through a menu"),
        (
            "behaviour",
            ALL_CALLS,
            f"kelid behaviour: all calls of {SMALL} extensions (inf: not done at twice the limit)",
        ),
    ):
        yield Row(
            what,
            "kelid check of the same site",
            best[side][0] / best["check"][0],
            limit,
            best[side][0],
            best["check"][0],
            best[side][1],
            best["check"][1],
        )


def linear(sites: Path, extensions: int, rounds: int) -> Row:
    """(c): a large site against a small one, by processor time, each in a process of its own, in turns."""
    write_site(sites, "small", SMALL)
    write_site(sites, "large", extensions)

    def both(name: str, times: int) -> Callable[[], float]:
        def work() -> float:
            pipeline.check(sites, "small").bundle  # noqa: B018  (imports everything, compiles the schemas)
            return min(
                clocked(lambda: pipeline.check(sites, name).bundle, time.process_time) for _ in range(times)
            )

        return work

    small, large, small_peak, large_peak = 9e9, 9e9, 0.0, 0.0
    for _ in range(rounds):
        seconds, peak = in_child(both("small", 5))
        small, small_peak = min(small, seconds), max(small_peak, peak)
        seconds, peak = in_child(both("large", 1))
        large, large_peak = min(large, seconds), max(large_peak, peak)
    base = small * extensions / SMALL
    return Row(
        f"check and render {extensions} extensions",
        f"{extensions // SMALL} times {SMALL}",
        large / base,
        1.2,
        large,
        base,
        large_peak,
        small_peak,
    )


def fleet(top: Path, count: int, block: int, rounds: int) -> Iterator[Row]:
    """(d) and (e): many sites in two processes, cold a block at a time, then again with one site changed."""
    sites = top / "fleet"
    names = [f"client-{number:04}" for number in range(count)]
    for number, name in enumerate(names):
        write_site(sites, name, seed=number)
    cache = Cache(top / "cache")
    cold, again = top / "cold", top / "again"

    def parse(some: Sequence[str]) -> None:
        for name in some:
            for path in sorted((sites / name).glob("*.yml")):
                yaml.load(path.read_bytes(), Loader)  # noqa: S506  (a safe loader)

    def render(some: Sequence[str], output: Path, *, cached: bool = True) -> int:
        task = Task(sites=sites, output=output, cache=cache if cached else None)
        outcomes = list(run(task, some, jobs=JOBS))
        bad = [outcome.problem for outcome in outcomes if outcome.problem]
        if bad:
            raise RuntimeError(bad[0])
        return sum(outcome.remembered for outcome in outcomes)

    ratios, parse_all, render_all, parse_peak, render_peak = [], 0.0, 0.0, 0.0, 0.0
    for at in range(0, count, block):
        some = names[at : at + block]
        base, peak = in_child(lambda some=some: clocked(lambda: parse(some)))
        parse_peak = max(parse_peak, peak)
        took, peak = in_child(lambda some=some: clocked(lambda: render(some, cold)))
        render_peak = max(render_peak, peak)
        ratios.append(took / base)
        parse_all, render_all = parse_all + base, render_all + took
    yield Row(
        f"{count} sites checked and rendered cold on two cores",
        "one core parses them with CSafeLoader",
        statistics.median(ratios),
        0.45,
        render_all,
        parse_all,
        render_peak,
        parse_peak,
    )

    in_child(lambda: render(names, again))
    ratios, hash_best, again_best, hash_peak, again_peak = [], 9e9, 9e9, 0.0, 0.0
    for turn in range(rounds):
        changed = names[(turn + 1) * count // (rounds + 1)]
        path = sites / changed / "extensions.yml"
        path.write_bytes(path.read_bytes().replace(b"ring_time: 15", f"ring_time: {30 + turn}".encode(), 1))
        base, peak = in_child(lambda: clocked(lambda: hash_tree(sites)))
        hash_peak, hash_best = max(hash_peak, peak), min(hash_best, base)
        known, took = 0, 0.0

        def work() -> list[float]:
            start = time.perf_counter()
            found = render(names, again)
            return [found, time.perf_counter() - start]

        (known, took), peak = in_child(work)
        if known != count - 1:
            raise RuntimeError(f"{count - known} sites were done again, and one was changed")
        again_peak, again_best = max(again_peak, peak), min(again_best, took)
        ratios.append(took / base)
        in_child(lambda changed=changed: render([changed], cold, cached=False))
    if hash_tree(cold) != hash_tree(again):
        raise RuntimeError("what the cache gave is not what a cold run gives")
    yield Row(
        "again after one site changed, the same bytes",
        "hashing the tree",
        statistics.median(ratios),
        3.0,
        again_best,
        hash_best,
        again_peak,
        hash_peak,
    )


def hash_tree(top: Path) -> str:
    """Return one digest over every file below a folder."""
    total = hashlib.sha256()
    for place, folders, files in os.walk(top):
        folders.sort()
        for name in sorted(files):
            with open(f"{place}/{name}", "rb", buffering=0) as stream:  # noqa: PTH123  (as fast as it can be done)
                total.update(name.encode() + hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()


def traces(count: int, rounds: int) -> Iterator[Row]:
    """The oracle against a live Asterisk, where a lab can be built: the same calls, the best round of each."""
    from kelid.lab import missing_requirements

    missing = missing_requirements()
    if missing:
        print(f"not measured: traces against live calls ({'; '.join(missing)})", file=sys.stderr)
        return
    from live_calls import turns

    found = list(turns(f"bench-{os.getpid()}", count, rounds))
    seconds, live = (min(one[at] for one in found) for at in (0, 1))
    yield Row(
        f"{count} calls traced in one process",
        "a live Asterisk takes the same calls",
        seconds / live,
        0.2,
        seconds,
        live,
        0.0,
        0.0,
    )


def applies(top: Path, *, quick: bool) -> Iterator[Row]:
    """Applies against servers of a lab, where one can be built: round trips, seconds, and many sites at once."""
    from kelid.lab import missing_requirements

    missing = missing_requirements()
    if missing:
        print(f"not measured: applies against servers ({'; '.join(missing)})", file=sys.stderr)
        return
    import live_applies as live

    sites, rounds = (1, 3) if quick else (60, 5)
    with live.room_for(sites) as enough:
        if enough:
            yield from _applies(top / "live", sites, rounds, quick=quick)


def _applies(folder: Path, sites: int, rounds: int, *, quick: bool) -> Iterator[Row]:
    import live_applies as live

    with live.bench(folder, sites) as made:
        few, more, unchanged, changed = live.trips(made)
        counted = "a proxy that adds 100 ms and counts who waits"
        yield Row("round trips: an apply changes nothing", counted, few, 20, unchanged, 0.0, 0.0, 0.0)
        yield Row("round trips: one that changes", counted, more, 35, changed, 0.0, 0.0, 0.0)
        took, base = live.cold(made, rounds)
        against = "an ssh connection with one command, and Ansible's own start"
        yield Row("an apply that changes nothing", against, took / base, 2.5, took, base, 0.0, 0.0)
        if quick:
            print(
                "not measured: sixty sites at once (with a few, Ansible's own start is most of it)",
                file=sys.stderr,
            )
            return
        took, base = live.together(made, rounds)
        against = "as many ssh connections at once"
        yield Row(
            f"{sites} sites at once, nothing to change", against, took / base, 2.5, took, base, 0.0, 0.0
        )


# --- the table -----------------------------------------------------------------------------------


PARTS = ("processes", "linear", "fleet", "traces", "applies")


def rows(top: Path, *, quick: bool, only: Sequence[str] = PARTS) -> Iterator[Row]:
    """Yield every measure of the parts."""
    if "processes" in only:
        yield from processes(top / "sites", 5 if quick else 15)
    if "linear" in only:
        yield linear(top / "sites", 2000 if quick else LARGE, 2 if quick else 3)
    if "fleet" in only:
        yield from fleet(top, *((40, 20, 3) if quick else (1000, 100, 5)))
    if "traces" in only:
        yield from traces(*((500, 2) if quick else (2000, 4)))
    if "applies" in only:
        yield from applies(top, quick=quick)


def line(row: Row) -> str:
    """Return the row as text."""
    mark = "OVER" if row.over else "ok"
    return (
        f"{mark:<5}{row.ratio:7.2f}{row.limit:7.2f}  {row.seconds:9.3f} s {row.peak:6.0f} MB  {row.what}\n"
        f"{'':<21}{row.base_seconds:9.3f} s {row.base_peak:6.0f} MB  against {row.against}"
    )


@contextmanager
def room() -> Iterator[Path]:
    """Make a throwaway folder whose files don't count as the user's own."""
    with tempfile.TemporaryDirectory(prefix="kelid-bench-") as name:
        images = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kelid" / "images"
        os.environ["XDG_CACHE_HOME"] = f"{name}/cache-home"
        if images.is_dir():  # the lab's, which take minutes to build, are nothing that is measured
            Path(f"{name}/cache-home/kelid").mkdir(parents=True)
            Path(f"{name}/cache-home/kelid/images").symlink_to(images)
        os.environ.pop("KELID_VAULT_PASSWORD_FILE", None)
        # Compiled once, as on any machine where kelid is installed; also where the checkout can't be written.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = f"{name}/compiled"
        yield Path(name)


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description="How fast kelid is, as ratios; the docstring says more.")
    parser.add_argument("--quick", action="store_true", help="fewer sites and rounds; ratios are less steady")
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="these parts and no others")
    arguments = parser.parse_args()
    found = []
    with room() as top:
        if not arguments.json:
            print(f"{'':<5}{'ratio':>7}{'limit':>7}  {'time':>11} {'peak':>9}")
        for row in rows(top, quick=arguments.quick, only=arguments.only):
            found.append(row)
            if not arguments.json:
                print(line(row), flush=True)
    if arguments.json:
        print(json.dumps([{**row._asdict(), "over": row.over} for row in found], indent=2))
    over = sum(row.over for row in found)
    if over:
        print(f"{over} of {len(found)} are over their limit", file=sys.stderr)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
