"""The files of a site's own dial plan, ``custom/*.conf``: text that readback reads; here they are only found."""

from __future__ import annotations

import os
import re
from pathlib import Path

from kelid.findings import Finding, Severity, Where
from kelid.load.tree import MAX_BYTES

_CUSTOM = re.compile(r"custom/[A-Za-z0-9][A-Za-z0-9_.-]{0,59}\.conf")


def visible(path: str) -> str:
    """Return a path as it may be shown: control characters and marks of direction in a name are written out."""
    return (
        path
        if path.isprintable()
        else "".join(one if one.isprintable() else ascii(one)[1:-1] for one in path)
    )


def is_custom(path: str) -> bool:
    """Given a path relative to the site's folder, return whether it is a file of the site's own dial plan."""
    return _CUSTOM.fullmatch(path) is not None


def custom_files(folder: Path) -> tuple[dict[str, bytes], list[Finding]]:
    """Given a site's folder, return path as shown -> bytes, and a finding for each file that can't be taken."""
    custom: dict[str, bytes] = {}
    findings = []
    top = folder / "custom"
    if top.is_symlink():
        fix = "put the folder itself here"
        return {}, [Finding(Where(_shown(top)), "L014", "this is a link, and links are not followed", fix)]
    for path in sorted(top.glob("*.conf")) if top.is_dir() else ():
        shown = _shown(path)
        if not is_custom(f"custom/{path.name}"):
            fix = "call it custom/NAME.conf, its name of letters, digits, - and _"
            findings.append(Finding(Where(shown), "L018", "nobody reads this file", fix, Severity.WARNING))
            continue
        if path.is_symlink() or not path.is_file():
            text, fix = "this is a link, or no file, and links are not followed", "put the file itself here"
            findings.append(Finding(Where(shown), "L014", text, fix))
            continue
        try:
            with path.open("rb") as stream:
                content = stream.read(MAX_BYTES + 1)
        except OSError as problem:
            text = f"the file can't be read: {problem.strerror}"
            findings.append(Finding(Where(shown), "L013", text, "who may read it?"))
            continue
        if len(content) > MAX_BYTES:
            text = f"the file is larger than {MAX_BYTES // 1_000_000} MB"
            findings.append(Finding(Where(shown), "L009", text, "no dial plan of a site needs that"))
            continue
        custom[shown] = content
    return custom, findings


def _shown(path: Path) -> str:
    """Return the path from the current directory, where it lies below."""
    near = path.absolute().is_relative_to(Path.cwd())
    return visible(os.path.relpath(path) if near else str(path))
