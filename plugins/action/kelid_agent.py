"""Ask kelid's agent on a server; the other actions of this folder stand on this one."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import become_loader, connection_loader, shell_loader

TOP = Path(__file__).resolve().parents[2]
SOURCE = str(TOP / "tools")
if SOURCE not in sys.path:
    # Where Ansible lies elsewhere than kelid (an execution environment, say), kelid's source is beside this file.
    sys.path.append(SOURCE)

# Ansible reads this module once and then forks for each host: none of those has to read what all of them need.
for _loader, _name in ((connection_loader, "ssh"), (shell_loader, "sh"), (become_loader, "sudo")):
    _loader.get(_name, class_only=True)

AGENT = "/usr/local/lib/kelid/agent"
LOG_LINES = 20
"""How many lines of Asterisk's log go into a message; all of them are in the result."""

NO_SUDO = (
    "the ssh user may not start it as root without a password; give it NOPASSWD in sudoers, or use user root"
)

VERBS = frozenset(
    ("status", "observe", "readout", "adopt", "releases", "release", "receipts", "told", "refused", "undo")
)
"""What the action may ask for by itself; begin, rollback and confirm have actions of their own."""


class ActionModule(ActionBase):
    """One verb of the agent. ``words`` are what follows it on its command line, ``restart`` is adopt's."""

    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset(("verb", "restart", "words"))
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what the agent answers, under ``kelid``; failed where it refuses."""
        super().run(tmp, task_vars)
        self.given = task_vars or {}
        return self.work()

    def work(self) -> dict[str, Any]:
        """Return the task's result."""
        verb = str(self._task.args.get("verb", "status"))
        if verb not in VERBS:
            raise AnsibleActionFail(f"verb {verb!r} is none of {', '.join(sorted(VERBS))}")
        words = [verb, *(str(word) for word in self._task.args.get("words") or ())]
        if verb == "adopt":
            words += ["--restart", str(self._task.args.get("restart") or "idle")]
            if self._task.check_mode:
                words.append("--dry-run")
        if verb == "undo" and self.said().get("change"):
            words += ["--change", str(self.said()["change"])]  # that one, and no other that came since
        if verb in {"adopt", "told", "refused"}:
            words += ["--account", json.dumps(self.account())]
        return self.result(self.ask(*words))

    def plan(self) -> dict[str, Any]:
        """Return what the plan of this host saw and promised: ``base``, ``state``, ``release``; {} where there is none."""
        return dict(self._task.args.get("plan") or {})

    def said(self) -> dict[str, Any]:
        """Return the account that `kelid` gives of this host's change, {} where it isn't in front.

        It is read as it is, and no template: the words of people stand in it.
        """
        plans = self.given.get("kelid_plans")
        found = (
            plans.get(str(self.given.get("inventory_hostname", ""))) if isinstance(plans, Mapping) else None
        )
        return dict((found or {}).get("account") or {})

    def account(self, **more: Any) -> dict[str, Any]:
        """Return on whose account this is: what `kelid` said of it, else what this machine knows (AWX names its user)."""
        given = self.said()
        if not given:
            from kelid.pipeline import receipts  # noqa: PLC0415 - ansible lists plugins in places that have no kelid

            user = str(self.given.get("awx_user_name") or self.given.get("tower_user_name") or "")
            sites = TOP / str(self._templar.template(self.given.get("kelid_sites_dir") or "."))
            site = str(self._templar.template(self.given.get("kelid_site") or ""))
            host = str(self.given.get("inventory_hostname", ""))
            role = host.removeprefix(f"{site}.") if host.startswith(f"{site}.") else "primary"
            given = receipts.account(sites, site, role, who=user).as_dict()
        return {**given, **{key: value for key, value in more.items() if value}}

    def ask(self, *words: str, archive: bytes | None = None) -> dict[str, Any]:
        """Return the agent's answer, in one round trip. A server without an agent answers ``not_installed``."""
        plain = self.plain_sudo()
        as_root = 'as_root=; test "$(id -u)" = 0 || as_root="sudo -n"' if plain else "as_root="
        command = f"$as_root {shlex.join((AGENT, *words))}; else cat >/dev/null; echo missing; fi"
        command = f"{as_root}; if test -x {AGENT}; then {command}"
        # Never without data: the connection would then ask for a terminal, whose input has no end.
        done = self._low_level_execute_command(command, in_data=archive or b"\n", sudoable=not plain)
        if str(done.get("stdout", "")).strip() == "missing":
            return {
                "ok": False,
                "code": "not_installed",
                "message": "kelid's agent is not on the server; run kelid install (or the playbook install) first",
            }
        return self.answer(done, "the agent")

    def plain_sudo(self) -> bool:
        """Return whether sudo is asked for the agent alone, and not for a shell as Ansible does it.

        So a user who may start the agent as root, and nothing else, can apply (role pbx_hardening). A password for sudo, or
        another way to become root, is Ansible's to bring.
        """
        become = self._connection.become
        if become is None or become.name != "sudo":
            return False
        return not become.get_option("become_pass", playcontext=self._play_context)

    def answer(self, done: Mapping[str, Any], who: str) -> dict[str, Any]:
        """Return the JSON object that a program of ours printed, or that it gave none and what it complained of."""
        try:
            told: dict[str, Any] = json.loads(str(done.get("stdout", "")).strip())
        except ValueError:
            reason = str(done.get("stderr", "")).strip()[-500:]
            if "password is required" in reason or "not allowed to execute" in reason:
                reason = f"{NO_SUDO} ({reason})"
            return {
                "ok": False,
                "code": "no_answer",
                "message": f"{who} gave no answer: {reason or 'nothing at all'}",
            }
        return told

    def result(self, told: Mapping[str, Any], *, changed: bool | None = None) -> dict[str, Any]:
        """Return the task's result for an answer: its reason stands in ``msg``, all of it under ``kelid``."""
        found: dict[str, Any] = {
            "kelid": dict(told),
            "changed": bool(told.get("changed")) if changed is None else changed,
        }
        if not told.get("ok"):
            found["failed"] = True
            found["msg"] = "".join((str(told.get("message") or told.get("code")), *self.log_lines(told)))
        return found

    def log_lines(self, told: Mapping[str, Any]) -> list[str]:
        """Return the log entries of an answer as lines of a message."""
        entries = list(told.get("log") or ())
        lines = [
            f"\n  {entry.get('file') or '?'}:{entry.get('line') or 0} {entry.get('level')} {entry.get('text')}"
            for entry in entries[:LOG_LINES]
        ]
        return [*lines, f"\n  and {len(entries) - LOG_LINES} more"] if len(entries) > LOG_LINES else lines

    def variable(self, name: str) -> str:
        """Return a host variable of the inventory plugin's. Raise AnsibleActionFail if it is not there."""
        value = self._templar.template(self.given.get(name, ""))
        if not value:
            raise AnsibleActionFail(f"the host has no {name}; use the inventory inventory.kelid.yml")
        return str(value)

    def sites(self) -> Path:
        """Return the sites directory; a relative path starts at the top of the repository."""
        return TOP / self.variable("kelid_sites_dir")

    def vault_password(self) -> bytes | None:
        """Return the password that Ansible itself was given (--vault-password-file, AWX); None leaves it to kelid's ways.

        Where kelid started the playbook it has made its plan with a password of its own finding: that one counts.
        """
        if os.environ.get("KELID_COMMAND"):
            return None
        vault = getattr(self._loader, "_vault", None)
        given = [secret.bytes for _, secret in getattr(vault, "secrets", None) or () if secret.bytes]
        return given[0] if given else None

    def release(self) -> Any:
        """Render the site, put its secrets in place, and return the release. Raise AnsibleActionFail with every finding."""
        from kelid.findings import KelidError  # noqa: PLC0415
        from kelid.pipeline import release  # noqa: PLC0415 - ansible lists plugins in places that have no kelid

        try:
            return release.make_release(
                self.sites(),
                self.variable("kelid_site"),
                vault_password=self.vault_password(),
            )
        except KelidError as problem:
            findings = "".join(f"\n{finding}" for finding in problem.findings)
            raise AnsibleActionFail(f"{problem}{findings}") from problem
