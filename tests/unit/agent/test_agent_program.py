"""The agent's pure parts: reading what Asterisk prints, taking secrets out, adapting a tree for the staged copy."""

from __future__ import annotations

import ast
import errno
import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile
from graphlib import TopologicalSorter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import agent
import pytest
from agent.adapt import Adapter
from agent.archive import unpack
from agent.conf import directories, with_etc_dir
from agent.live import Asterisk
from agent.logs import explain, read_log, tells_of_release
from agent.places import Places
from agent.refusal import Refusal
from agent.releases import Releases
from agent.scrub import Scrubber, secret_values
from agent.server import Server
from agent.staging import Stage
from agent.tables import (
    parse_contexts,
    parse_mailboxes,
    parse_members,
    parse_names,
    parse_queues,
    parse_registrations,
)
from agent.tools import Feed
from agent.transaction import Transaction
from agent.way_back import WayBack

from kelid.deliver.program import program

DIGEST = "84" * 16
"""The MD5 of a PIN in a list."""
SOURCE = Path(agent.__file__).parent


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """Return a release folder with two secrets, one of them escaped, and the digest of a third."""
    files = {
        "pjsip.conf": "[101]\ntype = auth\npassword = ok\\;Canary\n",
        "voicemail.conf": "[default]\n101 => 4821,Sara\n",
        "pins-a.list": f"sara:{DIGEST}\n",
    }
    bundle = {
        "pjsip.conf": "[101]\ntype = auth\npassword = %%secret:extension_101%%\n",
        "voicemail.conf": "[default]\n101 => %%secret:pin_101%%,Sara\n",
        "pins-a.list": "sara:%%secret:pin_a_sara:md5%%\n",
    }
    for folder, texts in ((tmp_path, files), (tmp_path / ".kelid" / "bundle", bundle)):
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text)
    return tmp_path


def test_secret_values_are_learned_from_the_tokens(release: Path) -> None:
    """Where the bundle has a token the release has the value, as written and as Asterisk reads it."""
    assert secret_values(release) == {"ok\\;Canary", "ok;Canary", "4821", DIGEST}


@pytest.mark.parametrize(
    "text",
    [
        "Error parsing md5_cred=ok;Canary at line 72 of ",
        "password => 'other'",
        "garbage: 101 > 4821,Sara",
        "secret = hidden",
    ],
)
def test_no_secret_leaves(release: Path, text: str) -> None:
    """Known values go wherever they stand, and so does any value behind a word that names a secret."""
    clean = Scrubber(secret_values(release))(text)
    assert "***" in clean
    assert not any(value in clean for value in ("Canary", "4821", "other", "hidden"))


def test_an_entry_without_a_file_finds_its_place(release: Path) -> None:
    """Sorcery names the line but no file: the source and the section tell the rest."""
    text = (
        "[2026-11-23 02:24:33] ERROR[12] config_options.c: Error parsing password=ok;Canary at line 3 of \n"
        "[Nov 23 02:24:33] WARNING[12]: pbx_config.c:1820 pbx_load_config: Invalid priority at line 7 of extensions.conf\n"
        "[Nov 23 02:24:33] NOTICE[12] app_queue.c: nothing to see\n  which goes on\n"
    )
    first, second = read_log(text)
    found = explain(first, release, Scrubber(secret_values(release)))
    assert found == {
        "level": "ERROR",
        "file": "pjsip.conf",
        "line": 3,
        "type": "auth",
        "id": "101",
        "text": "Error parsing password=*** at line 3 of ",
    }
    assert explain(second, release, Scrubber())["file"] == "extensions.conf"
    assert second["level"] == "WARNING"


def test_what_asterisk_lists_is_read() -> None:
    """The tables of Asterisk's command line, as 22 and 16 print them."""
    queue = (
        "reception has 0 calls (max unlimited) in 'ringall' strategy (0s holdtime, 0s talktime), W:0, C:0, A:0, SL:0.0%\n"
        "   Members: \n"
        "      Sara (PJSIP/101) (ringinuse enabled) (in use) has taken no calls yet\n"
        "      Reza (PJSIP/102 from hint:102@internal) with penalty 3 (ringinuse enabled) (dynamic)"
        " (paused:x was 2 secs ago) has taken 1\n"
    )
    assert parse_queues(queue) == ["reception"]
    sara, reza = parse_members(queue)
    assert (sara["interface"], sara["dynamic"], sara["paused"]) == ("PJSIP/101", False, False)
    assert reza == {
        "queue": "reception",
        "interface": "PJSIP/102",
        "name": "Reza",
        "penalty": 3,
        "dynamic": True,
        "state": "hint:102@internal",
        "paused": True,
        "reason": "x",
    }
    registrations = (
        " <Registration/ServerURI..............................>  <Auth....................>  <Status.......>\n"
        " mokhaberat/sip:sip.mokhaberat.example:5060              mokhaberat-auth             Registered        (exp. 55s)\n"
    )
    assert parse_registrations(registrations) == {"mokhaberat": "Registered"}
    mailboxes = "Context    Mbox  User           Zone       NewMsg\ndefault    101   Sara Ahmadi    tehran          2\n"
    assert parse_mailboxes(mailboxes) == ["101@default"]
    plan = "[ Context 'internal' created by 'pbx_config' ]\n  '101' => 1. Dial(PJSIP/101,20) [extensions.conf:6]\n"
    assert parse_contexts(plan) == ["internal"]
    assert parse_names(" internal features i-1 _EOF_") == ["features", "i-1", "internal"]
    assert parse_names("NULL\n") == []


def test_the_staged_copy_needs_no_network_and_keeps_its_lines() -> None:
    """Names become addresses, checks of the other side stop, hardware is left out; no line moves."""
    adapter = Adapter()
    text = (
        "[t]\ntype = registration\nserver_uri = sip:sip.example:5060\nclient_uri = sip:021@sip.example\n"
        "[t]\ntype = aor\ncontact = sip:sip.example:5060\nqualify_frequency = 60\n"
        "[t]\ntype = identify\nmatch = sip.example,192.0.2.7\n[u]\ntype = transport\nbind = 10.0.0.5:5060\n"
    )
    assert adapter.adapt("pjsip.conf", text) == (
        "[t]\ntype = registration\nserver_uri = sip:127.0.0.1:9\nclient_uri = sip:021@192.0.2.1\n"
        "[t]\ntype = aor\ncontact = sip:192.0.2.1:5060\nqualify_frequency = 0\n"
        "[t]\ntype = identify\nmatch = 192.0.2.1,192.0.2.7\n[u]\ntype = transport\nbind = 10.0.0.5:5060\n"
    )
    assert adapter.addresses == {"10.0.0.5/32"}
    for uri, staged in (
        ("sip:far.example", "sip:127.0.0.1:9"),
        ("sip:me@far.example\\;transport=tls", "sip:me@127.0.0.1:9\\;transport=tls"),
        ("sips:[2001:db8::1]:5061\\;lr", "sips:127.0.0.1:9\\;lr"),
        ("sip:", "sip:"),
    ):
        assert Adapter().adapt("pjsip.conf", f"[t]\nserver_uri = {uri}\n") == f"[t]\nserver_uri = {staged}\n"
    hardware = "[modules]\nload = chan_dahdi.so\nload = app_dial.so\n"
    assert adapter.adapt("modules.conf", hardware) == hardware.replace("load = chan", "; load = chan")
    assert len(adapter.not_staged) == 3
    transport = (
        "[transport-tls]\ntype = transport\nbind = [2001:db8::5]:5061\ncert_file = /etc/ssl/pbx.pem\n"
        "external_media_address = pbx.example\nexternal_signaling_address = 203.0.113.5\nlocal_net = 10.0.0.0/8\n"
    )
    assert adapter.adapt("pjsip_transport.conf", transport) == transport.replace("pbx.example", "192.0.2.1")
    browsers = (
        "[general]\nbindaddr = 127.0.0.1\ntlsbindaddr = 10.0.0.6:8089\ntlscertfile = /etc/ssl/pbx.pem\n"
    )
    assert adapter.adapt("http.conf", browsers) == browsers
    assert adapter.addresses == {"10.0.0.5/32", "10.0.0.6/32", "127.0.0.1/32", "2001:db8::5/128"}
    assert adapter.adapt("rtp.conf", "[general]\nstunaddr = stun.example:3478\n").endswith(
        "stunaddr = 127.0.0.1\n"
    )
    assert adapter.not_staged[3:] == [
        "name resolution of pbx.example (transport-tls)",
        "name resolution of stun.example:3478 (general)",
    ]
    del adapter.not_staged[3:]
    iax = "[general]\nregister = me:a@b@far.example:4570\n[a]\nhost = far.example\n[b]\nhost = dynamic\n"
    assert adapter.adapt("iax.conf", iax) == iax.replace("far.example", "192.0.2.1")
    assert adapter.not_staged[3:] == ["registration at far.example", "name resolution of far.example (a)"]


def test_only_astetcdir_changes_in_asterisk_conf(tmp_path: Path) -> None:
    """In an active section its line changes; beside Debian's template a section of its own is added."""
    active = "[directories]\nastetcdir => /etc/asterisk\nastlogdir => /srv/log\n[options]\n"
    assert with_etc_dir(active, "/x") == active.replace("/etc/asterisk", "/x")
    template = "[directories](!)\nastetcdir => /etc/asterisk\nastlogdir => /elsewhere\n"
    path = tmp_path / "asterisk.conf"
    path.write_text(with_etc_dir(template, "/x"))
    assert path.read_text().startswith(template)
    found = directories(path)
    assert (found["astetcdir"], found["astlogdir"]) == ("/x", "/var/log/asterisk")


def test_every_answer_is_one_json_object(tmp_path: Path) -> None:
    """A machine without Asterisk is told so, with exit status 1 and nothing else on standard output."""
    path = tmp_path / "agent"
    path.write_bytes(program(SOURCE))
    path.chmod(0o755)
    done = subprocess.run([path, "status"], capture_output=True, text=True, check=False)
    told: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == 1
    assert told["code"] == "not_installed"


@pytest.mark.parametrize(
    ("source", "call", "counts"),
    [
        ("res_pjsip_endpoint_identifier_ip.c", "", True),
        ("netsock2.c", "", True),
        ("pbx_config.c", "", True),
        ("pbx_config.c", "C-0000000a", False),
        ("res_pjsip.c", "", False),
        ("chan_pjsip.c", "", False),
        ("app_dial.c", "", False),
        ("taskprocessor.c", "", False),
    ],
)
def test_calls_that_go_on_meanwhile_do_not_undo_a_change(source: str, call: str, counts: bool) -> None:
    entry = {
        "level": "ERROR",
        "source": source,
        "call": call,
        "text": "Endpoint '107': Could not create dialog",
    }

    assert tells_of_release(entry) is counts


def test_imports_run_one_way_and_at_the_start() -> None:
    """No module needs one that needs it, and none is read later: by then another agent may lie at the program's path."""
    needs: dict[str, set[str]] = {}
    for path in SOURCE.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inside = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]
        if path.stem not in {"quick", "same"}:  # they begin before the rest, and end soon
            assert not [node for node in inside if node not in tree.body], (
                f"{path.name} imports in the middle"
            )
        needs[path.stem] = {node.module or alias.name for node in inside for alias in node.names}
    order = list(TopologicalSorter(needs).static_order())
    assert needs["transaction"]
    assert order[-2:] == ["__main__", "quick"]


def test_a_way_back_that_cannot_be_armed_leaves_no_record(tmp_path: Path) -> None:
    """A full /run, say: a record without a clock would bar every later change."""
    at = Places(state=tmp_path / "state", units=tmp_path / "units")
    at.state.mkdir()
    (at.units / "kelid-undo.timer.d" / "within.conf").mkdir(parents=True)

    with pytest.raises(OSError, match="within"):
        WayBack(at).arm({"release": "a", "confirm_within": 5})

    assert WayBack(at).record() is None
    assert list(at.state.iterdir()) == []


def test_the_clock_runs_before_there_is_a_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is killed in between leaves a clock without a record, which does nothing, and never the other way round."""
    at = Places(state=tmp_path, units=tmp_path / "units")
    seen: list[bool] = []
    monkeypatch.setattr(WayBack, "_start_timer", lambda self, within: seen.append(at.armed.exists()))

    WayBack(at).arm({"release": "b", "previous": "a", "confirm_within": 5})

    assert seen == [False]
    assert at.armed.exists()


def test_the_way_back_needs_no_room_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = Places(state=tmp_path, units=tmp_path / "units")
    releases = Releases(at, gid=0)
    releases.flip("a")
    monkeypatch.setattr(WayBack, "_start_timer", lambda self, within: None)
    WayBack(at).arm({"release": "b", "previous": "a", "confirm_within": 5})
    releases.flip("b")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "symlink", full)
    releases.flip("a")
    releases.flip("a")  # killed before the record was gone, and tried again

    assert releases.current() == "a"


def test_a_sender_whose_network_went_away_does_not_hold_the_lock_for_ever(tmp_path: Path) -> None:
    """Half an archive, and then nothing: no end either, because a network that goes away says no goodbye."""
    out, into = os.pipe()
    try:
        os.write(into, gzip.compress(b"half of something", mtime=0)[:20])
        with pytest.raises(Refusal, match="nothing came") as refused:
            unpack(io.BufferedReader(Feed(out, limit=0.05)), tmp_path)
    finally:
        os.close(into)
        os.close(out)

    assert refused.value.code == "bad_archive"


def test_no_byte_of_an_archive_may_change_unseen(tmp_path: Path) -> None:
    """Also none of what no digest in the manifest names: the texts with tokens, and the sounds."""
    manifest = {
        "format": 1, "release": "a" * 64, "media": [f"{'b' * 64}.wav"], "reloads": [],
        "files": {"a.conf": {"sha256": hashlib.sha256(b"[a]").hexdigest()}},
    }  # fmt: skip
    members = {
        "manifest.json": json.dumps(manifest).encode(), "files/a.conf": b"[a]", "bundle/a.conf": b"[a]",
        f"media/{'b' * 64}.wav": bytes(range(256)),
    }  # fmt: skip
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, body in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    packed = gzip.compress(
        out.getvalue(), compresslevel=0, mtime=0
    )  # stored: each byte of it is a byte of the tar
    (tmp_path / "whole").mkdir()
    assert unpack(io.BytesIO(packed), tmp_path / "whole") == manifest

    at = packed.index(bytes(range(256))) + 100
    changed = packed[:at] + bytes([packed[at] ^ 1]) + packed[at + 1 :]
    (tmp_path / "changed").mkdir()
    with pytest.raises(Refusal, match="damaged"):
        unpack(io.BytesIO(changed), tmp_path / "changed")

    squeezed = gzip.compress(out.getvalue(), mtime=0)
    for number, at in enumerate(range(12, len(squeezed) - 8, 7)):
        (tmp_path / str(number)).mkdir()
        with pytest.raises(Refusal) as refused:
            unpack(
                io.BytesIO(squeezed[:at] + bytes([squeezed[at] ^ 1]) + squeezed[at + 1 :]),
                tmp_path / str(number),
            )
        assert refused.value.code == "bad_archive"


def test_what_one_list_lacks_and_the_next_one_has_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A busy Asterisk loses lines of what it lists."""
    lost, gone = {"text": "queue reception did not load"}, {"text": "queue sales did not load"}
    looks = [[lost, gone], [gone], [lost, gone]]
    monkeypatch.setattr(Stage, "look", lambda self, asterisk, manifest: looks.pop(0))
    asterisk = Asterisk(tmp_path / "asterisk.conf")
    stage = Stage(tree=tmp_path, live=asterisk, home=tmp_path, gid=0, uid=0)

    assert stage.unsaid(asterisk, {}) == [gone]
    assert looks == []


@pytest.mark.parametrize("armed", [False, True])
def test_the_link_of_the_way_back_goes_with_its_record(tmp_path: Path, armed: bool) -> None:
    """Killed in between, a confirmation left the link: the next change sweeps it up, unless one is armed."""
    at = Places(state=tmp_path)
    at.way_back.symlink_to("releases/old")
    if armed:
        at.armed.write_text("{}")

    Transaction(cast(Server, SimpleNamespace(at=at))).sweep()

    assert at.way_back.is_symlink() is armed
