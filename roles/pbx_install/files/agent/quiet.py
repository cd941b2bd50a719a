"""Waiting for a moment in which Asterisk may be restarted."""

from __future__ import annotations

import subprocess
from typing import Callable

from .live import Live
from .refusal import Refusal
from .tools import until

RESTARTS = ("idle", "never", "now", "drain")
"""What may be done where only a restart puts a change in force: when no call is up, not at all, at once, or when the calls
have ended while new ones are turned away."""
GONE = 30.0
"""Seconds that an Asterisk without calls gets until it has stopped."""


def may_restart(live: Live, how: str, limit: float, cancelled: Callable[[], bool]) -> None:
    """Return when Asterisk may be restarted, at once for ``now`` and ``drain``.

    ``limit`` is how many seconds ``idle`` waits for the last call to end. Raise Refusal where it may not.
    """
    if how == "never":
        raise Refusal(
            "restart_needed", "this change needs a restart of Asterisk, and that was ruled out (--when never)"
        )
    if how != "idle":
        return
    until(lambda: cancelled() or not live.channels(), limit, pause=0.5)
    channels = live.channels()
    if channels and not cancelled():
        waited = f" after {limit:.0f} s of waiting" if limit else ""
        raise Refusal(
            "calls_active",
            f"this change needs a restart of Asterisk, and {channels} channels are active{waited};"
            " try again when it is quiet, wait longer (--limit), or see --when",
        )


def drain(live: Live, limit: float, cancelled: Callable[[], bool]) -> bool:
    """Let the calls that are up end while new ones are turned away, at most ``limit`` seconds, and stop Asterisk then.

    Return whether it stopped; where calls were still up it takes new ones again.
    """
    this_run = live.started()
    stopping = subprocess.Popen(
        ("asterisk", "-C", str(live.conf), "-rx", "core stop gracefully"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def quiet() -> bool:
        return cancelled() or not live.channels()

    try:
        until(quiet, limit, pause=0.5)
        if not cancelled() and not live.channels() and until(lambda: live.started() != this_run, GONE, pause=0.1):
            return True
        live.ask("core abort shutdown")
        return False
    finally:
        stopping.kill()
        stopping.wait()
