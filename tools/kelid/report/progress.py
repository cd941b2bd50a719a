"""Progress of long work on standard error: a line for each step that ended, and on a terminal the step that runs."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self, TextIO, TypeVar

from kelid.model.progress import Progress, State
from kelid.report.colour import paint

T = TypeVar("T")

_MARKS = {
    State.OK: ("✓", "green"),
    State.CHANGED: ("✓", "yellow"),
    State.SKIPPED: ("·", "dim"),
    State.FAILED: ("✗", "red"),
}


class ProgressLines:
    """Show progress as it comes; a context manager. ``quiet``: only failures. ``all_steps``: also what was skipped."""

    def __init__(self, stream: TextIO, *, colour: bool, quiet: bool = False, all_steps: bool = False) -> None:
        """Write to the stream; nothing is written before the first progress."""
        self._stream, self._colour, self._quiet, self._all = stream, colour, quiet, all_steps
        self._live = stream.isatty() and not quiet
        self._running: tuple[str, float] | None = None
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._spinner: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Start the moving line where there is a terminal."""
        if self._live:
            self._spinner = threading.Thread(target=self._spin, daemon=True)
            self._spinner.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the moving line away."""
        self._done.set()
        if self._spinner:
            self._spinner.join()
        with self._lock:
            self._clear()

    def __call__(self, progress: Progress) -> None:
        """Show one step."""
        label = f"{progress.host}: {progress.step}" if progress.host else progress.step
        with self._lock:
            if progress.state is State.STARTED:
                self._running = (label, time.monotonic())
                return
            self._running = None
            if (self._quiet and progress.state is not State.FAILED) or (
                progress.state is State.SKIPPED and not self._all
            ):
                return
            mark, style = _MARKS[progress.state]
            self._clear()
            seconds = paint(f"{progress.seconds:6.1f} s", "dim", on=self._colour)
            self._stream.write(f"  {paint(mark, style, on=self._colour)} {seconds}  {label}\n")
            self._stream.flush()

    def _spin(self) -> None:
        frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
        turn = 0
        while not self._done.wait(0.1):
            with self._lock:
                if self._running:
                    label, since = self._running
                    self._clear()
                    self._stream.write(
                        f"  {frames[turn % len(frames)]} {time.monotonic() - since:6.1f} s  {label[:100]}"
                    )
                    self._stream.flush()
            turn += 1

    def _clear(self) -> None:
        if self._live:
            self._stream.write("\r\x1b[K")


class CountLine:
    """On a terminal, count what is done of many things that take long together; elsewhere write nothing."""

    def __init__(self, stream: TextIO, total: int, things: str) -> None:
        """``things`` is what is counted: ``sites``."""
        self._stream, self._total, self._things = stream, total, things
        self._live = stream.isatty() and total > 1
        self._done, self._since, self._shown = 0, time.monotonic(), 0.0

    def __enter__(self) -> Self:
        """Start to count."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the line away."""
        if self._live and self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def __call__(self, thing: T) -> T:
        """Count one thing and return it."""
        self._done += 1
        now = time.monotonic()
        if self._live and now - self._since > 0.5 and now - self._shown > 0.1:
            self._shown = now
            self._stream.write(
                f"\r\x1b[K  {self._done} of {self._total} {self._things}, {now - self._since:.0f} s"
            )
            self._stream.flush()
        return thing
