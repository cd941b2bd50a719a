"""The verbs that only look: status and observe."""

from __future__ import annotations

from typing import Any

from .live import asterisk_version
from .refusal import Refusal
from .server import Server


def status(server: Server) -> dict[str, Any]:
    """Return what a plan needs to know."""
    name = server.releases.current()
    running = server.live.running()
    return {
        "ok": True,
        "release": name,
        "manifest": server.releases.manifest(name) or None,
        "bundle": server.releases.bundle(name),
        "drift": server.releases.drift(name) if name else [],
        "armed": server.way_back.record(),
        "asterisk": {"version": asterisk_version(), "running": running},
        "channels": server.live.channels() if running else 0,
        "last": server.journal.last(),
    }


def observe(server: Server, since: float = 0.0) -> dict[str, Any]:
    """Return what the live Asterisk has loaded; with ``since``, the queue members that did something themselves since."""
    if not server.live.running():
        raise Refusal("not_running", "Asterisk isn't running on the server")
    name = server.releases.current()
    return {
        "ok": True,
        "release": name,
        "drift": server.releases.drift(name) if name else [],
        "expect": server.releases.manifest(name).get("expect", {}),
        **server.live.observe(),
        "left": server.live.left(since) if since else [],
    }
