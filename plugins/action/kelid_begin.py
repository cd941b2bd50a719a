"""Put a site's release in force on its server, with the way back armed."""

from __future__ import annotations

import json
from typing import Any

from ansible.plugins.loader import action_loader

NOTHING = ("", "0" * 64)
"""The names under which a server has no release of ours yet."""


class ActionModule(action_loader.get("kelid_agent", class_only=True)):  # type: ignore[misc]
    """``confirm_within`` counts seconds. ``plan`` is what the plan saw and promised.

    ``base`` and ``state`` there are what the server had (without them: what is there now); anything else that the site
    renders to by now than ``release`` is refused, unsent.
    ``restart``: what to do where only a restart will do: ``idle`` (when nobody calls), ``never``, ``now``, ``drain`` (new
    calls are turned away until the others have ended), or ``window`` (the same in a maintenance window of the site's, else
    ``never``); ``limit`` are the seconds that calls get to end.
    ``overrides`` name what the change may touch though it is guarded: name -> reason, or a list of names.
    """

    _VALID_ARGS = frozenset(("plan", "confirm_within", "restart", "limit", "overrides"))

    def work(self) -> dict[str, Any]:
        """Return the agent's answer with what the release expects to be there (``expect``)."""
        release, plan = self.release(), self.plan()
        self.note(release.manifest)
        planned = str(plan.get("release") or release.name)
        if planned != release.name:
            told = {
                "ok": False,
                "code": "stale_plan",
                "message": f"the site is now release {release.name[:12]}, not {planned[:12]} as planned; plan again",
            }
            noted = self.refused(told)
            return self.result({**told, "receipt": noted.get("receipt")})
        base, state = str(plan.get("base") or ""), str(plan.get("state") or "")
        if self._task.check_mode or not base:
            status = self.ask("status")
            if self._task.check_mode:
                return self.judged(release, status)
            if not status.get("ok"):
                return self.result(status)
            base, state = status["release"] or "none", status.get("state") or ""
        told = self.ask("begin", *self.how(base, state), archive=release.archive)
        return self.result({**told, "expect": release.manifest["expect"]} if told.get("ok") else told)

    def note(self, manifest: dict[str, Any]) -> None:
        """Keep what the account of this change says beside what the control node knows of it."""
        args = self._task.args
        overrides = args.get("overrides") or {}
        named = overrides if isinstance(overrides, dict) else dict.fromkeys(map(str, overrides), "")
        self.words = self.account(
            commit=manifest.get("commit"),
            dirty=manifest.get("dirty"),
            when=args.get("restart"),
            overrides=named,
        )

    def how(self, base: str = "", state: str = "") -> list[str]:
        """Return what the agent needs to know of the change; without a ``base``, of one that nobody planned against."""
        args = self._task.args
        restart, limit = str(args.get("restart") or "idle"), float(args.get("limit") or 0)
        if restart == "window":
            from kelid.pipeline import receipts  # noqa: PLC0415 - ansible lists plugins in places that have no kelid

            left = receipts.window_left(self.sites(), self.variable("kelid_site"))
            restart, limit = ("drain", min(limit, left)) if left else ("never", 0.0)
        words = ["--base", "none" if base in NOTHING else base, "--state", state] if base else []
        words += ["--confirm-within", str(int(args.get("confirm_within") or 180))]
        words += ["--restart", restart, "--limit", str(limit)]
        return [*words, "--account", json.dumps(self.words)]

    def refused(self, told: dict[str, Any]) -> dict[str, Any]:
        """Have the server write down what was refused here, as far as it can be reached; return its answer."""
        words = ("--code", told["code"], "--message", told["message"], "--account", json.dumps(self.words))
        return self.ask("refused", *words)

    def judged(self, release: Any, status: dict[str, Any]) -> dict[str, Any]:
        """Return, for check mode, whether a run would change the server; nothing is sent and nothing changed."""
        there = str(status.get("release") or "")
        changed = there != release.name or bool(status.get("drift"))
        told = {
            "ok": True,
            "changed": changed,
            "checked": True,
            "release": release.name,
            "previous": there,
            "drift": status.get("drift") or [],
        }
        return self.result(told)
