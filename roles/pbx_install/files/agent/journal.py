"""The diary of what the agent does between changes: faxes that were sent. Changes have receipts."""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Journal:
    """A file of one JSON object per line, only ever added to."""

    path: Path

    def add(self, verb: str, **what: Any) -> None:
        """Add a line to the journal. A full disk must not stop the way back, so that alone is passed over."""
        line = json.dumps({"time": int(time.time()), "verb": verb, **what}, sort_keys=True)
        with contextlib.suppress(OSError), self.path.open("a") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
