"""The main job from end to end, as ``make demo`` tells it."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from kelid.findings import Exit
from kelid.lab import Lab

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.lab
def test_every_step_holds_and_nothing_is_left(lab_possible: None) -> None:
    name = f"demo-{os.getpid()}-{secrets.token_hex(2)}"
    try:
        done = subprocess.run(
            [sys.executable, "-m", "kelid", "demo", "--json", "--lab", name],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        left = name in Lab.names()
    finally:
        Lab(name).down()

    assert done.returncode == Exit.OK, done.stderr[-6000:]
    steps = json.loads(done.stdout)["steps"]
    assert {step["state"] for step in steps} == {"held"}
    assert steps[-1]["step"] == "Place the same calls again"
    assert not left
