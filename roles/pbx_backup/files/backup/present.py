"""What of the client's lies on this machine now, and what of it a backup does not have."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .files import digest_of
from .pbx import OWN_NAMES, PARTS, Pbx, is_queue_log

ADOPTED = "0" * 64
"""The release that pbx_install makes of what it finds: on a new machine nothing of the client's."""
QUIET_EVENTS = {"QUEUESTART", "CONFIGRELOAD"}
"""Lines of queue_log that an Asterisk writes by itself, so they are no data of the client's."""
QUIET_FAMILIES = {"pbx", "registrar", "subscription_persistence", "dundi", "SIP", "IAX", "config"}
"""Families of astdb that an Asterisk fills by itself."""


def data_here(pbx: Pbx) -> Iterator[tuple[str, Path]]:
    """Yield (path on the PBX, place) of every file of the client's that lies on this machine."""
    places = [
        pbx.place(path) for part in ("voicemail", "recordings", "prompts", "cdr") for path in PARTS[part]
    ]
    logs = pbx.place("/var/log/asterisk")
    if logs.is_dir():
        places += [path for path in sorted(logs.iterdir()) if is_queue_log(path.name) or path.suffix == ".db"]
    places.append(pbx.place(PARTS["astdb"][0]))
    for top in places:
        if top.is_file() and not top.is_symlink():
            yield pbx.named(top), top
        for folder, folders, files in os.walk(top):
            folders[:] = [name for name in folders if name not in OWN_NAMES]
            for name in sorted(files):
                path = Path(folder) / name
                if not name.startswith(".lock") and path.is_file() and not path.is_symlink():
                    yield pbx.named(path), path


def newer_here(pbx: Pbx, manifest: Mapping[str, Any], staged: Mapping[str, Path]) -> Iterator[str]:
    """Yield what of the client's lies here and is not in the backup as it is here.

    A log that the backup holds longer is older here, not newer; what an Asterisk writes by itself on its first start doesn't count.
    """
    for name, place in data_here(pbx):
        entry = manifest["files"].get(name)
        if name.endswith((".sqlite3", ".db")):
            if entry is None or not _database_within(place, staged[name]):
                yield name
            continue
        if Path(name).name.startswith("queue_log") and _only_quiet(place):
            continue
        size = place.stat().st_size
        if entry is None or size > entry["size"] or digest_of(place) != digest_of(staged[name], size):
            yield name
    link = pbx.home / "current"
    target = os.readlink(link) if link.is_symlink() else ""
    wanted = manifest["links"].get("/var/lib/kelid/current", {}).get("target")
    if target and wanted and target != wanted and Path(target).name != ADOPTED:
        yield f"/var/lib/kelid/current -> {target}"


def covered(name: str, manifest: Mapping[str, Any]) -> bool:
    """Return True if the backup speaks for this file: its part was in the policy when the backup was taken."""
    for part in manifest["contents"]:
        if any(name == path or name.startswith(path + "/") for path in PARTS.get(part, ())):
            return True
    base = name.rsplit("/", 1)[-1]
    return ("queue_log" in manifest["contents"] and is_queue_log(base)) or (
        "cdr" in manifest["contents"] and base.endswith(".db")
    )


# ---- one at a time -------------------------------------------------------------------------------------------


def _only_quiet(path: Path) -> bool:
    with path.open("rb") as file:
        return all(
            len(line.split(b"|")) > 4 and line.split(b"|")[4].decode("ascii", "replace") in QUIET_EVENTS
            for line in file
        )


def _database_within(here: Path, staged: Path) -> bool:
    """Return True if a database here has no row of the client's that the backup's copy lacks."""

    def rows(path: Path) -> set[tuple[str, Any]]:
        found: set[tuple[str, Any]] = set()
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as base:
            for (table,) in base.execute("select name from sqlite_master where type = 'table'").fetchall():
                quoted = '"' + table.replace('"', '""') + '"'
                found |= {(table, row) for row in base.execute(f"select * from {quoted}")}
        return {
            (table, row)
            for table, row in found
            if not (
                table == "astdb"
                and str(row[0]).split("/")[1:2]
                and str(row[0]).split("/")[1] in QUIET_FAMILIES
            )
        }

    try:
        return rows(here) <= rows(staged)
    except sqlite3.Error:
        return True  # a damaged database here is what people restore for
