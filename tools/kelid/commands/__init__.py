"""The command line: one module for each verb, which reads arguments, calls one function, reports and returns an exit status.

A verb's module has ``NAME``, ``HELP``, ``configure(parser)`` and ``run(arguments) -> Exit``. Heavy imports stand inside
``run``, so that each command starts as fast as it can.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import importlib
import os
import sys
from collections.abc import Sequence

from kelid import __version__
from kelid.findings import Exit, KelidError

INTERRUPTED = 130
"""What a shell expects of a program that Ctrl-C ended."""

VERBS = {
    "new": "scaffold a site, an extension, a queue, a menu, a trunk ...",
    "onboard": "add an employee: extension, mailbox, queue, menu key and route in one change",
    "offboard": "take an employee out of all files, or list what still points there",
    "secret": "list, show, set and renew the sealed secrets of a site",
    "check": "check that sites are valid",
    "lint": "find the faults of a dial plan, also of one that was not made here",
    "show": "show an object with the file and line behind every value",
    "trace": "say what a call does: who rings, for how long, what is heard",
    "test": "run the calls that matter to a client through the oracle",
    "flow": "draw where calls go, as SVG or as a Mermaid chart",
    "calendar": "show a site's holidays, or fill a calendar with a year's public holidays",
    "media": "list a site's sounds, speak drafts of prompts, and write down digests",
    "render": "render the text that Asterisk gets",
    "behaviour": "say all that the calls of a site do, from every way in",
    "diff": "compare two git revisions of a site: objects, calls that change, rendered text",
    "plan": "show what an apply would change on the server",
    "install": "make a bare machine a PBX",
    "apply": "apply a site to its server: plan, show, ask, apply, verify",
    "rollback": "put an earlier release in force again",
    "releases": "list the releases that a server keeps",
    "receipts": "show who changed a server when, and what was refused",
    "upgrade": "bring Asterisk's newest packages to servers: staged, drained, verified, or back",
    "harden": "firewall, bans, ssh by key, and a user who may apply and no more",
    "status": "ask a server what it runs",
    "drift": "tell what differs on servers from their release and from git",
    "verify": "hold the running Asterisk against its release",
    "backup": "back up a PBX now, verified; or list its backups",
    "restore": "restore a PBX from its backup, to the same or to new hardware",
    "reference": "write docs/reference, made from the schemas and rules",
    "lab": "throwaway PBX hosts, a telephone company and a backup store on this machine",
    "demo": "show the main job on throwaway machines",
    "completion": "print a script that completes commands and sites in a shell",
}
"""Every verb in the order of ``kelid --help``, and what it does (a test compares it with the ``HELP`` of its module)."""


class _Help(argparse.RawDescriptionHelpFormatter):
    """Argparse's own; it makes one for every option, and asks shutil for the width each time: 4 ms to import."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_width())


def _width() -> int:
    """Return the columns of help: $COLUMNS, else the terminal's, else 80; two less, as argparse has it."""
    try:
        columns = int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        columns = 0
    if columns <= 0:
        try:
            columns = os.get_terminal_size(1).columns
        except OSError:
            columns = 0
    return (columns or 80) - 2


def parser(verb: str = "") -> argparse.ArgumentParser:
    """Return the parser of the whole command line; where a verb is named, of that one alone.

    Only that verb's module is imported: no verb waits for what another one needs.
    """
    codes = "\n".join(f"  {code.value}  {code.meaning}" for code in Exit)
    codes += f"\n  {INTERRUPTED}  interrupted (Ctrl-C); the message says what state the server is in"
    top = argparse.ArgumentParser(
        prog="kelid",
        description="PBX configuration as code: check, render, compare, apply, back up and restore Asterisk phone systems.",
        epilog=f"exit status:\n{codes}",
        formatter_class=_Help,
    )
    top.add_argument("--version", action="version", version=f"kelid {__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="COMMAND", required=True)
    for name, summary in VERBS.items() if not verb else ((verb, VERBS[verb]),):
        module = importlib.import_module(f"kelid.commands.{name}")
        sub = verbs.add_parser(
            name,
            help=summary,
            description=(module.__doc__ or summary).strip(),
            formatter_class=_Help,
        )
        module.configure(sub)
        sub.set_defaults(run=module.run)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status. Problems become messages; a traceback is a defect of kelid."""
    if argv is not None:
        return _main(argv)
    # A process of its own: what stands now stays, and sites have hardly a cycle to look for.
    gc.freeze()
    gc.set_threshold(1_000_000, 50, 100)
    status: int | None = None

    def leave() -> None:
        # Python would take a whole site apart, object by object, before it gives the memory back: a tenth of a check.
        if status is None:  # a traceback: Python's own affair
            return
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError):  # Python says what it says, with the status that it has for that
            return
        os._exit(status)

    atexit.register(leave)  # the first to be registered is the last to be called
    try:
        status = _main(sys.argv[1:])
    except SystemExit as leaving:  # argparse: its answer to --help, or what is wrong with the words
        status = leaving.code if isinstance(leaving.code, int) else None
        raise
    return status


def _main(words: Sequence[str]) -> int:
    verb = words[0] if words and words[0] in VERBS else ""
    arguments = parser(verb).parse_args(words)
    try:
        code = Exit(arguments.run(arguments))
        sys.stdout.flush()
    except KelidError as problem:
        return _tell(arguments, problem)
    except KeyboardInterrupt as stop:
        message = f"interrupted: {stop}" if str(stop) else "interrupted"
        if getattr(arguments, "json", False):
            import json

            data = {**getattr(stop, "answer", {}), "ok": False, "exit": INTERRUPTED, "message": message}
            print(json.dumps(data, ensure_ascii=False))
        print(f"kelid: {message}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader (head, less) went away: nothing to tell it any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    return code


def _tell(arguments: argparse.Namespace, problem: KelidError) -> int:
    from kelid.report import findings as findings_report
    from kelid.report.colour import wants_colour

    if getattr(arguments, "json", False):
        import json

        data = {
            "ok": False,
            "exit": problem.exit.value,
            "message": str(problem),
            "findings": findings_report.as_data(problem.findings),
        }
        print(json.dumps(data, ensure_ascii=False, indent=2))
    else:
        colour = wants_colour(getattr(arguments, "color", "auto"), sys.stderr)
        sys.stderr.write(findings_report.text(problem.findings, colour=colour))
    print(f"kelid: {problem}", file=sys.stderr)
    return problem.exit
