"""Take an employee out of all files at once: extension, mailbox, memberships, menu keys, inbound routes, secrets.

Whatever else still points at the extension (the way on of a queue, of a menu, of another phone) needs a decision: it is
listed with file and line, and nothing is written, unless --replace-by says where those calls are to go. With
--replace-by menu keys and inbound routes are redirected too, and not removed.

  kelid offboard noor-clinic 109 --dry-run
  kelid offboard noor-clinic 101 --replace-by extension:102
"""

from __future__ import annotations

import argparse

from kelid.commands import options
from kelid.findings import Exit, KelidError

NAME = "offboard"
HELP = "take an employee out of all files, or list what still points there"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    options.add_sites(parser)
    parser.add_argument("number", metavar="NUMBER", help="the extension")
    parser.add_argument(
        "--replace-by",
        metavar="DEST",
        help="send its calls there: extension:102, queue:reception, hangup ...",
    )
    options.add_output(parser)
    from kelid.commands.finish import add_dry_run

    add_dry_run(parser)


def run(arguments: argparse.Namespace) -> Exit:
    """Make the change, show it, and write it; or list what needs a decision."""
    import sys

    from kelid import pipeline
    from kelid.commands.finish import finish
    from kelid.edit.offboard import farewell, mentions, take
    from kelid.load.custom import custom_files
    from kelid.model.destination import Destination
    from kelid.pipeline.drafts import Draft, schemas

    sites = options.sites_of(arguments)
    site = pipeline.load(sites, arguments.site)
    try:
        instead = Destination.parse(arguments.replace_by) if arguments.replace_by else None
    except ValueError as problem:
        raise KelidError(f"--replace-by {arguments.replace_by}: {problem}", exit=Exit.USAGE) from problem
    draft = Draft(sites, arguments.site)
    answer = farewell(arguments.number, site, draft.document, draft.topic, instead)
    custom, _ = custom_files(draft.folder)
    texts = {name: body.decode("utf-8", "replace") for name, body in custom.items()}
    notes = [f"the site's own dial plan names it: {line}" for line in mentions(arguments.number, texts)]
    if answer.left:
        if arguments.json:
            data = [{"file": s.where.file, "line": s.where.line, "what": s.what} for s in answer.left]
            options.print_json({"ok": False, "exit": Exit.REFUSED.value, "left": data, "notes": notes})
        else:
            for step in answer.left:
                print(f"{step.where} {step.what}")
            for note in notes:
                print(f"note: {note}", file=sys.stderr)
        count = len(answer.left)
        print(
            f"kelid: {count} place{'s' * (count != 1)} still need{'s' * (count == 1)} extension {arguments.number}; "
            "say where the calls go instead with --replace-by, or change them first. Nothing was written",
            file=sys.stderr,
        )
        return Exit.REFUSED
    take(answer, draft.document, schemas())
    gone = draft.drop_secrets(answer.secrets)
    done = [
        f"{step.what} {f'is now {step.replacement}' if step.replacement else 'is removed'} ({step.where})"
        for step in answer.steps
    ]
    done += [f"secret {name} is removed" for name in gone]
    if answer.mailbox:
        notes.append(
            f"messages and greetings of mailbox {arguments.number} stay on the server after the apply, in "
            f"/var/spool/asterisk/voicemail/default/{arguments.number}, until somebody deletes them; "
            "who gets the number next would find them"
        )
    if gone:
        notes.append(
            "old revisions in git still hold the sealed secrets; the phone itself keeps its password, too"
        )
    return finish(arguments, draft, done, notes)
