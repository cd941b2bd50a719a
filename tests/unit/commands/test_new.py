"""``kelid new``: objects of any kind that the schemas know, checked before they are written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kelid import pipeline
from kelid.commands import main
from kelid.edit.countries import STARTS
from kelid.edit.kinds import kinds
from kelid.findings import Exit
from kelid.load import schema
from kelid.pipeline.drafts import schemas

KINDS = sorted(kinds(schemas()))
ALONE = {
    "extension",
    "queue",
    "ring_group",
    "ivr",
    "announcement",
    "schedule",
    "trunk",
    "outbound_route",
    "permission_class",
    "prompt",
}
"""Kinds that need nothing that the clinic hasn't got."""


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("word", KINDS)
def test_any_kind_is_scaffolded_or_refused_with_nothing_written(
    clinic: Path, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(clinic)
    kind = kinds(schemas())[word]
    name = "159" if kind.named_by in {"number", "code"} else "fresh"

    status = main(["new", word, "noor-clinic", name])

    after = contents(clinic)
    if status == Exit.OK:
        assert f"{kind.topic}.yml" in {file for file in after if after[file] != before.get(file)}
        assert main(["check", "noor-clinic", "--today", "2026-11-23"]) == Exit.OK
        if word in ALONE:
            assert main(["show", "noor-clinic", f"{word}:{name}"]) == Exit.OK
        assert main(["new", word, "noor-clinic", name]) == Exit.REFUSED
    else:
        assert word not in ALONE
        assert status == Exit.INVALID
        assert after == before
        assert "--set KEY=VALUE" in capsys.readouterr().err


def test_only_lines_are_added_and_guesses_are_explained(
    clinic: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--set", "members=101,102", "--set", "strategy=ringall", "--set", "timeout=15", "--name", "فروش"]
    before = (clinic / "queues.yml").read_text()
    assert main(["new", "queue", "noor-clinic", "sales", *words]) == Exit.OK
    after = (clinic / "queues.yml").read_text()
    assert after.startswith(before.rstrip("\n"))
    added = after.removeprefix(before.rstrip("\n"))
    *rows, last = added.splitlines()
    assert last.startswith("    destination: hangup  # ")
    assert rows == [
        "",
        "",
        "  - name: sales",
        "    names: {fa: فروش}",
        "    strategy: ringall",
        "    timeout: 15",
        "    members:",
        '      - extension: "101"',
        '      - extension: "102"',
    ]
    assert "D007 warning" in capsys.readouterr().err


def test_all_other_keys_can_be_had_as_comments(clinic: Path) -> None:
    main(["new", "trunk", "noor-clinic", "second", "--set", "host=sip.second.example", "--explain"])
    text = (clinic / "trunks.yml").read_text()
    assert "\n    # dids: " in text
    assert "\n    # qualify: " in text
    assert main(["check", "noor-clinic", "--today", "2026-11-23"]) == Exit.OK


@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="no espeak-ng on this machine")
def test_a_prompt_is_spoken_until_it_is_recorded(clinic: Path) -> None:
    both = 'recordings=[{language: fa, text: "ما بسته‌ایم."}, {language: en, text: We are closed.}]'
    assert main(["new", "prompt", "noor-clinic", "night", "--set", both]) == Exit.OK
    assert all((clinic / "media" / name).stat().st_size > 8000 for name in ("night.wav", "night-2.wav"))
    assert (clinic / "media.yml").read_text().count("draft: true") == 2
    assert main(["check", "noor-clinic", "--today", "2026-11-23"]) == Exit.OK


def test_what_has_no_name_for_people_gets_none(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "trunk", "noor-clinic", "second", "--name", "fa=دو"]) == Exit.USAGE
    assert "a trunk has no name for people; leave --name out" in capsys.readouterr().err
    assert main(["new", "menu", "noor-clinic", "night"]) == Exit.USAGE
    assert "did you mean ivr?" in capsys.readouterr().err


def test_secrets_are_made_and_never_printed(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--set", "voicemail.email=zahra@noor-clinic.example", "--name", "fa=زهرا"]
    assert main(["new", "extension", "noor-clinic", "103", *words]) == Exit.REFUSED
    assert main(["new", "extension", "noor-clinic", "120", *words]) == Exit.OK
    out, err = capsys.readouterr()
    for name in ("extension_120", "voicemail_120"):
        main(["secret", "show", "noor-clinic", name, "--force"])
        assert capsys.readouterr().out.strip() not in out + err
    box = pipeline.load(clinic.parent, "noor-clinic").extensions[-1].voicemail
    assert box
    assert box.email == "zahra@noor-clinic.example"


def test_what_can_not_be_is_said_with_its_line(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(clinic)
    assert main(["new", "queue", "noor-clinic", "sales", "--set", "members=999"]) == Exit.INVALID
    assert "999" in capsys.readouterr().err
    assert main(["new", "queue", "noor-clinic", "sales", "--set", "strateggy=x"]) == Exit.INVALID
    assert "did you mean 'strategy'?" in capsys.readouterr().err
    assert main(["new", "que", "noor-clinic", "sales"]) == Exit.USAGE
    assert main(["new", "queue", "sales"]) == Exit.USAGE
    assert main(["new", "queue", "noor-clinic", "sales", "--set", "timeout"]) == Exit.USAGE
    assert contents(clinic) == before


# --- a whole site --------------------------------------------------------------------------------------


@pytest.mark.parametrize("country", STARTS)
def test_a_new_site_is_whole_and_nothing_is_found(
    country: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sites").mkdir()
    (tmp_path / "password").write_text("of our own\n")
    monkeypatch.setenv("KELID_VAULT_PASSWORD_FILE", str(tmp_path / "password"))

    assert main(["new", "site", "north-branch", "--country", country, "--client", "sepehr"]) == Exit.OK

    site = tmp_path / "sites" / "north-branch"
    for path in site.glob("*.yml"):
        first, *rest = path.read_text(encoding="utf-8").splitlines()
        where = first.removeprefix("# yaml-language-server: $schema=")
        assert (site / where).resolve() == schema.FOLDER / f"{path.stem}.schema.json"
        assert rest
    assert main(["check", "--strict"]) == Exit.OK
    if country != "IR":
        return
    assert main(["render", "north-branch", "--file", "extensions.conf"]) == Exit.OK
    assert pipeline.load(site.parent, "north-branch").client == "sepehr"
    # And it can be worked with.
    assert main(["onboard", "north-branch", "--name", "Zahra", "--email", "zahra@sepehr.example"]) == Exit.OK
    assert main(["offboard", "north-branch", "103"]) == Exit.OK
    assert main(["new", "site", "north-branch"]) == Exit.REFUSED


def test_a_new_site_that_can_not_be_leaves_nothing(clinic: Path, tmp_path: Path) -> None:
    there = sorted(path.name for path in clinic.parent.iterdir())
    password = ["--vault-password-file", str(clinic.parent / "sample-vault-password")]
    assert main(["new", "site", "branch"]) == Exit.USAGE  # the samples' password is for samples
    assert main(["new", "site", "Branch_1", *password]) == Exit.INVALID
    assert main(["new", "site", "branch", "--country", "XX", *password]) == Exit.USAGE
    assert main(["new", "site", "branch", "--time-zone", "Mars/Base", *password]) == Exit.INVALID
    assert main(["new", "site", "branch", "--dry-run", *password]) == Exit.OK
    assert main(["new", "site", "branch", "--sites", str(tmp_path / "nowhere"), *password]) == Exit.USAGE
    assert sorted(path.name for path in clinic.parent.iterdir()) == there
