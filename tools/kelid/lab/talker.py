"""A process that is told what to do and tells what happened, one JSON object a line each way."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

from kelid.lab.errors import LabError
from kelid.lab.processes import in_cgroup

Event = dict[str, Any]


class Talker:
    """A running process with a list of the events that it told so far, in order.

    Each wait looks from just after the event that the last wait found, so an event is never seen twice and never missed.
    """

    def __init__(self, what: str, group: Path, argv: Sequence[str | Path], log: Path) -> None:
        """Start the program inside the control group; its error output goes to ``log``."""
        self.what = what
        self.log = log
        self._seen: list[Event] = []
        self._next = 0
        self._asked = 0
        self._news = threading.Condition()
        self._ended = False
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                in_cgroup(group, argv),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                bufsize=1,
                start_new_session=True,  # Ctrl-C is for the one who drives, who then ends us
            )
        threading.Thread(target=self._listen, name=f"{what} events", daemon=True).start()

    def tell(self, do: str, **values: object) -> None:
        """Send one command. Raise LabError if the process is gone."""
        try:
            self._input.write(json.dumps({"do": do, **values}) + "\n")
            self._input.flush()
        except (OSError, ValueError) as problem:
            raise LabError(f"{self.what} has ended{self._last_words()}") from problem

    def ask(self, do: str, *, timeout: float = 30, **values: object) -> Event:
        """Send one command and return its reply, the event of the same name that carries the command's number.

        What else is told in the meantime stays for the next wait.
        """
        self._asked += 1
        number = self._asked
        with self._news:
            index = len(self._seen)
        self.tell(do, ask=number, **values)
        return self._find(index, (do,), timeout, {"ask": number})[1]

    def wait_for(self, *names: str, timeout: float = 30, where: Mapping[str, object] | None = None) -> Event:
        """Return the next event of one of these names whose values are those of ``where``.

        Raise LabError after ``timeout`` seconds, if the process ends, or if it tells of an ``error``.
        """
        self._next, event = self._find(self._next, names, timeout, where or {})
        return event

    def forget(self) -> None:
        """Let go of what was told so far: the next wait looks at what comes from now on."""
        with self._news:
            self._next = len(self._seen)

    def _find(
        self, index: int, names: tuple[str, ...], timeout: float, where: Mapping[str, object]
    ) -> tuple[int, Event]:
        """Return the first such event from ``index`` on, and the index just after it. Raise LabError as ``wait_for``."""
        begin, end = index, time.monotonic() + timeout
        with self._news:
            while True:
                while index < len(self._seen):
                    event = self._seen[index]
                    index += 1
                    if event["event"] == "error" and "error" not in names:
                        self._next = index  # told once
                        raise LabError(f"{self.what}: {event.get('message')}")
                    if event["event"] in names and where.items() <= event.items():
                        return index, event
                if self._ended:
                    raise LabError(f"{self.what} ended before: {' or '.join(names)}{self._last_words()}")
                if not self._news.wait(end - time.monotonic()) and time.monotonic() >= end:
                    told = ", ".join(_short(event) for event in self._seen[begin:]) or "nothing"
                    raise LabError(
                        f"{self.what}: waited {timeout:g} s for {' or '.join(names)}; it told {told}"
                    )

    def events(self, name: str | None = None) -> list[Event]:
        """Return all events so far, or those of one name."""
        with self._news:
            return [event for event in self._seen if name in {None, event["event"]}]

    @property
    def alive(self) -> bool:
        """Return True while the process runs."""
        return self._process.poll() is None

    def close(self, timeout: float = 5) -> None:
        """Let the process end by itself (its input ends); kill it if it doesn't."""
        with suppress(OSError):  # it went away with a line still in the pipe
            self._input.close()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout)

    @property
    def _input(self) -> IO[str]:
        """Return the pipe to the process."""
        return cast("IO[str]", self._process.stdin)

    def _listen(self) -> None:
        """Gather events until the process closes its output."""
        for line in cast("IO[str]", self._process.stdout):
            try:
                event = json.loads(line)
            except ValueError:
                event = {"event": "said", "text": line.rstrip()}
            with self._news:
                self._seen.append(event)
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def _last_words(self) -> str:
        """Return the end of its log, for a message."""
        text = (
            self.log.read_text(encoding="utf-8", errors="replace").strip()[-800:] if self.log.exists() else ""
        )
        return f"; it said: {text}" if text else ""


def _short(event: Event) -> str:
    """Return an event in a few words, for a message."""
    return " ".join(str(event[key]) for key in ("event", "code", "reason", "digit", "text") if key in event)
