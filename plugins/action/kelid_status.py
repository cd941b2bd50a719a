"""Tell what a server has: its release, its drift, whether its Asterisk runs."""

from __future__ import annotations

from typing import Any

from ansible.plugins.loader import action_loader


class ActionModule(action_loader.get("kelid_agent", class_only=True)):  # type: ignore[misc]
    """``like`` is BUNDLE:SEALED, digests of what the site is now: a server that has just that says so and no more.

    The answer is under ``kelid``.
    """

    _VALID_ARGS = frozenset(("like",))

    def work(self) -> dict[str, Any]:
        """Return the agent's answer."""
        like = str(self._task.args.get("like") or "")
        return self.result(self.ask("status", *(["--like", like] if like else [])), changed=False)
