"""What leaves a server whose files were changed by hand: the change, and no secret and no comment."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from agent.masks import bare_lines, masked
from agent.places import Places
from agent.readout import Reading, _listed
from agent.releases import Releases

RELEASE, OTHER = "a" * 64, "b" * 64
TEMPLATE = """\
; rendered by kelid
[101]
type = endpoint
callerid = Ali <101>
[101]
type = auth
password = %%secret:extension_101%%
[102]
type = auth
password = %%secret:extension_102%%
"""
MAIL = "[general]\nmaxmsg = 10\n[default]\n101 => %%secret:voicemail_101%%,Ali,ali@clinic.example\n"
SECRETS = {"extension_101": "Canary-101", "extension_102": "Canary\\;102", "voicemail_101": "908172"}


def filled(text: str, secrets: dict[str, str]) -> str:
    for name, value in secrets.items():
        text = text.replace(f"%%secret:{name}%%", value)
    return text


def put(state: Path, name: str, files: dict[str, str], secrets: dict[str, str]) -> dict[str, Any]:
    """Write a release as the agent places it; return its manifest."""
    manifest = {
        "files": {
            path: {"sha256": hashlib.sha256(filled(text, secrets).encode()).hexdigest()}
            for path, text in files.items()
        },
        "secrets": {key: f"hmac-of-{value}" for key, value in secrets.items()},
    }
    for path, text in files.items():
        for file, body in ((Path(path), filled(text, secrets)), (Path(".kelid", "bundle", path), text)):
            target = state / "releases" / name / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(body)
    (state / "releases" / name / ".kelid" / "manifest.json").write_text(json.dumps(manifest))
    return manifest


class World:
    """A server's folder with one release, whose files a test changes."""

    def __init__(self, state: Path) -> None:
        places = Places(state=state)
        self.state = state
        self.server: Any = SimpleNamespace(at=places, releases=Releases(places, 0))
        self.manifest = put(state, RELEASE, {"pjsip.conf": TEMPLATE, "voicemail.conf": MAIL}, SECRETS)

    def read(self, path: str, text: str) -> Reading:
        return Reading(self.server, RELEASE, self.manifest, path, text)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_secrets_that_are_the_same_are_tokens_again(world: World) -> None:
    text = filled(TEMPLATE, SECRETS).replace("callerid = Ali <101>", "callerid = Reza <101>")
    reading = world.read(
        "pjsip.conf", "; a new first line, so that no number of a line is the old one\n" + text
    )

    assert reading.text() == "\n" + TEMPLATE.replace("Ali", "Reza")
    assert (reading.changed, reading.unsure) == (set(), set())


def test_a_secret_that_was_changed_is_named_where_another_release_knows_it(world: World) -> None:
    put(world.state, OTHER, {"pjsip.conf": TEMPLATE}, {**SECRETS, "extension_102": "another"})
    text = filled(TEMPLATE, {**SECRETS, "extension_101": "canary-new"})
    reading = world.read("pjsip.conf", text)

    told = reading.text()
    assert told.count("***") == 1
    assert "canary" not in told.lower()
    assert reading.changed == {"extension_101"}
    # With the old value of the one, the other as it stands gives the very bytes of the release: so it is the same.
    assert reading.unsure == set()


def test_where_nothing_tells_it_is_unsure_and_still_not_shown(world: World) -> None:
    reading = world.read("pjsip.conf", filled(TEMPLATE, {**SECRETS, "extension_101": "canary-new"}))
    told = reading.text()
    assert "anary" not in told
    assert reading.unsure == {"extension_101", "extension_102"}


def test_a_name_beside_a_pin_may_change_without_the_pin(world: World) -> None:
    text = filled(MAIL, SECRETS).replace("Ali,ali@", "Reza,reza@")
    reading = world.read("voicemail.conf", text)
    # The rest of the file gives the release's own bytes no more, so nobody can know that the PIN is the same.
    assert "908172" not in reading.text()
    put(world.state, OTHER, {"voicemail.conf": MAIL}, SECRETS)
    reading = world.read("voicemail.conf", text)
    assert "101 => %%secret:voicemail_101%%,Reza,reza@clinic.example" in reading.text()
    assert reading.changed == reading.unsure == set()


def test_what_was_commented_out_is_not_there_any_more(world: World) -> None:
    text = filled(TEMPLATE, SECRETS).replace("[102]", ";-- Canary-comment\n[102]") + "--;\n"
    told = world.read("pjsip.conf", text).text()
    assert "[102]" not in told
    assert "anary" not in told


def test_a_secret_of_the_release_is_known_wherever_somebody_copied_it(world: World) -> None:
    text = (
        filled(TEMPLATE, SECRETS)
        + "[hand]\ntype = aor\ncontact = sip:Canary-101@x.example\nnote = see 908172\n"
    )
    told = world.read("pjsip.conf", text).text()
    assert "anary" not in told
    assert "908172" not in told


def test_lists_tell_only_how_many_lines_they_have(world: World) -> None:
    put(world.state, RELEASE, {"pins-x.list": "%%secret:pin_x%%\n"}, {"pin_x": "4711"})
    told = world.read("pins-x.list", "4711\n9999\n\n").text()
    assert "9999" not in told
    assert "4711" not in told


@pytest.mark.parametrize(
    ("path", "section", "line"),
    [
        ("pjsip.conf", "101", "password = CANARY"),
        ("pjsip.conf", "101", "Pass\u200cword => CANARY"),
        ("pjsip.conf", "101", "md5_cred=CANARY"),
        ("pjsip.conf", "101", "password += CANARY"),
        ("pjsip.conf", "101", "set_var = TRUNK_SECRET=CANARY"),
        ("pjsip.conf", "x", "client_uri = sip:user:CANARY@host.example"),
        ("iax.conf", "x", "register => user:CANARY@host.example"),
        ("iax.conf", "x", "remotesecret = CANARY"),
        ("sip.conf", "x", "md5secret = CANARY"),
        ("manager.conf", "admin", "secret = CANARY"),
        ("voicemail.conf", "default", "101 => CANARY,Ali,a@b.example"),
        ("voicemail.conf", "default", "101 => CANARY"),
        ("users.conf", "101", "vmsecret = CANARY"),
        ("confbridge.conf", "x", "pin = CANARY"),
        ("res_odbc.conf", "x", "password=CANARY"),
        ("cdr_mysql.conf", "global", "dsn = mysql://root:CANARY@localhost/x"),
        ("extensions.conf", "globals", "DOOR_PIN = CANARY"),
        ("extensions.conf", "x", "exten => 1,1,Authenticate(CANARY,a)"),
        ("extensions.conf", "x", "same => n,ExecIf($[${X}]?Authenticate:CANARY)"),
        ("extensions.conf", "x", "same => n,Set(PIN=CANARY)"),
        ("extensions.conf", "x", "same => n,Set(__door_password=CANARY)"),
        ("extensions.conf", "x", "same => n,DISA(CANARY,internal)"),
        ("extensions.conf", "x", 'same => n,GotoIf($["${PIN}" = "CANARY"]?in:out)'),
        ("extensions.conf", "x", 'same => n,GotoIf($["CANARY" = "${MYPIN}"]?in:out)'),
        ("extensions.conf", "x", "same => n,Set(DB(pins/101)=CANARY)"),
        ("extensions.conf", "x", "same => n,System(curl -u a:CANARY http://x)"),
        ("extensions.conf", "x", "same => n,Set(A=${CURL(http://x/?key=CANARY)})"),
        ("extensions.conf", "x", "same => n,Set(A=${SHELL(echo (CANARY))})"),
    ],
)
def test_places_where_asterisk_takes_a_secret_are_masked(path: str, section: str, line: str) -> None:
    assert "CANARY" not in masked(path, section, line)
    assert "***" in masked(path, section, line)


@pytest.mark.parametrize(
    "line",
    [
        "exten => 1,1,Dial(PJSIP/101,20,tT)",
        "auth = 101-auth",
        "passwordlocation = spooldir",
        "timeout = 20",
        " same => n,Goto(internal,101,1)",
        "#include custom.conf",
        "[pins](!)",
    ],
)
def test_what_is_no_secret_is_told(line: str) -> None:
    assert masked("queues.conf", "x", line) == line


def test_comments_go_and_lines_stay_where_they_are() -> None:
    text = "a = 1 ; CANARY\n;-- b = CANARY\nc = CANARY\n--; d = 2\ne = x\\;y\n;--- CANARY\nf = 3 ;-- CANARY --; g"
    assert list(bare_lines(text)) == ["a = 1", "", "", " d = 2", "e = x\\;y", "", "f = 3  g"]


def test_links_and_pipes_are_named_and_never_opened(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("x")
    (tmp_path / "link.conf").symlink_to("/etc/shadow")
    (tmp_path / "folder").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe.conf")
    there, odd = _listed(tmp_path)
    assert set(there) == {"a.conf"}
    assert odd == {"link.conf": "a link", "folder": "a link", "pipe.conf": "no plain file"}
