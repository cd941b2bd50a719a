"""What stands at the top of a file: printed by a template, once for all files and sites.

Templates print and decide nothing. So a template is printed with marks in place of the values, and the text with its marks
is kept as Python keeps compiled modules, in ``__pycache__`` beside it. jinja2, which takes three times as long to import as
a site to render, is only needed again when the template was changed.
"""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import suppress
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path

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
    source = template.read_text(encoding="utf-8")
    digest = hashlib.sha256(source.encode()).hexdigest()
    kept = Path(cache_from_source(str(template.with_suffix(".py")))).with_suffix(".txt")
    try:
        first, _, text = kept.read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        first = text = ""
    if first != digest:
        text = _print(source)
        if not sys.dont_write_bytecode:
            _keep(kept, f"{digest}\n{text}")
    return text


def _print(source: str) -> str:
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415  (only for a template that was changed)
    from jinja2.meta import find_undeclared_variables  # noqa: PLC0415

    # Conf files are no HTML: the gate is what escapes here.
    environment = Environment(  # noqa: S701
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    wanted = find_undeclared_variables(environment.parse(source))
    return environment.from_string(source).render({name: _mark(name) for name in wanted})


def _keep(path: Path, text: str) -> None:
    """Write the file whole or not at all. Where it may not be written, the next run prints the template again."""
    new = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(text, encoding="utf-8")
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink()
