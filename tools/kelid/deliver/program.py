"""Pack a program that goes to a server whole: a package of modules here, one executable file there."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

SHEBANG = b"#!/usr/bin/python3\n"
MOMENT = (1980, 1, 1, 0, 0, 0)
"""The time of every entry, the earliest that a zip knows: the same source gives the same bytes for ever."""
MAIN = "import sys\n\nfrom {name}.{entry} import main\n\nsys.exit(main())\n"
QUICK = "quick"
"""A module with a ``main`` of its own, which is asked first: it answers without the rest, or calls ``__main__``'s."""


def program(source: Path) -> bytes:
    """Given the folder of a package whose ``__main__`` has a ``main() -> int``, return it as one executable file.

    Entries are sorted and stored as they are: another zlib would compress to other bytes, and every server would then
    get its program anew. Raise FileNotFoundError if the folder is no such package.
    """
    if not (source / "__main__.py").is_file():
        raise FileNotFoundError(f"{source} holds no __main__.py")
    members = {path.relative_to(source.parent).as_posix(): path.read_bytes() for path in source.rglob("*.py")}
    first = QUICK if (source / f"{QUICK}.py").is_file() else "__main__"
    members["__main__.py"] = MAIN.format(name=source.name, entry=first).encode()
    out = io.BytesIO(SHEBANG)
    out.seek(0, io.SEEK_END)
    with zipfile.ZipFile(out, "a", compression=zipfile.ZIP_STORED) as packed:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, MOMENT)
            entry.create_system = 3  # Unix, on whatever the control node runs
            entry.external_attr = 0o100644 << 16
            packed.writestr(entry, members[name])
    return out.getvalue()
