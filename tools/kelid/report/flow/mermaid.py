"""A call flow as the text of a Mermaid flowchart, which GitHub, GitLab and many editors draw in Markdown."""

from __future__ import annotations

from kelid.report.flow.picture import ENDS, Box, Picture

_SHAPES = {
    "trunk": ('(["', '"])'),
    "phone": ('(["', '"])'),
    "class": ('(["', '"])'),
    "schedule": ('{{"', '"}}'),
    "ivr": ('[/"', '"/]'),
    "voicemail": ('[("', '")]'),
    **dict.fromkeys(ENDS, ('(("', '"))')),
}
_OTHER = ('["', '"]')


def mermaid(picture: Picture) -> str:
    """Return the picture as the text of a chart, without the fence of Markdown."""
    names = {box.key: f"n{number}" for number, box in enumerate(picture.boxes)}
    lines = [f"%% {picture.title}", f"flowchart {'RL' if picture.leftwards else 'LR'}"]
    for box in picture.boxes:
        begin, end = _SHAPES.get(box.kind, _OTHER)
        lines.append(f"  {names[box.key]}{begin}{_label(box)}{end}")
    for box in picture.boxes:
        for row in box.rows:
            text = f"|{_quoted(row.text)}|" if row.text else ""
            lines.append(f"  {names[box.key]} -->{text} {names[row.target]}")
    return "\n".join(lines) + "\n"


def _label(box: Box) -> str:
    title = _escaped(box.title)
    return f"{title}<br/>{_escaped(box.subtitle)}" if box.subtitle else title


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    """Return people's words so that Mermaid reads none of them: entities by its own way of writing them."""
    text = text.replace("#", "#35;").replace("&", "#amp;").replace('"', "#quot;")
    # A leading number and point, or an asterisk, would be a list or emphasis of Markdown.
    return text.replace("<", "#lt;").replace(">", "#gt;").replace("*", "#42;").replace("`", "#96;")
