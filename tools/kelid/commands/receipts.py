"""Show what was done to a site's server and what was refused: who, from which machine, commit, plan, when, and the result.

The server keeps a journal whose lines are bound to one another, and git a note on each commit (refs/notes/kelid).

  kelid receipts noor-clinic               the newest twenty
  kelid receipts noor-clinic --verify      hold the whole chain against itself and against git's notes
  kelid receipts noor-clinic --notes       write the notes that git lacks (changes that AWX or a bare playbook made)

Exit status 1 with --verify: the chain doesn't hold, or lacks what git knows.
"""

from __future__ import annotations

import argparse
import sys

from kelid.commands import options, server
from kelid.findings import Exit, KelidError
from kelid.pipeline import receipts as pipeline_receipts
from kelid.records import receipts as chain
from kelid.report import receipts as report

NAME = "receipts"
HELP = "show who changed a server when, and what was refused"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    options.add_server_verb(parser, vault=False)
    options.add_language(parser)
    parser.add_argument(
        "-n", "--last", type=int, default=20, metavar="N", help="so many (default: 20; 0: all)"
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="digests, ssh addresses and what was touched, too",
    )
    parser.add_argument(
        "--verify", action="store_true", help="verify the whole chain, and that it has all that git knows"
    )
    parser.add_argument("--notes", action="store_true", help="write the git notes that are missing")


def run(arguments: argparse.Namespace) -> Exit:
    """Fetch the journal, show and judge it."""
    sites, role = options.sites_of(arguments), arguments.server or "primary"
    whole = arguments.verify or arguments.notes or not arguments.last
    with options.progress(arguments) as watch:
        # A change is some two lines; more of them for what was begun and cut off.
        target = server.server_of(arguments, watch)
        told = target.ask("receipts", "--last", "0" if whole else str(3 * arguments.last + 10))
    server.need(told, arguments.site)
    lines = [str(line) for line in told["lines"]]
    found = chain.fold(lines, armed=str(told.get("armed") or ""))
    notes = pipeline_receipts.notes_of(sites, arguments.site, role)
    problems = [*chain.problems_of(lines), *chain.lost(lines, notes)] if whole else []
    unnoted = chain.without_note(lines, notes)
    failures = []
    if arguments.notes:
        failures = pipeline_receipts.write_notes(sites, arguments.site, unnoted)
        unnoted = unnoted if failures else []
    shown = found[-arguments.last :] if arguments.last else found
    if arguments.json:
        options.print_json(
            {
                "site": arguments.site,
                "server": role,
                "receipts": [receipt.as_dict() for receipt in shown],
                "verified": arguments.verify,
                "problems": [{"line": item.line, "text": item.text} for item in problems],
                "without_note": len(unnoted),
            }
        )
    else:
        zone = pipeline_receipts.time_zone(sites, arguments.site)
        colour = options.colour_of(arguments)
        sys.stdout.write(
            report.receipts_text(
                shown, zone=zone, language=arguments.language, colour=colour, every=arguments.all
            )
        )
        if arguments.verify:
            kept = len(set(notes) & set(lines))
            sys.stdout.write(report.chain_text(problems, len(lines), kept, len(unnoted), arguments.language))
    if failures:
        raise KelidError("; ".join(dict.fromkeys(failures)))
    return Exit.FAILURE if arguments.verify and problems else Exit.OK
