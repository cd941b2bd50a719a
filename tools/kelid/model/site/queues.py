"""Waiting lines (queues.yml)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kelid.model.destination import Destination
from kelid.model.site.base import Names, Placed


class Member(Placed):
    """An extension that answers a queue."""

    REFERS: ClassVar[Mapping[str, str]] = {"extension": "extension"}

    extension: str
    penalty: int = 0


class Queue(Placed):
    """A waiting line (queues.conf of Asterisk, same spellings). ``max_wait`` seconds, then ``destination``."""

    KIND: ClassVar[str] = "queue"

    name: str
    names: Names
    strategy: str
    timeout: int
    retry: int
    wrapuptime: int
    maxlen: int
    joinempty: tuple[str, ...]
    leavewhenempty: tuple[str, ...]
    musicclass: str
    ringinuse: bool
    announce_position: bool
    announce_frequency: int
    max_wait: int
    members: tuple[Member, ...]
    destination: Destination
