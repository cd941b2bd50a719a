"""Show what an apply would do: objects, text, secrets by name, reloads, drift, what callers notice, who is on the phone.

  kelid plan noor-clinic                        against what the server has now
  kelid plan noor-clinic --out noor.plan.json   the same, written down: `kelid apply noor.plan.json` does just that
  kelid plan noor-clinic --against HEAD         against a git revision; no server is asked

Exit status 0: nothing to do; 4: there are changes; 8: the server went back by itself since the last change.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kelid.commands import options, server
from kelid.findings import Exit, KelidError
from kelid.model.plan import change_as_dict
from kelid.pipeline import changes, plans
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
        "-o",
        "--out",
        type=Path,
        metavar="FILE",
        help="write the plan to a file (*.json), for approval and for `kelid apply FILE`",
    )
    options.add_language(parser)
    parser.add_argument(
        "--lines", action="store_true", help="show the rendered lines that change, not only how many"
    )


def run(arguments: argparse.Namespace) -> Exit:
    """Make the plan and show it."""
    colour = options.colour_of(arguments)
    if arguments.out and arguments.out.suffix != plans.SUFFIX:
        raise KelidError(
            f"a plan's file ends in {plans.SUFFIX}: --out {arguments.site}.plan.json", exit=Exit.USAGE
        )
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
        _, plan = server.plan_now(arguments, server.server_of(arguments, watch))
    if not plan.now.running:
        print(f"kelid: {plan.site}: {server.NOT_RUNNING}", file=sys.stderr)
    if arguments.out:
        plans.write(plan, arguments.out)
    if arguments.json:
        options.print_json(plans.as_data(plan))
    else:
        text = report.plan_text(plan, colour=colour, lines=arguments.lines, language=arguments.language)
        sys.stdout.write(text)
        if arguments.out:
            print(f"written to {arguments.out}; `kelid apply {arguments.out}` does this plan or nothing")
    if plan.now.went_back:
        return Exit.ROLLED_BACK
    return Exit.OK if plan.empty else Exit.CHANGES
