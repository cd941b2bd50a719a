"""Ship a site's backup settings, decrypted on the control node, to its server: over standard input, in one round trip."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

PROGRAM = "/usr/local/lib/kelid/backup"


class ActionModule(ActionBase):
    """Ask kelid for the settings of the host's site and give them to the program there.

    No secret is in any argument, log or result.
    """

    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset()
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return ``changed`` and the files that differ; in check mode nothing is written."""
        super().run(tmp, task_vars)
        given = task_vars or {}
        payload = self._payload(self._value(given, "kelid_sites_dir"), self._value(given, "kelid_site"))
        check = " --check" if self._task.check_mode else ""
        command = f"if test -x {PROGRAM}; then {PROGRAM} settings{check}; else echo missing; fi"
        done = self._low_level_execute_command(command, in_data=payload, sudoable=True)
        text = str(done.get("stdout", "")).strip()
        if text == "missing":
            if self._task.check_mode:
                return {"changed": True, "msg": f"{PROGRAM} would be installed first"}
            raise AnsibleActionFail(f"{PROGRAM} is not on the server; the role pbx_backup installs it")
        try:
            answer: dict[str, Any] = json.loads(text)
        except ValueError:
            raise AnsibleActionFail(
                f"the backup program gave no answer: {str(done.get('stderr', ''))[-500:]}"
            ) from None
        if not answer.get("ok"):
            return {
                "failed": True,
                "changed": False,
                "msg": answer.get("message", ""),
                "code": answer.get("code", ""),
            }
        return {"changed": bool(answer["changed"]), "files": answer["files"]}

    def _value(self, given: dict[str, Any], name: str) -> str:
        """Return a host variable of the inventory plugin's. Raise AnsibleActionFail if it is not there."""
        value = self._templar.template(given.get(name, ""))
        if not value:
            raise AnsibleActionFail(f"the host has no {name}; use the inventory inventory.kelid.yml")
        return str(value)

    def _payload(self, sites: str, site: str) -> bytes:
        """Return what the program reads.

        KELID_BACKUP_HOST_KEY and KELID_BACKUP_ADDRESS (host[:port]) override the store's: a lab, a store that moved.
        """
        from kelid import pipeline  # noqa: PLC0415 - ansible lists plugins in places that have no kelid
        from kelid.findings import KelidError  # noqa: PLC0415

        try:
            settings = pipeline.backup_settings(
                Path(sites), site, host_key=os.environ.get("KELID_BACKUP_HOST_KEY", "")
            )
        except KelidError as problem:
            findings = "".join(f"\n{finding}" for finding in problem.findings)
            raise AnsibleActionFail(f"{problem}{findings}") from problem
        public = dict(settings.public)
        address = os.environ.get("KELID_BACKUP_ADDRESS", "")
        if address and public["repository"]["kind"] == "sftp":
            host, colon, port = address.rpartition(":")
            if not colon or "]" in port or (":" in host and not host.startswith("[")):
                host, port = address, ""  # no port: a name, or a bare IPv6 address
            public["repository"] = {**public["repository"], "host": host.strip("[]")}
            if port:
                public["repository"]["port"] = int(port)
        body = {
            "public": public,
            "password": settings.password,
            "private_key": settings.private_key,
            "known_hosts": settings.known_hosts,
        }
        return json.dumps(body).encode()
