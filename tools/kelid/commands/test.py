"""Run the calls that matter to a client (calls.yml) through the oracle, and say whether each does what is expected.

  kelid test                               every site
  kelid test noor-clinic                   one
  kelid test noor-clinic --call nowruz     one call
  kelid test --junit calls.xml             for CI

What a call's world says and the call never asks for is noted: the call goes another way than its writer thought.

Exit status 0: all do; 1: one doesn't; 5: all others do, but of one the oracle could not tell.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kelid.commands import options
from kelid.findings import Exit, KelidError

if TYPE_CHECKING:
    from kelid.report.call_tests import Line

NAME = "test"
HELP = "run the calls that matter to a client through the oracle"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    options.add_sites(parser, several=True)
    parser.add_argument(
        "--call", action="append", default=[], metavar="NAME", help="only this call, again for another"
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
    lines: list[Line] = []
    silent = []
    for name in names:
        found = _lines(sites, name, arguments)
        lines += found
        if not found:
            silent.append(name)
    if arguments.call:
        missing = set(arguments.call) - {line.name for line in lines}
        if missing:
            raise KelidError(f"no such call: {', '.join(sorted(missing))}", exit=Exit.USAGE)
    elif silent:
        print(f"no calls.yml: {', '.join(silent)}", file=sys.stderr)
    if arguments.junit:
        try:
            arguments.junit.write_text(report.junit(lines), encoding="utf-8")
        except OSError as problem:
            raise KelidError(f"{arguments.junit} can't be written: {problem.strerror}") from problem
    code = _exit(lines)
    if arguments.json:
        options.print_json({"ok": code is Exit.OK, "calls": report.as_data(lines)})
    else:
        language = arguments.language or ""
        sys.stdout.write(report.text(lines, language=language, colour=options.colour_of(arguments)))
        print(report.summary(lines), file=sys.stderr)
    return code


def _exit(lines: list[Line]) -> Exit:
    if any(line.judgement.status == "failed" or line.live not in {"", "agrees"} for line in lines):
        return Exit.FAILURE
    return Exit.UNKNOWN if any(line.judgement.status == "unknown" for line in lines) else Exit.OK


def _lines(sites: Path, name: str, arguments: argparse.Namespace) -> list[Line]:
    """Return what came of the calls of one site."""
    from kelid import pipeline
    from kelid.pipeline import calls
    from kelid.report.call_tests import Line

    checked = pipeline.check(sites, name)
    site = checked.site
    wanted = [call for call in site.calls if not arguments.call or call.name in arguments.call]
    if not wanted:
        return []
    legend = calls.legend(site)
    lines = []
    for expected in wanted:
        tried = calls.try_call(site, checked.pbx, legend, expected)
        names = {"": expected.names.get(site.language, ""), **expected.names}
        lines.append(
            Line(name, expected.name, names, expected.where, tried.judgement, tried.happenings, tried.notes)
        )
    return lines
