"""The text layer: which rendered files differ, as unified diffs."""

from __future__ import annotations

import difflib

from kelid.model.bundle import Bundle
from kelid.model.plan import Action, FileChange


def compare_files(before: Bundle | None, after: Bundle | None) -> tuple[FileChange, ...]:
    """Given two bundles (None: nothing there), return the files that differ, by path."""
    old = dict(before.files) if before else {}
    new = dict(after.files) if after else {}
    changes = []
    for path in sorted(old.keys() | new.keys()):
        was, is_ = old.get(path), new.get(path)
        if was == is_:
            continue
        action = Action.ADD if was is None else Action.REMOVE if is_ is None else Action.CHANGE
        changes.append(FileChange(path=path, action=action, diff=_unified(path, was or "", is_ or "")))
    return tuple(changes)


def _unified(path: str, was: str, is_: str) -> str:
    lines = difflib.unified_diff(
        was.splitlines(keepends=True), is_.splitlines(keepends=True), f"before/{path}", f"after/{path}", n=2
    )
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines)
