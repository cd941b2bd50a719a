"""Apply a site to its server: plan, show, ask, and then do that very plan. Or do a plan that was written down, or nothing.

The release is first loaded in a private Asterisk beside the live one; then one switch, reloads of only what changed,
and a look from outside. Whatever fails, the old release is back. A second apply of the same commit changes nothing.
Ctrl-C calls it off: the server goes back at once.

  kelid apply noor-clinic                      shows the plan and asks
  kelid apply noor.plan.json                   does the plan that `kelid plan noor-clinic --out noor.plan.json` wrote;
                                               refused if the site or the server is another by now
  kelid apply noor-clinic --yes                for CI, after the plan was approved
  kelid apply noor-clinic --override trunk:mokhaberat="new password, ticket 4711"
  kelid apply --tag tehran                     many sites, in waves; a wave in which one fails is the last

A change that takes away more than three in ten extensions, or touches a trunk or an emergency route that is there, is
refused unless an override names it: extensions, trunk:NAME, emergency:NAME. The receipt keeps the override and its reason.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kelid.commands import changing, options, server
from kelid.deliver.runner import kept_connections
from kelid.findings import Exit, KelidError

if TYPE_CHECKING:
    from kelid.model.plan import Plan
    from kelid.pipeline import plans

NAME = "apply"
HELP = "apply a site to its server: plan, show, ask, apply, verify"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "site",
        nargs="*",
        metavar="SITE|PLAN",
        help="a folder of the sites directory, or several; or one plan's file (*.json)",
    )
    options.add_sites_directory(parser)
    options.add_vault(parser)
    options.add_server(parser)
    options.add_output(parser)
    options.add_many(parser)
    options.add_language(parser)
    changing.add_when(parser)
    parser.add_argument(
        "--plan-digest",
        metavar="HEX",
        help="apply only if the plan is still the approved one (its digest, or the start of it)",
    )
    parser.add_argument(
        "--override",
        action="append",
        default=[],
        metavar="NAME[=REASON]",
        help="touch what is guarded: extensions, trunk:NAME, emergency:NAME; may be given several times",
    )


def run(arguments: argparse.Namespace) -> Exit:
    """Plan, show, ask, apply, report."""
    with kept_connections():  # one for the plan and for the apply
        return _run(arguments)


def _run(arguments: argparse.Namespace) -> Exit:
    arguments.override = changing.overrides_of(arguments.override)
    if arguments.all or arguments.tag or len(arguments.site) != 1:
        from kelid.commands import many

        return many.run(arguments)
    arguments.site = arguments.site[0]
    approved = _approved(arguments)
    status = None
    with options.progress(arguments) as watch:
        target = server.server_of(arguments, watch)
        if not (
            approved or arguments.plan_digest or arguments.override
        ):  # these are held against a whole plan
            status = server.status_like(arguments, target)
            if status.get("same"):
                return _nothing_to_do(arguments, status)
        checked, plan = server.plan_now(arguments, target, status)
    from kelid.pipeline import release
    from kelid.report import plans as report

    if not arguments.json:
        sys.stdout.write(
            report.plan_text(
                plan, colour=options.colour_of(arguments), lines=arguments.lines, language=arguments.language
            )
        )
        sys.stdout.flush()
    changing.stop_if_it_went_back(arguments, plan)
    _stop_if_stale(arguments, plan, approved)
    changing.stop_if_armed(plan)
    if plan.empty and not plan.now.running:
        raise KelidError(f"{plan.site}: nothing to change, but {server.NOT_RUNNING}")
    if plan.empty:
        if arguments.json:
            options.print_json({"ok": True, "changed": False, "release": plan.release, "plan": plan.digest})
        return Exit.OK
    _stop_if_guarded(arguments, plan, arguments.override)
    restart, limit = changing.restart_of(arguments, plan)
    if not (arguments.yes or approved or options.confirmed(f"Apply this plan to {plan.site}?")):
        raise KelidError("not applied: nobody said yes (--yes says it beforehand)", exit=Exit.REFUSED)
    account = changing.account_of(arguments, plan, arguments.override)
    promised = {"base": plan.base, "state": plan.state, "release": plan.release, "account": account.as_dict()}
    applied = changing.do(
        arguments, plan, account, lambda target: target.apply(promised, restart=restart, limit=limit)
    )
    return changing.report(arguments, plan, applied, release.findings_of_log(checked, applied.log))


def _approved(arguments: argparse.Namespace) -> plans.Approved | None:
    """Return the plan that the command line names; site and server are its own then. None if it names a site."""
    if "." not in arguments.site:  # no site's name has a dot, and a plan's file has one
        return None
    from kelid.pipeline import plans

    if not arguments.site.endswith(plans.SUFFIX):
        return None
    approved = plans.read(Path(arguments.site))
    if arguments.server not in {None, approved.server}:
        raise KelidError(f"{approved.path} is a plan for the {approved.server}", exit=Exit.USAGE)
    arguments.site, arguments.server = approved.site, approved.server
    return approved


def _nothing_to_do(arguments: argparse.Namespace, told: Mapping[str, Any]) -> Exit:
    """Say that the server has this very release, whole and running; by its own word, so nobody made a plan."""
    if arguments.json:
        options.print_json({"ok": True, "changed": False, "release": told["release"], "plan": ""})
        return Exit.OK
    from kelid.report.colour import paint
    from kelid.report.words import HAS_IT

    print(f"{arguments.site} runs release {str(told['release'])[:12]}")
    print(paint(HAS_IT, "green", on=options.colour_of(arguments)))
    return Exit.OK


def _stop_if_stale(arguments: argparse.Namespace, plan: Plan, approved: plans.Approved | None) -> None:
    """Raise KelidError if the plan is not the one that was approved."""
    if arguments.plan_digest and not plan.digest.startswith(arguments.plan_digest.lower()):
        why = f"the plan is now {plan.digest[:12]} not {arguments.plan_digest[:12]}, which was approved"
        raise changing.refused(arguments, plan, "stale_plan", f"{plan.site}: {why}")
    if approved and (why := approved.changed_since(plan)):
        message = f"{plan.site}: {approved.path} is no longer true: {why}. Nothing was done; plan again"
        raise changing.refused(arguments, plan, "stale_plan", message)


def _stop_if_guarded(arguments: argparse.Namespace, plan: Plan, overrides: dict[str, str]) -> None:
    """Raise KelidError if the plan touches what no override names, or an override names what isn't touched."""
    strange = [name for name in overrides if name not in plan.touched]
    if strange:
        known = ", ".join(plan.touched) or "nothing that is guarded"
        raise KelidError(f"{plan.site}: --override {strange[0]}: this plan touches {known}", exit=Exit.USAGE)
    unnamed = {name: what for name, what in plan.touched.items() if name not in overrides}
    if unnamed:
        named = " ".join(f"--override {name}" for name in unnamed)
        message = f"{plan.site}: {'; '.join(unnamed.values())}; if that is meant, say so: {named}"
        raise changing.refused(arguments, plan, "guarded", message)
