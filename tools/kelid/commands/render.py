"""Render sites: the very text that Asterisk gets, with tokens where secrets go.

kelid render noor-clinic --output build/noor   write the files into a folder
kelid render noor-clinic --file pjsip.conf     print one of them
kelid render noor-clinic                       list them with their sizes
kelid render --output build                    every site, into build/SITE; those that changed since the last time
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kelid import pipeline
from kelid.commands import options
from kelid.findings import Exit, KelidError
from kelid.report import findings as report
from kelid.report.colour import wants_colour

NAME = "render"
HELP = "render the text that Asterisk gets"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    options.add_sites(parser, several=True)
    options.add_fleet(parser)
    options.add_output(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="DIR",
        help="write the files there; other files there are refused (several sites, or none named: into DIR/SITE)",
    )
    what.add_argument("--file", metavar="NAME", help="print this file only")


def run(arguments: argparse.Namespace) -> Exit:
    """Render and write, print or list."""
    if len(arguments.site) != 1:
        return _fleet(arguments)
    bundle = pipeline.check(options.sites_of(arguments), arguments.site[0]).bundle
    if arguments.file:
        if arguments.file not in bundle.files:
            raise KelidError(
                f"there is no {arguments.file}; there are {', '.join(sorted(bundle.files))}", exit=Exit.USAGE
            )
        sys.stdout.write(bundle.files[arguments.file])
    elif arguments.output:
        from kelid.pipeline.fleet import write

        write(arguments.output, {path: text.encode() for path, text in bundle.files.items()})
        print(f"{len(bundle.files)} files in {arguments.output}", file=sys.stderr)
    if arguments.json:
        options.print_json(
            {
                "site": bundle.site,
                "asterisk": bundle.asterisk,
                "digest": bundle.digest,
                "files": dict(bundle.files),
                "media": [
                    {"source": item.source, "sha256": item.sha256, "name": item.name} for item in bundle.media
                ],
            }
        )
    elif not arguments.file and not arguments.output:
        for path, text in sorted(bundle.files.items()):
            print(f"{len(text.encode()):>8}  {path}")
        print(f"bundle {bundle.digest}")
    return Exit.OK


def _fleet(arguments: argparse.Namespace) -> Exit:
    """Render several sites into folders of their own; one that is not valid doesn't hold up the others."""
    sites = options.sites_of(arguments)
    names = arguments.site or pipeline.site_names(sites)
    if not arguments.output:
        raise KelidError("name one site, or give --output for a folder with each of them", exit=Exit.USAGE)
    for name in names:
        pipeline.site_folder(sites, name)
    outcomes = options.fleet(arguments, names, arguments.output)
    bad = [outcome for outcome in outcomes if outcome.problem]
    if arguments.json:
        rows = [
            {
                "site": outcome.name,
                "digest": outcome.digest,
                "files": outcome.files,
                "remembered": outcome.remembered,
                "problem": outcome.problem,
                "findings": report.as_data(outcome.findings),
            }
            for outcome in outcomes
        ]
        options.print_json({"ok": not bad, "sites": rows})
    for outcome in bad:
        if not arguments.json:
            sys.stderr.write(report.text(outcome.findings, colour=wants_colour(arguments.color, sys.stderr)))
        print(f"kelid: {outcome.problem}", file=sys.stderr)
    known = sum(outcome.remembered for outcome in outcomes)
    same = f", {known} of them as before" if known else ""
    print(f"{len(names) - len(bad)} sites in {arguments.output}{same}", file=sys.stderr)
    return max((outcome.exit for outcome in bad), default=Exit.OK)
