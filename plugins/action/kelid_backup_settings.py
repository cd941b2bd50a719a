"""Ship a site's backup settings, decrypted on the control node, to its server: over standard input, in one round trip."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.loader import action_loader


class ActionModule(action_loader.get("kelid_backup", class_only=True)):  # type: ignore[misc]
    """Ask kelid for the settings of the host's site and give them to the program there.

    No secret is in any argument, log or result.
    """

    _VALID_ARGS = frozenset()

    def work(self) -> dict[str, Any]:
        """Return ``changed`` and, under ``kelid``, the files that differ; in check mode nothing is written."""
        payload = self.payload()
        words = ["settings", "--check"] if self._task.check_mode else ["settings"]
        told = self.ask_backup(*words, given=payload)
        if self._task.check_mode and told.get("code") == "not_installed":
            return {"changed": True, "msg": "the backup program would be installed first"}
        return self.result(told)

    def payload(self) -> bytes:
        """Return what the program reads. Raise AnsibleActionFail with every finding if the site has none.

        KELID_BACKUP_HOST_KEY and KELID_BACKUP_ADDRESS (host[:port]) override the store's: a lab, a store that moved.
        The host variables of the same names in small letters do so too.
        """
        from kelid.findings import KelidError  # noqa: PLC0415
        from kelid.pipeline import release  # noqa: PLC0415 - ansible lists plugins in places that have no kelid

        try:
            settings = release.backup_settings(
                self.sites(),
                self.variable("kelid_site"),
                vault_password=self.vault_password(),
                host_key=self.override("kelid_backup_host_key"),
            )
        except KelidError as problem:
            findings = "".join(f"\n{finding}" for finding in problem.findings)
            raise AnsibleActionFail(f"{problem}{findings}") from problem
        public = dict(settings.public)
        address = self.override("kelid_backup_address")
        if address and public["repository"]["kind"] == "sftp":
            host, port = split_address(address)
            public["repository"] = {**public["repository"], "host": host}
            if port:
                public["repository"]["port"] = port
        body = {
            "public": public,
            "password": settings.password,
            "private_key": settings.private_key,
            "known_hosts": settings.known_hosts,
        }
        return json.dumps(body).encode()

    def override(self, name: str) -> str:
        """Return the environment's or else the inventory's word for something of the store's; "" for none."""
        given = os.environ.get(name.upper(), "") or self._templar.template(self.given.get(name, ""))
        return str(given or "")


def split_address(address: str) -> tuple[str, int]:
    """Given ``host``, ``host:port``, a bare IPv6 address or ``[address]:port``, return host and port (0: not said)."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit() and (":" not in host or host.startswith("[")):
        return host.strip("[]"), int(port)
    return address.strip("[]"), 0
