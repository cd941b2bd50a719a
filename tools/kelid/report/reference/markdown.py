"""Pieces of Markdown as GitHub shows them: text with nothing of it read as markup, code, tables, anchors."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from kelid.report.yaml_text import right_to_left

_SPAN = re.compile(r"(`+)(.+?)\1")
_MARKUP = re.compile(r"([*\\~]|(?<!\w)_|_(?!\w))")


def code(text: str) -> str:
    """Return the text as code. Text with letters of a right-to-left script is kept apart from what stands around it."""
    if right_to_left(text):
        return f'<code dir="auto">{html.escape(text, quote=False)}</code>'
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") or not text.strip() else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def prose(text: str) -> str:
    """Return a description with its code spans as they are, and the rest as plain text."""
    parts = []
    end = 0
    for span in _SPAN.finditer(text):
        parts += [_plain(text[end : span.start()]), code(span[2])]
        end = span.end()
    return "".join([*parts, _plain(text[end:])])


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text).replace("&", "&amp;").replace("<", "&lt;")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table. A cell holds Markdown; a bar in it doesn't end it."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def anchor(name: str) -> str:
    """Return a place that links lead to by name; GitHub's own names of headings lose dots, and then two are alike."""
    return f'<a id="{name}"></a>'


def fenced(language: str, text: str) -> str:
    """Return a block of code."""
    return f"```{language}\n{text.rstrip()}\n```\n"


def first_sentence(text: str) -> str:
    """Return what stands before the first full stop that ends a sentence, without it."""
    return re.split(r"[.](?:\s|$)", text, maxsplit=1)[0]


def mark(source: str) -> str:
    """Return the first line of every page: that it is made, of what, and by what."""
    return (
        f"<!-- Made by kelid reference of {source}; don't edit it here. make reference makes it anew. -->\n"
    )
