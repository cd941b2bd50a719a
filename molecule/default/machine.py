"""Make and remove the scenario's machine, and tell molecule and ssh where it is (in MOLECULE_EPHEMERAL_DIRECTORY)."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from kelid.lab import Lab

SITE = "noor-clinic"
NAME = "molecule-default"


def main(verb: str) -> None:
    """Run create or destroy; each may be run again."""
    folder = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
    if verb == "destroy":
        if NAME in Lab.names():
            Lab.find(NAME).down()
        (folder / "instance_config.yml").write_text("[]", encoding="utf-8")
        return
    lab = Lab.up(NAME)
    host = lab.create_host("pbx", "bare")
    instance = {
        "instance": SITE,
        "address": host.address,
        "user": "root",
        "port": 22,
        "identity_file": str(lab.key),
    }
    (folder / "instance_config.yml").write_text(json.dumps([instance]), encoding="utf-8")
    (folder / "known_hosts").write_text(f"{host.address} {lab.host_key('pbx')}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
