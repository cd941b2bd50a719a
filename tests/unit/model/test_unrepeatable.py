"""What no run can repeat is put aside, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kelid.model.unrepeatable import UNREPEATABLE, repeatable

AT = datetime(2026, 12, 1, 10, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("PJSIP/101-0000002a", "<channel>"),
        ("Local/s@default-00000001;2,x", "<channel>,x"),
        ("PJSIP/101,20,i", "PJSIP/101,20,i"),
        ("1796119205.17", "<unique>"),
        ("fax-1796119205.17.tif", "fax-<unique>.tif"),
        ("10.25", "10.25"),
        ("w12.2", "<unique>"),
        ("101-20261201-100007", "101-<moment>"),
        ("2026/12/01/133007-107", "<moment>-107"),
        ("20261201", "20261201"),
        ("20250101-100007", "20250101-100007"),
        (str(int(AT.timestamp()) + 20), "<epoch>"),
        ("1000000000", "1000000000"),
        ("09121234567", "09121234567"),
    ],
)
def test_only_what_differs_from_run_to_run(text: str, shown: str) -> None:
    assert repeatable(text, AT) == shown


def test_the_list_is_published(root: Path) -> None:
    page = (root / "docs/fidelity.md").read_text(encoding="utf-8")
    assert [kind.stands for kind in UNREPEATABLE if f"`{kind.stands}`" not in page] == []
