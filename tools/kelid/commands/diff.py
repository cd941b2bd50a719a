"""Compare what two git revisions of a site would render, or a revision and the working tree.

First the objects that differ, in the words of the field, then the calls that do something else, found by walking all of
them, then the lines of text. No server is asked (that is `kelid plan`).

  kelid diff noor-clinic                   the last commit against the working tree
  kelid diff noor-clinic main              main against the working tree
  kelid diff noor-clinic main feature      main against feature
  kelid diff main feature --markdown       every site, for a pull request
  kelid diff --tree old/etc new/etc        the calls that change between two configuration folders of Asterisk's

Each change of calls comes with one call that really makes the difference, as a command to try, where one is found.

Exit status 0: no difference; 4: there are differences.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from kelid.commands import options
from kelid.findings import Exit, KelidError
from kelid.model.behaviour import BehaviourChange
from kelid.model.plan import change_as_dict
from kelid.pipeline import changes
from kelid.pipeline.behaviour import site_change, tree_change
from kelid.report import behaviour as calls_report
from kelid.report import plans as report

NAME = "diff"
HELP = "compare two git revisions of a site: objects, calls that change, rendered text"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "words",
        nargs="*",
        metavar="[SITE] [BEFORE] [AFTER]",
        help="default: every site, HEAD, the working tree",
    )
    parser.add_argument("--sites", type=Path, metavar="DIR", default=None, help="where the sites are")
    options.add_output(parser)
    parser.add_argument("--markdown", action="store_true", help="print Markdown, for a pull request")
    parser.add_argument("--objects-only", action="store_true", help="leave the lines of text out")
    parser.add_argument("--no-calls", action="store_true", help="leave the calls that change out")
    parser.add_argument(
        "--tree", action="store_true", help="the words are two folders like /etc/asterisk: only their calls"
    )
    parser.add_argument(
        "--context", default="", metavar="NAME", help="with --tree: only calls that begin there"
    )
    parser.add_argument(
        "--exten", default="", metavar="NUMBER", help="with --context: the number that is called"
    )
    options.add_seconds(parser)


def run(arguments: argparse.Namespace) -> Exit:
    """Compare and print."""
    if arguments.tree:
        return _trees(arguments)
    sites = options.sites_of(arguments)
    words = list(arguments.words)
    chosen = None
    # A site may be gone from the working tree and still be what the words name.
    if words and ((sites / words[0]).is_dir() or words[0] in changes.site_names_at(sites, "HEAD")):
        chosen = words.pop(0)
    if len(words) > 2:
        raise KelidError(f"too many revisions, or no such site: {' '.join(words)}", exit=Exit.USAGE)
    before = words[0] if words else "HEAD"
    after = words[1] if len(words) == 2 else None
    names = (
        [chosen]
        if chosen
        else sorted(changes.site_names_at(sites, before) | changes.site_names_at(sites, after))
    )
    differs = False
    data = {}
    today = date.today()  # noqa: DTZ011 - the day of whoever asks
    found_by = () if arguments.sites is None else ("--sites", str(arguments.sites))
    for name in names:
        comparison = changes.difference(sites, name, before, after)
        differs |= not comparison.empty
        title = f"{name}: {before} -> {after or 'working tree'}"
        calls = None
        if not arguments.no_calls:
            calls = (
                site_change(sites, name, before, after, today, options=found_by, seconds=arguments.seconds)
                if not comparison.empty
                else BehaviourChange()
            )
        if arguments.json:
            data[name] = {
                "before": before,
                "after": after,
                "objects": [change_as_dict(change) for change in comparison.objects],
                "files": [
                    {"path": change.path, "action": change.action.value, "diff": change.diff}
                    for change in comparison.files
                ],
                **({"calls": calls_report.change_data(calls)} if calls is not None else {}),
            }
        elif arguments.markdown:
            sys.stdout.write(report.markdown(title, comparison))
            if calls is not None and not comparison.empty:
                sys.stdout.write("\n" + calls_report.change_markdown(calls))
        else:
            print(title)
            sys.stdout.write(
                report.comparison_text(
                    comparison, colour=options.colour_of(arguments), lines=not arguments.objects_only
                )
            )
            if calls is not None and not comparison.empty:
                sys.stdout.write("\n" + calls_report.change_text(calls, colour=options.colour_of(arguments)))
    if arguments.json:
        options.print_json({"sites": data})
    return Exit.CHANGES if differs else Exit.OK


def _trees(arguments: argparse.Namespace) -> Exit:
    """Compare the calls of two configuration folders."""
    if len(arguments.words) != 2:
        raise KelidError("--tree compares two folders: kelid diff --tree OLD NEW", exit=Exit.USAGE)
    before, after = map(Path, arguments.words)
    calls = tree_change(
        before,
        after,
        date.today(),  # noqa: DTZ011 - the day of whoever asks
        context=arguments.context,
        exten=arguments.exten,
        seconds=arguments.seconds,
    )
    if arguments.json:
        options.print_json({"calls": calls_report.change_data(calls)})
    elif arguments.markdown:
        sys.stdout.write(calls_report.change_markdown(calls))
    else:
        sys.stdout.write(calls_report.change_text(calls, colour=options.colour_of(arguments)))
    return Exit.OK if calls.none else Exit.CHANGES
