"""Making the live Asterisk read a release: what is reloaded, when only a restart does it, and the way back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .conf import conf_lines
from .live import BOOT_LIMIT
from .logs import explain
from .refusal import Refusal
from .server import Server
from .tools import until


def added_modules(changed: set[str], manifest: Mapping[str, Any], old: Path, new: Path) -> list[str] | None:
    """Return the modules that a change only adds; None where nothing but a restart puts it in force."""
    needing = changed & set(manifest.get("restart", ()))
    if not needing:
        return []
    if needing != {"modules.conf"} or not (old / "modules.conf").is_file():
        return None
    before, after = (
        [(line.key, line.value) for line in conf_lines((tree / "modules.conf").read_text(errors="replace"))]
        for tree in (old, new)
    )
    added = [item for item in after if item not in before]
    if [item for item in before if item not in after] or any(key != "load" for key, _ in added):
        return None
    return [value for _, value in added]


def put_in_force(
    server: Server,
    manifest: Mapping[str, Any],
    changed: set[str],
    modules: Sequence[str],
    restarting: bool,
    running: bool,
) -> list[str]:
    """Make the live Asterisk read what changed. Return the commands that ran; raise Refusal ``reload_failed``."""
    if restarting or not running:
        server.live.service("restart" if running else "start", server.scrub)
        if not server.live.booted(BOOT_LIMIT):
            raise Refusal("reload_failed", "Asterisk didn't come up with the new release")
        return []
    commands = [f"module load {module}" for module in modules]
    commands += [entry["command"] for entry in manifest.get("reloads", ()) if changed & set(entry["files"])]
    with server.live.watch() as errors:
        for command in commands:
            answer = server.live.ask(command)
            if re.search(r"(?i)no such (module|command)|unable to|was not|fail|blocked|error", answer):
                raise Refusal("reload_failed", f"{command}: {server.scrub(answer.strip())}")
        found = [explain(entry, server.at.current, server.scrub) for entry in errors()]
    if found:
        raise Refusal("reload_failed", f"Asterisk reported {len(found)} errors while it read the new release", found)
    return commands


def settle(server: Server, manifest: Mapping[str, Any]) -> None:
    """Wait until the live Asterisk has every object of the release. Raise Refusal ``reload_failed`` if it doesn't."""
    expect = manifest.get("expect", {})
    lacking: list[str] = []

    def there() -> bool:
        seen = server.live.observe()
        lacking[:] = [
            f"{kind}: {name}"
            for kind in ("contexts", "endpoints", "queues", "mailboxes")
            for name in sorted(set(expect.get(kind, ())) - set(seen[kind]))
        ]
        return not lacking

    if not until(there, 5.0, pause=0.1):
        raise Refusal("reload_failed", "after the reload Asterisk lacks " + ", ".join(lacking[:10]))


def read_back(server: Server, record: Mapping[str, Any]) -> None:
    """Make the live Asterisk read the release before."""
    if record.get("restart") or not server.live.running():
        server.live.service("restart", server.scrub)
        if not server.live.booted(BOOT_LIMIT):
            raise Refusal("reload_failed", "Asterisk didn't come up again")
    else:
        changed = set(record.get("changed", ()))
        commands: list[str] = []
        for release in (record["previous"], record["release"]):
            for entry in server.releases.manifest(str(release)).get("reloads", ()):
                if changed & set(entry["files"]) and entry["command"] not in commands:
                    commands.append(entry["command"])
        # What was added goes in the other order: the dialplan that names an object goes before the object.
        for command in reversed(commands):
            server.live.ask(command)
    server.live.give_members_back(record.get("members", ()))
