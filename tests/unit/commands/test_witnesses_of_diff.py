"""What ``kelid diff`` says of calls comes with one call each, as a command that ``kelid trace`` really takes."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kelid.commands import diff, main, parser
from kelid.findings import Exit
from kelid.model.behaviour import BehaviourChange
from kelid.pipeline import witnesses
from kelid.pipeline.behaviour import SECONDS
from kelid.report.behaviour import NO_WITNESS

EDITS = {
    "hours": ("hours.yml", "13:00", "14:00"),
    "a queue's timeout": ("queues.yml", "timeout: 20", "timeout: 25"),
    "a key of a menu": (
        "ivrs.yml",
        '{digits: "2", destination: extension:104}',
        '{digits: "2", destination: extension:105}',
    ),
    "where nothing pressed leads": (
        "ivrs.yml",
        "timeout_destination: queue:reception\n    invalid_destination: extension:101",
        "timeout_destination: extension:104\n    invalid_destination: extension:101",
    ),
    "a DID": ("routes.yml", "destination: schedule:office", "destination: extension:102"),
}


@pytest.fixture
def committed(clinic: Path) -> Path:
    """The clinic in a commit."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    for words in (
        ["add", "-A"],
        ["-c", "user.name=tests", "-c", "user.email=tests@kelid.example", "commit", "-qm", "first"],
    ):
        subprocess.run(["git", "-C", str(clinic.parent.parent), *words], check=True, env=environment)
    return clinic


def edit(clinic: Path, file: str, old: str, new: str) -> None:
    path = clinic / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert main(list(words)) in (Exit.OK, Exit.CHANGES)
    return capsys.readouterr().out


def happens(capsys: pytest.CaptureFixture[str], command: list[str]) -> list[dict[str, Any]]:
    """Run a command as it is told, and return what the call does."""
    assert command[:2] == ["kelid", "trace"]
    rows: list[dict[str, Any]] = json.loads(told(capsys, *command[1:], "--json"))["happenings"]
    return [
        {key: row[key] for key in ("kind", "items", "detail", "text")}
        for row in rows
        if row["kind"] != "reached"
    ]


@pytest.mark.parametrize("name", EDITS)
def test_the_command_shows_what_is_told(
    committed: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Both commands are taken by the command line, and their calls go on from where they part as the witness says."""
    edit(committed, *EDITS[name])
    changes = json.loads(told(capsys, "diff", "noor-clinic", "--json"))["sites"]["noor-clinic"]["calls"][
        "changes"
    ]
    found = [one["witness"] for one in changes if one["witness"]]
    assert found
    text = told(capsys, "diff", "noor-clinic")
    for witness in found:
        sides = [happens(capsys, witness[key]) for key in ("command_before", "command")]
        for side, key in zip(sides, ("before", "after"), strict=True):
            kinds = [event["kind"] for event in witness[key]]
            assert [row["kind"] for row in side][-len(kinds) :] == kinds
        since = len(sides[0]) - len(witness["before"])
        assert since == len(sides[1]) - len(witness["after"])
        assert sides[0][:since] == sides[1][:since]
        if name != "a queue's timeout":  # what a queue is set to, no trace tells
            assert [row["text"] for row in sides[0]] != [row["text"] for row in sides[1]]
        line = next(
            row for row in text.splitlines() if row.strip() == f"try {shlex.join(witness['command'])}"
        )
        assert happens(capsys, shlex.split(line.strip().removeprefix("try "))) == sides[1]
    assert "with --revision HEAD what they did)" in text


def test_two_revisions_and_a_sites_directory(
    committed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The command finds the site as the diff did, and takes none of what lies in the working tree."""
    edit(committed, *EDITS["hours"])
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    who = ["-c", "user.name=tests", "-c", "user.email=tests@kelid.example"]
    subprocess.run(["git", "-C", str(tmp_path), *who, "commit", "-qam", "two"], check=True, env=environment)
    (committed / "hours.yml").unlink()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    words = ["diff", "noor-clinic", "HEAD~1", "HEAD", "--sites", str(tmp_path / "sites"), "--json"]
    (change,) = json.loads(told(capsys, *words))["sites"]["noor-clinic"]["calls"]["changes"]
    before, after = (
        [row["text"] for row in happens(capsys, change["witness"][key])]
        for key in ("command_before", "command")
    )
    assert any("closed" in text for text in before)
    assert not any("closed" in text for text in after)


def test_markdown_has_both_commands(committed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(committed, *EDITS["hours"])
    text = told(capsys, "diff", "noor-clinic", "--markdown")
    assert "  - try `kelid trace noor-clinic --from trunk:mokhaberat" in text
    assert "  - as it was: `kelid trace noor-clinic --revision HEAD --from trunk:mokhaberat" in text


def test_a_change_without_a_witness_is_told(
    committed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when there was no time to look for one."""
    edit(committed, *EDITS["hours"])
    monkeypatch.setattr(witnesses, "LEAST", 0.0)
    monkeypatch.setattr(witnesses, "SHARE", 0.0)
    text = told(capsys, "diff", "noor-clinic")
    assert "~ from trunk mokhaberat to 02188001234, Thu 13:00-14:00" in text
    assert NO_WITNESS in text
    data = json.loads(told(capsys, "diff", "noor-clinic", "--json"))
    assert [one["witness"] for one in data["sites"]["noor-clinic"]["calls"]["changes"]] == [None]
    assert NO_WITNESS in told(capsys, "diff", "noor-clinic", "--markdown")


def test_what_is_not_known_is_no_witness(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The new side does what the oracle doesn't know: calls change, and no call shows how."""
    old, new = trees(tmp_path, "Playback(closed)", "NoSuchApplication(x)")
    text = told(capsys, "diff", "--tree", str(old), str(new), "--context", "in")
    assert "~ from context in" in text
    assert NO_WITNESS in text
    assert "kelid trace" not in text


def trees(folder: Path, before: str, after: str, context: str = "in", **files: tuple[str, str]) -> list[Path]:
    made = []
    for side, (name, step) in enumerate((("old", before), ("new", after))):
        tree = folder / name
        tree.mkdir(parents=True)
        body = f"[{context}]\nexten => 100,1,{step}\n same => n,Hangup()\n"
        (tree / "extensions.conf").write_text(body, encoding="utf-8")
        for file, texts in files.items():
            (tree / f"{file}.conf").write_text(texts[side], encoding="utf-8")
        made.append(tree)
    return made


HOSTILE = ["$(touch pwned)", "a' && touch pwned && '", "`touch pwned`", "a\x1b[31mb", "-x", "b\tc"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_shell_takes_the_command_of_a_hostile_tree_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """A real shell runs the line: nothing of the tree is an order to it or to the terminal."""
    folder = tmp_path / "it's $HOME `x`"
    endpoint = f"[{name}]\ntype = endpoint\ncontext = in\n"
    old, new = trees(folder, "Playback(closed)", "Playback(open)", pjsip=(endpoint, endpoint))
    text = told(capsys, "diff", "--tree", str(old), str(new))
    assert all(line.isprintable() for line in text.splitlines())
    (line,) = [
        row.strip().removeprefix("try ") for row in text.splitlines() if row.strip().startswith("try ")
    ]
    shell = f'kelid() {{ {shlex.quote(sys.executable)} -m kelid "$@"; }}\n{line}\n'
    ran = subprocess.run(
        ["bash", "-c", shell], capture_output=True, text=True, cwd=tmp_path, check=True, timeout=60
    )
    assert "open" in ran.stdout
    assert ran.stderr == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == [folder.name]
    markdown = told(capsys, "diff", "--tree", str(old), str(new), "--markdown")
    assert line in markdown


def test_no_secret_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mailbox has another PIN and another name: the name is told, and no form of the answer holds a PIN."""
    boxes = ("[default]\n100 => 4711,Old\n", "[default]\n100 => 8152,New\n")
    old, new = trees(tmp_path, "VoiceMail(100@default)", "VoiceMail(100@default)", voicemail=boxes)
    for form in ((), ("--json",), ("--markdown",)):
        text = told(capsys, "diff", "--tree", str(old), str(new), "--context", "in", *form)
        assert "New" in text
        assert "kelid" in text
        assert "4711" not in text
        assert "8152" not in text


def test_trace_takes_a_revision_and_an_endpoint(committed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(committed, *EDITS["hours"])
    words = ["trace", "noor-clinic", "--from", "PJSIP/mokhaberat", "--did", "02188001234"]
    words += ["--caller", "09121234567", "--at", "2026-12-03 13:30"]
    now, then = told(capsys, *words), told(capsys, *words, "--revision", "HEAD")
    assert "ivr:main" in now
    assert "ivr:main" not in then
    assert main([*words, "--revision", "nowhere"]) == Exit.USAGE
    assert main(["trace", "gone", *words[2:], "--revision", "HEAD"]) == Exit.USAGE
    assert main(["trace", "--tree", str(committed), *words[2:], "--revision", "HEAD"]) == Exit.USAGE


def test_the_call_shows_the_name_that_it_goes_by(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = """
[in]
exten => 1,1,GotoIf($["${CALLERID(name)}" = "Anonymous"]?no)
 same => n,Playback(welcome)
 same => n,Hangup()
 same => n(no),Playback(MARK)
"""
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, heard in ((old, "was"), (new, "now")):
        folder.mkdir()
        (folder / "extensions.conf").write_text(plan.replace("MARK", heard), encoding="utf-8")
    (one,) = json.loads(told(capsys, "diff", "--tree", str(old), str(new), "--json"))["calls"]["changes"]
    witness = one["witness"]
    assert witness["caller_name"] == "Anonymous"
    assert "--caller-name Anonymous" in shlex.join(witness["command"])
    for key, heard in (("command_before", "was"), ("command", "now")):
        assert heard in json.dumps(happens(capsys, witness[key]))


def test_of_two_folders_and_one_number_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The number is the one that was asked for, and what is pressed is said digit by digit."""
    for name, most in (("old", 4), ("new", 6)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "extensions.conf").write_text(
            "[in]\n"
            f"exten => 7,1,Read(PIN,beep,{most},,1,5)\n"
            ' same => n,GotoIf($["${PIN}" = "1234"]?right)\n'
            " same => n,Hangup()\n"
            " same => n(right),Playback(right)\n"
        )
    words = [
        "diff",
        "--tree",
        str(tmp_path / "old"),
        str(tmp_path / "new"),
        "--context",
        "in",
        "--exten",
        "7",
    ]
    (one,) = json.loads(told(capsys, *words, "--json", "--seconds", "1m"))["calls"]["changes"]
    assert one["dialled"] == "7"
    assert "--press 1234" in shlex.join(one["witness"]["command"])
    after = one["witness"]["command"]
    before = [word.replace(str(tmp_path / "new"), str(tmp_path / "old")) for word in after]
    assert happens(capsys, before) != happens(capsys, after)


@pytest.mark.parametrize("verb", ["diff", "behaviour"])
def test_walks_have_as_long_as_is_said(verb: str) -> None:
    assert parser(verb).parse_args([verb, "noor-clinic"]).seconds == SECONDS
    assert parser(verb).parse_args([verb, "noor-clinic", "--seconds", "5m"]).seconds == 300
    assert parser(verb).parse_args([verb, "noor-clinic", "--seconds", "0"]).seconds == 0


def test_a_diff_takes_as_long_as_it_is_told(
    committed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: list[float] = []

    def asked(*_: object, seconds: float, **_more: object) -> BehaviourChange:
        given.append(seconds)
        return BehaviourChange()

    monkeypatch.setattr(diff, "site_change", asked)
    monkeypatch.setattr(diff, "tree_change", asked)
    edit(committed, *EDITS["hours"])
    told(capsys, "diff", "--sites", str(committed.parent), committed.name, "--seconds", "7")
    told(capsys, "diff", "--tree", str(committed), str(committed), "--seconds", "2m")
    assert given == [7.0, 120.0]
