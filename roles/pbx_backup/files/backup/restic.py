"""restic as a child process: its environment, its output, and what its failures mean."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterable, Iterator
from typing import IO

from .pbx import Pbx
from .settings import Settings
from .store import Store
from .trouble import Trouble, explain


def die_with_parent() -> None:
    """Ask the kernel to end this child when the program that started it dies (PR_SET_PDEATHSIG is 1)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Restic:
    """Runs restic for one PBX, and ends what still runs of it."""

    def __init__(self, pbx: Pbx, settings: Settings, store: Store) -> None:
        """Only keep what is given."""
        self.pbx = pbx
        self.settings = settings
        self.store = store
        self.children: list[subprocess.Popen[bytes]] = []

    def environment(self) -> dict[str, str]:
        """Return restic's environment. Its days are the site's, so TZ is the site's zone."""
        return {
            "PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
            "HOME": "/root",
            "LC_ALL": "C.UTF-8",
            "TZ": self.settings.time_zone,
            "TMPDIR": str(self.pbx.work),
            "RESTIC_REPOSITORY": self.store.address()[0],
            "RESTIC_PASSWORD_FILE": str(self.pbx.etc / "backup.password"),
            "RESTIC_CACHE_DIR": str(self.pbx.cache),
        }

    def start(self, arguments: Iterable[str]) -> subprocess.Popen[bytes]:
        """Start restic with its standard output and errors as pipes."""
        try:
            child = subprocess.Popen(
                ["restic", *self.store.address()[1], *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self.environment(),
                preexec_fn=die_with_parent,
            )
        except FileNotFoundError:
            raise Trouble("no_restic", "restic is not installed on this PBX") from None
        self.children.append(child)
        return child

    def run(self, *arguments: str, failing: str = "failed") -> str:
        """Run restic and return its standard output. A stale lock is removed once, by restic's own rule.

        restic calls a lock stale when it is over 30 minutes old, or its process on this very machine is gone.
        Raise Trouble with ``failing`` as the code of what can't be told more closely.
        """
        for attempt in (1, 2):
            child = self.start(arguments)
            out, err = child.communicate()
            self.children.remove(child)
            if child.returncode == 0:
                return out.decode("utf-8", "replace")
            trouble = self.explain(err.decode("utf-8", "replace"), out.decode("utf-8", "replace"), failing)
            if trouble.code != "locked" or attempt == 2:
                raise trouble
            unlock = self.start(["unlock"])
            unlock.communicate()
            self.children.remove(unlock)
        raise AssertionError("unreachable: the loop returns or raises")

    def version(self) -> tuple[int, ...]:
        """Return restic's version as numbers."""
        found = re.search(r"restic (\d+)\.(\d+)", self.run("version"))
        return tuple(map(int, found.groups())) if found else (0, 0)

    def explain(self, err: str, out: str = "", failing: str = "failed") -> Trouble:
        """Given what restic said, return the Trouble that it means."""
        return explain(err, out, failing, is_full=self.store.is_full)

    @contextlib.contextmanager
    def reading(self, *arguments: str) -> Iterator[tuple[IO[bytes], list[Trouble]]]:
        """Run restic and give its standard output as a stream, and a list that holds its failure after the block."""
        child = self.start(arguments)
        assert child.stdout is not None and child.stderr is not None
        pipe, errors = child.stderr, [b""]
        failures: list[Trouble] = []
        watch = threading.Thread(
            target=lambda: errors.extend(iter(lambda: pipe.read(65536), b"")), daemon=True
        )
        watch.start()
        try:
            yield child.stdout, failures
        finally:
            child.stdout.close()
            child.wait()
            watch.join()
            self.children.remove(child)
        if child.returncode:
            failures.append(self.explain(b"".join(errors).decode("utf-8", "replace")))

    def close(self) -> None:
        """End every restic that still runs."""
        for child in self.children:
            child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(10)
