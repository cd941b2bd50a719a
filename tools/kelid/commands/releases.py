"""List the releases that a site's server keeps, the one in force first; `kelid rollback` goes back to any of them.

Ten are kept, and release 0: what the server had before kelid, where it had anything.
"""

from __future__ import annotations

import argparse
import sys

from kelid.commands import options, server
from kelid.findings import Exit
from kelid.pipeline import receipts as pipeline_receipts
from kelid.report import receipts as report

NAME = "releases"
HELP = "list the releases that a server keeps"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    options.add_server_verb(parser, vault=False)
    options.add_language(parser)


def run(arguments: argparse.Namespace) -> Exit:
    """Ask and show."""
    with options.progress(arguments) as watch:
        told = server.server_of(arguments, watch).ask("releases")
    server.need(told, arguments.site)
    if arguments.json:
        options.print_json({"site": arguments.site, **told})
    else:
        zone = pipeline_receipts.time_zone(options.sites_of(arguments), arguments.site)
        colour = options.colour_of(arguments)
        sys.stdout.write(report.releases_text(told, zone=zone, language=arguments.language, colour=colour))
    return Exit.OK
