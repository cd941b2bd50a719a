"""Completion in a shell, as the shell itself does it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from kelid.commands import VERBS, main

ASK = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_shtab_kelid
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The script for bash, and two sites beside it."""
    for name in ("noor-clinic", "brightwater-hotel"):
        (tmp_path / "sites" / name).mkdir(parents=True)
        (tmp_path / "sites" / name / "site.yml").touch()
    (tmp_path / "sites" / "no-site").mkdir()
    assert main(["completion", "bash"]) == 0
    path = tmp_path / "kelid.bash"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    return path


def complete(script: Path, *words: str, **environment: str) -> list[str]:
    bash = shutil.which("bash")
    assert bash
    clean = {key: value for key, value in os.environ.items() if key != "KELID_SITES"}
    done = subprocess.run(
        [bash, "--norc", "-c", ASK, "bash", str(script), "kelid", *words],
        cwd=script.parent,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_verbs_options_and_choices(script: Path) -> None:
    assert set(complete(script, "")) >= set(VERBS)
    assert complete(script, "che") == ["check"]
    assert complete(script, "check", "--tod") == ["--today"]
    assert complete(script, "check", "--color", "") == ["auto", "always", "never"]


def test_the_names_of_sites(script: Path, tmp_path: Path) -> None:
    assert complete(script, "check", "") == ["brightwater-hotel", "noor-clinic"]
    assert complete(script, "check", "noor-clinic", "b") == ["brightwater-hotel"]
    assert complete(script, "apply", "n") == ["noor-clinic"]
    other = tmp_path / "our clients" / "sepehr"
    other.mkdir(parents=True)
    (other / "site.yml").touch()
    assert complete(script, "check", "", KELID_SITES=str(other.parent)) == ["sepehr"]


def test_files_and_folders(script: Path) -> None:
    assert complete(script, "check", "--sites", "si") == ["sites"]
    assert complete(script, "check", "--vault-password-file", "kel") == ["kelid.bash"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_can_read_theirs(shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    text = capsys.readouterr().out
    assert "_kelid_sites" in text
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} here to read it")
    (tmp_path / "script").write_text(text, encoding="utf-8")
    subprocess.run([program, "-n", str(tmp_path / "script")], check=True)
