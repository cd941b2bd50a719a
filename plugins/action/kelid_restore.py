"""Put a backup in place on a server where Asterisk stands still."""

from __future__ import annotations

from typing import Any

from ansible.plugins.loader import action_loader


class ActionModule(action_loader.get("kelid_backup", class_only=True)):  # type: ignore[misc]
    """``snapshot`` (``latest`` or an id) and ``force``; the answer stands under ``kelid``."""

    _VALID_ARGS = frozenset(("snapshot", "force"))

    def work(self) -> dict[str, Any]:
        """Return the program's answer. In check mode nothing runs."""
        if self._task.check_mode:
            return {"changed": True, "msg": "a backup would be put in place"}
        words = ["restore", "--snapshot", str(self._task.args.get("snapshot") or "latest")]
        if str(self._task.args.get("force", "")).lower() in {"true", "yes", "1"}:
            words.append("--force")
        told = self.ask_backup(*words)
        return self.result(told, changed=bool(told.get("ok")))
