"""Put the firewall and the bans of a server's release in force, with the way back armed."""

from __future__ import annotations

import json
from typing import Any

from ansible.plugins.loader import action_loader


class ActionModule(action_loader.get("kelid_agent", class_only=True)):  # type: ignore[misc]
    """``confirm_within`` counts seconds. In check mode the server only says whether they aren't in force."""

    _VALID_ARGS = frozenset(("confirm_within",))

    def work(self) -> dict[str, Any]:
        """Return the agent's answer with what is to work then (``expect``)."""
        words = ["--dry-run"] if self._task.check_mode else []
        words += ["--confirm-within", str(int(self._task.args.get("confirm_within") or 180))]
        return self.result(self.ask("harden", *words, "--account", json.dumps(self.account())))
