"""Tell what a server has: its release, its drift, whether its Asterisk runs."""

from __future__ import annotations

from typing import Any

from ansible.plugins.loader import action_loader


class ActionModule(action_loader.get("kelid_agent", class_only=True)):  # type: ignore[misc]
    """Takes nothing; its answer is under ``kelid``."""

    _VALID_ARGS = frozenset()

    def work(self) -> dict[str, Any]:
        """Return the agent's answer."""
        return self.result(self.ask("status"), changed=False)
