"""Show the main job on throwaway machines: apply to an empty server, call, change the menu, back up, destroy, restore.

Everything is removed at the end, also after a failure. Without root, or elsewhere than on Linux, what needs no lab is
shown and the rest is named. The exit status is 0 only if every step held.
"""

from __future__ import annotations

import argparse
import sys

from kelid.commands import options
from kelid.findings import Exit
from kelid.report.colour import wants_colour

NAME = "demo"
HELP = "show the main job on throwaway machines"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    options.add_output(parser)
    parser.add_argument("--keep", action="store_true", help="leave the lab up at the end, to look around")
    parser.add_argument("--lab", default="demo", metavar="NAME", help="name of the lab (default: demo)")


def run(arguments: argparse.Namespace) -> Exit:
    """Run the demo, print its table, and say whether every step held."""
    from kelid import demo

    stream = sys.stderr if arguments.json else sys.stdout
    story = demo.run(
        stream, colour=wants_colour(arguments.color, stream), lab_name=arguments.lab, keep=arguments.keep
    )
    if arguments.json:
        options.print_json({"ok": story.held, "steps": story.as_data()})
    else:
        story.table()
    return Exit.OK if story.held else Exit.FAILURE
