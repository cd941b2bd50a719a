"""Make, replace and remove the scenario's machines: a store, and the machine that is the clinic's PBX at the time.

Writes what molecule and ssh must know into the folder MOLECULE_EPHEMERAL_DIRECTORY.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from kelid import pipeline
from kelid.lab import Lab

SITE = "noor-clinic"
NAME = "molecule-backup"


def new_machine(lab: Lab, folder: Path, image: str) -> None:
    """Make a machine and tell molecule where it is."""
    host = lab.create_host("pbx", image)
    instance = {
        "instance": SITE,
        "address": host.address,
        "user": "root",
        "port": 22,
        "identity_file": str(lab.key),
    }
    (folder / "instance_config.yml").write_text(json.dumps([instance]), encoding="utf-8")
    (folder / "known_hosts").write_text(f"{host.address} {lab.host_key('pbx')}\n", encoding="utf-8")


def main(verb: str) -> None:
    """Run one of create, replace, destroy; each may be run again."""
    folder = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
    if verb == "destroy":
        if NAME in Lab.names():
            Lab.find(NAME).down()
        (folder / "instance_config.yml").write_text("[]", encoding="utf-8")
        return
    lab = Lab.up(NAME)
    if verb == "replace":
        lab.destroy_host("pbx")
        new_machine(lab, folder, "bare")
    else:
        settings = pipeline.backup_settings(
            Path("sites").resolve(), SITE, host_key="ssh-ed25519 not-asked-yet"
        )
        public = subprocess.run(
            ["ssh-keygen", "-y", "-f", "/dev/stdin"],
            input=settings.private_key,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        lab.create_store(public, aliases=(str(settings.public["repository"]["host"]),))
        (folder / "store_key").write_text(lab.host_key("store") + "\n", encoding="utf-8")
        new_machine(lab, folder, "pbx")


if __name__ == "__main__":
    main(sys.argv[1])
