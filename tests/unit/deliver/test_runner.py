"""Playbooks that are started, and stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path

import pytest

from kelid.deliver.runner import run_playbook
from kelid.model.progress import Progress, State


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one playbook that waits for long, and one that is done at once."""
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "ansible.cfg").write_text("[defaults]\n")
    (tmp_path / "inventory.kelid.yml").write_text(
        f"all: {{hosts: {{here: {{ansible_connection: local, ansible_python_interpreter: {sys.executable}}}}}}}\n"
    )
    for name, task in (("wait", "command: sleep 300"), ("done", "debug: {msg: here}")):
        (tmp_path / "playbooks" / f"{name}.yml").write_text(
            f"- hosts: all\n  gather_facts: false\n  tasks:\n    - name: The only one\n      ansible.builtin.{task}\n"
        )
    return tmp_path


def still_running(root: Path) -> list[str]:
    """Return the command lines of what a playbook of that repository started and that has not ended.

    All of it has the repository in its environment, also what runs in a session of its own.
    """
    mark = f"ANSIBLE_CONFIG={root / 'ansible.cfg'}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_a_playbook_and_the_handlers_are_ours_again(
    root: Path, number: signal.Signals
) -> None:
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    def stop(progress: Progress) -> None:
        if progress.state is State.STARTED:
            os.kill(os.getpid(), number)

    with pytest.raises(KeyboardInterrupt, match="playbook wait was stopped"):
        run_playbook("wait", root=root, hosts="all", watch=stop)

    assert still_running(root) == []
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers


def test_a_signal_that_comes_too_late_stops_nothing(root: Path) -> None:
    """What was done is not told as a failure."""

    def stop(progress: Progress) -> None:
        if progress.state is State.OK:
            os.kill(os.getpid(), signal.SIGINT)

    outcome = run_playbook("done", root=root, hosts="all", watch=stop)

    assert outcome.ok
