"""Check sites: every problem at once, as file:line:column CODE what is wrong; what to do.

Nothing is rendered or sent. Without the vault's password the strength of secrets can't be judged; that is said, and is
no error.

  kelid check                      every site of the sites directory
  kelid check noor-clinic --json   one site, for a machine

Of three sites or more only those that changed are judged anew, also by another day or another kelid; where the vault's
password is there, all are.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date

from kelid import pipeline
from kelid.commands import options
from kelid.findings import Exit, Finding, KelidError, Severity
from kelid.report import findings as report

NAME = "check"
HELP = "check that sites are valid"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    options.add_sites(parser, several=True)
    options.add_vault(parser)
    options.add_fleet(parser)
    options.add_output(parser)
    parser.add_argument("--strict", action="store_true", help="warnings count as errors")
    parser.add_argument(
        "--today",
        type=date.fromisoformat,
        metavar="YYYY-MM-DD",
        help="judge as on that day (default: today at the site)",
    )


def run(arguments: argparse.Namespace) -> Exit:
    """Check the sites and print what was found."""
    sites = options.sites_of(arguments)
    names = arguments.site or pipeline.site_names(sites)
    if not names:
        raise KelidError(f"{sites} has no site yet; each is a folder with a site.yml", exit=Exit.USAGE)
    found: list[Finding] = []
    for outcome in options.fleet(arguments, names):
        found += outcome.findings
        if outcome.problem:
            # A vault that another password opens: the other sites are judged all the same.
            if not outcome.findings:
                raise KelidError(outcome.problem, exit=outcome.exit)
            print(f"kelid: {outcome.problem}", file=sys.stderr)
    stopping = {Severity.ERROR, Severity.WARNING} if arguments.strict else {Severity.ERROR}
    bad = any(finding.severity in stopping for finding in found)
    if arguments.json:
        options.print_json({"ok": not bad, "sites": names, "findings": report.as_data(found)})
    else:
        sys.stdout.write(report.text(found, colour=options.colour_of(arguments)))
        sites_word = "1 site" if len(names) == 1 else f"{len(names)} sites"
        print(f"{sites_word} checked: {report.summary(found) or 'no findings'}", file=sys.stderr)
    return Exit.INVALID if bad else Exit.OK
