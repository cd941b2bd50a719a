"""Back up a PBX now: encrypted by restic, then read back and verified. The daily timer on the server is set up on the way.

kelid backup noor-clinic          take one now
kelid backup noor-clinic --list   what the store holds
"""

from __future__ import annotations

import argparse

from kelid.commands import options, server
from kelid.findings import Exit

NAME = "backup"
HELP = "back up a PBX now, verified; or list its backups"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    options.add_server_verb(parser)
    options.add_backup_store(parser)
    parser.add_argument("--list", action="store_true", help="list the backups instead of taking one")


def run(arguments: argparse.Namespace) -> Exit:
    """Back up, or list."""
    with options.progress(arguments) as watch:
        target = server.server_of(arguments, watch)
        result = target.snapshots() if arguments.list else target.backup()
    if arguments.json:
        options.print_json(result)
    elif arguments.list:
        for item in result.get("snapshots") or []:
            print(f"{item.get('id', '')[:8]}  {item.get('time', '')}  {item.get('size', '')}")
    else:
        print(f"{arguments.site}: backup {str(result.get('snapshot', ''))[:8]} taken and verified")
    return Exit.OK
