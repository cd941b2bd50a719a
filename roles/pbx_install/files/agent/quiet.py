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

    def stopped() -> bool:
        return live.started() != this_run

    try:
        # Asterisk's command line answers nobody while it waits ("cannot be run during shutdown"), not even how many calls
        # there are; abort alone is heard.
        until(lambda: cancelled() or stopped(), limit, pause=0.2)
        if not stopped():
            live.ask("core abort shutdown")
        return stopped()
    finally:
        stopping.kill()
        stopping.wait()
