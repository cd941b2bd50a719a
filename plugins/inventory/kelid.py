"""One host per machine of each site, from the sites directory; nothing else of a site goes into host variables."""

from __future__ import annotations

import hashlib
import shlex
import sys
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin

DOCUMENTATION = """
name: kelid
short_description: The machines of kelid's sites
description:
  - Gives address, port, user and the git commit of every site in the sites directory; the host has the site's name.
  - Groups are C(primary), C(standby), C(client_NAME) and, for each tag of a site, C(tag_NAME).
  - A site with a standby has a second host, C(noor-clinic.standby), in the group C(standby).
  - The host key that C(site.yml) names is enforced; without one the user's own C(known_hosts) decides.
options:
  plugin:
    description: Always C(kelid).
    required: true
    choices: [kelid]
  sites:
    description: The sites directory; a relative path starts at the inventory file.
    type: path
    default: sites
    env:
      - name: KELID_SITES
  site:
    description: Only this site. Needed for the overrides below.
    type: str
    env:
      - name: KELID_SITE
  server:
    description: Which machine of the selected site the overrides below are for; with it the site's other one is left out.
    type: str
    choices: [primary, standby]
    env:
      - name: KELID_SERVER
  address:
    description: Another address for the selected site, for a machine that replaces its server.
    type: str
    env:
      - name: KELID_ADDRESS
  port:
    description: Another ssh port for the selected site.
    type: int
    env:
      - name: KELID_PORT
  user:
    description: Another user for the selected site, or for all.
    type: str
    env:
      - name: KELID_USER
  identity:
    description: Private key file that opens the selected site's server, or all of them.
    type: path
    env:
      - name: KELID_IDENTITY
  known_hosts:
    description: A known_hosts file that takes the place of the selected site's host key, or of all of theirs.
    type: path
    env:
      - name: KELID_KNOWN_HOSTS
"""

OVERRIDES = ("address", "port", "user", "identity", "known_hosts")
TRUST = "-o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes"
TOP = Path(__file__).resolve().parents[2]
FOR_ONE = ("address", "port")
"""Overrides that can't be true of several sites."""


class InventoryModule(BaseInventoryPlugin):  # type: ignore[misc]
    """Reads ``*.kelid.yml`` with ``plugin: kelid``."""

    NAME = "kelid"

    def verify_file(self, path: str) -> bool:
        """Return whether the file's name says that it is ours."""
        return bool(super().verify_file(path)) and Path(path).name.endswith(("kelid.yml", "kelid.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Add the hosts. Raise AnsibleParserError if there is no such directory or site."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        # The action plugins import kelid as well; where Ansible lies elsewhere than kelid, its source is beside this file.
        source = str(Path(__file__).resolve().parents[2] / "tools")
        if source not in sys.path:
            sys.path.append(source)
        from kelid.findings import KelidError  # noqa: PLC0415
        from kelid.pipeline import machines  # noqa: PLC0415 - the plugin's documentation is readable without kelid

        sites = Path(path).resolve().parent / str(self.get_option("sites"))
        only, role = self.get_option("site"), self.get_option("server")
        changed = {name: self.get_option(name) for name in OVERRIDES if self.get_option(name)}
        try:
            entries = machines.inventory(sites, only or "")
        except KelidError as problem:
            raise AnsibleParserError(str(problem)) from problem
        if only and role and entries:
            entries = [entry for entry in entries if entry.role == role]
            if not entries:
                raise AnsibleParserError(f"{only} has no {role}; write servers.{role} in its site.yml")
        if only and not entries:
            raise AnsibleParserError(
                f"{sites} has no site {only!r} whose site.yml can be read; run kelid check"
            )
        if not only and (single := [name for name in FOR_ONE if name in changed]):
            names = ", ".join(f"KELID_{name.upper()}" for name in single)
            raise AnsibleParserError(f"{names} is for one site; set KELID_SITE too")
        for group in ("primary", "standby"):
            self.inventory.add_group(group)
        for entry in entries:
            self._add(entry, sites, changed if not only or entry.role == (role or "primary") else {})

    def _add(self, entry: Any, sites: Path, changed: dict[str, Any]) -> None:
        address = str(changed.get("address") or entry.address)
        port = int(changed.get("port") or entry.port)
        values = {
            "ansible_host": address,
            "ansible_port": port,
            "ansible_user": changed.get("user") or entry.user,
            "kelid_user": entry.user,
            "ansible_python_interpreter": "/usr/bin/python3",
            # Said here because ansible-runner switches it off in the environment, which beats ansible.cfg.
            "ansible_host_key_checking": True,
            "kelid_site": entry.site,
            # Within the repository from its top: a job that AWX carries elsewhere finds them there.
            "kelid_sites_dir": str(sites.relative_to(TOP) if sites.is_relative_to(TOP) else sites),
            "kelid_commit": entry.commit,
        }
        known = str(changed.get("known_hosts") or "")
        if known:
            # Only this file counts: neither the user's nor the machine's own may name another key.
            values["ansible_ssh_common_args"] = f"{TRUST} -o UserKnownHostsFile={shlex.quote(known)}"
        elif entry.host_key:
            # The key itself and no file that holds it: AWX keeps what is said here, and runs the job elsewhere.
            told = shlex.quote(f"KnownHostsCommand=/bin/echo %H {entry.host_key}")
            values["ansible_ssh_common_args"] = f"{TRUST} -o UserKnownHostsFile=/dev/null -o {told}"
        if changed.get("identity"):
            values["ansible_ssh_private_key_file"] = str(changed["identity"])
        # A connection that is kept open was checked against one file of host keys, and must not serve a run that
        # names another: so what is trusted is a part of its socket's name.
        trusted = Path(known).read_bytes() if known and Path(known).is_file() else entry.host_key.encode()
        trust = hashlib.sha256(trusted + str(changed.get("identity", "")).encode()).hexdigest()[:12]
        values["ansible_control_path"] = f"%(directory)s/{trust}-%%C"
        self.inventory.add_host(entry.name)
        self.inventory.add_child(entry.role, entry.name)
        for group in (f"client_{entry.client.replace('-', '_')}", *(f"tag_{tag}" for tag in entry.tags)):
            self.inventory.add_group(group)
            self.inventory.add_child(group, entry.name)
        for name, value in values.items():
            self.inventory.set_variable(entry.name, name, value)
