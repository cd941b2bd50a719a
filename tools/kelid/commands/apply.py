"""Apply a site to its server: plan, show, ask, and then do that very plan.

The release is first loaded in a private Asterisk beside the live one; then one switch, reloads of only what changed,
and a look from outside. Whatever fails, the old release is back. A second apply of the same commit changes nothing.

  kelid apply noor-clinic          shows the plan and asks
  kelid apply noor-clinic --yes    for CI, after the plan was approved
  kelid apply --tag tehran         many sites, in waves; a wave in which one fails is the last
"""

from __future__ import annotations

import argparse
import sys

from kelid.commands import many, options, server
from kelid.deliver.server import Applied
from kelid.findings import Exit, KelidError
from kelid.pipeline import receipts, release
from kelid.report import plans as report
from kelid.report.findings import as_data

NAME = "apply"
HELP = "apply a site to its server: plan, show, ask, apply, verify"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("site", nargs="*", metavar="SITE", help="a folder of the sites directory, or several")
    options.add_sites_directory(parser)
    options.add_vault(parser)
    options.add_server(parser)
    options.add_output(parser)
    options.add_many(parser)
    parser.add_argument("-y", "--yes", action="store_true", help="don't ask")
    parser.add_argument(
        "--plan-digest",
        metavar="HEX",
        help="apply only if the plan is still the approved one (its digest, or the start of it)",
    )
    parser.add_argument(
        "--restart",
        choices=("idle", "never", "now"),
        default="idle",
        help="where only a restart applies a change: when no call is up (default), never, or now, ending the calls",
    )
    parser.add_argument("--lines", action="store_true", help="show the rendered lines that change")


def run(arguments: argparse.Namespace) -> Exit:
    """Plan, show, ask, apply, report."""
    if many.wanted(arguments):
        return many.run(arguments)
    arguments.site = arguments.site[0]
    colour = options.colour_of(arguments)
    with options.progress(arguments) as watch:
        target = server.server_of(arguments, watch)
        checked, plan, running = server.plan_now(arguments, target)
    if not arguments.json:
        sys.stdout.write(report.plan_text(plan, colour=colour, lines=arguments.lines))
        sys.stdout.flush()
    if arguments.plan_digest and not plan.digest.startswith(arguments.plan_digest.lower()):
        raise KelidError(
            f"{plan.site}: the plan is now {plan.digest[:12]} not {arguments.plan_digest[:12]}, which was approved",
            exit=Exit.REFUSED,
        )
    if plan.armed:
        raise KelidError(
            f"{plan.site}: release {plan.base[:12]} was put in force and never confirmed (a control node that died?); "
            "within minutes the server goes back by itself: then plan again",
            exit=Exit.REFUSED,
        )
    if plan.empty and not running:
        raise KelidError(f"{plan.site}: nothing to change, but {server.NOT_RUNNING}")
    if plan.empty:
        if arguments.json:
            options.print_json({"ok": True, "changed": False, "release": plan.release, "plan": plan.digest})
        return Exit.OK
    if not arguments.yes and not options.confirmed(f"Apply this plan to {plan.site}?"):
        raise KelidError("not applied: nobody said yes (--yes says it beforehand)", exit=Exit.REFUSED)
    account = receipts.account(
        options.sites_of(arguments), plan.site, arguments.server or "primary", plan=plan.digest
    )
    with options.progress(arguments) as watch:
        applied = server.server_of(arguments, watch).apply(
            {"base": plan.base, "release": plan.release, "account": account.as_dict()},
            restart=arguments.restart,
        )
    unnoted = receipts.note(
        options.sites_of(arguments), plan.site, plan.commit, [applied.receipt] if applied.receipt else []
    )
    if unnoted:
        print(f"kelid: {unnoted}", file=sys.stderr)
    findings = release.findings_of_log(checked, applied.log)
    if arguments.json:
        options.print_json(
            {
                "ok": applied.ok,
                "exit": applied.exit.value,
                "changed": applied.changed,
                "release": applied.release,
                "previous": applied.previous,
                "plan": plan.digest,
                "reloads": applied.reloads,
                "restarted": applied.restarted,
                "code": applied.code,
                "message": applied.message,
                "undone": applied.undone,
                "findings": as_data(findings),
            }
        )
    if not applied.ok:
        problem = KelidError(
            f"{plan.site}: {applied.code}: {applied.message}{_state(applied)}",
            exit=applied.exit,
            findings=findings,
        )
        if not arguments.json:
            raise problem
        print(f"kelid: {problem}", file=sys.stderr)  # the one answer on standard output is printed
        return applied.exit
    if not arguments.json:
        print(f"{plan.site} runs release {applied.release[:12]}; verified")
    return Exit.OK


def _state(applied: Applied) -> str:
    """Return what state a failed apply left the server in, where its message doesn't say so itself."""
    if applied.exit is Exit.FAILURE:
        state = (
            "look at the server with `kelid status`; its way back is armed and undoes the change by itself"
        )
    else:
        state = "the old release is back" if applied.undone else "the live system was not touched"
    return "" if state in applied.message else f"; {state}"
