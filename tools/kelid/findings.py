"""What is wrong, where, and what to do about it; and what a command tells its caller by its exit status.

This module imports nothing of ours: every other room may import it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum, IntEnum
from typing import NamedTuple


class Where(NamedTuple):
    """A place in a file: ``file`` as the user would type it, ``line`` and ``column`` counted from 1 (0: not known)."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Return ``file:line:column``, without the parts that are not known."""
        parts = [self.file]
        if self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        return ":".join(parts)


NOWHERE = Where("")


class Severity(Enum):
    """How much a finding matters: an error stops a change, a warning is shown, a note is what could not be told."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Finding(NamedTuple):
    """One problem as a value: where it is, its code, what is wrong and the way out."""

    where: Where
    code: str
    message: str
    fix: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        """Return ``file:line:column CODE what is wrong; what to do``."""
        tail = f"; {self.fix}" if self.fix else ""
        return f"{self.where} {self.code} {self.message}{tail}"

    @property
    def sort_key(self) -> tuple[str, int, int, str]:
        """Return the key by which findings are shown: by place, then by code."""
        return (self.where.file, self.where.line, self.where.column, self.code)


def has_errors(findings: Iterable[Finding]) -> bool:
    """Return True if any of the findings stops a change."""
    return any(finding.severity is Severity.ERROR for finding in findings)


class Exit(IntEnum):
    """The exit status of every command: the one public table, which ``kelid --help`` and the README show."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    INVALID = 3
    CHANGES = 4
    UNKNOWN = 5
    UNREACHABLE = 6
    REFUSED = 7
    ROLLED_BACK = 8

    @property
    def meaning(self) -> str:
        """Return what this status tells a person or a script."""
        return _MEANINGS[self]


_MEANINGS = {
    Exit.OK: "done, or nothing to do",
    Exit.FAILURE: "something failed; the message says what, and nothing is left half done",
    Exit.USAGE: "the command line is wrong",
    Exit.INVALID: "the site's files are not valid; nothing was rendered or sent",
    Exit.CHANGES: "there are changes (diff, plan), or files were changed by hand (status)",
    Exit.UNKNOWN: "could not tell",
    Exit.UNREACHABLE: "the server could not be reached, or is not the one that it should be; nothing was sent",
    Exit.REFUSED: "refused before anything was changed (staging, lock, changed in between, declined)",
    Exit.ROLLED_BACK: "the change was made, did not verify, and the old release is back",
}


class Interrupted(KeyboardInterrupt):
    """Ctrl-C ended the command, and what is with the servers is known; ``answer`` is what it would have printed as JSON."""

    def __init__(self, message: str, answer: Mapping[str, object] | None = None) -> None:
        """Keep the message and the answer."""
        super().__init__(message)
        self.answer = dict(answer or {})


class KelidError(Exception):
    """A problem that ends the command: the findings behind it and the exit status that it asks for."""

    def __init__(self, message: str, *, exit: Exit = Exit.FAILURE, findings: Iterable[Finding] = ()) -> None:
        """Keep the message, the exit status and the findings."""
        super().__init__(message)
        self.exit = exit
        self.findings = tuple(findings)
