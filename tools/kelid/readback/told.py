"""Findings as they come in, bounded: a broken file of a million lines has one fault a million times."""

from __future__ import annotations

from collections import Counter

from kelid.findings import Finding, Severity, Where

SHOWN = 20
"""Findings of one code in one file that are kept; the last of them says how many more there are."""


class Told:
    """A list of findings that keeps the first of each code in each file, and counts the rest."""

    def __init__(self, shown: int = SHOWN) -> None:
        """Begin with none."""
        self._shown = shown
        self._kept: list[Finding] = []
        self._last: dict[tuple[str, str], int] = {}
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(
        self, where: Where, code: str, message: str, fix: str = "", severity: Severity = Severity.ERROR
    ) -> None:
        """Add a finding."""
        kind = (where.file, code)
        self._counts[kind] += 1
        if self._counts[kind] <= self._shown:
            self._last[kind] = len(self._kept)
            self._kept.append(Finding(where, code, message, fix, severity))

    def findings(self) -> list[Finding]:
        """Return what was kept."""
        found = list(self._kept)
        for kind, count in self._counts.items():
            if count > self._shown:
                last = found[self._last[kind]]
                more = f"{last.message} (and {count - self._shown} more like it in this file)"
                found[self._last[kind]] = last._replace(message=more)
        return found
