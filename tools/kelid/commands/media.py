"""Look at a site's sounds, speak drafts of prompts that nobody has recorded yet, and write down what was approved.

draft speaks the text of every recording whose file is missing, and of older drafts whose text has changed, with espeak-ng
(Persian too), and marks it draft: true. Put a recording into the file's place and run hash: it writes the digests of all
files as they are now, and what was recorded is no draft any more.

  kelid media list noor-clinic
  kelid media draft noor-clinic                  what is missing
  kelid media draft noor-clinic welcome          one prompt alone
  kelid media hash noor-clinic --dry-run
"""

from __future__ import annotations

import argparse
import sys

from kelid.commands import options
from kelid.findings import Exit

NAME = "media"
HELP = "list a site's sounds, speak drafts of prompts, and write down digests"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    from kelid.commands.finish import add_dry_run

    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, summary in (
        ("list", "every sound: language, length, form, loudness and state"),
        ("draft", "speak prompts that have a text and no recording"),
        ("hash", "write the digest of each recording as it is now"),
    ):
        sub = actions.add_parser(name, help=summary, description=summary)
        options.add_sites(sub)
        if name == "draft":
            sub.add_argument("prompt", nargs="*", metavar="PROMPT", help="name in media.yml (default: all)")
        if name != "list":
            add_dry_run(sub)
        options.add_output(sub)


def run(arguments: argparse.Namespace) -> Exit:
    """Do what was asked."""
    from kelid import pipeline
    from kelid.pipeline import sounds

    sites = options.sites_of(arguments)
    site = pipeline.load(sites, arguments.site)
    if arguments.action == "list":
        from kelid.report import sounds as report

        rows = sounds.rows(site, pipeline.site_folder(sites, arguments.site))
        if arguments.json:
            options.print_json({"site": site.name, "sounds": [dict(row.__dict__) for row in rows]})
        else:
            sys.stdout.write(report.text([row.__dict__ for row in rows], colour=options.colour_of(arguments)))
        return Exit.OK
    from kelid.commands.finish import finish
    from kelid.pipeline.drafts import Draft

    draft = Draft(sites, arguments.site)
    if arguments.action == "draft":
        return finish(arguments, draft, sounds.speak(draft, site, arguments.prompt))
    return finish(arguments, draft, sounds.approve(draft, site))
