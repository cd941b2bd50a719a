"""Molecule's scenarios of one machine: check, converge, idempotence and verify."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kelid.lab import missing_requirements


@pytest.mark.lab
@pytest.mark.parametrize("scenario", ["default", "hardening"])
def test_a_machine_becomes_what_is_asked_for_and_the_second_run_changes_nothing(
    root: Path, scenario: str
) -> None:
    """The whole sequence ends well; what molecule says stands in the failure."""
    missing = missing_requirements()
    if missing:
        pytest.skip("; ".join(missing))
    tools = Path(sys.executable).parent
    done = subprocess.run(
        [tools / "molecule", "test", "--scenario-name", scenario],
        cwd=root,
        env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
