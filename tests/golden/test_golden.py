"""Whole trees of conf files beside the site that they come from, compared byte for byte.

``pytest tests/golden --accept`` writes them anew: read the difference, it is what servers will get.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kelid.compile import compile_site
from kelid.load import load_site
from kelid.render import render

CASES = {"noor-clinic": "sites/noor-clinic"}
"""Folder under tests/golden -> the site's folder."""


@pytest.mark.parametrize("case", CASES)
def test_the_rendered_tree_is_the_expected_one(case: str, root: Path, accept: bool) -> None:
    loaded = load_site(root / CASES[case], shown=CASES[case])
    assert loaded.site is not None, [str(finding) for finding in loaded.findings]
    files = dict(render(compile_site(loaded.site)).files)
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
