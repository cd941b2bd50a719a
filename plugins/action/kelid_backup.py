"""Run a verb of the backup program on a server and give its answer as the task's result."""

from __future__ import annotations

import json
import shlex
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

PROGRAM = "/usr/local/lib/kelid/backup"
CHANGING = {"run", "restore"}


class ActionModule(ActionBase):
    """``verb`` is run, list, verify or restore; ``snapshot`` and ``force`` are restore's (and verify's)."""

    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset(("verb", "snapshot", "force"))
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the program's answer; a failure has its ``code`` and message. In check mode nothing that changes runs."""
        super().run(tmp, task_vars)
        verb = str(self._task.args.get("verb", ""))
        if verb not in {"run", "list", "verify", "restore"}:
            raise AnsibleActionFail(f"verb {verb!r} is none of run, list, verify, restore")
        if self._task.check_mode and verb in CHANGING:
            return {"changed": True, "skipped": True, "msg": f"{verb} does nothing in check mode"}
        command = [PROGRAM, verb]
        if verb in {"verify", "restore"}:
            command += ["--snapshot", str(self._task.args.get("snapshot") or "latest")]
        if verb == "restore" and self._task.args.get("force") in {True, "true", "True", "yes"}:
            command.append("--force")
        done = self._low_level_execute_command(shlex.join(command), sudoable=True)
        try:
            answer: dict[str, Any] = json.loads(str(done.get("stdout", "")).strip())
        except ValueError:
            raise AnsibleActionFail(
                f"the backup program gave no answer: {str(done.get('stderr', ''))[-500:]}"
            ) from None
        if answer.pop("ok", False):
            return {"changed": verb in CHANGING, **answer}
        message = answer.pop("message", "")
        log = "".join(f"\n  {line}" for line in answer.get("log", []))
        return {**answer, "failed": True, "changed": False, "msg": f"{message}{log}"}
