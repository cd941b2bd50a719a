"""Put what sshd and sudo are told, the firewall and the bans of a server's release in force, with the way back armed."""

from __future__ import annotations

import json
from typing import Any

from ansible.plugins.loader import action_loader


class ActionModule(action_loader.get("kelid_agent", class_only=True)):  # type: ignore[misc]
    """``confirm_within`` counts seconds; ``sshd`` and ``sudoers`` are the texts of those files ("" leaves one alone), and
    ``user`` is who must come in by them. In check mode the server only says what isn't in force.
    """

    _VALID_ARGS = frozenset(("confirm_within", "sshd", "sudoers", "user"))

    def work(self) -> dict[str, Any]:
        """Return the agent's answer with what is to work then (``expect``), and what becomes of files (``diff``)."""
        words = ["--dry-run"] if self._task.check_mode else []
        words += ["--confirm-within", str(int(self._task.args.get("confirm_within") or 180))]
        asked = {name: str(self._task.args.get(name) or "") for name in ("sshd", "sudoers", "user")}
        words += ["--access", "--account", json.dumps(self.account())]
        found = self.result(self.ask("harden", *words, archive=json.dumps(asked).encode()))
        files = dict(found["kelid"].get("access") or {})
        if files:
            found["diff"] = [
                {**texts, "before_header": path, "after_header": path}
                for path, texts in sorted(files.items())
            ]
        return found
