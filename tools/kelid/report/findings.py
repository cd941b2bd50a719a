"""Findings as text, one a line, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kelid.findings import Finding, Severity
from kelid.report.colour import paint

_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "blue"}


def text(findings: Iterable[Finding], *, colour: bool = False) -> str:
    """Return ``file:line:column CODE what is wrong; what to do`` for each; warnings and notes say that they are such."""
    rows = []
    for finding in findings:
        word = "" if finding.severity is Severity.ERROR else f"{finding.severity.value}: "
        code = paint(finding.code, _STYLES[finding.severity] + " bold", on=colour)
        fix = f"; {finding.fix}" if finding.fix else ""
        rows.append(f"{paint(str(finding.where), 'bold', on=colour)} {code} {word}{finding.message}{fix}\n")
    return "".join(rows)


def as_data(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return the findings as plain data for JSON."""
    return [
        {
            "file": finding.where.file,
            "line": finding.where.line,
            "column": finding.where.column,
            "code": finding.code,
            "severity": finding.severity.value,
            "message": finding.message,
            "fix": finding.fix,
        }
        for finding in findings
    ]


def summary(findings: Iterable[Finding]) -> str:
    """Return how many there are of each kind: ``2 errors, 1 warning``; "" for none."""
    counts = dict.fromkeys(Severity, 0)
    for finding in findings:
        counts[finding.severity] += 1
    return ", ".join(f"{n} {kind.value}{'s' if n != 1 else ''}" for kind, n in counts.items() if n)
