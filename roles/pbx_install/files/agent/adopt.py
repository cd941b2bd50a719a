"""Becoming kelid's: what a server has stays as its first release."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .conf import directories, with_etc_dir
from .disk import remove, write_whole
from .live import BOOT_LIMIT
from .lock import locked
from .places import ADOPTED
from .receipts import came_from
from .refusal import Refusal
from .server import Server
from .tables import parse_contexts


def adopt(server: Server, restart: str, account: Mapping[str, Any], *, dry: bool) -> dict[str, Any]:
    """Keep what the server has as the first release, and make Asterisk read its configuration through ``current``.

    Costs one restart. Idempotent: where it is done already, nothing changes.
    """
    for folder in (server.at.state, server.at.releases, server.at.media):
        if not folder.is_dir():
            raise Refusal("not_installed", f"{folder} isn't there")
    text = server.at.asterisk_conf.read_text(errors="surrogateescape")
    reading = directories(server.at.asterisk_conf)["astetcdir"].rstrip("/")
    if reading == str(server.at.current) and server.releases.current():
        return {"ok": True, "changed": False, "release": server.releases.current()}
    if dry:
        return {"ok": True, "changed": True, "release": server.releases.current()}
    with locked(server.at.state):
        running = server.live.running()
        if running and server.live.channels() and restart != "now":
            raise Refusal(
                "calls_active",
                "calls are active, and adopting this Asterisk costs one restart; try again when it is quiet",
            )
        if not server.releases.current():
            remove(server.at.releases / ADOPTED)
            seen = server.live.observe() if running else {}
            if running:
                # Those of files only. That it stops calls for a moment doesn't matter here: a restart follows.
                seen["contexts"] = parse_contexts(server.live.ask("dialplan show"))
            server.releases.keep(Path(reading), ADOPTED, symlinks=False, notes={"adopted.json": loaded(seen)})
        write_whole(
            server.at.asterisk_conf,
            with_etc_dir(text, str(server.at.current)).encode(errors="surrogateescape"),
            mode=server.at.asterisk_conf.stat().st_mode & 0o777,
            gid=server.at.asterisk_conf.stat().st_gid,
        )
        if running:
            server.live.service("restart", server.scrub)
            if not server.live.booted(BOOT_LIMIT):
                write_whole(server.at.asterisk_conf, text.encode(errors="surrogateescape"), mode=0o640, gid=server.gid)
                server.live.service("restart", server.scrub)
                raise Refusal(
                    "reload_failed",
                    "Asterisk didn't come up reading kelid's releases; asterisk.conf is as it was",
                    undone=True,
                )
        name = server.releases.current()
        receipt = server.receipts.add("adopted", verb="adopt", **account, came_from=came_from(), release=name)
        return {"ok": True, "changed": True, "release": name, "restarted": running, "receipt": receipt}


def loaded(seen: Mapping[str, Any]) -> bytes:
    """Return what Asterisk had loaded, as names by kind: what going back to this release must find again."""
    kinds = ("contexts", "endpoints", "queues", "mailboxes", "registrations")
    expect = {kind: sorted(seen[kind]) for kind in kinds if kind in seen}
    return json.dumps({"expect": expect}, ensure_ascii=False, indent=1).encode()
