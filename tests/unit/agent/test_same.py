"""The short way to "nothing to do", against a release on the disk and a socket that answers as Asterisk's does."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from agent.same import same

NAME = "a" * 64
LIKE = "b" * 64 + ":" + "c" * 64


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Path]:
    """A server with a release in force; its Asterisk is a thread that says what the real one says."""
    state = tmp_path / "kelid"
    tree = state / "releases" / NAME
    (tree / ".kelid").mkdir(parents=True)
    (state / "media").mkdir()
    (state / "media" / "tone.wav").write_bytes(b"sound")
    (tree / "pjsip.conf").write_text("[101]\n")
    manifest = {
        "release": NAME,
        "bundle": "b" * 64,
        "sealed": "c" * 64,
        "commit": "d" * 40,
        "files": {"pjsip.conf": {"sha256": hashlib.sha256(b"[101]\n").hexdigest(), "size": 6}},
        "media": ["tone.wav"],
    }
    (tree / ".kelid" / "manifest.json").write_text(json.dumps(manifest))
    (state / "current").symlink_to(f"releases/{NAME}")
    (tmp_path / "asterisk.conf").write_text(
        f"[directories]\nastetcdir => {state}/current\nastrundir => {tmp_path}\n"
    )
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "asterisk.ctl"))
        door.listen()

        def answer() -> None:
            while True:
                try:
                    caller, _ = door.accept()
                except OSError:
                    return
                with caller:
                    caller.sendall(b"pbx/1/22.10.1\n")
                    asked = caller.recv(4096)
                    if asked == b"cli quit after core show channels count\0":
                        caller.sendall(b"0 active channels\n0 active calls\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield tmp_path
        door.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def asked(top: Path, like: str = LIKE) -> dict[str, object] | None:
    return same(like, str(top / "kelid"), str(top / "asterisk.conf"))


def test_what_is_there_already(server: Path) -> None:
    assert asked(server) == {
        "ok": True,
        "same": True,
        "changed": False,
        "release": NAME,
        "commit": "d" * 40,
    }


TREE = f"kelid/releases/{NAME}"


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda top: (top / TREE / "pjsip.conf").write_text("[102]\n"), id="a file was edited"),
        pytest.param(lambda top: (top / TREE / "more.conf").write_text(""), id="a file was added"),
        pytest.param(lambda top: (top / TREE / "pjsip.conf").unlink(), id="a file is gone"),
        pytest.param(lambda top: (top / "kelid/media/tone.wav").unlink(), id="a sound is gone"),
        pytest.param(lambda top: (top / "kelid/armed.json").write_text("{}"), id="a way back is armed"),
        pytest.param(
            lambda top: (top / "kelid/receipts.jsonl").write_text(
                '{"event": "begun"}\n{"event": "undone", "by": "timer"}\n{"torn'
            ),
            id="it went back by itself",
        ),
        pytest.param(lambda top: (top / "kelid/current").unlink(), id="nothing is in force"),
        pytest.param(lambda top: (top / TREE / ".kelid/manifest.json").write_text("{"), id="no manifest"),
        pytest.param(lambda top: (top / TREE / ".kelid/manifest.json").write_text("[]"), id="another thing"),
        pytest.param(lambda top: (top / "asterisk.ctl").unlink(), id="Asterisk doesn't run"),
        pytest.param(
            lambda top: (top / "asterisk.conf").write_text(
                f"[directories]\nastetcdir => /etc/asterisk\nastrundir => {top}\n"
            ),
            id="Asterisk reads something else",
        ),
    ],
)
def test_anything_else_is_asked_the_long_way(server: Path, spoil: Callable[[Path], object]) -> None:
    spoil(server)

    assert asked(server) is None


@pytest.mark.parametrize(
    "like", ["", ":", LIKE.replace("b", "e"), LIKE.replace("c", "e"), "b" * 64, f"{'b' * 64}:"]
)
def test_another_text_or_vault_is_not_the_same(server: Path, like: str) -> None:
    assert asked(server, like) is None


def test_a_release_of_before_that_does_not_say_how_its_vault_lay(server: Path) -> None:
    path = server / TREE / ".kelid/manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["sealed"]
    path.write_text(json.dumps(manifest))

    assert asked(server) is None
    assert asked(server, "b" * 64 + ":None") is None
