"""Show what an apply would do: objects, text, secrets by name, reloads, drift, calls that are up.

  kelid plan noor-clinic                 against what the server has now
  kelid plan noor-clinic --against HEAD  against a git revision; no server is asked

Exit status 0: nothing to do; 4: there are changes.
"""

from __future__ import annotations

import argparse
import sys

from kelid.commands import options, server
from kelid.findings import Exit
from kelid.model.plan import change_as_dict
from kelid.pipeline import changes
from kelid.report import plans as report

NAME = "plan"
HELP = "show what an apply would change on the server"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    options.add_server_verb(parser)
    parser.add_argument(
        "--against", metavar="REVISION", help="compare with this git revision and ask no server"
    )
    parser.add_argument(
        "--lines", action="store_true", help="show the rendered lines that change, not only how many"
    )


def run(arguments: argparse.Namespace) -> Exit:
    """Make the plan and show it."""
    colour = options.colour_of(arguments)
    if arguments.against:
        comparison = changes.difference(options.sites_of(arguments), arguments.site, arguments.against, None)
        if arguments.json:
            objects = [change_as_dict(change) for change in comparison.objects]
            options.print_json({"site": arguments.site, "against": arguments.against, "objects": objects})
        else:
            print(f"{arguments.site}: {arguments.against} -> working tree (no server was asked)")
            sys.stdout.write(report.comparison_text(comparison, colour=colour, lines=arguments.lines))
        return Exit.OK if comparison.empty else Exit.CHANGES
    with options.progress(arguments) as watch:
        _, plan, running = server.plan_now(arguments, server.server_of(arguments, watch))
    if not running:
        print(f"kelid: {plan.site}: {server.NOT_RUNNING}", file=sys.stderr)
    if arguments.json:
        options.print_json({"digest": plan.digest, "empty": plan.empty, **plan.as_dict()})
    else:
        sys.stdout.write(report.plan_text(plan, colour=colour, lines=arguments.lines))
    return Exit.OK if plan.empty else Exit.CHANGES
