"""Put the layers together: a comparison of two PBXs, and a plan against what a server has."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kelid.compare.bundles import compare_files
from kelid.compare.objects import compare_objects
from kelid.compare.staging import not_staged
from kelid.model.bundle import Bundle
from kelid.model.guard import touched
from kelid.model.pbx import Pbx
from kelid.model.plan import Comparison, Now, Plan, Restart


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: the PBX and its text."""

    pbx: Pbx
    bundle: Bundle


def compare(before: Side | None, after: Side | None) -> Comparison:
    """Given two sides (None: there is nothing), return what differs between them."""
    return Comparison(
        objects=compare_objects(before.pbx if before else None, after.pbx if after else None),
        files=compare_files(before.bundle if before else None, after.bundle if after else None),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerState:
    """What a server says of itself: its release, the checksums of its files and the HMACs of its secrets by name.

    ``state`` is a digest of what lies on its disk; ``guard`` what must not be touched unasked; ``adopted`` says that its
    configuration was made before kelid.
    """

    release: str = ""
    state: str = ""
    adopted: bool = False
    tool: str = ""
    side: Side | None = None
    files: Mapping[str, str] | None = None
    secrets: Mapping[str, str] | None = None
    drift: tuple[str, ...] = ()
    guard: Mapping[str, Any] = field(default_factory=dict)
    now: Now = field(default_factory=Now)


def make_plan(
    *,
    site: str,
    machine: str = "primary",
    verb: str = "apply",
    commit: str,
    dirty: bool,
    tool: str,
    release: str,
    after: Side | None,
    files: Mapping[str, str],
    secrets: Mapping[str, str],
    reloads: Sequence[tuple[tuple[str, ...], str]],
    restart: Mapping[str, str],
    noticed: Sequence[tuple[tuple[str, ...], str]] = (),
    adopted_restart: str = "",
    guard: Mapping[str, Any] | None = None,
    server: ServerState,
) -> Plan:
    """Given a release (its text, the sha256 of each file, the HMAC of each secret) and what the server has, return the plan.

    ``reloads`` are pairs of (files, command) in the order in which Asterisk is to get them; those whose files differ are
    planned. ``restart`` is file -> why only a start of Asterisk reads it. A server without a release of ours (``files``
    None) gets all of them, and so does one that goes back to what it had before (``after`` None): ``adopted_restart`` says
    why that takes a restart. Without a ``guard`` (a release of an older kelid) nothing counts as touched.
    """
    had = server.files or {}
    changed = {path for path in {*had, *files} if had.get(path) != files.get(path)} | set(server.drift)
    had_secrets = server.secrets or {}
    only_start = [Restart(file=path, why=why) for path, why in restart.items() if path in changed]
    loads: list[str] = []
    if server.adopted or after is None:
        only_start = [Restart(file="", why=adopted_restart)]
    elif [item.file for item in only_start] == ["modules.conf"]:
        added = _added_modules(server.side, after)
        if added is not None:
            only_start, loads = [], [f"module load {module}" for module in added]
    told = [command for paths, command in reloads if changed & set(paths)]
    if not server.now.running:
        only_start, loads, told = [], [], []
    elif only_start:
        loads, told = [], []
    return Plan(
        site=site,
        server=machine,
        verb=verb,
        commit=commit,
        dirty=dirty,
        base=server.release,
        state=server.state,
        release=release,
        comparison=compare(server.side, after),
        secrets=tuple(
            name
            for name in sorted({*had_secrets, *secrets})
            if server.secrets is not None and had_secrets.get(name) != secrets.get(name)
        ),
        drift=server.drift,
        reloads=(*loads, *told),
        restart=tuple(only_start),
        notices=_notices(changed, noticed, only_start, running=server.now.running),
        touched=touched(server.guard, guard) if guard else {},
        not_staged=not_staged(after.pbx) if after else (),
        tool_before=server.tool,
        tool=tool,
        now=server.now,
    )


def _notices(
    changed: Collection[str],
    noticed: Sequence[tuple[tuple[str, ...], str]],
    restart: Sequence[Restart],
    *,
    running: bool,
) -> tuple[str, ...]:
    """Return what callers may notice, the worst first."""
    if not running:
        return ("starts",)
    if restart:
        return ("restart",)
    return tuple(word for paths, word in noticed if set(changed) & set(paths)) if changed else ()


def _added_modules(before: Side | None, after: Side) -> list[str] | None:
    """Return the modules that modules.conf only loads beside those of before; None where it says anything else."""
    old, new = (_modules(side) if side else None for side in (before, after))
    if old is None or new is None or [item for item in old if item not in new]:
        return None
    added = [item for item in new if item not in old]
    return [value for _, value in added] if all(key == "load" for key, _ in added) else None


def _modules(side: Side) -> list[tuple[str, str]] | None:
    file = side.pbx.file("modules.conf")
    if file is None:
        return None
    return [(option.key, option.value) for section in file.resolved for option in section.options]
