"""The top of each file: what jinja2 would print, though it is asked only when a template was changed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import jinja2
import pytest

from kelid.render import heads

_ENV = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
VALUES = {"path": "a.conf", "site": "noor-clinic", "autofallthrough": "no"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of templates, and none that was printed before."""
    monkeypatch.setattr(heads, "FOLDER", tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    heads._printed.cache_clear()
    return tmp_path


@pytest.mark.parametrize("template", sorted(path.name for path in heads.FOLDER.glob("*.j2")))
def test_it_is_what_jinja2_prints(template: str) -> None:
    text = (heads.FOLDER / template).read_text(encoding="utf-8")
    printed = jinja2.Template(
        text,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    assert heads.head(template, **VALUES) == printed.render(VALUES)


def test_a_template_is_printed_again_only_when_it_was_changed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.j2").write_text("{# a note #}{{ site }}\n", encoding="utf-8")
    assert heads.head("a.j2", site="x") == "x\n"

    heads._printed.cache_clear()
    monkeypatch.setattr(heads, "_print", lambda source: pytest.fail(f"printed again: {source!r}"))
    assert heads.head("a.j2", site="y") == "y\n"

    monkeypatch.undo()
    monkeypatch.setattr(heads, "FOLDER", folder)
    heads._printed.cache_clear()
    (folder / "a.j2").write_text("other {{ site }}\n", encoding="utf-8")
    assert heads.head("a.j2", site="z") == "other z\n"


@pytest.mark.parametrize("damage", [b"", b"\xff\xfe", b"0" * 64 + b"\nnonsense\n"])
def test_what_was_kept_and_is_damaged_is_as_good_as_missing(folder: Path, damage: bytes) -> None:
    (folder / "a.j2").write_text("{{ site }}\n", encoding="utf-8")
    heads.head("a.j2", site="x")
    (kept,) = (folder / "__pycache__").iterdir()
    kept.write_bytes(damage)
    heads._printed.cache_clear()
    assert heads.head("a.j2", site="x") == "x\n"


def test_it_works_where_nothing_can_be_kept(folder: Path) -> None:
    (folder / "a.j2").write_text("{{ site }}\n", encoding="utf-8")
    (folder / "__pycache__").write_text("a file where the folder would be", encoding="utf-8")
    assert heads.head("a.j2", site="x") == "x\n"


def test_a_value_that_nobody_gives_is_an_error(folder: Path) -> None:
    (folder / "a.j2").write_text("{{ site }} {{ other }}\n", encoding="utf-8")
    with pytest.raises(KeyError, match="other"):
        heads.head("a.j2", site="x")


def test_a_render_does_not_wait_for_jinja2(tmp_path: Path) -> None:
    """Once the templates were printed."""
    code = (
        "import sys; from kelid.render.heads import head;"
        "head('sections.conf.j2', path='a', site='b'); print('jinja2' in sys.modules)"
    )
    words = [sys.executable, "-X", f"pycache_prefix={tmp_path}", "-c", code]
    found = [subprocess.run(words, capture_output=True, text=True, check=True, env=_ENV).stdout for _ in "12"]
    assert found == ["True\n", "False\n"]
