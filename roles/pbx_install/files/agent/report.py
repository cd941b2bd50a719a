"""The verbs that only look: status, observe, releases and receipts."""

from __future__ import annotations

from typing import Any

from .history import before, lately, since, story
from .live import asterisk_version
from .places import ADOPTED, NAME
from .refusal import Refusal
from .server import Server


def status(server: Server) -> dict[str, Any]:
    """Return what a plan needs to know."""
    name = server.releases.current()
    running = server.live.running()
    back = lately(server.receipts.newest())
    return {
        "ok": True,
        "release": name,
        "state": server.releases.state(name),
        "manifest": server.releases.manifest(name) or None,
        "bundle": server.releases.bundle(name),
        "drift": server.releases.drift(name) if name else [],
        "armed": server.way_back.record(),
        "asterisk": {"version": asterisk_version(), "running": running},
        "channels": server.live.channels() if running else 0,
        "waiting": server.live.waiting() if running else {},
        "last": server.receipts.last(),
        "went_back": {"entry": dict(back), "story": story(back)} if back else None,
        "guard": server.releases.guarded(name) if name else {},
        "firewall": {
            "wanted": bool(name) and server.firewall.text(server.at.releases / name) is not None,
            "on": server.firewall.on(),
        },
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
        "expect": server.releases.expected(name),
        **server.live.observe(),
        "left": server.live.left(since) if since else [],
    }


def releases(server: Server) -> dict[str, Any]:
    """Return the releases on the server, newest first, and which one a rollback goes to."""
    entries = server.receipts.entries()
    current, confirmed = server.releases.current(), since(entries)
    armed = server.way_back.record()
    found = []
    for path in server.at.releases.iterdir() if server.at.releases.is_dir() else ():
        if not NAME.match(path.name):
            continue
        manifest = server.releases.manifest(path.name)
        entry = confirmed.get(path.name, {})
        found.append(
            {
                "release": path.name,
                "current": path.name == current,
                "adopted": path.name == ADOPTED,
                "by_hand": ".drift-" in path.name,
                "whole": not server.releases.drift(path.name) and server.releases.media_there(manifest),
                "armed": bool(armed and armed.get("release") == path.name),
                "commit": str(manifest.get("commit", "")),
                "dirty": bool(manifest.get("dirty")),
                "kelid": str(manifest.get("kelid", "")),
                "made": int(path.stat().st_mtime),
                "in_force": entry.get("time"),
                "who": entry.get("who", ""),
                "verb": entry.get("verb", ""),
            }
        )
    found.sort(key=lambda item: (item["current"], item["in_force"] or 0, item["made"]), reverse=True)
    there = {item["release"] for item in found}
    previous = before(entries, current)
    if not previous and current != ADOPTED and ADOPTED in there and len(there) == 2:
        previous = ADOPTED  # releases that came before there were receipts
    return {
        "ok": True,
        "current": current,
        "previous": previous if previous in there else "",
        "state": server.releases.state(current),
        "releases": found,
    }


def release(server: Server, wanted: str) -> dict[str, Any]:
    """Return what a plan of going back needs: the status, and manifest and text of the release that is wanted.

    ``wanted`` is a release's name or how it starts, ``0`` for the adopted one, "" for the one before. Raise Refusal ``no_release``.
    """
    known = releases(server)
    names = [item["release"] for item in known["releases"]]
    if not wanted:
        if not known["previous"]:
            raise Refusal("no_release", "the receipts name no release before this one; name the one to go back to")
        name = known["previous"]
    else:
        fitting = (
            [ADOPTED] if wanted == "0" and ADOPTED in names else [name for name in names if name.startswith(wanted)]
        )
        # What was kept of changes by hand (NAME.drift-1) is meant only by whoever says so.
        fitting = [name for name in fitting if "." in wanted or "." not in name] or fitting
        fitting = [wanted] if wanted in fitting else fitting
        if len(fitting) != 1:
            how = "several releases begin with" if fitting else "no release on the server begins with"
            raise Refusal("no_release", f"{how} {wanted!r}")
        name = fitting[0]
    return {
        **status(server),
        "target": {
            "release": name,
            "manifest": server.releases.manifest(name) or None,
            "bundle": server.releases.bundle(name),
            "files": server.releases.digests(name),
        },
    }


def receipts(server: Server, last: int) -> dict[str, Any]:
    """Return the newest lines of the journal of receipts as they stand, oldest first; with 0 all of them."""
    record = server.way_back.record() or {}
    armed = (record.get("account") or {}).get("change", "")
    return {"ok": True, "lines": server.receipts.lines(last), "armed": armed, "current": server.releases.current()}
