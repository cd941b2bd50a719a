"""A call flow as SVG 1.1: no script, no font in it, nothing fetched; a browser, a wiki and a printer show it alike.

A picture whose language is written from right to left runs that way too. Each text has its own direction, so that the
Unicode bidirectional algorithm puts numbers and brackets where a reader expects them.
"""

from __future__ import annotations

import unicodedata
from xml.sax.saxutils import escape, quoteattr

from kelid.report.flow.layout import ROW, Size, Spot, Way, layout, port
from kelid.report.flow.picture import ENDS, Box, Picture
from kelid.report.words import say

FONTS = "Vazirmatn, 'Noto Sans Arabic', 'Noto Sans', 'Segoe UI', Tahoma, 'DejaVu Sans', sans-serif"
"""The first that is there is taken; all of them have Persian letters."""

_TITLE, _SMALL, _WORDS = 14.0, 11.0, 12.0
_MARGIN = 24.0
_HEAD = 44.0
_PAD = 12.0
_LONGEST = 46
"""Characters of a way's words that are shown; the rest stands in its tooltip."""

_COLOURS = {
    "trunk": ("#dbeafe", "#1d4ed8"),
    "phone": ("#dbeafe", "#1d4ed8"),
    "class": ("#dbeafe", "#1d4ed8"),
    "anonymous": ("#fee2e2", "#b91c1c"),
    "schedule": ("#fef3c7", "#b45309"),
    "ivr": ("#ede9fe", "#6d28d9"),
    "announcement": ("#fae8ff", "#a21caf"),
    "directory": ("#ede9fe", "#6d28d9"),
    "queue": ("#dcfce7", "#15803d"),
    "ring_group": ("#dcfce7", "#15803d"),
    "extension": ("#ecfccb", "#4d7c0f"),
    "phones": ("#f7fee7", "#4d7c0f"),
    "voicemail": ("#ffe4e6", "#be123c"),
    "external": ("#cffafe", "#0e7490"),
    "route": ("#cffafe", "#0e7490"),
    "line": ("#dbeafe", "#1d4ed8"),
    "refused": ("#fee2e2", "#b91c1c"),
    "unknown": ("#fee2e2", "#b91c1c"),
}
_OTHER = ("#f1f5f9", "#475569")


def svg(picture: Picture) -> str:
    """Return the picture as the text of an SVG file."""
    sizes = {box.key: _size(box, picture) for box in picture.boxes}
    found = layout(sizes)
    width = max(found.width, text_width(picture.title, _TITLE * 1.3)) + 2 * _MARGIN
    height = found.height + _HEAD + 2 * _MARGIN
    page = _Page(picture, width)
    direction = "rtl" if picture.leftwards else "ltr"
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}" '
        f'height="{_n(height)}" role="img" xml:lang="{picture.language}" direction="{direction}" '
        f"font-family={quoteattr(FONTS)}>\n",
        f"<title>{escape(picture.title)}</title>\n",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse"><path d="M0,0 L8,4 L0,8 z" fill="#475569"/></marker></defs>\n',
        f'<rect width="{_n(width)}" height="{_n(height)}" fill="#ffffff"/>\n',
        page.text(page.x(_MARGIN), _MARGIN + 20, picture.title, _TITLE * 1.3, bold=True, colour="#0f172a"),
    ]
    boxes = {box.key: box for box in picture.boxes}
    parts += [page.way(way, boxes) for way in found.ways]
    parts += [page.box(box, found.spots[box.key], sizes[box.key]) for box in picture.boxes]
    parts.append("</svg>\n")
    return "".join(parts)


def _size(box: Box, picture: Picture) -> Size:
    """Return what a box needs."""
    words = max(text_width(box.title, _TITLE) * 1.06, text_width(box.subtitle, _SMALL))
    height = 34.0 if box.kind in ENDS else 46.0
    rows = tuple(
        (text_width(_row(box, index, picture)[0], _WORDS) + 14, row.target)
        for index, row in enumerate(box.rows)
    )
    return Size(max(words + 2 * _PAD, 96.0), max(height, len(rows) * ROW + 10), rows)


def _row(box: Box, index: int, picture: Picture) -> tuple[str, str]:
    """Return the words of a way out, short and in full."""
    row = box.rows[index]
    full = row.text
    if row.target == box.key:
        full = f"{full}: {say('flow.again', picture.language)} ↻"
    short = full if len(full) <= _LONGEST else f"{full[: _LONGEST - 1].rstrip()}…"
    return short, full


class _Page:
    """The paper: turns left and right where the language does."""

    def __init__(self, picture: Picture, width: float) -> None:
        self.picture = picture
        self.width = width
        self.top = _HEAD + _MARGIN

    def x(self, value: float) -> float:
        """Return where a distance from the beginning of a line is."""
        return self.width - value if self.picture.leftwards else value

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        anchor: str = "start",
        bold: bool = False,
        colour: str = "#334155",
    ) -> str:
        """Return a text; where it starts follows its direction."""
        weight = ' font-weight="600"' if bold else ""
        direction = "rtl" if self.picture.leftwards else "ltr"
        if anchor == "middle":  # its own first letter decides, as a reader of it would
            direction = "rtl" if _begins_leftwards(text, direction) else "ltr"
        return (
            f'<text x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}" text-anchor="{anchor}" '
            f'direction="{direction}" unicode-bidi="embed" fill="{colour}"{weight}>{escape(text)}</text>\n'
        )

    def box(self, box: Box, spot: Spot, size: Size) -> str:
        """Return a box with its words."""
        fill, line = _COLOURS.get(box.kind, _OTHER)
        left = self.x(spot.x + _MARGIN + (spot.width if self.picture.leftwards else 0))
        top = spot.y + self.top
        round_ = 17 if box.kind in ENDS else 7
        middle, centre = left + spot.width / 2, top + spot.height / 2
        tip = f"{box.tag} ({box.where})" if box.where.file else box.tag
        parts = [
            f"<g><title>{escape(tip)}</title>",
            f'<rect x="{_n(left)}" y="{_n(top)}" width="{_n(spot.width)}" height="{_n(spot.height)}" rx="{round_}" '
            f'fill="{fill}" stroke="{line}" stroke-width="1.2"/>\n',
        ]
        if box.subtitle:
            parts.append(
                self.text(middle, centre - 2, box.title, _TITLE, anchor="middle", bold=True, colour="#0f172a")
            )
            parts.append(self.text(middle, centre + 14, box.subtitle, _SMALL, anchor="middle", colour=line))
        else:
            parts.append(self.text(middle, centre + 5, box.title, _TITLE, anchor="middle", colour=line))
        parts.append("</g>\n")
        return "".join(parts)

    def way(self, way: Way, boxes: dict[str, Box]) -> str:
        """Return the line of a way out and its words."""
        box = boxes[way.source]
        short, full = _row(box, way.row, self.picture)
        points = [(self.x(x + _MARGIN), y + self.top) for x, y in way.points]
        (x0, y0), (x1, _) = points[0], points[1]
        back = len(way.points) == 2
        if back and way.target != way.source:
            full = short = f"{short} ↩ {boxes[way.target].title}"
        draw = [f"M{_n(x0)},{_n(y0)} H{_n(x1)}"]
        before = points[1]
        for index in range(2, len(points), 2):
            x, y = points[index]
            bend = (before[0] + x) / 2
            draw.append(f"C{_n(bend)},{_n(before[1])} {_n(bend)},{_n(y)} {_n(x)},{_n(y)}")
            if index + 1 < len(points):
                draw.append(f"H{_n(points[index + 1][0])}")
                before = points[index + 1]
        tip = "" if back else ' marker-end="url(#tip)"'
        dash = ' stroke-dasharray="3 3"' if back else ""
        parts = [
            f"<g><title>{escape(full)}</title>",
            f'<path d="{" ".join(draw)}" fill="none" stroke="#64748b" stroke-width="1.1"{dash}{tip}/>\n',
        ]
        if short:
            start = x0 - 5 if self.picture.leftwards else x0 + 5
            parts.append(self.text(start, y0 - 3.5, short, _WORDS))
        parts.append("</g>\n")
        return "".join(parts)


def _begins_leftwards(text: str, otherwise: str) -> bool:
    """Return True if the first letter with a direction is one of a script from right to left."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in {"R", "AL"}:
            return True
        if kind == "L":
            return False
    return otherwise == "rtl"


def text_width(text: str, size: float) -> float:
    """Return about how wide a text is in pixels: rather more than the fonts above need, so that it stays in its box."""
    total = 0.0
    for character in text:
        if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
            continue
        if unicodedata.east_asian_width(character) in "WF":
            total += 1.0
        elif unicodedata.bidirectional(character) == "AL":
            total += 0.56
        elif character in "ilIj.,:;'|! ()[]-":
            total += 0.38
        elif character in "mwMW@%":
            total += 0.95
        else:
            total += 0.64 if not character.isupper() else 0.72
    return total * size


def _n(value: float) -> str:
    """Return a length as it is written: at most one digit behind the point."""
    return f"{value:.1f}".removesuffix(".0")


__all__ = ["port", "svg", "text_width"]
