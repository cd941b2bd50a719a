"""The command line as a user meets it, on a copy of the sample clinic in a real git repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from kelid.commands import VERBS, main
from kelid.findings import Exit

SAMPLES = Path(__file__).parents[3] / "sites"


@pytest.fixture
def sites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sites directory in a repository of its own, committed, and the current directory beside it."""
    folder = tmp_path / "sites"
    shutil.copytree(SAMPLES / "noor-clinic", folder / "noor-clinic")
    shutil.copy(SAMPLES / "sample-vault-password", folder)
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "-c", "user.name=tests", "-c", "user.email=tests@kelid.example", "commit", "-qm", "first")
    monkeypatch.chdir(tmp_path)
    for name in ("KELID_SITES", "KELID_VAULT_PASSWORD_FILE"):
        monkeypatch.delenv(name, raising=False)
    return folder


def git(folder: Path, *arguments: str) -> None:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, env=environment)


def edit(sites: Path, file: str, before: str, after: str) -> None:
    path = sites / "noor-clinic" / file
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1
    path.write_text(text.replace(before, after), encoding="utf-8")


def test_a_good_site_is_checked_and_nothing_is_found(sites: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--today", "2026-11-23"]) == Exit.OK
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "1 site checked: no findings\n"


def test_every_problem_is_shown_at_once_with_its_place(
    sites: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(sites, "queues.yml", "strategy: rrmemory", "strategy: loudest")
    edit(
        sites,
        "ivrs.yml",
        'digits: "1", destination: queue:reception',
        'digits: "1", destination: queue:sales',
    )
    (sites / "noor-clinic" / "hours.yml").write_text("schedules: [\n", encoding="utf-8")

    assert main(["check", "noor-clinic"]) == Exit.INVALID

    out = capsys.readouterr().out
    places = {line.split(" ")[0].rsplit(":", 2)[0] for line in out.splitlines()}
    assert {"sites/noor-clinic/queues.yml", "sites/noor-clinic/hours.yml"} <= places
    assert all(len(line.split(" ")[0].split(":")) == 3 for line in out.splitlines() if ".yml:" in line)


def test_an_invalid_site_is_not_rendered(
    sites: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(sites, "ivrs.yml", "direct_dial: true", "direct_dial: perhaps")

    assert main(["render", "noor-clinic", "--output", str(tmp_path / "out")]) == Exit.INVALID
    assert not (tmp_path / "out").exists()
    assert "sites/noor-clinic/ivrs.yml:" in capsys.readouterr().err


def test_findings_for_a_machine(sites: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(sites, "queues.yml", "strategy: rrmemory", "strategy: loudest")

    assert main(["check", "--json"]) == Exit.INVALID

    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is False
    assert answer["findings"][0]["file"] == "sites/noor-clinic/queues.yml"
    assert answer["findings"][0]["line"] > 0


def test_render_writes_lists_and_prints(
    sites: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", "noor-clinic", "-o", str(tmp_path / "out")]) == Exit.OK
    assert main(["render", "noor-clinic", "-o", str(tmp_path / "out")]) == Exit.OK
    capsys.readouterr()
    assert main(["render", "noor-clinic", "--file", "pjsip.conf"]) == Exit.OK

    text = capsys.readouterr().out
    assert text == (tmp_path / "out" / "pjsip.conf").read_text(encoding="utf-8")
    assert "%%secret:extension_101%%" in text


def test_render_does_not_mix_with_foreign_files(sites: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("", encoding="utf-8")

    assert main(["render", "noor-clinic", "-o", str(tmp_path / "out")]) == Exit.REFUSED


def test_diff_shows_objects_and_lines_and_exits_4(sites: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "noor-clinic"]) == Exit.OK
    edit(sites, "queues.yml", "timeout: 20", "timeout: 25")
    capsys.readouterr()

    assert main(["diff", "noor-clinic"]) == Exit.CHANGES

    out = capsys.readouterr().out
    assert "~ queue reception  (sites/noor-clinic/queues.yml:" in out
    assert "    timeout: 20 -> 25\n" in out
    assert "-timeout = 20\n+timeout = 25\n" in out


def test_a_comment_is_no_difference(sites: Path) -> None:
    edit(sites, "queues.yml", "queues:\n", "# What the receptionists asked for.\n\nqueues:\n")

    assert main(["diff"]) == Exit.OK


def test_diff_between_two_revisions_does_not_read_the_working_tree(sites: Path, tmp_path: Path) -> None:
    edit(sites, "queues.yml", "timeout: 20", "timeout: 25")

    assert main(["diff", "noor-clinic", "HEAD", "HEAD"]) == Exit.OK


def test_a_site_that_is_gone_is_shown_as_removed(sites: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(sites / "noor-clinic")

    assert main(["diff"]) == Exit.CHANGES
    assert "- endpoint 101" in capsys.readouterr().out


def test_a_plan_against_a_revision_asks_no_server(sites: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(sites, "ivrs.yml", 'digits: "9"', 'digits: "8"')

    assert main(["plan", "noor-clinic", "--against", "HEAD", "--json"]) == Exit.CHANGES
    names = {change["name"] for change in json.loads(capsys.readouterr().out)["objects"]}
    assert names == {"9 in ivr-departments", "8 in ivr-departments"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "nowhere"], "has no site 'nowhere'; it has noor-clinic"),
        (["render", "../sites/noor-clinic"], "has no site"),
        (["diff", "noor-clinic", "no-such-branch"], "git knows no revision 'no-such-branch'"),
        (["check", "--sites", "/nonexistent"], "no sites directory"),
        (["check", "--vault-password-file", "/nonexistent"], "can't read the vault password"),
        (["render", "noor-clinic", "--file", "sip.conf"], "there is no sip.conf"),
    ],
)
def test_a_wrong_word_on_the_command_line_is_answered(
    sites: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(arguments) == Exit.USAGE
    assert words in capsys.readouterr().err


def test_a_wrong_vault_password_is_named_and_nothing_else_happens(
    sites: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "password").write_text("not the one\n", encoding="utf-8")

    assert main(["check", "--vault-password-file", str(tmp_path / "password")]) == Exit.INVALID
    assert "the vault's password is wrong" in capsys.readouterr().err


def test_a_real_site_under_the_samples_password_is_warned(
    sites: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(sites, "site.yml", "sample: true", "sample: false")

    main(["check"])

    assert "K008 warning" in capsys.readouterr().out


@pytest.mark.parametrize("verb", [verb.NAME for verb in VERBS])
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([verb, "--help"])

    out = capsys.readouterr().out
    assert stopped.value.code == 0
    assert len(out.splitlines()) > 5


def test_the_exit_codes_stand_in_the_help_and_in_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])

    out = capsys.readouterr().out
    readme = (SAMPLES.parent / "README.md").read_text(encoding="utf-8")
    for code in Exit:
        assert f"{code.value}  {code.meaning}" in out
        assert f"| {code.value} | {code.meaning} |" in readme
