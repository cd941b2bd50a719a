"""Find the faults of a dial plan that show without YAML: of sites, or of any folder like /etc/asterisk.

Missing targets, extensions that never match, steps that are never taken, circles, gaps in priorities, applications that this
Asterisk doesn't have, conditions that can't come true, what callers choose in a shell, a database or a device. Findings lead
to the line of YAML, or to the line of the conf file. Nothing is started, and nothing outside of the folder is opened.

  kelid lint noor-clinic                      what is made of a site's YAML, and its custom/*.conf
  kelid lint --tree /etc/asterisk             a system that was not made here
  kelid lint --tree old/etc --severity error  only what surely is wrong
  kelid lint --tree old/etc --asterisk 16     judged as by Asterisk 16
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kelid import pipeline
from kelid.commands import options
from kelid.findings import Exit, Finding, KelidError, Severity
from kelid.report import findings as report

NAME = "lint"
HELP = "find the faults of a dial plan, also of one that was not made here"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    options.add_sites(parser, several=True)
    parser.add_argument(
        "--tree", type=Path, metavar="DIR", help="judge a folder of Asterisk's conf files instead of sites"
    )
    parser.add_argument(
        "--asterisk",
        type=int,
        choices=(16, 18, 20, 22),
        help="the version that reads the folder (default: told by its files)",
    )
    parser.add_argument(
        "--severity",
        choices=[severity.value for severity in Severity],
        default=Severity.NOTE.value,
        help="show nothing that matters less (default: note)",
    )
    options.add_output(parser)
    parser.add_argument("--strict", action="store_true", help="warnings count as errors")


def run(arguments: argparse.Namespace) -> Exit:
    """Judge and print what was found."""
    if arguments.tree is not None and arguments.site:
        raise KelidError("give sites or --tree, not both", exit=Exit.USAGE)
    if arguments.asterisk and arguments.tree is None:
        raise KelidError("--asterisk goes with --tree; a site says its own version", exit=Exit.USAGE)
    found, checked = _tree(arguments) if arguments.tree is not None else _sites(arguments)
    order = list(Severity)
    found = [
        item for item in found if order.index(item.severity) <= order.index(Severity(arguments.severity))
    ]
    stopping = {Severity.ERROR, Severity.WARNING} if arguments.strict else {Severity.ERROR}
    bad = any(finding.severity in stopping for finding in found)
    if arguments.json:
        options.print_json({"ok": not bad, **checked, "findings": report.as_data(found)})
    else:
        sys.stdout.write(report.text(found, colour=options.colour_of(arguments)))
        names = ", ".join(
            str(item)
            for value in checked.values()
            for item in (value if isinstance(value, list) else [value])
        )
        print(f"{names}: {report.summary(found) or 'no findings'}", file=sys.stderr)
    return Exit.INVALID if bad else Exit.OK


def _tree(arguments: argparse.Namespace) -> tuple[list[Finding], dict[str, object]]:
    from kelid.pipeline import trees

    return trees.lint_tree(arguments.tree, asterisk=arguments.asterisk or 0), {"tree": str(arguments.tree)}


def _sites(arguments: argparse.Namespace) -> tuple[list[Finding], dict[str, object]]:
    from kelid.pipeline import trees

    sites = options.sites_of(arguments)
    names = arguments.site or pipeline.site_names(sites)
    if not names:
        raise KelidError(f"{sites} has no site yet; each is a folder with a site.yml", exit=Exit.USAGE)
    found = [finding for name in names for finding in trees.lint_site(sites, name)]
    return found, {"sites": list(names)}
