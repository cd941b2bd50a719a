"""The shell of an engineer at a control node, as tests need it: no setting of this machine steers kelid or git."""

from __future__ import annotations

import os
import sys

from kelid.lab import Host, Lab


def environment(**more: str) -> dict[str, str]:
    """Return this process's environment without what would steer kelid, Ansible or git, and with ``more``."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("KELID_", "ANSIBLE_"))}
    return {**clean, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, **more}


def on_server(lab: Lab, host: Host, verb: str, site: str, *arguments: str, **options: str) -> list[str]:
    """Return the words of a kelid command for a site whose server is a host of a lab; ``options`` come before the others."""
    server = {
        "--address": host.address,
        "--identity": str(lab.key),
        "--known-hosts": str(lab.known_hosts),
        **options,
    }
    pairs = [word for pair in server.items() for word in pair]
    return [sys.executable, "-m", "kelid", verb, site, *pairs, *arguments]
