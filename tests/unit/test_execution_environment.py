"""What a job of AWX runs in has what kelid needs."""

from __future__ import annotations

import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def test_it_has_all_that_pyproject_asks_for() -> None:
    given = yaml.safe_load((ROOT / "execution-environment.yml").read_text())["dependencies"]
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]

    assert sorted(
        [*given["python"], given["ansible_core"]["package_pip"], given["ansible_runner"]["package_pip"]]
    ) == sorted(wanted)


def test_it_has_the_programs_that_are_started_on_the_control_node() -> None:
    system = yaml.safe_load((ROOT / "execution-environment.yml").read_text())["dependencies"]["system"]

    assert {entry.split()[0] for entry in system} >= {"git-core", "openssh-clients", "sox"}
