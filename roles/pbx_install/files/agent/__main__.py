"""The door: a verb in, one JSON object out."""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import os
import signal
import sys
from collections.abc import Sequence
from typing import IO, Any

from .adopt import adopt
from .calls import place_calls
from .faxes import send_faxes
from .places import Places
from .refusal import Refusal
from .report import observe, status
from .scrub import Scrubber
from .server import Server
from .transaction import Transaction


def drain(stream: IO[bytes]) -> None:
    """Read what is left: a sender that finds its pipe closed would report that, and not our answer."""
    with contextlib.suppress(OSError, ValueError):
        while stream.read(1 << 20):
            pass


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the verb and its options."""
    parser = argparse.ArgumentParser(prog="agent", description="kelid's agent on a PBX server; prints one JSON object")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("status", help="what a plan needs: release, drift, whether Asterisk runs")
    observing = verbs.add_parser("observe", help="what the live Asterisk has loaded")
    observing.add_argument("--since", type=float, default=0.0, metavar="SECONDS", help="seconds since 1970")
    begin = verbs.add_parser("begin", help="put the release on standard input in force, with the way back armed")
    begin.add_argument("--base", required=True, help="the release that the plan saw, or none")
    begin.add_argument("--confirm-within", type=int, default=180, metavar="SECONDS")
    begin.add_argument("--restart", choices=("idle", "never", "now"), default="idle")
    confirm = verbs.add_parser("confirm", help="keep the release: disarm the way back")
    confirm.add_argument("release")
    undo = verbs.add_parser("undo", help="go back to the release before the armed one")
    undo.add_argument("release", nargs="?", default="")
    undo.add_argument("--why", default="asked")
    adopting = verbs.add_parser(
        "adopt", help="keep what is there as the first release and read the current one from now on"
    )
    adopting.add_argument("--restart", choices=("idle", "now"), default="idle")
    adopting.add_argument("--dry-run", action="store_true")
    verbs.add_parser(
        "calls", help="place the calls that standard input names ({NAME: EXTENSION}), and tell each step that they took"
    )
    verbs.add_parser("faxes", help="send the faxes that came, where the release says so")
    return parser.parse_args(words)


def answer(given: argparse.Namespace, places: Places, archive: IO[bytes]) -> dict[str, Any]:
    """Do what the verb says; return the answer, also for what is refused."""
    server: Server | None = None
    try:
        server = Server(places)
        if given.verb == "status":
            return status(server)
        if given.verb == "observe":
            return observe(server, given.since)
        if given.verb == "calls":
            return place_calls(server, json.loads(archive.read() or b"{}"))
        if given.verb == "faxes":
            return send_faxes(server)
        if given.verb == "begin":
            return Transaction(server).begin(archive, given.base, given.confirm_within, given.restart)
        if given.verb == "confirm":
            return Transaction(server).confirm(given.release)
        if given.verb == "undo":
            return Transaction(server).undo(given.release, given.why)
        return adopt(server, given.restart, dry=given.dry_run)
    except Refusal as refusal:
        return {
            "ok": False,
            "code": refusal.code,
            "message": str(refusal),
            "log": refusal.log,
            "undone": False,
            **refusal.more,
        }
    except OSError as problem:
        full = problem.errno in (errno.ENOSPC, errno.EDQUOT)
        message = (
            f"no space left on the server{' for ' + str(problem.filename) if problem.filename else ''}; nothing was changed"
            if full
            else f"{problem.strerror}: {problem.filename or ''}"
        )
        return {
            "ok": False,
            "code": "disk_full" if full else "failed",
            "message": message,
            "log": [],
            "undone": False,
        }
    except Exception as problem:
        scrub = server.scrub if server else Scrubber()
        return {
            "ok": False,
            "code": "failed",
            "message": scrub(f"{type(problem).__name__}: {problem}"),
            "log": [],
            "undone": False,
        }


def main() -> int:
    """Answer on standard output; return the exit status."""
    os.umask(0o027)
    os.environ["LC_ALL"] = "C.UTF-8"
    os.environ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    for number in (signal.SIGHUP, signal.SIGPIPE, signal.SIGINT):
        # Once begun, a change goes through or back, also when the caller has gone.
        signal.signal(number, signal.SIG_IGN)
    given = arguments()
    told = answer(given, Places(), sys.stdin.buffer)
    if given.verb == "begin":
        drain(sys.stdin.buffer)
    with contextlib.suppress(OSError):
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    return 0 if told.get("ok") else 1


if __name__ == "__main__":
    sys.exit(main())
