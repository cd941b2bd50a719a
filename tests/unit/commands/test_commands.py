"""The command line as a user meets it, on a copy of the sample clinic in a real git repository."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kelid.commands import VERBS, main
from kelid.findings import Exit, KelidError
from kelid.load.vault import seal
from kelid.pipeline import machines, release

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
    edit(sites, "ivrs.yml", "direct_dial: [extensions]", "direct_dial: perhaps")

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

    for words in ([], ["noor-clinic"], ["noor-clinic", "HEAD"]):
        assert main(["diff", *words]) == Exit.CHANGES
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


@pytest.mark.parametrize("verb", VERBS)
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


CUSTOM = {
    # text of custom/own.conf: the finding's line and code
    "[own]\nexten => s,1,NoOp(caf\xe9)\n": (2, "L015"),
    "[internal]\nexten => 0044,1,Dial(PJSIP/0044@mokhaberat)\n": (1, "C005"),
    "[own]\ninclude => nowhere\n": (2, "C011"),
    "[own]\nexten => s,1,NoOp(%%secret:release_key%%)\n": (2, "G003"),
    "[own]\nexten => s,1,NoOp(\x07)\n": (2, "G001"),
    "[own context]\nexten => s,1,NoOp()\n": (1, "G005"),
}


@pytest.mark.parametrize("text", CUSTOM)
def test_a_fault_in_the_sites_own_dial_plan_is_found_before_it_is_rendered(
    sites: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    own = sites / "noor-clinic" / "custom" / "own.conf"
    own.parent.mkdir()
    own.write_bytes(text.encode("latin-1"))
    line, code = CUSTOM[text]
    assert main(["check", "--today", "2026-11-23"]) == Exit.INVALID
    out = capsys.readouterr().out
    assert f"sites/noor-clinic/custom/own.conf:{line} {code} " in out
    assert out.count(" C0") + out.count(" G0") + out.count(" L0") == 1
    assert main(["render", "noor-clinic"]) == Exit.INVALID


def test_contexts_of_two_files_are_not_joined(sites: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = sites / "noor-clinic" / "custom"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.conf").write_text("[own]\r\nexten => s,1,Hangup()\r\n")
    assert main(["check", "--today", "2026-11-23"]) == Exit.INVALID
    assert "custom/b.conf:1 C005 the context 'own' stands in" in capsys.readouterr().out
    (folder / "b.conf").unlink()
    assert main(["check", "--today", "2026-11-23"]) == Exit.OK


def test_a_link_in_custom_is_not_followed(sites: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = sites / "noor-clinic" / "custom"
    folder.mkdir()
    (folder / "own.conf").symlink_to("/etc/hostname")
    assert main(["check", "--today", "2026-11-23"]) == Exit.INVALID
    assert "custom/own.conf L014 " in capsys.readouterr().out


def test_no_release_is_made_with_a_secret_that_check_refuses(sites: Path, sample_password: bytes) -> None:
    """A PIN with a comma would go on as the next field of its mailbox."""
    path = sites / "noor-clinic" / "secrets.yml"
    text = path.read_text(encoding="utf-8")
    before, _, after = text.partition("voicemail_101: !vault |\n")
    rest = after.split("\n")
    while rest and rest[0].startswith("  "):
        rest.pop(0)
    sealed = "".join(f"  {line}\n" for line in seal("12,34", sample_password).split("\n") if line)
    path.write_text(before + "voicemail_101: !vault |\n" + sealed + "\n".join(rest), encoding="utf-8")
    with pytest.raises(KelidError) as refused:
        release.make_release(sites, "noor-clinic", vault_password=sample_password)
    assert refused.value.exit is Exit.INVALID
    assert [finding.code for finding in refused.value.findings] == ["K006"]
    assert "12,34" not in str(refused.value.findings)


def test_the_sites_faults_come_before_the_question_for_its_password(
    sites: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(sites, "site.yml", "sample: true", "sample: false")
    edit(sites, "queues.yml", "strategy: rrmemory", "strategy: loudest")
    assert main(["plan", "noor-clinic"]) == Exit.INVALID
    assert "queues.yml:5:15 S004 'loudest'" in capsys.readouterr().err


def test_a_wrong_password_hides_no_other_fault_and_no_other_site(
    sites: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(sites / "noor-clinic", sites / "another")
    edit(sites, "queues.yml", 'extension: "102"', 'extension: "999"')
    wrong = tmp_path / "wrong"
    wrong.write_text("not the password\n")
    assert main(["check", "--today", "2026-11-23", "--vault-password-file", str(wrong)]) == Exit.INVALID
    out, err = capsys.readouterr()
    assert "sites/noor-clinic/queues.yml:18:20 Q001" in out
    assert "sites/noor-clinic/secrets.yml:" in out
    assert "sites/another/secrets.yml:" in out
    assert err.count("the vault's password is wrong") == 2


def test_the_table_of_verbs_is_that_of_their_modules() -> None:
    for name, summary in VERBS.items():
        module = importlib.import_module(f"kelid.commands.{name}")
        assert (name, summary) == (module.NAME, module.HELP)


def test_a_check_imports_nothing_that_it_does_not_need(sites: Path) -> None:
    """Start-up is most of a check's time: templates, Ansible, archives and the other verbs stay out of it."""
    (sites / "sample-vault-password").unlink()
    code = (
        "import sys; from kelid.commands import main; main(['check', 'noor-clinic', '--sites', sys.argv[1]]);"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(sites)], capture_output=True, text=True, check=True
    )
    loaded = set(done.stderr.splitlines()[-1].split())
    assert "kelid.load" in loaded
    unneeded = {
        "jinja2",
        "rich",
        "ansible",
        "tarfile",
        "asyncio",
        "kelid.compile",
        "kelid.render",
        "kelid.deliver",
    }
    assert not loaded & unneeded


def test_a_standby_is_a_host_of_its_own_and_of_the_same_site(
    sites: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "noor-clinic", "--server", "standby"]) == Exit.USAGE
    assert "noor-clinic has no standby; write servers.standby in its site.yml" in capsys.readouterr().err

    edit(
        sites,
        "site.yml",
        "    user: root\n",
        "    user: root\n  standby: {address: 192.0.2.11, port: 2222}\n",
    )
    found = [(item.name, item.site, item.address, item.port) for item in machines.inventory(sites)]
    assert found == [
        ("noor-clinic", "noor-clinic", "pbx.noor-clinic.example", 22),
        ("noor-clinic.standby", "noor-clinic", "192.0.2.11", 2222),
    ]
    environment = {**os.environ, "KELID_SITES": str(sites), "KELID_SITE": "noor-clinic"}
    command = [sys.executable, "-m", "ansible.cli.inventory", "-i", "inventory.kelid.yml", "--list"]
    for server, hosts in (("primary", ["noor-clinic"]), ("standby", ["noor-clinic.standby"])):
        told = subprocess.run(
            command,
            cwd=SAMPLES.parent,
            env={**environment, "KELID_SERVER": server, "KELID_ADDRESS": "192.0.2.77"},
            check=True,
            capture_output=True,
            text=True,
        )
        assert list(json.loads(told.stdout)["_meta"]["hostvars"]) == hosts
