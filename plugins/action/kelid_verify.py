"""Compare the running Asterisk with its release, from the control node."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ansible.plugins.loader import action_loader


class ActionModule(action_loader.get("kelid_agent", class_only=True)):  # type: ignore[misc]
    """``expect`` and ``before`` come from kelid_begin; without them the server's own manifest says what should be there.

    ``limit`` is how many seconds a registration gets to come back; with ``fresh`` the connection is opened anew first.
    """

    _VALID_ARGS = frozenset(("expect", "before", "limit", "fresh", "release"))

    def work(self) -> dict[str, Any]:
        """Return ``ok``, ``differences`` (what is wrong, in words), ``notes`` and what was observed."""
        args = self._task.args
        if args.get("fresh") and hasattr(self._connection, "reset"):
            self._connection.reset()
        end = time.monotonic() + float(args.get("limit") or 0)
        while True:
            told = self.compared(args)
            if told["ok"] or time.monotonic() > end or told.get("code") != "verify_failed":
                break
            time.sleep(0.5)
        return self.result(told, changed=False)

    def compared(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Return what one look at the server gives."""
        from kelid.deliver.verify import differences, lost  # noqa: PLC0415 - ansible lists plugins without kelid too

        seen = self.ask("observe")
        if not seen.get("ok"):
            return seen
        expect = args.get("expect") or seen.get("expect")
        if not expect:
            message = "the server has no release of kelid's yet; run the playbook apply first"
            return {"ok": False, "code": "no_release", "message": message}
        before = args.get("before") or {}
        found = differences(expect, seen)
        if args.get("release") and seen["release"] != args["release"]:
            found.append(f"the server reads release {seen['release'][:12]}, not {str(args['release'])[:12]}")
        found += [f"{path} was changed on the server by hand" for path in seen.get("drift") or ()]
        found += lost(before, seen, expect)
        notes: list[str] = []
        gone = self.contacts_gone(before, seen, expect)
        if gone and not seen["contacts"]:
            found.append("no phone is registered any more: " + ", ".join(gone))
        elif gone:
            notes.append("phones that were registered and now are not: " + ", ".join(gone))
        told = {"release": seen["release"], "differences": found, "notes": notes, "observed": seen}
        if found:
            return {
                **told,
                "ok": False,
                "code": "verify_failed",
                "message": "the server is not what it should be: " + "; ".join(found),
            }
        return {**told, "ok": True}

    def contacts_gone(
        self, before: Mapping[str, Any], seen: Mapping[str, Any], expect: Mapping[str, Any]
    ) -> list[str]:
        """Return the extensions whose phone was registered before and isn't now, of those that the release still has."""
        owners = {contact.partition("/")[0] for contact in before.get("contacts") or ()}
        now = {contact.partition("/")[0] for contact in seen["contacts"]}
        return sorted((owners - now) & set(expect.get("endpoints") or ()))
