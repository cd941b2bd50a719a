"""What a live Asterisk once did otherwise than the oracle said: it says the same now."""

from __future__ import annotations

from pathlib import Path

import pytest

from fidelity.keep import CASES, replay


@pytest.mark.parametrize(
    "folder", sorted(path for path in CASES.iterdir() if path.is_dir()), ids=lambda path: path.name
)
def test_the_oracle_says_what_asterisk_did(folder: Path) -> None:
    for oracle, live in replay(folder):
        assert oracle == live
