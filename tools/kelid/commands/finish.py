"""How the verbs end that change a site's files: judge, show the difference, write, and say what was done."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

from kelid.commands import options
from kelid.findings import Exit
from kelid.pipeline.drafts import Draft
from kelid.report import findings as findings_report
from kelid.report.colour import wants_colour
from kelid.report.plans import diff_text


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    """Add ``--dry-run``."""
    parser.add_argument("--dry-run", action="store_true", help="show the difference, write nothing")


def finish(
    arguments: argparse.Namespace, draft: Draft, done: Iterable[str], notes: Iterable[str] = ()
) -> Exit:
    """Write a draft that is valid, or with ``--dry-run`` only show it.

    Raise KelidError, with nothing written, if the site would not be valid.
    """
    _, warnings = draft.need_valid()
    difference = draft.diff()
    files = sorted(draft.files)
    if not arguments.dry_run:
        draft.write()
    made = [{"name": name, "for": use.holder, "kind": use.kind} for name, use in draft.made.items()]
    if arguments.json:
        options.print_json(
            {
                "ok": True,
                "site": draft.name,
                "written": not arguments.dry_run and bool(files),
                "files": files,
                "done": list(done),
                "secrets": made,
                "notes": list(notes),
                "warnings": findings_report.as_data(warnings),
                "diff": difference,
            }
        )
        return Exit.OK
    sys.stdout.write(diff_text(difference, colour=options.colour_of(arguments)))
    sys.stdout.flush()
    for line in done:
        print(f"{draft.name}: {line}", file=sys.stderr)
    if made:
        names = ", ".join(f"{secret['name']} ({secret['for']})" for secret in made)
        print(
            f"made at random and sealed: {names}; kelid secret show {draft.name} NAME prints one",
            file=sys.stderr,
        )
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    sys.stderr.write(findings_report.text(warnings, colour=wants_colour(arguments.color, sys.stderr)))
    if not files:
        print("nothing to change", file=sys.stderr)
    elif arguments.dry_run:
        print(f"nothing was written (--dry-run); it would be {', '.join(files)}", file=sys.stderr)
    else:
        print(f"written: {', '.join(files)}", file=sys.stderr)
    return Exit.OK
