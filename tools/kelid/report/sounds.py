"""A site's sounds as a table for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kelid.report.colour import paint

_COLOUR = {"approved": "green", "recorded": "", "draft": "yellow"}
"""State -> colour; every other state is trouble."""
_HEAD = ("prompt", "language", "file", "length", "level", "form", "state")


def text(rows: Sequence[Mapping[str, Any]], *, colour: bool) -> str:
    """Return one line a sound, and how many there are of each state."""
    lines = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD) - 1)]
    out = []
    for number, line in enumerate(lines):
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
        state = line[-1]
        shade = _COLOUR.get(state, "red") if number else ""
        out.append("  ".join([*cells, paint(state, shade, on=colour) if shade else state]))
    states: dict[str, int] = {}
    for row in rows:
        states[row["state"]] = states.get(row["state"], 0) + 1
    summary = ", ".join(f"{count} {state}" for state, count in states.items())
    return "".join(f"{line.rstrip()}\n" for line in out) + f"{len(rows)} sounds: {summary or 'none'}\n"


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    there = bool(row["form"])
    level = "" if row["level"] is None else f"{row['level']:.0f} dB"
    length = f"{row['seconds']:.1f} s" if there else ""
    return (
        row["owner"],
        row["language"],
        row["file"].removeprefix("media/"),
        length,
        level,
        row["form"],
        row["state"],
    )
