"""Run a verb of the backup program on a server; its answer stands under ``kelid`` in the task's result."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.loader import action_loader

PROGRAM = "/usr/local/lib/kelid/backup"


class ActionModule(action_loader.get("kelid_agent", class_only=True)):  # type: ignore[misc]
    """``verb`` is run, list or verify; ``snapshot`` (``latest`` or an id) is verify's, and what a list must hold."""

    _VALID_ARGS = frozenset(("verb", "snapshot"))

    def work(self) -> dict[str, Any]:
        """Return the program's answer. In check mode no backup is taken."""
        verb = str(self._task.args.get("verb", ""))
        if verb not in {"run", "list", "verify"}:
            raise AnsibleActionFail(f"verb {verb!r} is none of run, list, verify")
        if self._task.check_mode and verb == "run":
            return {"changed": True, "msg": "a backup would be taken"}
        words = (
            [verb, "--snapshot", str(self._task.args.get("snapshot") or "latest")]
            if verb == "verify"
            else [verb]
        )
        told = self.ask_backup(*words)
        wanted = str(self._task.args.get("snapshot") or "")
        if verb == "list" and wanted and told.get("ok") and not self.holds(told, wanted):
            named = "" if wanted == "latest" else f" {wanted!r}"
            message = f"the store holds no backup{named} of this site; `kelid backup SITE --list` says what it holds"
            told = {"ok": False, "code": "no_snapshot", "message": message}
        return self.result(told, changed=bool(told.get("ok")) and verb == "run")

    def holds(self, told: Mapping[str, Any], wanted: str) -> bool:
        """Return whether a list holds a backup that was asked for; it names the first part of each id."""
        names = [str(item["id"]) for item in told.get("snapshots") or ()]
        return any(wanted == "latest" or name.startswith(wanted) or wanted.startswith(name) for name in names)

    def ask_backup(self, *words: str, given: bytes = b"") -> dict[str, Any]:
        """Return the backup program's answer, in one round trip."""
        missing = {"ok": False, "code": "not_installed", "message": "the backup program is not on the server"}
        instead = f"cat >/dev/null; echo {shlex.quote(json.dumps(missing))}"
        command = f"if test -x {PROGRAM}; then {shlex.join((PROGRAM, *words))}; else {instead}; fi"
        done = self._low_level_execute_command(command, in_data=given, sudoable=True)
        return self.answer(done, "the backup program")

    def log_lines(self, told: Mapping[str, Any]) -> list[str]:
        """Return what restic and ssh said, and the paths that an answer names, as lines of a message."""
        return [f"\n  {line}" for line in (*told.get("log", ()), *told.get("paths", ())[:10])]
