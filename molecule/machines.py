"""Make, replace and remove the machines of a scenario, and tell molecule and ssh where they are.

Called with a verb and the name of a scenario; writes into the folder MOLECULE_EPHEMERAL_DIRECTORY.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from pathlib import Path

from kelid.lab import Lab
from kelid.pipeline import release

SITE = "noor-clinic"


def new_machine(lab: Lab, folder: Path, image: str) -> None:
    """Make the machine that is the clinic's PBX, from ``bare`` (ssh and Python) or ``pbx`` (Asterisk's packages too)."""
    host = lab.create_host("pbx", image)
    instance = {
        "instance": SITE,
        "address": host.address,
        "user": "root",
        "port": 22,
        "identity_file": str(lab.key),
    }
    (folder / "instance_config.yml").write_text(json.dumps([instance]), encoding="utf-8")
    (folder / "control_node").write_text(lab.gateway, encoding="utf-8")
    (folder / "known_hosts").write_text(f"{host.address} {lab.host_key('pbx')}\n", encoding="utf-8")


def new_store(lab: Lab, folder: Path) -> None:
    """Make the store of the site's backups, which lets the site's own key in."""
    settings = release.backup_settings(Path("sites").resolve(), SITE, host_key="ssh-ed25519 not-asked-yet")
    public = subprocess.run(
        ["ssh-keygen", "-y", "-f", "/dev/stdin"],
        input=settings.private_key,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lab.create_store(public, aliases=(str(settings.public["repository"]["host"]),))
    (folder / "store_key").write_text(lab.host_key("store") + "\n", encoding="utf-8")


def main() -> None:
    """Run one verb; each may be run again."""
    top = argparse.ArgumentParser(description="The machines of a molecule scenario.")
    top.add_argument("verb", choices=["create", "replace", "destroy"])
    top.add_argument("scenario")
    top.add_argument("--image", choices=["bare", "pbx"], default="bare", help="what the PBX is made from")
    top.add_argument("--store", action="store_true", help="make a store for its backups too")
    options = top.parse_args()
    folder = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
    name = "molecule-" + options.scenario.replace("_", "-")
    if options.verb == "destroy":
        if name in Lab.names():
            Lab.find(name).down()
        (folder / "instance_config.yml").write_text("[]", encoding="utf-8")
        return
    lab = Lab.up(name)
    if options.verb == "replace":
        lab.destroy_host("pbx")
    if options.store:
        new_store(lab, folder)
    new_machine(lab, folder, options.image)


if __name__ == "__main__":
    main()
