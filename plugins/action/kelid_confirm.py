"""Keep a release: take the armed way back away."""

from __future__ import annotations

from typing import Any

from ansible.plugins.loader import action_loader


class ActionModule(action_loader.get("kelid_agent", class_only=True)):  # type: ignore[misc]
    """``release`` is the one that kelid_begin put in force."""

    _VALID_ARGS = frozenset(("release",))
    _supports_check_mode = False

    def work(self) -> dict[str, Any]:
        """Return the agent's answer."""
        release = str(self._task.args.get("release") or "")
        told = self.ask("confirm", *([release] if release else []))
        return self.result(told, changed=bool(told.get("ok")))
