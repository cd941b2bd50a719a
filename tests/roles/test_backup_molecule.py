"""The molecule scenario in which a PBX is lost with its disk: roles, playbooks and plugins, as an engineer runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kelid.lab import missing_requirements

ROOT = Path(__file__).parents[2]


@pytest.mark.lab
def test_a_lost_pbx_comes_back(tmp_path: Path) -> None:
    if missing := missing_requirements():
        pytest.skip("; ".join(missing))
    programs = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "MOLECULE_EPHEMERAL_DIRECTORY": str(tmp_path),
    }
    done = subprocess.run(
        [programs / "molecule", "test", "--scenario-name", "backup_restore"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
