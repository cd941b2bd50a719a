"""Bring the newest packages of a server's Asterisk into force, tried beside the live one first, with the way back armed."""

from __future__ import annotations

from typing import Any

from ansible.plugins.loader import action_loader


class ActionModule(action_loader.get("kelid_begin", class_only=True)):  # type: ignore[misc]
    """``confirm_within``, ``restart`` and ``limit`` are as for kelid_begin. In check mode only the packages are named."""

    _VALID_ARGS = frozenset(("confirm_within", "restart", "limit"))

    def work(self) -> dict[str, Any]:
        """Return the agent's answer: ``packages`` (name -> old and new version), and what is to work then (``expect``)."""
        self.note({})
        words = ["--dry-run"] if self._task.check_mode else []
        return self.result(self.ask("upgrade", *words, *self.how()))
