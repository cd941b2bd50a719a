"""How ``kelid apply`` goes through many sites: all are checked and asked first, then they change in waves. No verb."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kelid import pipeline
from kelid.commands import options
from kelid.deliver.fleet import CalledOff, Fleet
from kelid.findings import Exit, Interrupted, KelidError
from kelid.model.progress import Watcher
from kelid.model.rollout import Outcome, exit_of, shares, wave_of, waves
from kelid.pipeline import plans as plan_files
from kelid.pipeline import receipts, rollout
from kelid.report import findings as findings_report
from kelid.report import plans as plan_report
from kelid.report import rollouts as report
from kelid.report.colour import wants_colour

if TYPE_CHECKING:
    from kelid.deliver.server import Applied


def wanted(arguments: argparse.Namespace) -> bool:
    """Return whether the command line names more than one site, or asks for many."""
    return bool(arguments.all or arguments.tag or len(arguments.site) != 1)


def run(arguments: argparse.Namespace) -> Exit:
    """Plan for all, show, ask, apply in waves, tell what became of each."""
    judge(arguments)
    sites = options.sites_of(arguments)
    role = arguments.server or "primary"
    entries = rollout.targets(
        sites, names=arguments.site, tags=arguments.tag, role=role, first=arguments.canary
    )
    likes = rollout.likenesses(sites, entries)
    with options.progress(arguments) as watch:
        statuses = fleet_of(arguments, list(likes), watch).statuses(likes)
    prepared = rollout.prepare(
        sites, entries, statuses, arguments.vault_password_file, overrides=arguments.override
    )
    sizes = waves(arguments.waves, len(prepared.plans))
    colour = options.colour_of(arguments)
    if not arguments.json:
        sys.stdout.write(report.plans_text(prepared.plans, prepared.outcomes, sizes, colour=colour))
        if arguments.lines:
            for plan in prepared.plans.values():
                sys.stdout.write("\n" + plan_report.plan_text(plan, colour=colour, lines=True))
        sys.stdout.flush()
    failing = [outcome for outcome in prepared.outcomes if not outcome.ok]
    if failing and prepared.plans and not arguments.skip_failing:
        raise KelidError(
            f"nothing was sent: {'; '.join(outcome.message for outcome in failing)}; --skip-failing goes on without them",
            exit=exit_of(failing),
        )
    done: list[Outcome] = []
    if prepared.plans:
        if not arguments.yes and not options.confirmed(f"Apply to these {len(prepared.plans)}?"):
            raise KelidError("not applied: nobody said yes (--yes says it beforehand)", exit=Exit.REFUSED)
        done = _apply(arguments, prepared, sizes)
    return tell(arguments, [*prepared.outcomes, *done], sizes)


def changed(
    arguments: argparse.Namespace,
    fleet: Fleet,
    accounts: Mapping[str, Mapping[str, Any]],
    change: Callable[[Fleet], dict[str, Applied | None]],
) -> dict[str, Applied | None]:
    """Make the change and return what became of each machine.

    Where Ctrl-C ends it, the machines that are half-way are asked to go back, and ``arguments.interrupted`` says so to
    ``tell``; ``accounts`` are on whose account each changes, by host.
    """
    try:
        return change(fleet)
    except CalledOff as stop:
        arguments.interrupted = True
        if not stop.half:
            return stop.found
        names = ", ".join(stop.half)
        print(
            f"kelid: interrupted; asking to go back: {names} (again Ctrl-C: leave that to them)",
            file=sys.stderr,
        )
        machine = next(iter(accounts.values())).get("machine", "")
        why = f"called off on {machine} by Ctrl-C"
        return {**stop.found, **fleet.call_off(stop.half, accounts, why)}


def tell(arguments: argparse.Namespace, outcomes: Sequence[Outcome], sizes: Sequence[int]) -> Exit:
    """Say what became of each machine, and return the exit status of the whole. Raise Interrupted where Ctrl-C ended it."""
    found = exit_of(outcomes)
    answer = {
        "ok": found is Exit.OK,
        "exit": found.value,
        "changed": any(outcome.result == "applied" for outcome in outcomes),
        "waves": list(sizes),
        "sites": [
            {**outcome.as_dict(), "findings": findings_report.as_data(outcome.findings)}
            for outcome in outcomes
        ],
    }
    interrupted = getattr(arguments, "interrupted", False)
    if arguments.json and not interrupted:
        options.print_json(answer)
    if not arguments.json:
        _print(arguments, outcomes)
    if interrupted:
        left = [outcome.host for outcome in outcomes if outcome.code == "left"]
        asked = f"left to go back by themselves: {', '.join(left)}" if left else "no server was left half-way"
        raise Interrupted(f"{asked}; kelid status SITE says what a server has", answer)
    return found


def _print(arguments: argparse.Namespace, outcomes: Sequence[Outcome]) -> None:
    sys.stdout.write(report.outcomes_text(outcomes, colour=options.colour_of(arguments)))
    for outcome in outcomes:
        text = findings_report.text(outcome.findings, colour=wants_colour(arguments.color, sys.stderr))
        sys.stderr.write(text)


def judge(arguments: argparse.Namespace, *, single: bool = False) -> None:
    """Raise KelidError where the command line doesn't go together; ``single``: one site is named."""
    if not (arguments.all or arguments.tag or arguments.site):
        raise KelidError("name a site, several, --tag TAG or --all", exit=Exit.USAGE)
    if arguments.all and (arguments.tag or arguments.site):
        raise KelidError("--all is every site; leave the others out", exit=Exit.USAGE)
    written = [name for name in arguments.site if name.endswith(plan_files.SUFFIX)]
    if written:
        raise KelidError(f"{written[0]}: a plan that was written down is applied alone", exit=Exit.USAGE)
    lonely = [name for name in ("address", "port", "plan_digest") if getattr(arguments, name, None)]
    if lonely and not single:
        raise KelidError(f"--{lonely[0].replace('_', '-')} is for one site", exit=Exit.USAGE)
    if arguments.forks < 1:
        raise KelidError("--forks is a number from 1 on", exit=Exit.USAGE)
    try:
        shares(arguments.waves)
    except ValueError as problem:
        raise KelidError(f"--waves: {problem}", exit=Exit.USAGE) from problem


def fleet_of(
    arguments: argparse.Namespace, hosts: Sequence[str], watch: Watcher, *, single: bool = False
) -> Fleet:
    """Return the machines as the command line says that they are reached; with ``single`` that of the one site named."""
    return Fleet(
        hosts=hosts,
        root=pipeline.root(),
        environment=options.server_environment(arguments, many=not single),
        watch=watch,
        verbosity=max(0, arguments.verbose - 1),
        forks=arguments.forks,
    )


def _apply(arguments: argparse.Namespace, prepared: rollout.Prepared, sizes: Sequence[int]) -> list[Outcome]:
    """Apply the plans in waves, put the receipts beside their commits, and return what became of each."""
    sites, role = options.sites_of(arguments), arguments.server or "primary"
    accounts = {
        host: receipts.account(
            sites,
            plan.site,
            role,
            plan=plan.digest,
            when=arguments.when,
            overrides={name: why for name, why in arguments.override.items() if name in plan.touched},
        ).as_dict()
        for host, plan in prepared.plans.items()
    }
    plans = {
        host: {"base": plan.base, "state": plan.state, "release": plan.release, "account": accounts[host]}
        for host, plan in prepared.plans.items()
    }
    with options.progress(arguments) as watch:
        found = changed(
            arguments,
            fleet_of(arguments, list(plans), watch),
            accounts,
            lambda fleet: fleet.apply(plans, sizes, restart=arguments.when, limit=arguments.limit),
        )
    outcomes = []
    for position, (host, plan) in enumerate(prepared.plans.items()):
        applied = found[host]
        if applied and applied.receipt:
            unnoted = receipts.note(sites, plan.site, applied.receipt)
            if unnoted:
                print(f"kelid: {unnoted}", file=sys.stderr)
        outcomes.append(rollout.outcome_of(sites, host, plan.site, wave_of(sizes, position), applied))
    return outcomes
