"""Compare the running Asterisk with its release, from the control node."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ansible.plugins.loader import action_loader

ADOPTED = "0" * 64
"""The release under which the agent keeps what a server had before kelid."""


AGAIN = 30.0
"""Seconds within which calls that went elsewhere are placed once more."""


class ActionModule(action_loader.get("kelid_agent", class_only=True)):  # type: ignore[misc]
    """``expect``, ``before`` and ``restarted`` come from kelid_begin; without them the server's manifest is expected.

    ``limit`` is how many seconds a registration gets to come back; with ``fresh`` the connection is opened anew first; with
    ``calls`` the release's own calls are placed when all else is right.
    """

    _VALID_ARGS = frozenset(("expect", "before", "restarted", "limit", "fresh", "release", "calls"))

    def work(self) -> dict[str, Any]:
        """Return ``ok``, ``differences`` (what is wrong, in words), ``notes``, ``calls`` placed and what was observed."""
        args = self._task.args
        if args.get("fresh") and hasattr(self._connection, "reset"):
            self._connection.reset()
        end = time.monotonic() + float(args.get("limit") or 0)
        while True:
            told = self.compared(args)
            if told["ok"] or time.monotonic() > end or told.get("code") != "verify_failed":
                break
            time.sleep(0.5)
        expect = args.get("expect") or (told.get("observed") or {}).get("expect") or {}
        if told["ok"] and args.get("calls") and expect.get("calls"):
            told = {**told, **self.called(expect["calls"])}
        return self.result(told, changed=False)

    def compared(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Return what one look at the server gives."""
        from kelid.deliver import verify  # noqa: PLC0415 - ansible lists plugins without kelid too

        before = args.get("before") or {}
        seen = self.ask("observe", *(("--since", str(before["now"])) if before.get("now") else ()))
        if not seen.get("ok"):
            return seen
        expect = args.get("expect") or seen.get("expect")
        # What was there before kelid is known only as far as Asterisk ran when it was adopted.
        if not expect and args.get("release") != ADOPTED:
            message = "the server has no release of kelid's yet; run the playbook apply first"
            return {"ok": False, "code": "no_release", "message": message}
        found = verify.differences(expect, seen) if expect else []
        if args.get("release") and seen["release"] != args["release"]:
            found.append(f"the server reads release {seen['release'][:12]}, not {str(args['release'])[:12]}")
        found += [f"{path} was changed on the server by hand" for path in seen.get("drift") or ()]
        found += verify.lost(before, seen, expect, restarted=bool(args.get("restarted")))
        gone = verify.phones_gone(before, seen, expect)
        if gone and not seen["contacts"]:
            found.append("no phone is registered any more: " + ", ".join(gone))
        told = {
            "release": seen["release"],
            "differences": found,
            "notes": verify.notes(before, seen, expect),
            "observed": seen,
        }
        return {**told, "ok": True} if not found else self.failed(told)

    def called(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Place the release's calls; return what came of each, and what is wrong. One that differs is placed once more.

        A server that can't place calls (``cant_call``) fails too: nobody would know that nothing was tried.
        """
        from kelid.pipeline.after_apply import outcome  # noqa: PLC0415 - ansible lists plugins without kelid too

        places = {
            name: {"exten": one["exten"], "absent": one.get("absent") or []}
            for name, one in wanted.items()
            if one.get("exten")
        }
        results = {name: one["refused"] for name, one in wanted.items() if one.get("refused")}
        calls = {name: f"not placed: {why}" for name, why in results.items()}
        waiting = dict(places)
        begun = time.monotonic()
        for _ in range(2):
            # The server goes back by itself when nobody confirms in time: what took long is not tried again.
            if not waiting or time.monotonic() - begun > AGAIN:
                break
            told = self.ask("calls", archive=json.dumps(waiting).encode())
            if not told.get("ok"):
                return {**told, "calls": calls}
            at = datetime.fromtimestamp(told["now"], UTC)
            judged = {name: outcome(wanted[name], told["calls"][name], at) for name in waiting}
            calls.update({name: text for name, (_, text) in judged.items()})
            waiting = {name: one for name, one in waiting.items() if not judged[name][0]}
        found = [f"call {name}: {calls[name]}" for name in waiting]
        told = {"calls": calls, "differences": found}
        return {**told, "ok": True} if not found else self.failed(told)

    def failed(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Return an answer as one that says what is wrong."""
        message = "the server is not what it should be: " + "; ".join(told["differences"])
        return {**told, "ok": False, "code": "verify_failed", "message": message}
