"""``kelid trace`` and ``kelid test`` on the sample sites, and what they say to what isn't there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from kelid.commands import main
from kelid.findings import Exit

SITES = Path(__file__).resolve().parents[3] / "sites"
HERE = ["--sites", str(SITES)]
CALL = ["--from", "trunk:mokhaberat", "--did", "02188001234", "--caller", "09121234567"]


def trace(*words: str) -> int:
    return main(["trace", "noor-clinic", *words, *HERE])


def test_a_call_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert trace(*CALL, "--at", "1405-09-07 09:00", "--press", "1") == Exit.OK
    out = capsys.readouterr().out
    assert out.startswith(
        "09121234567 calls 02188001234 (trunk:mokhaberat), Sat 1405-09-07 09:00 (2026-11-28)\n"
    )
    assert "Menu: Main menu (ivr:main)" in out
    assert "presses 1" in out
    assert "waits in queue reception (Reception), at most 180 s" in out


def test_persian_digits_are_digits(capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "--from",
        "trunk:mokhaberat",
        "--did",
        "۰۲۱۸۸۰۰۱۲۳۴",
        "--at",
        "۱۴۰۵-۰۹-۰۷ ۰۹:۰۰",
        "--language",
        "fa",
    ]
    assert trace(*words) == Exit.OK
    assert "منو: منوی اصلی" in capsys.readouterr().out


def test_every_step_and_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert trace("--call", "nowruz", "--steps") == Exit.OK
    out = capsys.readouterr().out
    assert "schedule-office,s,1" in out
    assert "hours.yml:" in out


def test_json_markdown_and_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert trace("--call", "doctor-away", "--json") == Exit.OK
    data = json.loads(capsys.readouterr().out)
    assert data["call"]["context"] == "from-trunk-mokhaberat"
    assert "voicemail:103" in [item for happening in data["happenings"] for item in happening["items"]]
    picture = tmp_path / "call.svg"
    assert trace("--call", "doctor-away", "--svg", str(picture), "--markdown") == Exit.OK
    assert ET.fromstring(picture.read_text(encoding="utf-8")).tag.endswith("svg")  # noqa: S314 - our own
    assert capsys.readouterr().out.startswith("### 09121234567 calls")
    assert trace("--call", "doctor-away", "--mermaid") == Exit.OK
    assert capsys.readouterr().out.splitlines()[1] == "flowchart LR"
    assert trace("--call", "doctor-away", "--svg", str(tmp_path / "no" / "x.svg")) == Exit.FAILURE


def test_the_world(capsys: pytest.CaptureFixture[str]) -> None:
    inside = ["--from", "extension:101", "--dial", "103"]
    assert trace(*inside, "--device", "extension:103=busy") == Exit.OK
    assert "can leave a message for mailbox 103" in capsys.readouterr().out
    assert trace(*inside, "--db", "CFU/103=104") == Exit.OK
    assert "rings extension 104" in capsys.readouterr().out
    assert trace(*CALL, "--at", "1405-09-07 09:00", "--answer", "queue:reception=TIMEOUT") == Exit.OK
    assert "can leave a message for mailbox 101" in capsys.readouterr().out
    assert trace(*inside, "--otherwise", "unavailable") == Exit.OK
    assert "can leave a message for mailbox 103" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*CALL, "--at", "1405-12-30 09:00"], "the Jalali calendar has no day 1405-12-30"),
        ([*CALL, "--at", "1405-09-07 25:00"], "no clock shows 25:00"),
        ([*CALL, "--at", "tomorrow"], "is no day and time"),
        (["--from", "trunk:mokhaberat", "--did", "0218800A"], "holds 'A'"),
        (["--from", "trunk:mokhaberat", "--did", "02188009999"], "has no number 02188009999"),
        (["--from", "trunk:x", "--did", "1"], "it has mokhaberat"),
        (["--from", "extension:500", "--did", "1"], "has no extension '500'"),
        (["--did", "1"], "Give --from: trunk:mokhaberat"),
        (["--call", "x"], "it has reception-in-hours"),
        ([*CALL, "--device", "extension:103=dead"], "known are answers, busy"),
        ([*CALL, "--device", "extension:103"], "write NAME=VALUE"),
        ([*CALL, "--device", "extension:900=busy"], "has no extension '900'"),
        ([*CALL, "--answer", "weather=fine"], "nothing asks so; known are dial"),
        ([*CALL, "--context", "x"], "--context goes with --tree"),
        ([*CALL, "--tree", "/etc"], "give a site, or --tree DIR, not both"),
    ],
)
def test_what_is_not_there(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert trace(*words) == Exit.USAGE
    assert message in capsys.readouterr().err


def test_a_site_that_is_not_valid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(SITES / "noor-clinic", tmp_path / "noor-clinic")
    routes = tmp_path / "noor-clinic" / "routes.yml"
    routes.write_text(
        routes.read_text(encoding="utf-8").replace("schedule:office", "schedule:offices"), encoding="utf-8"
    )
    assert main(["trace", "noor-clinic", *CALL, "--sites", str(tmp_path)]) == Exit.INVALID
    assert "routes.yml" in capsys.readouterr().err


LOOP = """
[a]
exten => s,1,NoOp(round)
 same => n,Goto(b,s,1)
[b]
exten => s,1,Goto(a,s,1)
[c]
exten => _X.,1,Frobnicate(${EXTEN})
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "asterisk"
    folder.mkdir()
    (folder / "extensions.conf").write_text(LOOP)
    (folder / "pjsip.conf").write_text("[101]\ntype=endpoint\ncontext=c\ncallerid=Front <101>\n")
    return folder


def test_a_loop_is_shown(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "--tree", str(tree), "--context", "a"]) == Exit.FAILURE
    out = capsys.readouterr().out
    assert "the same again without an end" in out
    assert "b,s" in out
    assert "the call goes round for ever" in out


def test_what_it_does_not_know_is_said(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "--tree", str(tree), "--from", "101", "--exten", "555"]) == Exit.UNKNOWN
    out = capsys.readouterr().out
    assert "Frobnicate" in out
    assert "could not tell how the call goes on" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--context", "x"], "there is no context 'x'; there are a, b, c"),
        (["--from", "999"], "there is no endpoint '999'; there are 101"),
        ([], "Give --context (there are a, b, c ...) or --from ENDPOINT"),
        (["--context", "a", "--zone", "Mars/Base"], "no time zone is called 'Mars/Base'"),
    ],
)
def test_what_a_tree_has_not(
    tree: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trace", "--tree", str(tree), *words]) == Exit.USAGE
    assert message in capsys.readouterr().err


def test_every_sample_keeps_its_calls(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "calls.xml"
    assert main(["test", "--junit", str(report), *HERE]) == Exit.OK
    captured = capsys.readouterr()
    assert "noor-clinic\n  ok      reception-in-hours" in captured.out
    assert "38 calls: 38 ok" in captured.err
    suites = ET.fromstring(report.read_text(encoding="utf-8"))  # noqa: S314 - our own
    assert sum(int(suite.get("tests", 0)) for suite in suites) == 38


def test_a_call_that_goes_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = tmp_path / "noor-clinic"
    shutil.copytree(SITES / "noor-clinic", site)
    hours = site / "hours.yml"
    hours.write_text(
        hours.read_text(encoding="utf-8").replace("start: 08:00, end: 13:00", "start: 08:00, end: 14:00")
    )
    assert (
        main(["test", "noor-clinic", "--call", "thursday-afternoon", "--sites", str(tmp_path)])
        == Exit.FAILURE
    )
    out = capsys.readouterr().out
    assert "failed  thursday-afternoon" in out
    assert "calls.yml:40:31: announcement:closed does not happen after schedule:office" in out
    assert main(["test", "noor-clinic", "--json", "--sites", str(tmp_path)]) == Exit.FAILURE
    data = json.loads(capsys.readouterr().out)
    assert not data["ok"]
    assert [call["call"] for call in data["calls"] if call["status"] == "failed"] == ["thursday-afternoon"]
    assert main(["test", "noor-clinic", "--call", "no-such", "--sites", str(tmp_path)]) == Exit.USAGE


def test_a_site_without_calls_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(SITES / "noor-clinic", tmp_path / "noor-clinic")
    (tmp_path / "noor-clinic" / "calls.yml").unlink()
    assert main(["test", "--sites", str(tmp_path)]) == Exit.OK
    assert "no calls.yml: noor-clinic" in capsys.readouterr().err
