"""What is told of a change of many machines that a signal ended, by what was known of each and what the servers say."""

from __future__ import annotations

from typing import Any

import pytest

from kelid.deliver.fleet import BY_ITSELF, _at_its_end, _called_off
from kelid.deliver.runner import Outcome
from kelid.deliver.server import Applied
from kelid.findings import Exit

WHY = "called off on desk by Ctrl-C"


def asked(**answer: Any) -> Outcome:
    """Return the run of a playbook in which the server answered so."""
    return Outcome(results={("kelid_agent", "east"): answer})


def test_one_that_was_undone_is_on_the_release_before() -> None:
    told = _called_off(asked(ok=True, release="b" * 64, receipt={"line": "{}"}), "east", WHY)

    assert (told.exit, told.undone, told.release, told.receipt) == (Exit.ROLLED_BACK, True, "b" * 64, "{}")
    assert told.message.startswith(WHY)


def test_one_that_was_confirmed_before_stays() -> None:
    became = {"event": "confirmed", "release": "c" * 64}
    told = _called_off(asked(ok=False, code="not_armed", current="c" * 64, became=became), "east", WHY)

    assert (told.ok, told.changed, told.release) == (True, True, "c" * 64)


def test_one_that_went_back_while_it_was_asked_is_on_what_was_before() -> None:
    became = {"event": "undone", "verb": "upgrade", "release": "c" * 64}
    told = _called_off(asked(ok=False, code="not_armed", current="c" * 64, became=became), "east", WHY)

    assert (told.exit, told.undone, told.release) == (Exit.ROLLED_BACK, True, "c" * 64)
    assert told.message == f"{WHY}: the old packages are back"


def test_one_that_had_not_switched_was_not_changed() -> None:
    told = _called_off(asked(ok=False, code="not_armed", became=None), "east", WHY)

    assert (told.exit, told.changed) == (Exit.REFUSED, False)


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(),
        Outcome(unreachable={"east": "no route to host"}),
        asked(ok=False, code="busy", message="another one has the lock"),
    ],
    ids=["a signal again", "unreachable", "busy"],
)
def test_one_that_could_not_be_asked_is_left_to_its_timer(outcome: Outcome) -> None:
    told = _called_off(outcome, "east", WHY)

    assert (told.code, told.exit) == ("left", Exit.FAILURE)
    assert told.message.endswith(BY_ITSELF)


@pytest.mark.parametrize(
    ("result", "surely"),
    [
        (None, False),
        (Applied(changed=True), True),
        (Applied(code="guarded"), True),
        (Applied(code="verify_failed", undone=True), True),
        (Applied(code="verify_failed"), False),
        (Applied(code="not_sent"), False),
        (Applied(code="connection_lost"), False),
        (Applied(code="unreachable"), False),
    ],
)
def test_who_need_not_be_asked_to_go_back(result: Applied | None, surely: bool) -> None:
    assert _at_its_end(result) is surely
