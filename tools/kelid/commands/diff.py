"""Compare what two git revisions of a site would render, or a revision and the working tree.

First the objects that differ, in the words of the field, then the lines of text. No server is asked (that is `kelid plan`).

  kelid diff noor-clinic                   the last commit against the working tree
  kelid diff noor-clinic main              main against the working tree
  kelid diff noor-clinic main feature      main against feature
  kelid diff main feature --markdown       every site, for a pull request

Exit status 0: no difference; 4: there are differences.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kelid.commands import options
from kelid.findings import Exit, KelidError
from kelid.model.plan import change_as_dict
from kelid.pipeline import changes
from kelid.report import plans as report

NAME = "diff"
HELP = "compare two git revisions of a site, objects and rendered text"


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


def run(arguments: argparse.Namespace) -> Exit:
    """Compare and print."""
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
    for name in names:
        comparison = changes.difference(sites, name, before, after)
        differs |= not comparison.empty
        title = f"{name}: {before} -> {after or 'working tree'}"
        if arguments.json:
            data[name] = {
                "before": before,
                "after": after,
                "objects": [change_as_dict(change) for change in comparison.objects],
                "files": [
                    {"path": change.path, "action": change.action.value, "diff": change.diff}
                    for change in comparison.files
                ],
            }
        elif arguments.markdown:
            sys.stdout.write(report.markdown(title, comparison))
        else:
            print(title)
            sys.stdout.write(
                report.comparison_text(
                    comparison, colour=options.colour_of(arguments), lines=not arguments.objects_only
                )
            )
    if arguments.json:
        options.print_json({"sites": data})
    return Exit.CHANGES if differs else Exit.OK
