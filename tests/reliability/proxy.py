"""A proxy before a host's sshd that cuts: after so many bytes, or when it is told to."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PIECE = 4096
"""Bytes that are carried at once; a cut is exact to the byte."""


@dataclass
class Proxy:
    """Carries connections from one address to another, and counts the bytes each way, of all connections together.

    ``cut_up`` and ``cut_down`` are the bytes (to the server, from the server) after which the network is gone. ``silent`` says
    how: nothing is carried any more and nobody is told, or else connections break and new ones are refused.
    """

    listen: tuple[str, int]
    target: tuple[str, int]
    cut_up: int | None = None
    cut_down: int | None = None
    silent: bool = False
    up: int = 0
    down: int = 0
    connections: int = 0
    gone: bool = False
    _pairs: list[tuple[socket.socket, socket.socket]] = field(default_factory=list)
    _ends: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def cut(self) -> None:
        """Let the network go away now."""
        with self._lock:
            self.gone = True
            if not self.silent:
                for pair in self._pairs:
                    for end in pair:
                        _reset(end)
                self._pairs.clear()

    def serve(self) -> None:
        """Take connections until the end."""
        with socket.create_server(self.listen, reuse_port=False) as door:
            door.settimeout(0.1)
            while not self._ends.is_set():
                with contextlib.suppress(TimeoutError):
                    one, _ = door.accept()
                    threading.Thread(target=self._carry, args=(one,), daemon=True).start()

    def close(self) -> None:
        """End everything."""
        self._ends.set()
        self.silent = False
        self.cut()

    def _carry(self, one: socket.socket) -> None:
        """Carry one connection until an end closes it or the network goes away."""
        if self.gone:
            if self.silent:
                self._ends.wait()
            _reset(one)
            return
        try:
            other = socket.create_connection(self.target, timeout=10)
        except OSError:
            _reset(one)
            return
        other.settimeout(None)
        self.connections += 1
        with self._lock:
            self._pairs.append((one, other))
        with contextlib.suppress(OSError, ValueError):
            while not self._ends.is_set():
                ready, _, _ = select.select([one, other], [], [], 0.1)
                if self.gone:
                    if not self.silent:
                        return
                    self._ends.wait(0.1)
                    continue
                for end in ready:
                    data = end.recv(self._room(end is one))
                    if not data:
                        one.close()
                        other.close()
                        return
                    (other if end is one else one).sendall(data)
                    self._count(end is one, len(data))

    def _room(self, is_up: bool) -> int:
        """Return how many bytes may still be carried that way at once."""
        limit, so_far = (self.cut_up, self.up) if is_up else (self.cut_down, self.down)
        return PIECE if limit is None else max(1, min(PIECE, limit - so_far))

    def _count(self, is_up: bool, size: int) -> None:
        """Count what was carried, and cut where it is time."""
        if is_up:
            self.up += size
        else:
            self.down += size
        if (self.cut_up is not None and self.up >= self.cut_up) or (
            self.cut_down is not None and self.down >= self.cut_down
        ):
            self.cut()


@contextmanager
def proxy(listen: tuple[str, int], target: tuple[str, int], **how: object) -> Iterator[Proxy]:
    """Run a proxy for as long as the block runs."""
    made = Proxy(listen, target, **how)  # type: ignore[arg-type]
    thread = threading.Thread(target=made.serve, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.close()
        thread.join(5)


def _reset(end: socket.socket) -> None:
    """Break a connection so that the other side hears of it at once."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.close()
