"""Go back to the release before the armed one."""

from __future__ import annotations

from typing import Any

from ansible.plugins.loader import action_loader

LONGEST = 1000
"""Characters of a reason; the rest of it is in the result."""


class ActionModule(action_loader.get("kelid_agent", class_only=True)):  # type: ignore[misc]
    """``release`` names the armed one (without it: whichever is armed), ``why`` is what the receipt says."""

    _VALID_ARGS = frozenset(("release", "why"))
    _supports_check_mode = False

    def work(self) -> dict[str, Any]:
        """Return the agent's answer."""
        release = str(self._task.args.get("release") or "")
        why = " ".join(str(self._task.args.get("why") or "").split())[:LONGEST]
        told = self.ask("undo", *([release] if release else []), *(["--why", why] if why else []))
        return self.result(told, changed=bool(told.get("ok")))
