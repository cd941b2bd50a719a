"""What stands at the top of a file: printed by a template, once for all files and sites.

Templates print and decide nothing. So a template is printed with marks in place of the values, and the text with its marks
is kept. jinja2, which takes three times as long to import as a site to render, is only needed again when the template was
changed.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from kelid.kept import kept

FOLDER = Path(__file__).parent / "templates"


def head(template: str, **values: str) -> str:
    """Given a template's name and the values that it prints, return the text. Raise KeyError if it wants another value."""
    text = _printed(FOLDER / template)
    for name, value in values.items():
        text = text.replace(_mark(name), value)
    if "\0" in text:
        raise KeyError(text.split("\0")[1])
    return text


def _mark(name: str) -> str:
    return f"\0{name}\0"


@cache
def _printed(template: Path) -> str:
    return kept(template, _print).decode()


def _print(source: bytes) -> bytes:
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415  (only for a template that was changed)
    from jinja2.meta import find_undeclared_variables  # noqa: PLC0415

    # Conf files are no HTML: the gate is what escapes here.
    environment = Environment(  # noqa: S701
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    text = source.decode()
    wanted = find_undeclared_variables(environment.parse(text))
    return environment.from_string(text).render({name: _mark(name) for name in wanted}).encode()
