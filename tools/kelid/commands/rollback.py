"""Go back to an earlier release that the server still has: show what changes, ask, and do it as carefully as an apply.

The release is tried in a private Asterisk, its way back is armed, and it is verified from outside. Neither the site's files
nor the vault's password are needed.

  kelid rollback noor-clinic                  to the release before the one in force; again: one further back
  kelid rollback noor-clinic 3f2a             to the release whose name begins so (`kelid releases` lists them)
  kelid rollback noor-clinic 0                to what the server had before kelid

Git still says what it said: revert the commit too, or the next apply brings it back.
"""

from __future__ import annotations

import argparse
import sys

from kelid.commands import changing, options, server
from kelid.findings import Exit, KelidError
from kelid.model.release import release_name
from kelid.pipeline import release
from kelid.report import plans as report

NAME = "rollback"
HELP = "put an earlier release in force again"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    options.add_server_verb(parser, vault=False)
    parser.add_argument(
        "release",
        nargs="?",
        default="",
        metavar="RELEASE",
        help="how its name begins (default: the one before)",
    )
    options.add_language(parser)
    changing.add_when(parser)
    options.allow_words_anywhere(parser)


def run(arguments: argparse.Namespace) -> Exit:
    """Plan, show, ask, go back, report."""
    with options.progress(arguments) as watch:
        told = server.server_of(arguments, watch).ask("release", *filter(None, [arguments.release]))
    server.need(told, arguments.site)
    plan = release.rollback_plan(arguments.site, told, machine=arguments.server or "primary")
    if not arguments.json:
        colour = options.colour_of(arguments)
        sys.stdout.write(
            report.plan_text(plan, colour=colour, lines=arguments.lines, language=arguments.language)
        )
        sys.stdout.flush()
    changing.stop_if_it_went_back(arguments, plan)
    changing.stop_if_armed(plan)
    if plan.base == plan.release:
        raise KelidError(
            f"{plan.site}: release {release_name(plan.release)} is in force already", exit=Exit.USAGE
        )
    restart, limit = changing.restart_of(arguments, plan)
    if not arguments.yes and not options.confirmed(f"Go back to this release on {plan.site}?"):
        raise KelidError("not done: nobody said yes (--yes says it beforehand)", exit=Exit.REFUSED)
    account = changing.account_of(arguments, plan)
    promised = {"base": plan.base, "state": plan.state, "release": plan.release, "account": account.as_dict()}
    applied = changing.do(
        arguments, plan, account, lambda target: target.rollback(promised, restart=restart, limit=limit)
    )
    status = changing.report(arguments, plan, applied)
    if not arguments.json:
        print(
            f"git still says what it said: revert the change there too, or the next apply of {plan.site} brings it back",
            file=sys.stderr,
        )
    return status
