"""Put a site's release in force on its server, with the way back armed."""

from __future__ import annotations

from typing import Any

from ansible.plugins.loader import action_loader

NOTHING = ("", "0" * 64)
"""The names under which a server has no release of ours yet."""


class ActionModule(action_loader.get("kelid_agent", class_only=True)):  # type: ignore[misc]
    """``base`` is the release that the plan saw (default: what is there now); ``confirm_within`` counts seconds.

    ``release`` is what the plan promised: anything else that the site renders to by now is refused, unsent.
    ``restart``: what to do where only a restart will do: ``idle`` (when nobody calls), ``never``, ``now``.
    """

    _VALID_ARGS = frozenset(("base", "release", "confirm_within", "restart"))

    def work(self) -> dict[str, Any]:
        """Return the agent's answer with what the release expects to be there (``expect``)."""
        release = self.release()
        planned = str(self._task.args.get("release") or release.name)
        if planned != release.name:
            told = {
                "ok": False,
                "code": "stale_plan",
                "message": f"the site is now release {release.name[:12]}, not {planned[:12]} as planned; plan again",
            }
            return self.result(told)
        base = str(self._task.args.get("base") or "")
        if self._task.check_mode or not base:
            status = self.ask("status")
            if self._task.check_mode:
                return self.judged(release, status)
            if not status.get("ok"):
                return self.result(status)
            base = status["release"] or "none"
        told = self.ask(
            "begin",
            "--base",
            "none" if base in NOTHING else base,
            "--confirm-within",
            str(int(self._task.args.get("confirm_within") or 180)),
            "--restart",
            str(self._task.args.get("restart") or "idle"),
            archive=release.archive,
        )
        return self.result({**told, "expect": release.manifest["expect"]} if told.get("ok") else told)

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
