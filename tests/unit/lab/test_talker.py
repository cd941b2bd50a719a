"""A process that tells events: none is lost, none is seen twice, and every wait has an end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kelid.lab import LabError
from kelid.lab.talker import Talker

_ECHO = """
import json, sys
print(json.dumps({"event": "ready"}), flush=True)
for line in sys.stdin:
    command = json.loads(line)
    if command["do"] == "die":
        sys.exit("the last words")
    for event in command.get("before", []):
        print(json.dumps({"event": event}), flush=True)
    print(json.dumps({"event": command["do"], **command}), flush=True)
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Talker]]:
    """Return a function that starts a process which repeats what it is told; it ends with the test."""
    started: list[Talker] = []
    (tmp_path / "cgroup.procs").touch()  # a folder that takes a process's number, as a control group does

    def begin() -> Talker:
        started.append(Talker("echo", tmp_path, [sys.executable, "-c", _ECHO], tmp_path / "log"))
        started[-1].wait_for("ready")
        return started[-1]

    yield begin
    for talker in started:
        talker.close()


def test_an_event_is_found_once_and_in_order(start: Callable[[], Talker]) -> None:
    talker = start()
    talker.tell("digit", digit="1")
    talker.tell("digit", digit="5")
    assert [talker.wait_for("digit")["digit"] for _ in range(2)] == ["1", "5"]
    with pytest.raises(LabError, match=r"waited 0\.1 s for digit; it told nothing"):
        talker.wait_for("digit", timeout=0.1)


def test_a_question_loses_no_event_that_comes_before_its_answer(start: Callable[[], Talker]) -> None:
    talker = start()
    assert talker.ask("stats", before=["ended"])["ask"] == 1
    assert talker.wait_for("ended")["event"] == "ended"


def test_what_was_told_before_is_let_go_of(start: Callable[[], Talker]) -> None:
    talker = start()
    talker.ask("stats", before=["ended"])
    talker.forget()
    talker.ask("stats", before=["incoming"])
    assert talker.wait_for("ended", "incoming", timeout=5)["event"] == "incoming"


def test_an_error_is_raised_where_one_waits(start: Callable[[], Talker]) -> None:
    talker = start()
    talker.tell("error", message="no call to answer")
    with pytest.raises(LabError, match="echo: no call to answer"):
        talker.wait_for("answered")


def test_the_end_of_the_process_ends_the_wait(start: Callable[[], Talker]) -> None:
    talker = start()
    talker.tell("die")
    with pytest.raises(LabError, match="echo ended before: answered; it said: the last words"):
        talker.wait_for("answered", timeout=30)
    talker.close()
    assert not talker.alive
    with pytest.raises(LabError, match="echo has ended"):
        talker.tell("more")
