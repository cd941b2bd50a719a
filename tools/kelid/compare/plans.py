"""Put the layers together: a comparison of two PBXs, and a plan against what a server has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kelid.compare.bundles import compare_files
from kelid.compare.objects import compare_objects
from kelid.model.bundle import Bundle
from kelid.model.pbx import Pbx
from kelid.model.plan import Comparison, Plan


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
    """What a server says of itself: its release, the checksums of its files and the HMACs of its secrets by name."""

    release: str = ""
    tool: str = ""
    side: Side | None = None
    files: Mapping[str, str] | None = None
    secrets: Mapping[str, str] | None = None
    drift: tuple[str, ...] = ()
    channels: int = 0
    armed: bool = False


def make_plan(
    *,
    site: str,
    commit: str,
    dirty: bool,
    tool: str,
    release: str,
    after: Side,
    files: Mapping[str, str],
    secrets: Mapping[str, str],
    reloads: Sequence[tuple[tuple[str, ...], str]],
    restart: Sequence[str],
    not_staged: Sequence[str],
    server: ServerState,
) -> Plan:
    """Given a release (its text, the sha256 of each file, the HMAC of each secret) and what the server has, return the plan.

    ``reloads`` are pairs of (files, command) in the order in which Asterisk is to get them; those whose files differ are
    planned. A server without a release of ours (``files`` None) gets all of them, and the restart that adoption costs.
    """
    had = server.files or {}
    changed = {path for path in {*had, *files} if had.get(path) != files.get(path)} | set(server.drift)
    had_secrets = server.secrets or {}
    return Plan(
        site=site,
        commit=commit,
        dirty=dirty,
        base=server.release,
        release=release,
        comparison=compare(server.side, after),
        secrets=tuple(
            name
            for name in sorted({*had_secrets, *secrets})
            if server.secrets is not None and had_secrets.get(name) != secrets.get(name)
        ),
        drift=server.drift,
        reloads=tuple(command for paths, command in reloads if changed & set(paths)),
        restart=tuple(path for path in restart if path in changed),
        not_staged=tuple(not_staged),
        tool_before=server.tool,
        tool=tool,
        channels=server.channels,
        armed=server.armed,
    )
