"""Every role has argument_specs, and its defaults are those."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROLES = sorted(path for path in (Path(__file__).resolve().parents[2] / "roles").iterdir() if path.is_dir())


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_defaults_and_spec_agree(role: Path) -> None:
    """Each option of the spec has the very default that the role has; nothing is only in one of them."""
    options = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"][
        "options"
    ]
    path = role / "defaults" / "main.yml"
    defaults = (yaml.safe_load(path.read_text()) if path.exists() else None) or {}
    assert {name: option["default"] for name, option in options.items() if "default" in option} == defaults
    assert all(name.startswith(f"{role.name}_") for name in options)
    assert all(option.get("description") for option in options.values())
