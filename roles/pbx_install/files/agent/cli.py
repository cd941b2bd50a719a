"""Asterisk's command line, asked through its control socket as its own ``asterisk -rx`` asks, and answers that are whole.

A process of ``asterisk -rx`` for each question costs more than the answer, and Asterisk loses lines without a word where a
reader is slow: it writes each line by itself, waits 0.1 s for room, and goes on with the next one (ast_cli in main/cli.c,
ast_carefulwrite in main/utils.c). So whoever reads watches his own clock, and asks again where lines may be gone.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PATIENCE = 0.09
"""Seconds that a line waits for room before Asterisk drops it, less some for the grain of clocks."""
BACKLOG = 64
"""Bytes that lie ready at least where there is no more room: Linux lets nobody write once a quarter of a socket's buffer is
taken (unix_writable in net/unix/af_unix.c), which counts some 768 bytes for what is written at once, so 69 times and more."""
BANNER = 4096
END_OF_NAMES = "_EOF_"
"""The last word of every list of names (AST_CLI_COMPLETE_EOF in include/asterisk/cli.h)."""
NO_NAMES = "NULL\n"
"""What is said where there is no name (handle_commandmatchesarray in main/cli.c)."""


NOT_IN_TIME = (TimeoutError, BlockingIOError)
"""What is raised where somebody is there, and doesn't answer in time."""


class Cut(OSError):
    """Lines of an answer are gone, each time that it was asked for."""


def names(command: str) -> str:
    """Return the command that lists the names which may follow this one: what the console offers when Tab is pressed."""
    return f'_command matchesarray "{command} " ""'


def ask(path: str, command: str, limit: float) -> str:
    """Return what the Asterisk with that control socket says to a command, at most ``limit`` seconds later.

    A list is asked for again where lines of it may be gone, in the first half of that time. What does something is never said
    twice. Raise Cut where a list never came whole; NOT_IN_TIME, or another OSError when there is nobody to ask.
    """
    begun = time.monotonic()
    offers = command.startswith("_command matchesarray ")
    lists = offers or command.split()[1:2] == ["show"]
    while True:
        text, whole = ask_once(path, command, begun + limit)
        if offers:
            whole = whole and (text.endswith(END_OF_NAMES) or text == NO_NAMES)
        if whole or not lists:
            return text
        if time.monotonic() > begun + limit / 2:
            raise Cut(f"lines of {command} are gone")


@contextmanager
def before_others() -> Iterator[None]:
    """Let this thread go before others, as far as it may: it has little to do, and Asterisk doesn't wait for it."""
    usual = os.getpriority(os.PRIO_PROCESS, 0)  # of the thread, on Linux
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    try:
        yield
    finally:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, usual)


def ask_once(path: str, command: str, end: float) -> tuple[str, bool]:
    """Return the answer to a command, and whether all of it came; ``end`` is a time of the monotonic clock. Raise OSError."""
    with socket.socket(socket.AF_UNIX) as asking, before_others():
        # Not settimeout(): who asks without waiting is turned away where two others stand before the door already.
        patience = struct.pack("ll", int(max(1.0, end - time.monotonic())), 0)
        for direction in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            asking.setsockopt(socket.SOL_SOCKET, direction, patience)
        asking.connect(path)
        told = asking.recv(BANNER)  # its host, process and version
        while told and not told.endswith(b"\n"):
            told = asking.recv(BANNER)
        asking.sendall(f"cli quit after {command}\0".encode(errors="surrogateescape"))
        found: list[bytes] = []
        whole = True
        emptied = time.monotonic()
        """When nothing lay ready for the last time, as far as is known."""
        while True:
            if not select.select([asking], [], [], max(0.0, end - time.monotonic()))[0]:
                raise TimeoutError(f"no answer to {command.split(' ')[0]}")
            begun = time.monotonic()
            data = asking.recv(1 << 20)
            if not data:
                return b"".join(found).decode(errors="replace").replace("\r\n", "\n"), whole
            # Lines are gone only where there was no room for that long, and then much lies ready now.
            if len(data) >= BACKLOG and time.monotonic() - emptied >= PATIENCE:
                whole = False
            found.append(data)
            emptied = begun
