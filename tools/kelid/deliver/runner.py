"""Start a playbook through ansible-runner; its events become progress, its results plain values."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kelid.findings import Exit, KelidError
from kelid.model.progress import Progress, State, Watcher

_STATES = {
    "runner_on_start": State.STARTED,
    "runner_on_ok": State.OK,
    "runner_on_failed": State.FAILED,
    "runner_on_unreachable": State.FAILED,
    "runner_on_skipped": State.SKIPPED,
}

_TOLD = re.compile(r"^kelid: (\S+): (.+) \(([0-9.]+) s\)\r?$", re.MULTILINE)
"""What our actions tell in the middle of a task: host, step, seconds."""

GRACE = 5.0
"""Seconds that a playbook which was asked to stop gets before it is killed."""

_kept: list[str] = []
"""The folder of the connections that playbooks share now, if they do."""


@dataclass(slots=True)
class Outcome:
    """What became of a playbook's run on each host.

    ``results`` holds, by task action and host, what our own actions returned under ``kelid`` (the last one wins);
    ``failures`` the messages of failed tasks; ``unreachable`` the hosts that never answered; ``ended`` whether the
    playbook ran to its end; ``begun`` are the hosts on which a task was started.
    """

    status: str = "failed"
    ended: bool = False
    changed: bool = False
    results: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    failures: dict[str, list[str]] = field(default_factory=dict)
    unreachable: dict[str, str] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    output: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Return True if every host ended well."""
        return self.status == "successful" and not self.unreachable

    def met(self, host: str) -> bool:
        """Return whether the host's turn came: whether anything was done there, or tried."""
        return (
            host in self.failures or host in self.unreachable or any(each == host for _, each in self.results)
        )

    def result(self, action: str, host: str) -> dict[str, Any] | None:
        """Return what our action told of the host, or None."""
        return self.results.get((action, host))


class Stopped(KeyboardInterrupt):
    """A playbook that a signal ended before its time; ``outcome`` is what was known of it by then."""

    def __init__(self, message: str, outcome: Outcome) -> None:
        """Keep the message and the outcome."""
        super().__init__(message)
        self.outcome = outcome


def run_playbook(
    name: str,
    *,
    root: Path,
    hosts: str,
    variables: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    watch: Watcher = lambda _: None,
    check: bool = False,
    verbosity: int = 0,
    forks: int = 5,
) -> Outcome:
    """Given the name of a playbook (``apply``) and a site or host pattern, run it and return the outcome.

    ``root`` is the repository that holds playbooks/, roles/ and ansible.cfg. Neither secrets nor the site's YAML go through
    variables: the action plugins read them when the host's turn comes. What ansible-runner keeps is deleted at the end.
    Raise Stopped where SIGINT or SIGTERM ended the playbook before its time.
    """
    import ansible_runner  # noqa: PLC0415  (0.3 s that other commands need not pay)

    outcome = Outcome()
    started: dict[str, float] = {}
    ansible_environment = {
        "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "ANSIBLE_PYTHON_INTERPRETER": "auto_silent",
        "ANSIBLE_NOCOLOR": "1",
        "KELID_COMMAND": "1",
        **(environment or {}),
    }

    stop = _Stop()

    def on_event(event: Mapping[str, Any]) -> bool:
        stop.leader = stop.leader or int(event.get("pid") or 0)
        _take(event, outcome, started, watch)
        return False  # ansible-runner need not keep the event on disk

    with (
        tempfile.TemporaryDirectory(prefix="kelid-") as private,
        _connections(private) as sockets,
        _signals(stop),
    ):
        ansible_environment["ANSIBLE_SSH_CONTROL_PATH_DIR"] = sockets
        runner = ansible_runner.interface.run(
            private_data_dir=private,
            playbook=str(root / "playbooks" / f"{name}.yml"),
            inventory=str(root / "inventory.kelid.yml"),
            project_dir=str(root),
            extravars={"kelid_hosts": hosts, **(variables or {})},
            envvars=ansible_environment,
            settings={"pexpect_timeout": 1},  # seconds until a silent playbook notices that it is to stop
            event_handler=on_event,
            cancel_callback=stop,
            cmdline="--check --diff" if check else None,
            verbosity=verbosity or None,
            forks=forks,
            quiet=True,
        )
        outcome.status = runner.status
    if outcome.status == "canceled":
        if not outcome.ended:
            raise Stopped(f"the playbook {name} was stopped", outcome)
        # The signal came too late to stop anything: what became of the run is what its tasks say.
        outcome.status = "failed" if outcome.failures or outcome.unreachable else "successful"
    return outcome


class _Stop:
    """Whether a signal asked for the end of a playbook; asked by ansible-runner again and again, it brings that end about.

    ansible-runner by itself kills ``ansible-playbook`` alone, at once. Its workers, one for each host, are sessions of their
    own since ansible-core 2.19: they would go on with what they were at, and start no less than they had in mind.
    ``ansible-playbook`` itself hands a SIGTERM on to them.
    """

    def __init__(self) -> None:
        """Nobody has asked yet; ``leader`` becomes the process id of ``ansible-playbook`` with its first event."""
        self.asked = False
        self.leader = 0

    def __call__(self) -> bool:
        """Return whether the playbook is to stop; then its processes are at their end already."""
        if self.asked and self.leader:
            leader, self.leader = self.leader, 0
            _end_playbook(leader)
        return self.asked


def _end_playbook(leader: int) -> None:
    """End ``ansible-playbook`` and its workers with what they started: asked first, killed after ``GRACE`` seconds."""
    workers = {pid for pid, parent, group in _processes() if parent == leader and group == pid}
    with contextlib.suppress(ProcessLookupError):
        os.kill(leader, signal.SIGTERM)
    end = time.monotonic() + GRACE

    def left() -> set[int]:
        return {group for _, _, group in _processes()} & (workers | {leader})

    while (groups := left()) and time.monotonic() < end:
        time.sleep(0.05)
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def _processes() -> list[tuple[int, int, int]]:
    """Return process id, parent and process group of every process of the machine that has not ended."""
    done = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,pgid=,stat="], capture_output=True, text=True, check=False
    )
    rows = [row.split() for row in done.stdout.splitlines()]
    return [(int(row[0]), int(row[1]), int(row[2])) for row in rows if len(row) == 4 and row[3][0] != "Z"]


@contextmanager
def _signals(stop: _Stop) -> Iterator[None]:
    """Let SIGINT and SIGTERM stop the playbook, and put their handlers back. Only a main thread can have them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(*_: object) -> None:
        stop.asked = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def kept_connections() -> Iterator[None]:
    """Let the playbooks that are run meanwhile share their ssh connections, and close those at the end.

    A new connection costs nine round trips. Without this each playbook has connections of its own.
    """
    if _kept:  # whoever is outside closes them
        yield
        return
    with tempfile.TemporaryDirectory(prefix="kelid-ssh-") as folder, _closed_at_the_end(Path(folder)):
        _kept.append(folder)
        try:
            yield
        finally:
            _kept.remove(folder)


@contextmanager
def _connections(private: str) -> Iterator[str]:
    """Yield the folder for the sockets of a run's ssh connections; those of its own are closed when it ends."""
    if _kept:
        yield _kept[-1]
        return
    folder = Path(private) / "ssh"
    folder.mkdir(mode=0o700)
    with _closed_at_the_end(folder):
        yield str(folder)


@contextmanager
def _closed_at_the_end(folder: Path) -> Iterator[None]:
    try:
        yield
    finally:
        for each in folder.iterdir():
            with contextlib.suppress(OSError):  # it is at its end already
                _hang_up(each)


def _hang_up(path: Path) -> None:
    """Have an ssh that keeps a connection open end, as ``ssh -O exit`` does, without a program for each of many.

    What is said stands in OpenSSH's PROTOCOL.mux: a hello with the version, then the request, each behind its length.
    """
    hello, version, terminate, request = 0x00000001, 4, 0x10000005, 0
    with socket.socket(socket.AF_UNIX) as master:
        master.settimeout(GRACE)
        master.connect(str(path))
        master.sendall(struct.pack(">III", 8, hello, version) + struct.pack(">III", 8, terminate, request))
        while master.recv(4096):  # its own hello, that it will, and its end
            pass


def _take(event: Mapping[str, Any], outcome: Outcome, started: dict[str, float], watch: Watcher) -> None:
    kind, data = event.get("event", ""), event.get("event_data", {})
    if text := event.get("stdout"):
        outcome.output.append(str(text))
    outcome.ended = outcome.ended or kind == "playbook_on_stats"
    state = _STATES.get(kind)
    if state is None:
        for host, step, seconds in _TOLD.findall(str(text or "")):
            watch(Progress(step, State.OK, host, float(seconds)))
        return
    host, task, uuid = str(data.get("host", "")), str(data.get("task", "")), str(data.get("task_uuid", ""))
    key = f"{uuid} {host}"
    if state is State.STARTED:
        outcome.begun.add(host)
        started[key] = time.monotonic()
        watch(Progress(task, state, host))
        return
    result = data.get("res") or {}
    if "kelid" in result:
        outcome.results[(str(data.get("task_action", "")), host)] = result["kelid"]
    for action, told in (result.get("kelid_steps") or {}).items():
        outcome.results[(action, host)] = told
    if kind == "runner_on_unreachable":
        outcome.unreachable[host] = _message(result)
    elif state is State.FAILED and not data.get("ignore_errors"):
        outcome.failures.setdefault(host, []).append(f"{task}: {_message(result)}")
    elif result.get("changed"):
        state = State.CHANGED
        outcome.changed = True
    watch(Progress(task, state, host, time.monotonic() - started.get(key, time.monotonic())))


def _message(result: Mapping[str, Any]) -> str:
    parts = [str(result[key]).strip() for key in ("msg", "module_stderr", "stderr") if result.get(key)]
    if any("Missing sudo password" in part for part in parts):
        return "the ssh user may not become root without a password; give it NOPASSWD in sudoers, or use user root"
    return "; ".join(dict.fromkeys(parts)) or "no reason was given (the task's output is kept secret)"


def demand(outcome: Outcome, host: str, doing: str) -> None:
    """Return if the run on the host ended well; else raise KelidError with the reason and the exit status that fits."""
    if host in outcome.unreachable:
        raise KelidError(
            f"{host}: could not reach the server to {doing}: {outcome.unreachable[host]}",
            exit=Exit.UNREACHABLE,
        )
    if not outcome.ok:
        reasons = outcome.failures.get(host) or [line for line in outcome.output if line.strip()][-5:]
        raise KelidError(f"{host}: could not {doing}: " + "; ".join(reasons), exit=Exit.FAILURE)
