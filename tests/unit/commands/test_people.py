"""``kelid onboard`` and ``offboard``: the whole change or none, and back to the very bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kelid import pipeline
from kelid.commands import main
from kelid.findings import Exit

WHOLE = [
    *(
        "onboard",
        "noor-clinic",
        "--name",
        "fa=زهرا رضایی",
        "--name",
        "en=Zahra",
        "--email",
        "zahra@noor-clinic.example",
    ),
    *("--class", "local", "--queue", "reception", "--penalty", "2", "--ivr", "main", "--key", "7"),
]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def add_number(clinic: Path, number: str) -> None:
    path = clinic / "trunks.yml"
    path.write_text(path.read_text().replace('"02188001235"]', f'"02188001235", "{number}"]'))


def test_the_whole_change_and_back_to_the_very_bytes(
    clinic: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_number(clinic, "02188001236")
    before = contents(clinic)
    assert main([*WHOLE, "--did", "02188001236"]) == Exit.OK

    out, err = capsys.readouterr()
    changed = {name for name, body in contents(clinic).items() if body != before[name]}
    assert changed == {"extensions.yml", "queues.yml", "ivrs.yml", "routes.yml", "secrets.yml"}
    assert "extension_109 (extension 109)" in err
    assert "voicemail_109 (mailbox 109)" in err
    assert "kelid secret show noor-clinic NAME prints one" in err
    assert not [row for row in out.splitlines() if row.startswith("-") and not row.startswith("---")]
    site = pipeline.load(clinic.parent, "noor-clinic")
    extension = next(one for one in site.extensions if one.number == "109")
    assert extension.names == {"fa": "زهرا رضایی", "en": "Zahra"}
    assert extension.permission_class == "local"
    assert extension.voicemail
    assert extension.voicemail.email == "zahra@noor-clinic.example"
    assert site.queues[0].members[-1].extension == "109"
    assert site.queues[0].members[-1].penalty == 2
    assert [entry.digits for entry in site.ivrs[0].entries] == ["1", "2", "7", "0"]
    assert str(site.inbound_routes[-1].destination) == "extension:109"
    assert main(["check", "noor-clinic", "--strict", "--today", "2026-11-23"]) == Exit.OK

    assert main(["offboard", "noor-clinic", "109"]) == Exit.OK
    assert contents(clinic) == before
    assert "messages and greetings of mailbox 109 stay on the server" in capsys.readouterr().err


def test_nothing_is_written_where_one_part_fails(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(clinic)
    for more, status, said in (
        (["--did", "02188001235"], Exit.INVALID, "R003"),
        (["--did", "02199999999"], Exit.INVALID, "R002"),
        (["--number", "101"], Exit.REFUSED, "sites/noor-clinic/extensions.yml:3"),
        (["--number", "115"], Exit.INVALID, "115"),
        (["--key", "1"], Exit.REFUSED, "free are 3, 4, 5"),
        (["--queue", "sales"], Exit.USAGE, "there are reception"),
        (["--class", "boss"], Exit.INVALID, "boss"),
        (["--set", "colour=red"], Exit.INVALID, "colour"),
    ):
        assert main([*WHOLE, *more]) == status, more
        assert said in capsys.readouterr().err
        assert contents(clinic) == before


def test_a_wrong_vault_password_is_noticed(
    clinic: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(clinic)
    (tmp_path / "other").write_text("other\n")
    assert main([*WHOLE, "--vault-password-file", str(tmp_path / "other")]) == Exit.INVALID
    assert contents(clinic) == before
    assert "the vault's password is wrong" in capsys.readouterr().err


def test_dry_run_shows_and_writes_nothing(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(clinic)
    assert main([*WHOLE, "--dry-run", "--json"]) == Exit.OK
    answer = json.loads(capsys.readouterr().out)
    assert answer["written"] is False
    assert {secret["name"] for secret in answer["secrets"]} == {"extension_109", "voicemail_109"}
    assert '+  - number: "109"\n' in answer["diff"]
    assert contents(clinic) == before


def test_the_next_number_is_the_first_that_is_free(clinic: Path) -> None:
    main(["offboard", "noor-clinic", "104"])
    main(["onboard", "noor-clinic", "--name", "زهرا", "--no-mailbox"])
    site = pipeline.load(clinic.parent, "noor-clinic")
    assert [one.number for one in site.extensions] == [str(n) for n in range(101, 109)]
    assert site.extensions[3].names == {"fa": "زهرا"}
    assert site.extensions[3].voicemail is None
    assert "voicemail_104" not in site.secret_names


def test_what_needs_a_decision_is_listed_and_nothing_is_written(
    clinic: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(clinic)
    assert main(["offboard", "noor-clinic", "101"]) == Exit.REFUSED

    listed = capsys.readouterr().out.splitlines()
    assert contents(clinic) == before
    assert len(listed) == 4
    for row in listed:
        place, what = row.split(" ", 1)
        file, line, column = place.rsplit(":", 2)
        text = Path(file).read_text().split("\n")[int(line) - 1][int(column) - 1 :]
        assert text in {"extension:101", "voicemail:101"}
        assert what.endswith(text)


def test_calls_are_sent_to_somebody_else_and_nothing_dangles(
    clinic: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["offboard", "noor-clinic", "101", "--replace-by", "extension:108"]) == Exit.OK

    assert main(["check", "noor-clinic", "--strict", "--today", "2026-11-23"]) == Exit.OK
    site = pipeline.load(clinic.parent, "noor-clinic")
    assert [member.extension for member in site.queues[0].members] == ["102", "106"]
    assert str(site.queues[0].destination) == "extension:108"
    assert [str(entry.destination) for entry in site.ivrs[0].entries][-1] == "extension:108"
    assert not any(
        "101" in path.read_text() for path in clinic.glob("*.yml") if path.name not in {"secrets.yml"}
    )
    for wrong in ("queue", "extension:108", "sales"):
        assert main(["offboard", "noor-clinic", "108", "--replace-by", wrong]) == Exit.USAGE
    for wrong in ("extension:102x", "extension:999", "queue:sales"):
        assert main(["offboard", "noor-clinic", "107", "--replace-by", wrong]) == Exit.INVALID


def test_the_sites_own_dial_plan_is_searched(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (clinic / "custom").mkdir()
    (clinic / "custom" / "door.conf").write_text(
        "[door]\n; 106 is the door\nexten => 99,1,Dial(PJSIP/106,20)\n"
    )
    main(["offboard", "noor-clinic", "106", "--dry-run"])
    assert "custom/door.conf:3: exten => 99,1,Dial(PJSIP/106,20)" in capsys.readouterr().err


def test_a_file_that_changes_meanwhile_is_not_overwritten(
    clinic: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from kelid.pipeline.drafts import Draft

    valid = Draft.need_valid

    def meddle(draft: Draft) -> object:
        answer = valid(draft)
        (clinic / "queues.yml").write_bytes((clinic / "queues.yml").read_bytes() + b"# mine\n")
        return answer

    monkeypatch.setattr(Draft, "need_valid", meddle)
    before = contents(clinic)
    assert main(WHOLE) == Exit.REFUSED
    before["queues.yml"] += b"# mine\n"
    assert contents(clinic) == before
    assert "was changed in between" in capsys.readouterr().err


RING_GROUPS = """ring_groups:
  - name: doctors
    names: {en: Doctors}
    members:
      - extension: "103"
      - extension: "104"
    destination: hangup
"""


def test_whatever_names_an_extension_lets_it_go(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ring groups, follow-me, lamps: nothing here knows these kinds, the model's own references lead there."""
    (clinic / "ring_groups.yml").write_text(RING_GROUPS)
    path = clinic / "extensions.yml"
    text = path.read_text()
    for number, more in (
        ("105", 'follow_me:\n      numbers:\n        - extension: "106"'),
        ("107", 'keys:\n      - {title: Pharmacy, extension: "106"}\n      - {title: Lab, extension: "105"}'),
    ):
        text = text.replace(f'  - number: "{number}"\n', f'  - number: "{number}"\n    {more}\n')
    path.write_text(text)
    before = contents(clinic)

    words = ["onboard", "noor-clinic", "--name", "زهرا", "--name", "en=Zahra", "--ring-group", "doctors"]
    assert main(words) == Exit.OK
    site = pipeline.load(clinic.parent, "noor-clinic")
    assert [member.extension for member in site.ring_groups[0].members] == ["103", "104", "109"]
    assert main(["offboard", "noor-clinic", "109"]) == Exit.OK
    assert contents(clinic) == before

    assert main(["offboard", "noor-clinic", "106"]) == Exit.OK
    site = pipeline.load(clinic.parent, "noor-clinic")
    by_number = {one.number: one for one in site.extensions}
    assert by_number["105"].follow_me is None
    assert [key.extension for key in by_number["107"].keys] == ["105"]


def test_no_mailbox_holds_against_the_profile(clinic: Path) -> None:
    path = clinic / "site.yml"
    path.write_text(path.read_text() + "  voicemail: {attach: true}\n")
    email = ["--email", "zahra@noor-clinic.example"]
    assert main(["onboard", "noor-clinic", "--name", "زهرا", "--no-mailbox", *email]) == Exit.OK
    extension = pipeline.load(clinic.parent, "noor-clinic").extensions[-1]
    assert extension.voicemail is None
    assert extension.email == "zahra@noor-clinic.example"


def test_calls_that_expect_who_goes_go_too(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (clinic / "calls.yml").read_text()
    assert "name: accountants-line" in before
    assert main(["offboard", "noor-clinic", "107", "--replace-by", "extension:108"]) == Exit.OK
    after = (clinic / "calls.yml").read_text()
    said = capsys.readouterr()
    assert "call accountants-line" in said.out + said.err
    assert "accountants-line" not in after
    assert after.count("- name:") == before.count("- name:") - 1


def test_a_site_may_be_left_without_calls(clinic: Path) -> None:
    only = """calls:
  - name: accounting
    names: {fa: حسابداری}
    from: extension:101
    dial: "107"
    at: 1405-09-07 09:00
    world:
      forwards: [{extension: "107", to: "108"}]
    expect: [extension:108]
"""
    (clinic / "calls.yml").write_text(only)
    assert main(["offboard", "noor-clinic", "107", "--replace-by", "extension:108"]) == Exit.OK
    assert "accounting" not in (clinic / "calls.yml").read_text()
    assert main(["check", "noor-clinic"]) == Exit.OK
