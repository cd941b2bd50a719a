"""What a walk of all calls leaves: the points that they come to, and the ways between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from kelid.model.trace import Event
from kelid.simulate.case import Case
from kelid.simulate.symbols import Chosen


class Link(NamedTuple):
    """The way from a node to another: the decisions that were taken in its step, and what happened in it."""

    chosen: tuple[Chosen, ...]
    events: tuple[Event, ...]
    target: int


@dataclass(slots=True)
class Point:
    """A node of the graph as it grows. ``events`` are those up to its decision; ``links`` follow; ``end`` where it ends.

    ``case`` is kept where the two runs part: what each does from there is looked at by itself.
    """

    events: tuple[Event, ...] = ()
    links: list[Link] = field(default_factory=list)
    end: str = ""
    parted: tuple[Case, Event | None, Event | None] | None = None
