"""Judging the running Asterisk against its release."""

from __future__ import annotations

from typing import Any

import pytest

from kelid.deliver.verify import differences, lost


@pytest.mark.parametrize(
    ("expect", "observed", "words"),
    [
        ({"endpoints": ["101"]}, {"endpoints": ["101"]}, []),
        (
            {"endpoints": ["101", "102"]},
            {"endpoints": ["101"]},
            ["endpoint 102 is missing from the running Asterisk"],
        ),
        ({"queues": []}, {"queues": ["sales"]}, ["queue sales is there but not in the release"]),
        ({"contexts": ["a"]}, {"contexts": ["a", "parkedcalls"]}, []),
        ({"mailboxes": ["101@default"]}, {}, ["mailbox 101@default is missing from the running Asterisk"]),
        ({"registrations": ["t"]}, {"registrations": {"t": "Rejected"}}, []),
    ],
)
def test_differences(expect: dict[str, Any], observed: dict[str, Any], words: list[str]) -> None:
    assert differences(expect, observed) == words


@pytest.mark.parametrize(
    ("before", "now", "kept", "words"),
    [
        ({"t": "Registered"}, {"t": "Registered"}, ["t"], []),
        ({"t": "Registered"}, {"t": "Rejected"}, ["t"], ["trunk t was registered and now is Rejected"]),
        ({"t": "Registered"}, {}, ["t"], ["trunk t was registered and now is gone"]),
        ({"t": "Registered"}, {}, [], []),
        ({"t": "Rejected"}, {"t": "Rejected"}, ["t"], []),
    ],
    ids=["stays", "rejected", "gone", "removed on purpose", "never was"],
)
def test_a_trunk_that_worked_must_work_on(
    before: dict[str, str], now: dict[str, str], kept: list[str], words: list[str]
) -> None:
    assert lost({"registrations": before}, {"registrations": now}, {"registrations": kept}) == words
