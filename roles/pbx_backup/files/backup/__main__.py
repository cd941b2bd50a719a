"""The command line: one verb, one JSON object, exit status 0 or 1."""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from .pbx import Pbx
from .proof import verify
from .repository import Repository
from .restore import rehearse, restore
from .settings import Settings, install
from .take import take
from .trouble import Trouble


def say(answer: Mapping[str, Any]) -> None:
    """Print the one JSON object of a verb."""
    sys.stdout.write(json.dumps(answer, sort_keys=True) + "\n")
    sys.stdout.flush()


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    top = argparse.ArgumentParser(prog="backup", description="Back a PBX up, prove the backup, put one back.")
    top.add_argument("--root", type=Path, default=Path("/"), help="the PBX's file system (tests)")
    verbs = top.add_subparsers(dest="verb", required=True)
    settings = verbs.add_parser("settings", help="take the settings from standard input")
    settings.add_argument("--check", action="store_true", help="only say whether they differ")
    verbs.add_parser("run", help="take a backup and prove it")
    verbs.add_parser("list", help="show the backups")
    verify = verbs.add_parser("verify", help="read a backup back and compare every file")
    verify.add_argument("--snapshot", default="latest")
    restore = verbs.add_parser("restore", help="put a backup in place (Asterisk must be stopped)")
    restore.add_argument("--snapshot", default="latest")
    restore.add_argument("--target", type=Path, help="only fetch and verify, into this empty folder")
    restore.add_argument(
        "--force", action="store_true", help="also where this PBX holds newer data, which is moved aside"
    )
    return top


def answer_of(options: argparse.Namespace) -> dict[str, Any]:
    """Run the verb that was asked for and return its answer; let no child outlive it."""
    pbx = Pbx(options.root.resolve())
    if options.verb == "settings":
        return install(pbx, json.load(sys.stdin), check=options.check)
    settings = Settings.read(pbx)
    repository = Repository(pbx, settings)
    with contextlib.closing(repository.restic):
        if options.verb == "run":
            return take(pbx, settings, repository)
        if options.verb == "list":
            return repository.listing()
        if options.verb == "verify":
            return verify(repository, options.snapshot)
        if options.target is not None:
            return rehearse(pbx, repository, options.snapshot, target=options.target)
        return restore(pbx, repository, options.snapshot, force=options.force)


def main(arguments: list[str] | None = None) -> int:
    """Run one verb, print its answer, return 0 or 1."""
    options = parser().parse_args(arguments)
    os.umask(0o077)

    def stop(number: int, _: object) -> NoReturn:
        raise Trouble("interrupted", f"ended by signal {number}; nothing is half done")

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        answer = answer_of(options)
    except Trouble as trouble:
        answer = {"ok": False, "code": trouble.code, "message": str(trouble), **trouble.more}
    except OSError as problem:
        full = problem.errno in (errno.ENOSPC, errno.EDQUOT)
        answer = {
            "ok": False,
            "code": "disk_full" if full else "failed",
            "message": str(problem),
            "where": "local",
        }
    except Exception as problem:
        traceback.print_exc()  # to the journal; whoever called still gets an answer
        answer = {"ok": False, "code": "failed", "message": f"{type(problem).__name__}: {problem}"}
    say(answer)
    return 0 if answer["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
