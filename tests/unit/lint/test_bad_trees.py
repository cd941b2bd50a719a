"""Every code of a dial plan is earned by one smallest bad tree, and the sample sites earn none."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest

from kelid import pipeline
from kelid.commands import main
from kelid.findings import Exit, Finding, Severity
from kelid.lint import RULES
from kelid.pipeline import trees
from kelid.readback.codes import TREE_CODES

BAD = Path(__file__).resolve().parents[2] / "bad_trees"
SITES = BAD.parents[1] / "sites"
CASES = sorted(folder.name for folder in BAD.iterdir() if folder.is_dir())


def judge(code: str) -> list[Finding]:
    with contextlib.chdir(BAD):
        return trees.lint_tree(Path(code))


def lines(found: list[Finding]) -> list[str]:
    return [f"{finding} ({finding.severity.value})" for finding in found]


@pytest.mark.parametrize("code", CASES)
def test_bad_tree(code: str, accept: bool) -> None:
    found = judge(code)
    expected = BAD / code / "expected.txt"
    if accept:
        expected.write_text("\n".join(lines(found)) + "\n")
    assert lines(found) == expected.read_text().splitlines()
    assert code in {finding.code for finding in found}


def test_every_code_is_earned() -> None:
    assert set(CASES) == set(RULES) | set(TREE_CODES)


@pytest.mark.parametrize("site", pipeline.site_names(SITES))
def test_sample_sites_are_good(site: str) -> None:
    assert lines(trees.lint_site(SITES, site)) == []


@pytest.mark.parametrize("site", pipeline.site_names(SITES))
def test_what_is_rendered_for_a_sample_site_is_a_good_tree(site: str, tmp_path: Path) -> None:
    bundle = pipeline.check(SITES, site).bundle
    for path, text in bundle.files.items():
        (tmp_path / path).write_text(text)
    # What is made for all sites alike may not be needed by each of them; only here nobody knows that it was made.
    found = [finding for finding in trees.lint_tree(tmp_path) if finding.code != "Z301"]
    assert lines(found) == []


def test_the_command_says_it_as_text_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.chdir(BAD):
        assert main(["lint", "--tree", "Z101"]) == Exit.INVALID
        out, err = capsys.readouterr()
        assert (
            out == "Z101/extensions.conf:2 Z101 there is no context 'gone'; write it, or correct the name\n"
        )
        assert err == "Z101: 1 error\n"
        assert main(["lint", "--tree", "Z109", "--json"]) == Exit.OK
        data = json.loads(capsys.readouterr().out)
        assert (data["ok"], data["tree"], [item["code"] for item in data["findings"]]) == (
            True,
            "Z109",
            ["Z109"],
        )
        assert main(["lint", "--tree", "Z109", "--strict"]) == Exit.INVALID
        assert main(["lint", "--tree", "Z109", "--severity", "error"]) == Exit.OK
        assert capsys.readouterr().out.count("Z109 ") == 1
        assert main(["lint", "--tree", "."]) == Exit.USAGE
        assert "did you mean" in capsys.readouterr().err
        assert main(["lint", "--tree", "gone"]) == Exit.USAGE
        assert main(["lint", "x", "--tree", "Z109"]) == Exit.USAGE
    capsys.readouterr()
    assert main(["lint", "noor-clinic", "--sites", str(SITES)]) == Exit.OK
    assert capsys.readouterr().err == "noor-clinic: no findings\n"


def test_the_version_is_told_by_what_a_tree_uses(tmp_path: Path) -> None:
    (tmp_path / "extensions.conf").write_text("[a]\nexten => 1,1,MacroExit()\n")
    assert trees.tree(tmp_path).pbx.asterisk == 22
    (tmp_path / "sip.conf").touch()
    assert trees.tree(tmp_path).pbx.asterisk == 16
    assert {finding.severity for finding in trees.lint_tree(tmp_path)} == {Severity.WARNING}
    assert trees.tree(tmp_path, asterisk=22).pbx.asterisk == 22
