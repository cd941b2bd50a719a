"""Make a bare machine a PBX: the distribution's own Asterisk, kelid's folders and agent. Running it again changes nothing.

An Asterisk 16 or newer that is already there is taken as it is. See docs/support.md for what is tested.
"""

from __future__ import annotations

import argparse

from kelid.commands import options, server
from kelid.findings import Exit

NAME = "install"
HELP = "make a bare machine a PBX"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    options.add_server_verb(parser)


def run(arguments: argparse.Namespace) -> Exit:
    """Install and say whether anything changed."""
    with options.progress(arguments) as watch:
        changed = server.server_of(arguments, watch).install()
    if arguments.json:
        options.print_json({"ok": True, "changed": changed})
    else:
        print(f"{arguments.site}: {'installed' if changed else 'nothing to do, it is installed'}")
    return Exit.OK
