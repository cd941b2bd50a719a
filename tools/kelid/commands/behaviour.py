"""Say all that the calls of a site do: from every way in, each number, each moment, each answer of the world.

  kelid behaviour noor-clinic                             what calls reach, from each way in
  kelid behaviour noor-clinic --from trunk:mokhaberat     from one of them
  kelid behaviour noor-clinic --json                      the whole graph: points, conditions, what happens
  kelid behaviour --tree /etc/asterisk --context from-pstn

Exit status 0: everything is told; 5: something was not covered, and it is said what.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from kelid.commands import options
from kelid.findings import Exit, KelidError

NAME = "behaviour"
HELP = "say all that the calls of a site do, from every way in"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("site", nargs="?", metavar="SITE", help="a folder of the sites directory")
    options.add_sites_directory(parser)
    parser.add_argument(
        "--from", dest="start", default="", metavar="WAY", help="only from there: trunk:NAME, phone:NAME"
    )
    parser.add_argument(
        "--tree", type=Path, metavar="DIR", help="a folder like /etc/asterisk in the place of a site"
    )
    parser.add_argument("--context", default="", metavar="NAME", help="with --tree: where calls begin")
    parser.add_argument(
        "--exten", default="", metavar="NUMBER", help="with --context: the number that is called"
    )
    options.add_seconds(parser)
    options.add_output(parser)


def run(arguments: argparse.Namespace) -> Exit:
    """Walk and tell."""
    from kelid import pipeline
    from kelid.pipeline.behaviour import behaviour
    from kelid.report import behaviour as report

    zone = ""
    if arguments.tree:
        from kelid.pipeline import trees

        pbx = trees.tree(arguments.tree).pbx
    elif arguments.site:
        checked = pipeline.check(options.sites_of(arguments), arguments.site)
        pbx, zone = checked.pbx, checked.site.time_zone
    else:
        raise KelidError("which site? Give its name, or --tree DIR", exit=Exit.USAGE)
    made = behaviour(
        pbx,
        date.today(),  # noqa: DTZ011 - the day of whoever asks
        zone=zone,
        way_in=arguments.start,
        context=arguments.context,
        exten=arguments.exten,
        seconds=arguments.seconds,
    )
    if arguments.json:
        options.print_json(made.as_dict(), large=True)
    else:
        sys.stdout.write(report.behaviour_text(made))
    return Exit(5) if made.not_covered else Exit.OK
