"""Write the reference of all files, destinations and finding codes, which is made from the schemas and rules.

kelid reference                    write docs/reference of this repository anew
kelid reference --check            only say what is out of date; exit status 4 if something is
kelid reference --output DIR       write it elsewhere
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kelid.findings import Exit

NAME = "reference"
HELP = "write docs/reference, made from the schemas and rules"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--check", action="store_true", help="write nothing; say what is out of date")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="where the pages are (default: docs/reference)"
    )


def run(arguments: argparse.Namespace) -> Exit:
    """Write the pages, or compare them."""
    from kelid import reference

    there = arguments.output or reference.folder()
    if arguments.check:
        names = reference.stale(there)
        for name in names:
            print(f"{there / name} is out of date")
        if names:
            print("make reference writes them anew", file=sys.stderr)
        return Exit.CHANGES if names else Exit.OK
    names = reference.write(there)
    for name in names:
        print(there / name)
    print(f"{len(names)} pages changed" if len(names) != 1 else "1 page changed", file=sys.stderr)
    return Exit.OK
