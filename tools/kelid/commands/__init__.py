"""The command line: one module for each verb, which reads arguments, calls one function, reports and returns an exit status.

A verb's module has ``NAME``, ``HELP``, ``configure(parser)`` and ``run(arguments) -> Exit``. Heavy imports stand inside
``run``, so that each command starts as fast as it can.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence

from kelid import __version__
from kelid.commands import (
    apply,
    backup,
    check,
    demo,
    diff,
    install,
    lab,
    plan,
    reference,
    render,
    restore,
    status,
    verify,
)
from kelid.findings import Exit, KelidError
from kelid.report import findings as findings_report
from kelid.report.colour import wants_colour

INTERRUPTED = 130
"""What a shell expects of a program that Ctrl-C ended."""

VERBS = (check, render, diff, plan, install, apply, status, verify, backup, restore, reference, lab, demo)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    codes = "\n".join(f"  {code.value}  {code.meaning}" for code in Exit)
    codes += f"\n  {INTERRUPTED}  interrupted (Ctrl-C); the message says what state the server is in"
    top = argparse.ArgumentParser(
        prog="kelid",
        description="PBX configuration as code: check, render, compare, apply, back up and restore Asterisk phone systems.",
        epilog=f"exit status:\n{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"kelid {__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="COMMAND", required=True)
    for verb in VERBS:
        sub = verbs.add_parser(
            verb.NAME,
            help=verb.HELP,
            description=(verb.__doc__ or verb.HELP).strip(),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        verb.configure(sub)
        sub.set_defaults(run=verb.run)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status. Problems become messages; a traceback is a defect of kelid."""
    arguments = parser().parse_args(argv)
    try:
        code = Exit(arguments.run(arguments))
        sys.stdout.flush()
    except KelidError as problem:
        return _tell(arguments, problem)
    except KeyboardInterrupt as stop:
        message = f"interrupted: {stop}" if str(stop) else "interrupted"
        if getattr(arguments, "json", False):
            print(json.dumps({"ok": False, "exit": INTERRUPTED, "message": message}, ensure_ascii=False))
        print(f"kelid: {message}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader (head, less) went away: nothing to tell it any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    return code


def _tell(arguments: argparse.Namespace, problem: KelidError) -> int:
    if getattr(arguments, "json", False):
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
