"""Asterisk's command line, against a server that writes as Asterisk does: line by line, and what finds no room is gone."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import agent
import pytest
from agent import cli, silent
from agent.conf import control_socket
from agent.live import Asterisk
from agent.refusal import Refusal

LINES = [f"extension {number} is there, and says so in a line of some length" for number in range(4000)]
PATIENT = 100
"""Milliseconds that ast_cli waits for room."""
ASKS = "import sys; from agent.cli import ask; sys.stdout.write(ask(*sys.argv[1:3], 20.0))"


class Server:
    """A thread at a socket. With ``stops`` it stops whoever asks first in the middle of the answer, until a line is lost."""

    def __init__(self, path: Path, *, stops: bool = False, queue: int = 128, waits: float = 0.0) -> None:
        """Say where, whether somebody is stopped, how many may wait at the door, and for how long (seconds) each does."""
        self.path, self.stops, self.queue, self.waits = path, stops, queue, waits
        self.asked: list[str] = []
        self.lost = 0

    def answer(self, caller: socket.socket) -> None:
        """Answer one command as netconsole does (main/asterisk.c)."""
        caller.sendall(b"pbx/1/22.10.1\n")
        command = b""
        while not command.endswith(b"\0"):
            command += caller.recv(4096)
        self.asked.append(command.decode().rstrip("\0"))
        caller.setblocking(False)
        who = int.from_bytes(caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)[:4], sys.byteorder)
        stopped = False
        for number, line in enumerate(LINES):
            if self.stops and len(self.asked) == 1 and number == len(LINES) // 2:
                os.kill(who, signal.SIGSTOP)
                stopped = True
            self.write(caller, line)
            if stopped and self.lost:
                os.kill(who, signal.SIGCONT)
                stopped = False

    def write(self, caller: socket.socket, line: str) -> None:
        """Write a line as ast_carefulwrite does, or lose it."""
        ready = select.poll()
        ready.register(caller, select.POLLOUT)
        rest = f"{line}\n".encode()
        while rest:
            if not ready.poll(PATIENT):
                self.lost += 1
                return
            rest = rest[caller.send(rest) :]

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Answer as long as the block runs."""
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(str(self.path))
            door.listen(self.queue)

            def serve() -> None:
                while True:
                    try:
                        caller, _ = door.accept()
                    except OSError:
                        return
                    time.sleep(self.waits)
                    with caller:
                        self.answer(caller)

            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            yield
            door.shutdown(socket.SHUT_RDWR)
            thread.join(30)


def asked(path: Path, command: str) -> list[str]:
    """Ask in a process of its own, which can be stopped; return the lines of the answer."""
    done = subprocess.run(
        [sys.executable, "-c", ASKS, str(path), command],
        env={**os.environ, "PYTHONPATH": str(Path(agent.__file__).parent.parent)},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return done.stdout.splitlines()


def test_a_list_of_which_lines_were_lost_is_asked_for_again(tmp_path: Path) -> None:
    server = Server(tmp_path / "asterisk.ctl", stops=True)
    with server.serving():
        assert asked(server.path, "dialplan show") == LINES

    assert server.lost
    assert server.asked == ["cli quit after dialplan show"] * 2


def test_a_list_that_never_comes_whole_says_nothing_of_asterisk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nobody is told that Asterisk lacks what it only couldn't tell."""
    (tmp_path / "asterisk.conf").write_text(f"[directories]\nastrundir => {tmp_path}\n")
    monkeypatch.setattr(cli, "ask_once", lambda path, command, end: ("half of it", False))

    with pytest.raises(Refusal) as refused:
        Asterisk(tmp_path / "asterisk.conf").ask("dialplan show", limit=0.1)
    assert refused.value.code == "overloaded"
    assert Asterisk(tmp_path / "asterisk.conf").ask("dialplan reload", limit=0.1) == "half of it"


def test_a_list_of_names_is_whole_with_its_last_word(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is one line, of which a part can be lost like a line of others."""
    asked: list[str] = []
    answers = iter([" internal from-tru", "", " internal from-trunk _EOF_", "NULL\n", " internal"])

    def ask_once(_path: str, command: str, _end: float) -> tuple[str, bool]:
        asked.append(command)
        return next(answers), True

    monkeypatch.setattr(cli, "ask_once", ask_once)
    question = cli.names("dialplan show")

    assert cli.ask(str(tmp_path), question, 20.0) == " internal from-trunk _EOF_"
    assert asked == ['_command matchesarray "dialplan show " ""'] * 3
    assert cli.ask(str(tmp_path), question, 20.0) == "NULL\n"
    with pytest.raises(cli.Cut):
        cli.ask(str(tmp_path), question, 0.0)


def test_many_who_ask_at_once_all_wait_for_their_turn(tmp_path: Path) -> None:
    """Asterisk lets two stand before the door (listen in main/asterisk.c)."""
    server = Server(tmp_path / "asterisk.ctl", queue=2, waits=0.02)
    (tmp_path / "asterisk.conf").write_text(f"[directories]\nastrundir => {tmp_path}\n")
    asked = [f"list{number} show" for number in range(16)]
    with server.serving():
        told = Asterisk(tmp_path / "asterisk.conf").ask_all(asked)

    assert [told[one].splitlines() == LINES for one in asked] == [True] * len(asked)


def test_what_does_something_is_said_once(tmp_path: Path) -> None:
    server = Server(tmp_path / "asterisk.ctl", stops=True)
    with server.serving():
        assert len(asked(server.path, "dialplan reload")) == len(LINES) - server.lost

    assert server.asked == ["cli quit after dialplan reload"]


def test_nobody_at_the_socket_says_nothing(tmp_path: Path) -> None:
    conf = tmp_path / "asterisk.conf"
    conf.write_text(f"[directories]\nastrundir => {tmp_path}\n[files]\nastctl = other.ctl\n")

    assert control_socket(conf) == f"{tmp_path}/other.ctl"
    assert Asterisk(conf).ask("core show version") == ""
    assert Asterisk(tmp_path / "none.conf").ask("core show version") == ""


def test_an_asterisk_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "asterisk.ctl"))
        door.listen()
        with pytest.raises(cli.NOT_IN_TIME):
            cli.ask(str(tmp_path / "asterisk.ctl"), "core show version", 0.2)


def test_a_machine_that_does_not_say_its_addresses_has_some(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "ip"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    with pytest.raises(Refusal) as refused:
        silent.own_addresses()
    assert refused.value.code == "overloaded"
