"""Restore a PBX from its backup, to the same machine or to new, empty hardware, which is made a PBX first.

  kelid restore noor-clinic --address 192.0.2.20     the newest backup onto a new machine
  kelid restore noor-clinic --snapshot 1a2b3c4d      a certain one (see kelid backup --list)

Refused where the machine holds newer data than the backup, unless --force says that it may be lost.
"""

from __future__ import annotations

import argparse

from kelid.commands import options, server
from kelid.findings import Exit, KelidError

NAME = "restore"
HELP = "restore a PBX from its backup, to the same or to new hardware"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    options.add_server_verb(parser)
    options.add_backup_store(parser)
    parser.add_argument("--snapshot", default="latest", metavar="ID", help="which backup (default: latest)")
    parser.add_argument(
        "--force", action="store_true", help="data on the machine that is newer than the backup may be lost"
    )
    parser.add_argument("-y", "--yes", action="store_true", help="don't ask")


def run(arguments: argparse.Namespace) -> Exit:
    """Ask, restore, report."""
    question = (
        f"Restore {arguments.site} onto {arguments.address or 'its server'}? Calls that are up there end."
    )
    if not arguments.yes and not options.confirmed(question):
        raise KelidError("not restored: nobody said yes (--yes says it beforehand)", exit=Exit.REFUSED)
    with options.progress(arguments) as watch:
        result = server.server_of(arguments, watch).restore(
            snapshot=arguments.snapshot, force=arguments.force
        )
    if arguments.json:
        options.print_json(result)
    else:
        print(f"{arguments.site}: restored from {str(result.get('snapshot', ''))[:8]}, every file verified")
    return Exit.OK
