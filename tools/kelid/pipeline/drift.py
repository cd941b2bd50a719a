"""What a server has otherwise than its release and than git: its tree read back into objects, and held against both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from kelid import pipeline
from kelid.compare.bundles import compare_files
from kelid.compare.objects import compare_objects, places
from kelid.deliver.verify import differences
from kelid.findings import NOWHERE, Exit, Finding, KelidError, Where
from kelid.model.bundle import Bundle
from kelid.model.drift import Changed, Drift, Git
from kelid.model.pbx import Pbx
from kelid.model.plan import Comparison, Detail, FileChange, ObjectChange
from kelid.model.printable import printable
from kelid.readback import read_tree

ADOPTED = "0" * 64
"""The release under which the agent keeps what a server had before kelid."""

MASK = "***"
"""What the agent puts in the place of whatever may be a secret that is not the release's (agent/masks.py)."""

MOST = 200
"""Findings, notes and names of one kind that are told; a folder may be hostile."""


class Sides(NamedTuple):
    """The PBXs of the release (None: the server has none of ours), of the server's files, and of git (None: not valid)."""

    release: Pbx | None
    server: Pbx
    git: Pbx | None


def drift(sites: Path, site: str, told: Mapping[str, Any], *, host: str = "") -> Drift:
    """Given what the agent's ``readout`` told of a site's server, return what differs there.

    Raise KelidError where what it told makes no configuration.
    """
    return compared(sites, site, told, host=host)[0]


def compared(sites: Path, site: str, told: Mapping[str, Any], *, host: str = "") -> tuple[Drift, Sides]:
    """Return the same, and the three PBXs that were compared."""
    manifest = told.get("manifest") or {}
    release: dict[str, str] = dict(told.get("bundle") or {})
    on_server = {**release, **told["files"]}
    for path in (*told.get("gone", ()), *told.get("odd", ())):
        on_server.pop(path, None)
    checked, problem = _git(sites, site)
    version = int(manifest.get("asterisk") or (checked.site.servers.asterisk if checked else 22))
    server, found = _read(on_server, version)
    before, known = _read(release, version) if release else (None, ())
    git = _read(checked.bundle.files, version)[0] if checked else None
    changed = compare_objects(before, server) if before else ()
    lines = (
        compare_files(_bundle(site, version, release), _bundle(site, version, on_server)) if before else ()
    )
    unread = {(item.code, item.message) for item in known}
    notes, running = _notes(told)
    drifted = {path for path in told.get("drift") or () if path in told["files"]}
    return (
        Drift(
            site=site,
            host=host or site,
            release=str(told.get("release") or ""),
            commit=str(manifest.get("commit") or ""),
            changed=tuple(_judged(item, before, server, git, checked) for item in changed if before),
            lines=Comparison(files=tuple(_printable_file(item) for item in lines)),
            apply=Comparison(objects=tuple(map(printable_change, compare_objects(server, git))))
            if git
            else Comparison(),
            spelling=tuple(sorted(map(printable, drifted - {item.path for item in lines}))),
            gone=tuple(map(printable, told.get("gone") or ())),
            odd=tuple(
                (printable(path), printable(why)) for path, why in sorted((told.get("odd") or {}).items())
            )[:MOST],
            secrets=tuple(map(printable, told.get("secrets") or ())),
            unsure=tuple(map(printable, told.get("unsure") or ())),
            running=running,
            unmodelled=tuple(
                item._replace(
                    where=item.where._replace(file=printable(item.where.file)),
                    message=printable(item.message),
                )
                for item in found
                if (item.code, item.message) not in unread
            )[:MOST],
            notes=notes,
            problem=problem,
        ),
        Sides(before, server, git),
    )


def _git(sites: Path, site: str) -> tuple[pipeline.Checked | None, str]:
    """Return the site as it lies in the working tree, or why it can't be compared."""
    checked = pipeline.check(sites, site)
    if checked.valid:
        return checked, ""
    return None, f"{site} is not valid; `kelid check {site}` says why"


def read_files(files: Mapping[str, str], version: int) -> Pbx:
    """Return what Asterisk reads from the files of a tree."""
    return _read(files, version)[0]


def _read(files: Mapping[str, str], version: int) -> tuple[Pbx, tuple[Finding, ...]]:
    """Return what Asterisk reads from the files, and what was found on the way. No file at all is an empty PBX."""
    if not files:
        return Pbx(site="", asterisk=version), ()
    try:
        tree = read_tree({path: text.encode() for path, text in files.items()}, asterisk=version)
    except KelidError as problem:
        raise KelidError(
            f"the server's configuration can't be read: {printable(str(problem))}", exit=Exit.UNKNOWN
        ) from problem
    return tree.pbx, tree.findings


def _bundle(site: str, version: int, files: Mapping[str, str]) -> Bundle:
    """Return the files without what says nothing: comments didn't come from the server, their lines came empty."""
    texts = {
        path: "".join(
            f"{line}\n" for line in text.split("\n") if line.strip() and not line.lstrip().startswith(";")
        )
        for path, text in files.items()
    }
    return Bundle(site=site, asterisk=version, files=texts)


def _judged(
    change: ObjectChange, release: Pbx | None, server: Pbx, git: Pbx | None, checked: pipeline.Checked | None
) -> Changed:
    """Return a change with what git says of its object, and the line of YAML behind it."""
    key = (change.kind, change.name)
    if git is None or checked is None:
        return Changed(change=printable_change(change))
    if key not in {(item.kind, item.name) for item in compare_objects(server, git)}:
        state = Git.SAME
    elif key not in {(item.kind, item.name) for item in compare_objects(release, git)}:
        state = Git.BEFORE
    else:
        state = Git.OTHER
    return Changed(change=printable_change(change), git=state, yaml=places(checked.pbx).get(key, NOWHERE))


def _notes(told: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what else is odd about the server, and what its running Asterisk has otherwise."""
    notes = []
    if not told.get("reads_release", True):
        notes.append(
            "Asterisk there doesn't read kelid's releases: astetcdir of its asterisk.conf leads elsewhere"
        )
    if told.get("armed"):
        notes.append("a change waits to be confirmed, or the server goes back by itself")
    expect = (told.get("manifest") or {}).get("expect")
    observed = told.get("observed") or {}
    running: list[str] = []
    if not observed:
        notes.append("Asterisk is not running there")
    elif expect:
        running = [printable(text) for text in differences(expect, observed)]
    return tuple(notes), tuple(running[:MOST])


def printable_change(change: ObjectChange) -> ObjectChange:
    """Return a change that no terminal takes for orders."""
    return replace(
        change,
        kind=printable(change.kind),
        name=printable(change.name),
        details=tuple(
            Detail(
                printable(item.key),
                None if item.before is None else printable(item.before),
                None if item.after is None else printable(item.after),
            )
            for item in change.details
        ),
        where=Where(printable(change.where.file), change.where.line, change.where.column),
    )


def _printable_file(change: FileChange) -> FileChange:
    lines = [printable(line) for line in change.diff.split("\n")]
    return replace(change, path=printable(change.path), diff="\n".join(lines))
