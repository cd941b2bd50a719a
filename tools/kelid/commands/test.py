"""Run the calls that matter to a client (calls.yml) through the oracle, and say whether each does what is expected.

  kelid test                               every site
  kelid test noor-clinic                   one
  kelid test noor-clinic --call nowruz     one call
  kelid test --junit calls.xml             for CI
  kelid test noor-clinic --live            on a real Asterisk as well: both must take the same steps

What a call's world says and the call never asks for is noted: the call goes another way than its writer thought.

Exit status 0: all do; 1: one doesn't; 5: all others do, but of one the oracle could not tell.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kelid.commands import options
from kelid.findings import Exit, KelidError

if TYPE_CHECKING:
    from kelid.pipeline import Checked
    from kelid.pipeline.calls import Tried
    from kelid.report.call_tests import Line

NAME = "test"
HELP = "run the calls that matter to a client through the oracle"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    options.add_sites(parser, several=True)
    parser.add_argument(
        "--call", action="append", default=[], metavar="NAME", help="only this call, again for another"
    )
    parser.add_argument(
        "--live",
        action="store_true",
        help="place the calls on a real Asterisk in a lab of its own too, and compare step by step (needs root on Linux)",
    )
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit's XML too")
    parser.add_argument("--language", choices=("en", "fa"), help="language of names (default: the site's)")
    options.add_output(parser)


def run(arguments: argparse.Namespace) -> Exit:
    """Run the calls and tell what came of them."""
    from kelid import pipeline
    from kelid.report import call_tests as report

    sites = options.sites_of(arguments)
    names = arguments.site or pipeline.site_names(sites)
    tried = {name: _tried(sites, name, arguments) for name in names}
    found = [one.call.name for _, calls in tried.values() for one in calls]
    if missing := set(arguments.call) - set(found):
        raise KelidError(f"no such call: {', '.join(sorted(missing))}", exit=Exit.USAGE)
    silent = [name for name, (_, calls) in tried.items() if not calls]
    if silent and not arguments.call:
        print(f"no calls.yml: {', '.join(silent)}", file=sys.stderr)
    lines: list[Line] = []
    made = _kept(_with_live(tried) if arguments.live and found else _lines(tried), lines)
    if arguments.json:
        for _ in made:
            pass
    else:
        width = max(map(len, found), default=0)
        colour = options.colour_of(arguments)
        for text in report.text(made, width=width, language=arguments.language or "", colour=colour):
            sys.stdout.write(text)
            sys.stdout.flush()
    if arguments.junit:
        try:
            arguments.junit.write_text(report.junit(lines), encoding="utf-8")
        except OSError as problem:
            raise KelidError(f"{arguments.junit} can't be written: {problem.strerror}") from problem
    code = _exit(lines)
    if arguments.json:
        options.print_json({"ok": code is Exit.OK, "calls": report.as_data(lines)})
    else:
        print(report.summary(lines), file=sys.stderr)
    return code


def _exit(lines: list[Line]) -> Exit:
    from kelid.report.call_tests import differs

    if any(line.judgement.status == "failed" or differs(line) for line in lines):
        return Exit.FAILURE
    return Exit.UNKNOWN if any(line.judgement.status == "unknown" for line in lines) else Exit.OK


def _tried(sites: Path, name: str, arguments: argparse.Namespace) -> tuple[Checked, list[Tried]]:
    """Return a site and what came of its calls."""
    from kelid import pipeline
    from kelid.pipeline import calls

    checked = pipeline.check(sites, name)
    site = checked.site
    wanted = [call for call in site.calls if not arguments.call or call.name in arguments.call]
    legend = calls.legend(site) if wanted else None
    return checked, [calls.try_call(site, checked.pbx, legend, call) for call in wanted if legend]


def _kept(lines: Iterable[Line], kept: list[Line]) -> Iterator[Line]:
    """Yield the lines as they come, and keep them."""
    for line in lines:
        kept.append(line)
        yield line


def _lines(tried: Mapping[str, tuple[Checked, list[Tried]]]) -> Iterator[Line]:
    """Yield the calls of all sites for the report."""
    for checked, found in tried.values():
        for one in found:
            yield _line(checked, one)


def _with_live(tried: Mapping[str, tuple[Checked, list[Tried]]]) -> Iterator[Line]:
    """Yield the calls of all sites for the report, each when a real Asterisk is through with it too."""
    from kelid.pipeline import live

    with_calls = [pair for pair in tried.values() if pair[1]]
    print("starting a lab with a real Asterisk ...", file=sys.stderr)
    with live.hosts(checked.pbx.asterisk for checked, _ in with_calls) as made:
        for checked, found in with_calls:
            real = live.live(checked, found, made[checked.pbx.asterisk])
            for one, how in zip(found, real, strict=True):
                yield _line(checked, one, how)


def _line(checked: Checked, one: Tried, real: str = "") -> Line:
    """Return a call for the report; ``real`` is what a real Asterisk did."""
    from kelid.report.call_tests import Line

    return Line(
        checked.name,
        one.call.name,
        {"": one.call.names.get(checked.site.language, ""), **one.call.names},
        one.call.where,
        one.judgement,
        one.happenings,
        one.notes,
        real,
    )
