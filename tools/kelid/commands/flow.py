"""Draw where calls go: from every way in through hours, menus, queues, groups and phones to where they end.

The picture is made from the site's own files; what users set by code (forwards, do-not-disturb) isn't drawn.

  kelid flow noor-clinic -o flow.svg                      a picture for a browser, a wiki or paper
  kelid flow noor-clinic                                  the text of a Mermaid chart, for Markdown
  kelid flow noor-clinic --from trunk:mokhaberat -o a.svg
  kelid flow noor-clinic --from extension:101 --language en
  kelid flow --tree /etc/asterisk --context from-pstn -o old.svg
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kelid.commands import options
from kelid.findings import Exit, KelidError

if TYPE_CHECKING:
    from kelid.model.flow import Flow

NAME = "flow"
HELP = "draw where calls go, as SVG or as a Mermaid chart"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("site", nargs="?", metavar="SITE", help="a folder of the sites directory")
    options.add_sites_directory(parser)
    parser.add_argument(
        "--from",
        dest="start",
        default="",
        metavar="WAY",
        help="one way in: trunk:NAME, extension:NUMBER, phones (default: all)",
    )
    tree = parser.add_argument_group("another configuration folder of Asterisk's")
    tree.add_argument(
        "--tree", type=Path, metavar="DIR", help="a folder like /etc/asterisk in the place of a site"
    )
    tree.add_argument(
        "--context", default="", metavar="NAME", help="from this context (default: from every endpoint's)"
    )
    tree.add_argument("--exten", default="", metavar="NUMBER", help="from this extension of the context")
    parser.add_argument(
        "--all", action="store_true", help="draw each number that can be dialled, not all of them as one"
    )
    parser.add_argument(
        "--language", choices=("en", "fa"), help="language of the words (default: the site's)"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--svg", action="store_true", help="SVG (default where the file is called so)")
    form.add_argument("--mermaid", action="store_true", help="a Mermaid chart (default)")
    form.add_argument("--json", action="store_true", help="places and ways as JSON")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write into a file")


def run(arguments: argparse.Namespace) -> Exit:
    """Draw."""
    try:
        flow = _of_tree(arguments) if arguments.tree else _of_site(arguments)
    except ValueError as problem:
        raise KelidError(str(problem), exit=Exit.USAGE) from problem
    for note in flow.notes:
        print(f"note: {note}", file=sys.stderr)
    text = drawn(flow, arguments)
    if arguments.output is None:
        sys.stdout.write(text)
        return Exit.OK
    try:
        arguments.output.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise KelidError(f"{arguments.output} can't be written: {problem.strerror}") from problem
    print(f"{arguments.output}: {len(flow.places)} places, {len(flow.links)} ways", file=sys.stderr)
    return Exit.OK


def _of_site(arguments: argparse.Namespace) -> Flow:
    from kelid import pipeline
    from kelid.flow import site_flow

    if not arguments.site:
        raise KelidError("which site? Give its name, or --tree DIR", exit=Exit.USAGE)
    if arguments.context or arguments.exten:
        raise KelidError("--context and --exten go with --tree; in a site write --from", exit=Exit.USAGE)
    site = pipeline.load(options.sites_of(arguments), arguments.site)
    return site_flow(site, arguments.start, every=arguments.all)


def _of_tree(arguments: argparse.Namespace) -> Flow:
    from kelid.flow import tree_flow
    from kelid.pipeline import trees

    if arguments.site:
        raise KelidError("give a site, or --tree DIR, not both", exit=Exit.USAGE)
    read = trees.tree(arguments.tree)
    return tree_flow(read.pbx, str(arguments.tree), context=arguments.context, exten=arguments.exten)


def drawn(flow: Flow, arguments: argparse.Namespace) -> str:
    """Return the flow in the form that was asked for, or that the file's name says."""
    if arguments.json:
        import json

        from kelid.report.flow.data import as_data

        return json.dumps(as_data(flow), ensure_ascii=False, indent=2) + "\n"
    from kelid.report.flow.picture import picture

    shown = picture(flow, arguments.language or "")
    named_svg = arguments.output is not None and arguments.output.suffix.lower() == ".svg"
    if arguments.svg or (named_svg and not arguments.mermaid):
        from kelid.report.flow.svg import svg

        return svg(shown)
    from kelid.report.flow.mermaid import mermaid

    text = mermaid(shown)
    in_markdown = arguments.output is not None and arguments.output.suffix.lower() == ".md"
    return f"```mermaid\n{text}```\n" if in_markdown else text
