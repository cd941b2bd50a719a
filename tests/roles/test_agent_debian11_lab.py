"""The agent on the oldest system that is tested: Debian 11 with Python 3.9 and Asterisk 16."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from archives import EXTENSIONS, PJSIP, TREE, Made, release
from test_agent_lab import Server, install, lab

__all__ = ["lab"]

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def server(lab) -> Iterator[Server]:  # type: ignore[no-untyped-def]
    """Return a Debian 11 host with the agent, its Asterisk adopted."""
    server = install(lab, "old", image="pbx11")
    lab.add_alias("old", "sip.mokhaberat.example")
    assert server.agent("adopt")["ok"]
    return server


def without_voicemail(changes: dict[str, str | None] | None = None) -> Made:
    """Return a release for Asterisk 16 without voicemail: Debian 11 keeps that in a package that not every host has."""
    tree = {
        "modules.conf": TREE["modules.conf"].replace("load = app_voicemail.so\n", ""),
        "extensions.conf": WITHOUT,
        "voicemail.conf": None,
        **(changes or {}),
    }
    return release(tree, expect={"mailboxes": []}, asterisk=16)


WITHOUT = EXTENSIONS.replace("VoiceMail(101@default,u)", "Hangup()")


def test_a_release_goes_out_and_back_on_asterisk_16(server: Server) -> None:
    """First release, a reload, a refused fault, an undo: the same answers as on the newest system."""
    first = without_voicemail()
    told = server.begin(first, base="none")
    assert told["ok"], told
    assert server.agent("confirm", first.name)["ok"]
    seen = server.agent("observe")
    assert seen["endpoints"] == ["101", "102", "mokhaberat"]
    assert seen["queues"] == ["reception"]
    assert list(seen["registrations"]) == ["mokhaberat"]

    assert server.begin(release())["code"] == "wrong_asterisk"
    broken = without_voicemail({"pjsip.conf": PJSIP + "no_such_option = 1\n"})
    assert server.begin(broken)["code"] == "staging_failed"

    second = without_voicemail({"extensions.conf": WITHOUT + "exten => 9,1,Hangup()\n"})
    told = server.begin(second)
    assert told["ok"], told
    assert told["reloads"] == ["dialplan reload"]
    assert "Hangup" in server.host.asterisk("dialplan show 9@from-trunk")
    assert server.agent("undo")["ok"]
    assert server.current == first.name
    assert "Hangup" not in server.host.asterisk("dialplan show 9@from-trunk")
    assert server.leftovers() == ""
