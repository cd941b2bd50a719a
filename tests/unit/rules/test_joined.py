"""A fault that many objects inherit from one line is said once."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from kelid.load import load_files
from kelid.rules import check

BASE = Path(__file__).resolve().parents[2] / "bad_sites" / "_base"


def test_a_fault_of_a_profile_is_one_fault() -> None:
    files = {path.name: path.read_bytes() for path in BASE.glob("*.yml")}
    files["site.yml"] += b"profiles:\n  - {name: room, permission_class: nobody}\n"
    files["extensions.yml"] += b"series:\n  - {numbers: 300-349, names: {en: Room}, profile: room}\n"
    site = load_files("base", files, shown="base").site
    assert site
    found = [item for item in check(site, today=date(2026, 11, 23), secrets=None) if item.code == "E002"]
    assert len(found) == 1
    assert found[0].message.endswith("(and 49 more like it)")
