"""What a live Asterisk once did otherwise than the oracle said: it says the same now."""

from __future__ import annotations

from pathlib import Path

import pytest

from fidelity.keep import CASES, replay
from kelid.simulate.members import place


@pytest.mark.parametrize(
    "folder", sorted(path for path in CASES.iterdir() if path.is_dir()), ids=lambda path: path.name
)
def test_the_oracle_says_what_asterisk_did(folder: Path) -> None:
    for oracle, live in replay(folder):
        assert oracle == live


def test_members_are_listed_in_the_order_of_their_places() -> None:
    """As Asterisk 22 listed the members of a queue who had come in another order."""
    members = ["PJSIP/102", "PJSIP/252", "PJSIP/241"]
    assert sorted(members, key=place) == ["PJSIP/241", "PJSIP/102", "PJSIP/252"]
