"""Programs on the host under strace: what system calls they make, and what happens when one of them goes wrong.

strace runs on this machine and is attached to the one process that is meant (not to what that starts), before it begins.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kelid.lab.processes import wait_until
from reliability.ground import INSIDE, LIMIT, Ground, Said

MUTATING = (
    "write", "pwrite64", "writev", "rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir",
    "symlink", "symlinkat", "link", "linkat", "chmod", "fchmod", "fchmodat", "chown", "fchown", "lchown", "fchownat",
    "utimensat", "fsync", "fdatasync", "truncate", "ftruncate", "fallocate", "sendfile", "copy_file_range", "mknod",
    "setxattr", "clone", "clone3", "fork", "vfork", "kill", "flock",
)  # fmt: skip
"""System calls that change something outside of the process that makes them."""
OPENING = ("open", "openat", "creat")
"""Those that change something only if they make or empty a file."""

_CALL = re.compile(r"^(?P<name>\w+)\((?P<rest>.*)$")
_MAKES = re.compile(r"O_(CREAT|TRUNC)\b")


@dataclass(frozen=True)
class SystemCall:
    """The ``number``-th call of that name (from 1) which a process makes; ``text`` is strace's line of it."""

    name: str
    number: int
    text: str

    def __str__(self) -> str:
        """Return it as it stands in the name of a case."""
        return f"{self.name}/{self.number}"


def calls_of(trace: str) -> list[SystemCall]:
    """Given what strace wrote of one process, return the calls that change something, in order."""
    counts: Counter[str] = Counter()
    found = []
    for line in trace.splitlines():
        match = _CALL.match(line)
        if not match:
            continue
        counts[match["name"]] += 1
        if match["name"] in OPENING and not _MAKES.search(line):
            continue
        found.append(SystemCall(match["name"], counts[match["name"]], line))
    return found


def traced(
    ground: Ground, argv: Sequence[str], feed: bytes, *options: str, limit: float = LIMIT
) -> tuple[Said, str]:
    """Run a program on the host under strace with these options; return how it ended and what strace wrote.

    The program first stops itself, so that strace is there from its first system call on.
    """
    out = ground.folder / f"trace-{os.getpid()}"
    out.unlink(missing_ok=True)
    waits = ["sh", "-c", 'kill -STOP $$; exec "$@"', "sh", *argv]
    with subprocess.Popen(
        ground.inside(waits),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=INSIDE,
    ) as process:
        pid = wait_until(
            "the program to stop itself", lambda: _stopped_child(process.pid), timeout=20, interval=0.002
        )
        with subprocess.Popen(
            ["strace", "-y", "-o", str(out), *options, "-p", str(pid)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        ) as tracer:  # fmt: skip
            wait_until("strace to attach", lambda: _is_traced(pid), timeout=20, interval=0.002)
            os.kill(
                process.pid, signal.SIGCONT
            )  # nsenter stops with its child, and lets it go on with itself
            try:
                output, errors = process.communicate(feed, timeout=limit)
            except subprocess.TimeoutExpired:
                os.kill(pid, signal.SIGKILL)
                output, errors = process.communicate()
            tracer.wait(20)
    # nsenter ends by the signal that ended the program; a shell would say 128 and more.
    return (
        Said(process.returncode, output.decode(errors="replace"), errors.decode(errors="replace")),
        out.read_text(encoding="utf-8", errors="replace") if out.exists() else "",
    )


def record(ground: Ground, argv: Sequence[str], feed: bytes) -> tuple[Said, list[SystemCall]]:
    """Run a program on the host to its end; return how it ended and the calls that change something."""
    said, trace = traced(ground, argv, feed, "-e", f"trace={','.join((*MUTATING, *OPENING))}", "-s", "80")
    return said, calls_of(trace)


def killed_at(ground: Ground, argv: Sequence[str], feed: bytes, at: SystemCall) -> Said:
    """Run a program on the host and kill it (SIGKILL) at the entry of that system call, before it does anything."""
    return traced(ground, argv, feed, "-e", f"inject={at.name}:signal=KILL:when={at.number}")[0]


def failing_at(
    ground: Ground, argv: Sequence[str], feed: bytes, at: SystemCall, error: str, *, ever: bool
) -> Said:
    """Run a program on the host whose system call fails with that error; with ``ever`` all further calls of that name too."""
    when = f"{at.number}{'+' if ever else ''}"
    return traced(ground, argv, feed, "-e", f"inject={at.name}:error={error}:when={when}")[0]


def _stopped_child(parent: int) -> int:
    """Return the number of the process that nsenter started and that has stopped itself; 0 as long as they don't both stand."""
    try:
        if not _stands(parent):
            return 0
        found = [int(word) for word in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
        for pid in found:
            if _stands(pid):
                return pid
    except OSError:
        pass
    return 0


def _stands(pid: int) -> bool:
    """Return whether a process was stopped."""
    return bool(re.search(r"^State:\tT", Path(f"/proc/{pid}/status").read_text(), re.M))


def _is_traced(pid: int) -> bool:
    """Return whether a tracer is attached."""
    return not re.search(r"^TracerPid:\t0$", Path(f"/proc/{pid}/status").read_text(), re.M)
