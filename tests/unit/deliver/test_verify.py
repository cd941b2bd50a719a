"""Judging the running Asterisk against its release."""

from __future__ import annotations

from typing import Any

import pytest

from kelid.deliver.verify import differences, lost, notes


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


AGENT = {"queue": "sales", "interface": "PJSIP/101", "name": "Ali", "dynamic": True, "paused": True}
CALLS = {f"1764185000.{number}": 40 + number for number in range(6)}


@pytest.mark.parametrize(
    ("observed", "words"),
    [
        ({"members": [AGENT]}, []),
        ({"members": []}, ["member PJSIP/101 was logged in to queue sales and is not any more"]),
        ({"members": [], "left": [["sales", "Ali"]]}, []),
        (
            {"members": [], "left": [["support", "Ali"]]},
            ["member PJSIP/101 was logged in to queue sales and is not any more"],
        ),
        (
            {"members": [AGENT | {"paused": False}]},
            ["member PJSIP/101 of queue sales paused and does not any more"],
        ),
    ],
)
def test_queue_members_stay_unless_they_went_themselves(observed: dict[str, Any], words: list[str]) -> None:
    assert lost({"members": [AGENT]}, observed, {"queues": ["sales"]}) == words
    assert lost({"members": [AGENT]}, observed, {"queues": []}) == []


@pytest.mark.parametrize(
    ("calls", "started", "restarted", "words"),
    [
        (CALLS, "7.1", False, []),
        ({"1764185000.0": 50}, "7.1", False, []),
        ({"9.9": 1}, "7.1", False, ["all of the 6 channels that had been up for a while are gone"]),
        ({}, "8.2", True, []),
        (
            {},
            "8.2",
            False,
            ["Asterisk started anew while it read the release: 6 channels that were up are lost"],
        ),
    ],
)
def test_calls_stay_as_far_as_can_be_told(
    calls: dict[str, int], started: str, restarted: bool, words: list[str]
) -> None:
    before = {"calls": CALLS, "started": "7.1"}
    assert lost(before, {"calls": calls, "started": started}, {}, restarted=restarted) == words


def test_few_or_short_calls_may_all_have_ended() -> None:
    short = dict.fromkeys(CALLS, 3)
    assert lost({"calls": short, "started": "7.1"}, {"calls": {}, "started": "7.1"}, {}) == []
    assert notes({"calls": short}, {"calls": {}}, {}) == [
        "6 of 6 channels that were up before have ended since"
    ]
