"""Put a release that is still on the server in force again, with the way back armed."""

from __future__ import annotations

from typing import Any

from ansible.plugins.loader import action_loader


class ActionModule(action_loader.get("kelid_begin", class_only=True)):  # type: ignore[misc]
    """``release`` is a release's name or how it begins, ``0`` what was there before kelid; empty: the one before.

    The rest is as for kelid_begin. Nothing of the site is rendered and no vault is opened.
    """

    _VALID_ARGS = frozenset(("release", "plan", "confirm_within", "restart", "limit"))

    def work(self) -> dict[str, Any]:
        """Return the agent's answer with what the release expects to be there (``expect``)."""
        plan = self.plan()
        wanted = str(plan.get("release") or "")
        base, state = str(plan.get("base") or ""), str(plan.get("state") or "")
        manifest: dict[str, Any] = {}
        if self._task.check_mode or not wanted:
            asked = str(self._task.args.get("release") or "")
            known = self.ask("release", *([asked] if asked else []))
            if not known.get("ok"):
                return self.result(known)
            wanted, manifest = known["target"]["release"], known["target"]["manifest"] or {}
            base, state = known["release"] or "none", known.get("state") or ""
            if self._task.check_mode:
                told = {
                    "ok": True,
                    "changed": wanted != base,
                    "checked": True,
                    "release": wanted,
                    "previous": base,
                }
                return self.result(told)
        self.note(manifest)
        return self.result(self.ask("rollback", wanted, *self.how(base, state)))
