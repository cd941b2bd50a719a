"""Placing the calls that an apply is verified with on the live Asterisk, and telling each step that they took.

A release brings the calls as extensions of a context of their own (tools/kelid/pipeline/after_apply.py), and the oracle has
proven that they end before anybody notices them. What they do is read from a log of their own: Asterisk logs each step of
every call to a channel of level VERBOSE. Nothing needs AMI or a restart, and no call leaves a record (its first step turns
its CDR off).
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .lock import locked
from .refusal import Refusal
from .scrub import Scrubber, secret_values
from .server import Server
from .tools import until

CONTEXT = "kelid-after-apply"
STAYS = "stay"
"""The extension where the other end of each call waits."""
LIMIT = 60.0
"""Seconds after which a call that goes on is ended."""
TRIES = 2
"""How often a call is placed whose steps were lost: a busy Asterisk throws away what its log can't take."""
AGAIN = 20.0
"""Seconds within which that is done: the way back doesn't wait for ever."""
MODULE = "res_clioriginate.so"
NAME = re.compile(r"[a-z][a-z0-9_]{0,79}\Z")
KEY = re.compile(r"[\w.-]+/[\w.+*#/-]+\Z")
MAX_LOG = 64 << 20
"""Bytes of the log of all calls that are read: it is there for some seconds, but other calls write into it too."""
LOST = re.compile(r"Log queue threshold \(\d+\) exceeded|Discarding new messages")


def read_steps(log: bytes, name: str) -> tuple[list[list[Any]], bool]:
    """Given the log and a call's extension, return its steps (context, extension, priority, application, data) and its end.

    The very first step, which no other line equals, tells the number that Asterisk gives the call; only lines of that number
    count. So nobody who dials or shows something that looks like a line of the log gets into it.
    """
    channel = rb"Local/" + re.escape(f"{name}@{CONTEXT}".encode()) + rb"-[0-9a-f]{8};2"
    head = rb"^\[[^\]\n]*\] VERBOSE\[\d+\]\[(C-[0-9a-f]+)\]:? \S+\.c(?::\d+)?(?: \S+)?: +(?:-- )?"
    first = re.search(
        head
        + rb"Executing \["
        + re.escape(f"{name}@{CONTEXT}".encode())
        + rb":1\] Set\(\""
        + channel
        + rb"\", \"CDR_PROP\(disable\)=1\"\)(?: in new stack)?[ \t]*$",
        log,
        re.MULTILINE,
    )
    if first is None:
        return [], False
    one = head.replace(rb"(C-[0-9a-f]+)", re.escape(first[1]))
    step = rb"Executing \[([^\n]*?)@([^@:\n]*):(\d+)\] (\w+)\(\"" + channel + rb"\", \"([^\n]*)\"\)(?: in new stack)?"
    end = (
        rb"Spawn extension [^\n]* exited [^\n]* on '"
        + channel
        + rb"'|Auto fallthrough, channel '"
        + channel
        + rb"'[^\n]*"
    )
    steps: list[list[Any]] = []
    ended = False
    for found in re.finditer(one + rb"(?:" + step + rb"|(" + end + rb"))[ \t]*$", log, re.MULTILINE):
        if found[6] is not None:
            ended = True
            continue
        exten, context, app, data = (found[number].decode(errors="replace") for number in (1, 2, 4, 5))
        steps.append([context, exten, int(found[3]), app, data])
    return steps, ended


def place_calls(server: Server, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Given name -> ``exten`` and ``absent``, place the calls all at once and wait for their end; return each one's steps.

    ``over`` tells whether a call ended by itself in time. A call of whose ``absent`` keys the server's database has one is
    not placed, and ``there`` names it. Raise Refusal ``not_running``, ``busy`` or ``cant_call``.
    """
    live = server.live
    for one in asked.values():
        if not NAME.match(str(one.get("exten"))) or not all(KEY.match(key) for key in one.get("absent", ())):
            raise Refusal("cant_call", "a call's extension, or a key of the database, has an impossible name")
    with locked(server.at.state, wait=30):
        if not live.running():
            raise Refusal("not_running", "Asterisk isn't running on the server")
        if "No such command" in live.ask("core show help channel originate"):
            live.ask(f"module load {MODULE}")
        results: dict[str, Any] = {}
        wanted: dict[str, str] = {}
        for name, one in asked.items():
            there = next((key for key in one.get("absent", ()) if _has(server, key)), "")
            if there:
                results[name] = {"steps": [], "ended": True, "over": True, "there": there}
            else:
                wanted[name] = str(one["exten"])
        waiting = dict(wanted)
        begun = time.monotonic()
        for _ in range(TRIES if wanted else 0):
            told, lost = _place(server, waiting)
            results.update(told)
            if not lost or time.monotonic() - begun > AGAIN:
                break
            waiting = {name: wanted[name] for name, result in told.items() if not result["ended"]}
            if not waiting:
                break
        return {"ok": True, "calls": results, "now": time.time()}


def _has(server: Server, key: str) -> bool:
    """Return whether the server's astdb has a key (``family/key``)."""
    family, _, rest = key.partition("/")
    return "entry not found" not in server.live.ask(f"database get {family} {rest}")


def _place(server: Server, wanted: Mapping[str, str]) -> tuple[dict[str, Any], bool]:
    """Place the calls once. Return what was seen, and whether Asterisk threw lines of its log away."""
    live = server.live
    scrub = Scrubber(secret_values(server.at.releases / server.releases.current()))
    with live.log("verbose(3)", "calls") as path:
        for exten in wanted.values():
            answer = live.ask(f"channel originate Local/{exten}@{CONTEXT}/n extension {STAYS}@{CONTEXT}", limit=30)
            if "No such command" in answer:
                raise Refusal("cant_call", f"this Asterisk has no module {MODULE}, so no call can be placed")
        over = until(lambda: not _up(server, wanted), LIMIT, pause=0.1)
        up = set() if over else _up(server, wanted)
        for channel in up:
            live.ask(f"channel request hangup {channel}")
        if up:
            until(lambda: not _up(server, wanted), 5.0, pause=0.1)
        found: dict[str, tuple[list[list[Any]], bool]] = {}
        log = b""

        def all_told() -> bool:
            nonlocal log
            log = _read(path)
            found.update({name: read_steps(log, exten) for name, exten in wanted.items()})
            return all(ended for _, ended in found.values())

        until(all_told, 3.0, pause=0.05)  # the log is written by a thread of its own
    results = {
        name: {
            # By the values alone: what merely looks like a secret is compared with what the oracle says.
            "steps": [[*step[:4], scrub.known(step[4])] for step in steps],
            "ended": ended,
            "over": not any(f"Local/{wanted[name]}@" in channel for channel in up),
        }
        for name, (steps, ended) in found.items()
    }
    return results, bool(LOST.search(log.decode(errors="replace")))


def _up(server: Server, wanted: Mapping[str, str]) -> set[str]:
    """Return the channels of these calls that are there."""
    heads = tuple(f"Local/{exten}@{CONTEXT}-" for exten in wanted.values())
    lines = server.live.ask("core show channels concise").splitlines()
    return {name for line in lines if (name := line.partition("!")[0]).startswith(heads)}


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_LOG)
    except OSError:
        return b""
