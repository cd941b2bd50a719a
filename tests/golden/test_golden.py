"""Whole trees of conf files beside the site that they come from, compared byte for byte.

``pytest tests/golden --accept`` writes them anew: read the difference, it is what servers will get.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kelid import pipeline

SITES = Path(__file__).resolve().parents[2] / "sites"
CASES = pipeline.site_names(SITES)


@pytest.mark.parametrize("case", CASES)
def test_the_rendered_tree_is_the_expected_one(case: str, accept: bool) -> None:
    files = dict(pipeline.check(SITES, case).bundle.files)
    folder = Path(__file__).parent / case / "expected"
    if accept:
        folder.mkdir(parents=True, exist_ok=True)
        for old in set(folder.iterdir()) - {folder / path for path in files}:
            old.unlink()
        for path, text in files.items():
            (folder / path).write_text(text, encoding="utf-8")
    expected = (
        {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} if folder.is_dir() else {}
    )
    assert sorted(files) == sorted(expected), "run pytest --accept and read the difference"
    for path, text in files.items():
        assert text == expected[path], f"{path} changed; run pytest --accept and read the difference"
