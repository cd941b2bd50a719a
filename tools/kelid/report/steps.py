"""A story told step by step: headings while it runs, and a table of what was shown and how long it took at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TextIO

from kelid.report.colour import paint


@dataclass(slots=True)
class Step:
    """One step: its title, what it showed, how it stands (``held``, ``failed``, ``left out``) and after how many seconds."""

    title: str
    shown: str = ""
    state: str = "failed"
    seconds: float = 0.0

    def show(self, what: str) -> None:
        """Keep what the step has shown, for the table."""
        self.shown = f"{self.shown}; {what}" if self.shown else what


@dataclass(slots=True)
class Story:
    """The steps so far. A step that raises has failed, and what it raised goes on."""

    stream: TextIO
    colour: bool
    steps: list[Step] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Return True if every step held or was left out openly."""
        return all(step.state != "failed" for step in self.steps)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Tell a step: print its heading, time it, and note whether it held."""
        current = Step(title)
        self.steps.append(current)
        print(paint(f"\n{len(self.steps)}. {title}", "bold", on=self.colour), file=self.stream, flush=True)
        started = time.monotonic()
        try:
            yield current
            current.state = "held"
        except BaseException as problem:
            current.show(
                f"{type(problem).__name__}: {str(problem).splitlines()[0] if str(problem) else 'no word'}"
            )
            raise
        finally:
            current.seconds = time.monotonic() - started

    def say(self, line: str) -> None:
        """Print a line inside a step."""
        print(f"  {line}", file=self.stream, flush=True)

    def leave_out(self, title: str, why: str) -> None:
        """Note a step that is not done here, and why."""
        self.steps.append(Step(title, f"left out: {why}", "left out"))

    def as_data(self) -> list[dict[str, Any]]:
        """Return the steps as plain data for JSON."""
        return [
            {"step": step.title, "state": step.state, "shown": step.shown, "seconds": round(step.seconds, 1)}
            for step in self.steps
        ]

    def table(self) -> None:
        """Print the table of all steps."""
        from rich.console import Console  # noqa: PLC0415  (40 ms that other commands need not pay)
        from rich.markup import escape  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415

        styles = {"held": "green", "failed": "red", "left out": "yellow"}
        table = Table(title="What was shown", title_justify="left", expand=False)
        for name, options in (
            ("", {"justify": "right"}),
            ("step", {}),
            ("", {}),
            ("seconds", {"justify": "right"}),
            ("shown", {}),
        ):
            table.add_column(name, **options)  # type: ignore[arg-type]
        for number, step in enumerate(self.steps, 1):
            state = f"[{styles[step.state]}]{step.state}[/]" if self.colour else step.state
            table.add_row(str(number), escape(step.title), state, f"{step.seconds:.1f}", escape(step.shown))
        total = sum(step.seconds for step in self.steps)
        table.add_section()
        table.add_row("", "in all", "held" if self.held else "failed", f"{total:.1f}", "")
        width = None if self.stream.isatty() else 140
        console = Console(
            file=self.stream, force_terminal=self.colour, no_color=not self.colour, width=width, markup=True
        )
        console.print()
        console.print(table)
