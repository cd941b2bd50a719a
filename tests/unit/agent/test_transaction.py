"""What a change that failed on the server says of it, where the lab's faults come to it only by a number that moves."""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from agent.places import Places
from agent.refusal import Refusal
from agent.scrub import Scrubber
from agent.transaction import Transaction


def test_who_finds_no_room_to_go_back_doesnt_say_that_nothing_was_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way back stays armed, and the answer tells so; with room, it tells what is back."""
    server: Any = SimpleNamespace(at=Places(state=tmp_path), scrub=Scrubber({"secret"}))
    transaction = Transaction(server)
    full = OSError(errno.ENOSPC, "No space left on device")

    def nowhere(*_: object, **__: object) -> dict[str, Any]:
        raise full

    monkeypatch.setattr(transaction, "back", nowhere)
    raised = transaction.failed(
        {"confirm_within": 90}, OSError(errno.EIO, "secret"), "the old release is back"
    )
    assert isinstance(raised, Refusal)
    assert raised.code == "failed"
    assert "goes back by itself within 90 s" in str(raised)
    assert "secret" not in str(raised)
    assert not raised.more.get("undone")

    monkeypatch.setattr(transaction, "back", lambda *_, **__: {"event": "undone"})
    refusal = Refusal("reload_failed", "no", ["line"])
    raised = transaction.failed({"confirm_within": 90}, refusal, "the old release is back")
    assert (str(raised), raised.more["undone"], raised.log) == ("no; the old release is back", True, ["line"])
    assert transaction.failed({"confirm_within": 90}, full, "the old release is back") is full
