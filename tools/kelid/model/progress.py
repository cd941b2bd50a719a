"""What long work tells while it runs, as values; report decides how a person sees them."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple


class State(Enum):
    """Where a step stands."""

    STARTED = "started"
    OK = "ok"
    CHANGED = "changed"
    SKIPPED = "skipped"
    FAILED = "failed"


class Progress(NamedTuple):
    """One step of long work: what is done, to which host ("" for none), how it stands, and after how many seconds."""

    step: str
    state: State
    host: str = ""
    seconds: float = 0.0


Watcher = Callable[[Progress], None]
"""Whoever wants to see progress."""
