"""Tell what differs on servers from their last release, and from what git says now: as objects, and the rest as lines.

  kelid drift                          every site
  kelid drift --tag tehran             those with a tag
  kelid drift noor-clinic              one
  kelid drift noor-clinic --lines      with the lines that Asterisk reads
  kelid drift noor-clinic --adopt      write into the YAML what was changed on the server, as a change to review

Comments and secrets stay on the server: of a secret only its name is told, and whether it is the release's. --adopt writes
only what makes the site render to the very thing that the server has; the rest is left, and said.

Exit status 0: nothing differs; 4: something does (or not all of it was adopted); 6: a server could not be reached, and no
other differs; 5: git or a server could not be read.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from kelid.commands import options
from kelid.findings import Exit, KelidError

if TYPE_CHECKING:
    from kelid.model.drift import Drift

NAME = "drift"
HELP = "tell what differs on servers from their release and from git"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    options.add_sites(parser, several=True)
    parser.add_argument(
        "--adopt", action="store_true", help="write what was changed on the server into the YAML (one site)"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="with --adopt: show the difference, write nothing"
    )
    parser.add_argument(
        "--tag",
        action="append",
        default=[],
        metavar="TAG",
        help="the sites that have this tag in site.yml; may be given again for more of them",
    )
    parser.add_argument("--lines", action="store_true", help="show the lines that differ too")
    parser.add_argument("--language", choices=("en", "fa"), default="en", help="language of the report")
    parser.add_argument(
        "--forks", type=int, default=20, metavar="N", help="servers that are asked at a time (default: 20)"
    )
    options.add_server(parser)
    options.add_output(parser)


def run(arguments: argparse.Namespace) -> Exit:
    """Ask, compare, show; with --adopt write."""
    from kelid.pipeline.drift import drift
    from kelid.report import drift as report

    sites = options.sites_of(arguments)
    told = _told(arguments)
    if arguments.adopt:
        return _adopt(arguments, told)
    found: list[Drift] = []
    failed: dict[str, KelidError] = {}
    for host, answer in told.items():
        try:
            if isinstance(answer, KelidError):
                raise answer
            found.append(drift(sites, host.partition(".")[0], answer, host=host))
        except KelidError as problem:
            failed[host] = problem
    if arguments.json:
        options.print_json(
            {
                "ok": not failed and all(item.empty for item in found),
                "servers": [item.as_dict() for item in found],
                "failed": {host: str(problem) for host, problem in failed.items()},
            }
        )
    else:
        colour = options.colour_of(arguments)
        for item in found:
            sys.stdout.write(
                report.text(item, language=arguments.language, colour=colour, lines=arguments.lines)
            )
        sys.stdout.flush()
    for reason in failed.values():
        print(f"kelid: {reason}", file=sys.stderr)
    if len(told) > 1:
        print(report.summary(found, len(failed), arguments.language), file=sys.stderr)
    return _exit(found, failed)


def _exit(found: list[Drift], failed: dict[str, KelidError]) -> Exit:
    """Return the status: what differs counts for more than who could not be asked."""
    if any(not item.empty for item in found):
        return Exit.CHANGES
    exits = {problem.exit for problem in failed.values()}
    if Exit.UNREACHABLE in exits:
        return Exit.UNREACHABLE
    return Exit.UNKNOWN if exits or any(item.problem for item in found) else Exit.OK


def _told(arguments: argparse.Namespace) -> dict[str, dict[str, Any] | KelidError]:
    """Return what each server told, or why it didn't. Raise KelidError for sites that there aren't."""
    from kelid import pipeline
    from kelid.commands import server
    from kelid.deliver.server import readouts
    from kelid.pipeline import rollout

    if arguments.forks < 1:
        raise KelidError("--forks is a number from 1 on", exit=Exit.USAGE)
    if len(arguments.site) == 1 and not arguments.tag:
        with options.progress(arguments) as watch:
            one = argparse.Namespace(**{**vars(arguments), "site": arguments.site[0]})
            target = server.server_of(one, watch)
            try:
                return {target.host: target.readout()}
            except KelidError as problem:
                return {target.host: problem}
    options.refuse_one_server(arguments)
    hosts = rollout.targets(
        options.sites_of(arguments),
        names=arguments.site,
        tags=arguments.tag,
        role=arguments.server or "primary",
    )
    with options.progress(arguments) as watch:
        return readouts(
            [entry.name for entry in hosts],
            root=pipeline.root(),
            environment=options.server_environment(arguments, many=True),
            watch=watch,
            verbosity=max(0, arguments.verbose - 1),
            forks=arguments.forks,
        )


def _adopt(arguments: argparse.Namespace, told: dict[str, dict[str, Any] | KelidError]) -> Exit:
    """Write what the server has otherwise into the YAML, as far as the model can say it."""
    from kelid.pipeline.adopt_drift import adopt
    from kelid.report import drift as report
    from kelid.report.plans import diff_text

    if len(told) != 1:
        raise KelidError("--adopt takes one site", exit=Exit.USAGE)
    ((host, answer),) = told.items()
    if isinstance(answer, KelidError):
        raise answer
    adopted = adopt(options.sites_of(arguments), host.partition(".")[0], answer)
    if not arguments.dry_run:
        adopted.draft.write()
    files = sorted(adopted.draft.files)
    if arguments.json:
        options.print_json(
            {
                "ok": not adopted.left,
                "site": adopted.draft.name,
                "written": bool(files) and not arguments.dry_run,
                "files": files,
                "adopted": [report.data(item) for item in adopted.taken],
                "follows": [report.data(item) for item in adopted.follows],
                "left": [{**report.data(item), "why": why} for item, why in adopted.left],
                "diff": adopted.draft.diff(),
            }
        )
    else:
        colour = options.colour_of(arguments)
        sys.stdout.write(diff_text(adopted.draft.diff(), colour=colour))
        sys.stdout.write(
            report.adopted_text(
                adopted.taken, adopted.left, adopted.follows, arguments.language, colour=colour
            )
        )
        sys.stdout.flush()
        if not files:
            print("nothing to write", file=sys.stderr)
        elif arguments.dry_run:
            print(f"nothing was written (--dry-run); it would be {', '.join(files)}", file=sys.stderr)
        else:
            print(f"written: {', '.join(files)}; review it with git diff", file=sys.stderr)
    return Exit.CHANGES if adopted.left else Exit.OK
