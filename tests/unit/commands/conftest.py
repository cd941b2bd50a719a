"""A sites directory to work in, as a user of the command line has one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[3] / "sites"


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sample clinic in a sites directory of its own, with the current directory beside it."""
    folder = tmp_path / "sites"
    shutil.copytree(SAMPLES / "noor-clinic", folder / "noor-clinic")
    shutil.copy(SAMPLES / "sample-vault-password", folder)
    subprocess.run(
        ["git", "init", "-q", str(tmp_path)], check=True, env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    )
    monkeypatch.chdir(tmp_path)
    for name in ("KELID_SITES", "KELID_VAULT_PASSWORD_FILE"):
        monkeypatch.delenv(name, raising=False)
    return folder / "noor-clinic"
