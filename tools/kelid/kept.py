"""What is made of a file of the package, kept as Python keeps compiled modules: in ``__pycache__`` beside it.

This module imports nothing of ours: every other room may import it.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path


def kept(source: Path, make: Callable[[bytes], bytes]) -> bytes:
    """Return what ``make`` makes of the file's bytes; made anew when they were changed, and wherever it can't be kept.

    Raise OSError if the file can't be read.
    """
    body = source.read_bytes()
    digest = hashlib.sha256(body).digest()
    path = Path(cache_from_source(f"{source}.py")).with_suffix(".kept")
    try:
        found = path.read_bytes()
    except OSError:
        found = b""
    # The digest of what was made shows damage.
    made = found[2 * len(digest) :]
    if found[: 2 * len(digest)] == digest + hashlib.sha256(made).digest():
        return made
    made = make(body)
    if not sys.dont_write_bytecode:
        _write(path, digest + hashlib.sha256(made).digest() + made)
    return made


def _write(path: Path, content: bytes) -> None:
    """Write the file whole or not at all."""
    new = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(content)
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink()
