"""The files of a site's own dial plan, ``custom/*.conf``: text that readback reads; here they are only found."""

from __future__ import annotations

import os
from pathlib import Path

from kelid.findings import Finding, Where
from kelid.load.tree import MAX_BYTES


def is_custom(path: str) -> bool:
    """Given a path relative to the site's folder, return whether it is a file of the site's own dial plan."""
    return path.startswith("custom/") and path.endswith(".conf") and path.count("/") == 1


def custom_files(folder: Path) -> tuple[dict[str, bytes], list[Finding]]:
    """Given a site's folder, return path as shown -> bytes, and a finding for each file that can't be taken."""
    custom: dict[str, bytes] = {}
    findings = []
    for path in sorted((folder / "custom").glob("*.conf")):
        near = path.absolute().is_relative_to(Path.cwd())
        shown = os.path.relpath(path) if near else str(path)
        if path.is_symlink() or path.parent.is_symlink() or not path.is_file():
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
