"""Bring the newest packages of Asterisk to servers (security updates), as a change that can't break a phone system.

The new packages load the server's release in a private Asterisk beside the live one first. Then they are installed, calls
are let end, Asterisk is restarted, and it is looked at from outside; whatever fails, the old packages are back, without a
network and by the server itself. Which packages there are is for the server's own apt sources to say.

  kelid upgrade noor-clinic                           which packages are newer; asks
  kelid upgrade noor-clinic --when window --limit 10m in a maintenance window; new calls are turned away while others end
  kelid upgrade --tag tehran --yes                    many sites, in waves
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from kelid.commands import changing, many, options
from kelid.deliver.runner import kept_connections
from kelid.findings import Exit, KelidError
from kelid.model.rollout import Outcome, exit_of, wave_of, waves
from kelid.pipeline import receipts, rollout
from kelid.report import rollouts as report

NAME = "upgrade"
HELP = "bring Asterisk's newest packages to servers: staged, drained, verified, or back"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("site", nargs="*", metavar="SITE", help="a folder of the sites directory, or several")
    options.add_sites_directory(parser)
    options.add_server(parser)
    options.add_output(parser)
    options.add_many(parser)
    changing.add_when(parser, lines=False, drain=True)


def run(arguments: argparse.Namespace) -> Exit:
    """Ask what is newer, show, ask, upgrade in waves, tell what became of each."""
    with kept_connections():
        return _run(arguments)


def _run(arguments: argparse.Namespace) -> Exit:
    single = len(arguments.site) == 1 and not (arguments.all or arguments.tag)
    many.judge(arguments, single=single)
    sites = options.sites_of(arguments)
    entries = rollout.targets(
        sites,
        names=arguments.site,
        tags=arguments.tag,
        role=arguments.server or "primary",
        first=arguments.canary,
    )
    site_of = {entry.name: entry.site for entry in entries}
    if single:
        arguments.site = arguments.site[0]
    with options.progress(arguments) as watch:
        told = many.fleet_of(arguments, list(site_of), watch, single=single).newer()
    outcomes, newer = _sorted(site_of, told)
    sizes = waves(arguments.waves, len(newer))
    if not arguments.json:
        sys.stdout.write(report.packages_text(newer, outcomes, sizes, colour=options.colour_of(arguments)))
        sys.stdout.flush()
    failing = [outcome for outcome in outcomes if not outcome.ok]
    if failing and newer and not arguments.skip_failing:
        raise KelidError(
            f"nothing was changed: {'; '.join(outcome.message for outcome in failing)}; --skip-failing goes on without them",
            exit=exit_of(failing),
        )
    if newer:
        if not arguments.yes and not options.confirmed(f"Upgrade these {len(newer)}?"):
            raise KelidError("not upgraded: nobody said yes (--yes says it beforehand)", exit=Exit.REFUSED)
        outcomes += _upgrade(arguments, site_of, newer, sizes, single=single)
    return many.tell(arguments, outcomes, sizes)


def _sorted(
    site_of: Mapping[str, str], told: Mapping[str, Mapping[str, Any] | KelidError]
) -> tuple[list[Outcome], dict[str, Mapping[str, str]]]:
    """Return those that need nothing or can't be upgraded, and by host which packages are newer."""
    outcomes: list[Outcome] = []
    newer: dict[str, Mapping[str, str]] = {}
    for host, answer in told.items():
        if isinstance(answer, KelidError):
            kinds = {Exit.UNREACHABLE: "unreachable", Exit.REFUSED: "refused"}
            result = kinds.get(answer.exit, "failed")
            outcomes.append(
                Outcome(host=host, site=site_of[host], result=result, exit=answer.exit, message=str(answer))
            )
        elif answer.get("changed"):
            newer[host] = {
                name.partition(":")[2]: versions for name, versions in dict(answer["packages"]).items()
            }
        else:
            release = str(answer.get("release") or "")
            outcomes.append(Outcome(host=host, site=site_of[host], result="unchanged", release=release))
    return outcomes, newer


def _upgrade(
    arguments: argparse.Namespace,
    site_of: Mapping[str, str],
    newer: Mapping[str, Mapping[str, str]],
    sizes: Sequence[int],
    *,
    single: bool,
) -> list[Outcome]:
    """Upgrade in waves, put the receipts beside their commits, and return what became of each."""
    sites, role = options.sites_of(arguments), arguments.server or "primary"
    accounts = {
        host: receipts.account(sites, site_of[host], role, when=arguments.when).as_dict() for host in newer
    }
    with options.progress(arguments) as watch:
        found = many.changed(
            arguments,
            many.fleet_of(arguments, list(newer), watch, single=single),
            accounts,
            lambda fleet: fleet.upgrade(accounts, sizes, restart=arguments.when, limit=arguments.limit),
        )
    for host, applied in found.items():
        lines = [applied.receipt] if applied and applied.receipt else []
        for unnoted in receipts.write_notes(sites, site_of[host], lines):
            print(f"kelid: {unnoted}", file=sys.stderr)
    return [
        rollout.outcome_of(sites, host, site_of[host], wave_of(sizes, position), found[host])
        for position, host in enumerate(newer)
    ]
