"""Why a transaction can't go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class Refusal(Exception):
    """The transaction can't go on: a code for machines, a message for people, and the log lines behind it."""

    def __init__(self, code: str, message: str, log: Sequence[Mapping[str, Any]] = (), **more: Any) -> None:
        """Keep what the answer will hold."""
        super().__init__(message)
        self.code = code
        self.log = list(log)
        self.more = more
