"""The door: a verb in, one JSON object out."""

from __future__ import annotations

import argparse
import contextlib
import errno
import io
import json
import os
import signal
import sys
from collections.abc import Sequence
from typing import IO, Any

from .access import asked_of
from .adopt import adopt
from .calls import place_calls
from .faxes import send_faxes
from .harden import Harden
from .history import lately, story
from .lock import locked
from .places import Places
from .quiet import RESTARTS
from .readout import readout
from .receipts import account_of, came_from, plain
from .refusal import Refusal
from .report import observe, receipts, release, releases, status
from .scrub import Scrubber
from .server import Server
from .tools import Feed
from .transaction import Change, Transaction
from .upgrade import Upgrade


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
    verbs.add_parser("readout", help="the files that aren't those of the release, without their secrets")
    begin = verbs.add_parser("begin", help="put the release on standard input in force, with the way back armed")
    back = verbs.add_parser(
        "rollback", help="put a release that is on the server in force again, with the way back armed"
    )
    back.add_argument("release")
    for changing in (begin, back):
        changing.add_argument("--base", required=True, help="the release that the plan saw, or none")
        changing.add_argument("--state", default="", metavar="HEX", help="the bytes on the disk that the plan saw")
        changing.add_argument("--confirm-within", type=int, default=180, metavar="SECONDS")
        changing.add_argument("--restart", choices=RESTARTS, default="idle")
        changing.add_argument("--limit", type=float, default=0.0, metavar="SECONDS", help="what calls get to end")
    upgrading = verbs.add_parser("upgrade", help="bring Asterisk's newest packages into force, with the way back armed")
    upgrading.add_argument("--dry-run", action="store_true", help="only say which packages are newer")
    upgrading.add_argument("--confirm-within", type=int, default=180, metavar="SECONDS")
    upgrading.add_argument("--restart", choices=RESTARTS, default="idle")
    upgrading.add_argument("--limit", type=float, default=0.0, metavar="SECONDS", help="what calls get to end")
    hardening = verbs.add_parser("harden", help="put the release's firewall in force, with the way back armed")
    hardening.add_argument("--access", action="store_true", help="and what standard input says of ssh and sudo (JSON)")
    hardening.add_argument("--dry-run", action="store_true", help="only say whether it isn't in force")
    hardening.add_argument("--confirm-within", type=int, default=180, metavar="SECONDS")
    walls = verbs.add_parser(
        "firewall", help="put the release's firewall in force again, where the server was hardened"
    )
    walls.add_argument("--boot", action="store_true", help="the network isn't up: names are as they were found last")
    confirm = verbs.add_parser("confirm", help="keep the release: disarm the way back")
    confirm.add_argument("release")
    undo = verbs.add_parser("undo", help="go back to the release before the armed one")
    undo.add_argument("release", nargs="?", default="")
    undo.add_argument("--why", default="asked")
    undo.add_argument("--change", default="", help="only this change; one that is under way is called off")
    adopting = verbs.add_parser(
        "adopt", help="keep what is there as the first release and read the current one from now on"
    )
    adopting.add_argument("--restart", choices=("idle", "now"), default="idle")
    adopting.add_argument("--dry-run", action="store_true")
    verbs.add_parser("calls", help="place the calls that standard input names, and tell each step that they took")
    verbs.add_parser("releases", help="the releases on the server, and where a rollback goes")
    one = verbs.add_parser("release", help="what a plan of going back to a release needs")
    one.add_argument("wanted", nargs="?", default="", help="how its name begins; 0: what was there before kelid")
    listing = verbs.add_parser("receipts", help="the newest lines of the journal of receipts")
    listing.add_argument("--last", type=int, default=0, metavar="N", help="only so many")
    told = verbs.add_parser("told", help="note that somebody was told of a way back, so that the next change may begin")
    refused = verbs.add_parser("refused", help="note what the control node refused")
    refused.add_argument("--code", required=True)
    refused.add_argument("--message", default="")
    refused.add_argument("--release", default="", help="the release that it would have been")
    for spoken in (begin, back, upgrading, hardening, adopting, told, refused):
        spoken.add_argument("--account", default="", metavar="JSON", help="who asks for this, for the receipt")
    verbs.add_parser("faxes", help="send the faxes that came, where the release says so")
    return parser.parse_args(words)


def changed(given: argparse.Namespace, server: Server, archive: IO[bytes]) -> dict[str, Any]:
    """Make, keep or undo a change; what is refused gets a receipt too."""
    transaction = Transaction(server)
    if given.verb == "confirm":
        return transaction.confirm(given.release)
    if given.verb == "undo":
        return transaction.undo(given.release, given.why, given.change)
    try:
        change = Change(
            base=getattr(given, "base", ""),
            state=getattr(given, "state", ""),
            verb="apply" if given.verb == "begin" else given.verb,
            within=given.confirm_within,
            restart=getattr(given, "restart", "never"),
            limit=getattr(given, "limit", 0.0),
            account=account_of(given.account),
        )
        if given.verb == "begin":
            return transaction.begin(archive, change)
        if given.verb == "upgrade":
            return Upgrade(transaction).begin(change, dry=given.dry_run)
        if given.verb == "harden":
            asked = asked_of(archive.read()) if given.access else {}
            return Harden(transaction).begin(change, asked, dry=given.dry_run)
        return transaction.rollback(given.release, change)
    except Refusal as refusal:
        if not refusal.more.get("undone"):
            what: dict[str, Any] = {"code": refusal.code, "message": str(refusal)[:1000], "findings": len(refusal.log)}
            refusal.more["receipt"] = server.receipts.add("refused", **transaction.known, **what)
        raise
    except OSError as problem:
        # Whatever had been switched is undone by now, and has a receipt of its own.
        full = problem.errno in (errno.ENOSPC, errno.EDQUOT)
        code = "disk_full" if full else "failed"
        server.receipts.add("refused", **transaction.known, code=code, message=str(problem.strerror))
        raise


def walled(server: Server, *, boot: bool) -> dict[str, Any]:
    """Put the firewall in force that the current release says, with its names looked up again unless the network isn't up."""
    firewall = server.firewall
    if boot:  # the way back, which may hold the lock then, comes after this, and so does fail2ban
        return {"ok": True, "changed": firewall.settle(bans=False)}
    if firewall.on():
        firewall.look_up(server.at.current)
        if firewall.in_force(server.at.current) and firewall.jailed():
            return {"ok": True, "changed": False}  # without the lock, which a change would find held else
    with locked(server.at.state):
        return {"ok": True, "changed": firewall.settle()}


def noted(given: argparse.Namespace, server: Server, account: dict[str, Any]) -> dict[str, Any]:
    """Write down what a control node did without changing anything."""
    account.setdefault("came_from", came_from())
    if given.verb == "refused":
        receipt = server.receipts.add(
            "refused",
            verb="apply",
            **account,
            code=plain(given.code),
            message=plain(given.message),
            release=plain(given.release),
        )
        return {"ok": True, "receipt": receipt}
    back = lately(server.receipts.newest())
    undone = next((row for row in reversed(server.receipts.lines(40)) if back and json.loads(row) == back), "")
    receipt = server.receipts.add("told", **account) if back else {}
    return {
        "ok": True,
        "changed": back is not None,
        "story": story(back) if back else "",
        "undone": undone,
        "receipt": receipt,
    }


def answer(given: argparse.Namespace, places: Places, archive: IO[bytes]) -> dict[str, Any]:
    """Do what the verb says; return the answer, also for what is refused."""
    server: Server | None = None
    try:
        server = Server(places)
        if given.verb == "status":
            return status(server)
        if given.verb == "observe":
            return observe(server, given.since)
        if given.verb == "readout":
            return readout(server)
        if given.verb == "calls":
            return place_calls(server, json.loads(archive.read() or b"{}"))
        if given.verb == "faxes":
            return send_faxes(server)
        if given.verb == "releases":
            return releases(server)
        if given.verb == "release":
            return release(server, given.wanted)
        if given.verb == "receipts":
            return receipts(server, given.last)
        if given.verb == "firewall":
            return walled(server, boot=given.boot)
        if given.verb in ("begin", "rollback", "upgrade", "harden", "confirm", "undo"):
            return changed(given, server, archive)
        account = account_of(given.account)
        if given.verb in ("told", "refused"):
            return noted(given, server, account)
        return adopt(server, given.restart, account, dry=given.dry_run)
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
    feed = io.BufferedReader(Feed(sys.stdin.fileno()))
    told = answer(given, Places(), feed)
    if given.verb == "begin":
        drain(feed)
    with contextlib.suppress(OSError):
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    return 0 if told.get("ok") else 1


if __name__ == "__main__":
    sys.exit(main())
