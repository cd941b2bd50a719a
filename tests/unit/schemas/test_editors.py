"""What editors are told: the first line of each site's file, and VS Code's settings."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from kelid.load.schema import TOPICS

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted([*ROOT.glob("sites/*/*.yml"), *ROOT.glob("tests/bad_sites/_base/*.yml")])


@pytest.mark.parametrize("path", [pytest.param(path, id=str(path.relative_to(ROOT))) for path in FILES])
def test_every_file_of_a_site_names_its_schema(path: Path) -> None:
    schema = ROOT / "schemas" / f"{path.stem}.schema.json"
    wanted = f"# yaml-language-server: $schema={os.path.relpath(schema, path.parent)}"
    assert path.read_text(encoding="utf-8").splitlines()[0] == wanted, f"write as the first line: {wanted}"
    assert schema.is_file()


def test_vs_code_knows_every_topic() -> None:
    settings = json.loads((ROOT / ".vscode" / "settings.json").read_text(encoding="utf-8"))
    for topic in TOPICS:
        schema, files = (
            f"./schemas/{topic}.schema.json",
            [f"sites/*/{topic}.yml", f"tests/bad_sites/*/{topic}.yml"],
        )
        line = f"{json.dumps(schema)}: {json.dumps(files)}"
        assert settings["yaml.schemas"].get(schema) == files, f"put into .vscode/settings.json: {line}"
    assert settings["yaml.customTags"] == ["!vault scalar"]
