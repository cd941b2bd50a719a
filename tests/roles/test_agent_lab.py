"""The agent on a real host with a real Asterisk: what it puts in force, what it refuses, and how it comes back."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shlex
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import archives
import pytest
from archives import EXTENSIONS, PJSIP, QUEUES, TREE, VOICEMAIL, Made, release

from kelid.deliver.program import program
from kelid.lab import Host, Lab, missing_requirements
from kelid.records.receipts import problems_of

pytestmark = pytest.mark.lab

FILES = Path(__file__).resolve().parents[2] / "roles" / "pbx_install" / "files"
ADOPTED = "0" * 64


@dataclass(frozen=True)
class Server:
    """A host with the agent on it."""

    lab: Lab
    host: Host

    def agent(self, *words: str, archive: bytes = b"") -> dict[str, Any]:
        """Return the agent's answer; its exit status must agree with it."""
        done = subprocess.run(
            [
                "ssh",
                "-F",
                str(self.lab.ssh_config),
                self.host.name,
                shlex.join(["/usr/local/lib/kelid/agent", *words]),
            ],
            input=archive,
            capture_output=True,
            check=False,
            timeout=120,
        )
        told: dict[str, Any] = json.loads(done.stdout)
        assert (done.returncode == 0) == told["ok"]
        return told

    def begin(self, made: Made, *more: str, base: str | None = None) -> dict[str, Any]:
        """Begin with a release, on the base that is there."""
        return self.agent("begin", "--base", base or self.current, *more, archive=made.archive)

    def apply(self, made: Made, *more: str) -> dict[str, Any]:
        """Begin and confirm."""
        told = self.begin(made, *more)
        assert told["ok"], told
        if told["changed"]:
            assert self.agent("confirm", made.name)["ok"]
        return told

    @property
    def current(self) -> str:
        """Return the name of the release in force."""
        return self.host.run(["readlink", "/var/lib/kelid/current"]).stdout.strip().removeprefix("releases/")

    @property
    def started(self) -> str:
        """Return when the live Asterisk was started."""
        return self.host.run(
            ["systemctl", "show", "-P", "ExecMainStartTimestampMonotonic", "asterisk"]
        ).stdout

    def leftovers(self) -> str:
        """Return what an agent must not leave behind."""
        return self.host.shell(
            "ls -A /var/lib/kelid | grep -E '^[.]|armed' || true; ls -A /var/lib/kelid/releases | grep '^[.]' || true;"
            " pgrep -fa 'asterisk -C /var/lib/kelid' || true; ls /var/log/asterisk | grep kelid || true"
        )


def until(condition: Callable[[], bool], limit: float) -> None:
    """Wait for a condition; fail after ``limit`` seconds."""
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.1)


def install(lab: Lab, name: str, image: str = "pbx") -> Server:
    """Make a host with the agent and its units, as pbx_install does."""
    host = lab.create_host(name, image, aliases=(f"{name}.noor.example",))
    host.shell(
        "install -d -g asterisk -m 0750 /var/lib/kelid /var/lib/kelid/releases /var/lib/kelid/media;"
        " install -d /usr/local/lib/kelid"
    )
    packed = base64.b64encode(program(FILES / "agent")).decode()
    host.write("/usr/local/lib/kelid/agent.base64", packed)
    host.shell("cd /usr/local/lib/kelid; base64 -d agent.base64 > agent; chmod 755 agent; rm agent.base64")
    for unit in ("kelid-undo.service", "kelid-undo.timer"):
        host.write(f"/etc/systemd/system/{unit}", (FILES / unit).read_text())
    host.run(["systemctl", "enable", "kelid-undo.service"])
    host.run(["systemctl", "daemon-reload"])
    host.wait_asterisk()
    return Server(lab, host)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Return a lab of this module's own, taken down at the end."""
    missing = missing_requirements()
    if missing:
        pytest.skip("; ".join(missing))
    name = f"agent-{os.getpid()}-{secrets.token_hex(2)}"
    try:
        yield Lab.up(name)
    finally:
        Lab(name).down()


@pytest.fixture(scope="module")
def adopted(lab: Lab) -> Server:
    """Return a server whose Asterisk was adopted and has the sample release."""
    server = install(lab, "pbx")
    assert server.agent("begin", "--base", "none", archive=release().archive)["code"] == "not_installed"
    first = server.agent("adopt")
    assert first["ok"]
    assert first["changed"]
    assert server.agent("adopt")["changed"] is False
    assert server.current == ADOPTED
    # The machine's own name stands for the trunk's: the live Asterisk must find something under it.
    lab.add_alias("pbx", "sip.mokhaberat.example")
    told = server.begin(release(), base="none")
    assert told["ok"], told
    assert told["restarted"]
    assert server.agent("confirm", release().name)["ok"]
    return server


@pytest.fixture
def server(adopted: Server) -> Iterator[Server]:
    """Return the server with the sample release in force; a test leaves nothing behind there."""
    adopted.apply(release())
    yield adopted
    assert adopted.leftovers() == ""


def test_a_change_reloads_only_what_changed_and_is_kept(server: Server) -> None:
    """A new extension comes into force without a restart; the old file's equal size and age fool nobody."""
    started = server.started
    new = release({"extensions.conf": EXTENSIONS.replace("PJSIP/102,20", "PJSIP/102,25")})
    told = server.begin(new)
    assert told["ok"], told
    assert told["reloads"] == ["dialplan reload"]
    assert told["restarted"] is False
    assert "PJSIP/102,25" in server.host.asterisk("dialplan show 102@internal")
    assert server.agent("status")["armed"]["release"] == new.name
    assert server.agent("confirm", new.name)["ok"]
    assert server.agent("confirm", new.name)["changed"] is False
    assert server.started == started
    seen = server.agent("observe")
    assert {key: sorted(seen[key]) for key in archives.EXPECT} == {
        key: sorted(value) for key, value in archives.EXPECT.items()
    }


def test_the_same_release_again_changes_nothing(server: Server) -> None:
    """A second begin is answered at once, whatever base it names, and touches no file."""
    before = server.host.shell(
        "find /var/lib/kelid/releases /var/lib/kelid/current -printf '%p %T@\\n' | sort"
    )
    told = server.begin(release(), base=release().name)
    assert (told["ok"], told["changed"]) == (True, False)
    assert (
        server.host.shell("find /var/lib/kelid/releases /var/lib/kelid/current -printf '%p %T@\\n' | sort")
        == before
    )


def test_a_password_of_equal_length_comes_into_force(server: Server) -> None:
    """Asterisk's cache compares size and time only, so releases must differ in time."""
    rotated = {**archives.SECRETS, "extension_101": archives.SECRETS["extension_101"][::-1]}
    told = server.apply(release(secrets=rotated))
    assert told["reloads"] == ["module reload res_pjsip.so"]
    assert rotated["extension_101"] in server.host.asterisk("pjsip show auth 101")
    assert archives.SECRETS["extension_101"] not in json.dumps(server.agent("status"))


FAULTS: dict[str, tuple[dict[str, str | None], dict[str, Any], str]] = {
    # What the log tells.
    "unclosed section": (
        {"extensions.conf": EXTENSIONS + "[broken\nexten => 1,1,NoOp()\n"},
        {},
        "extensions.conf",
    ),
    "missing include file": (
        {"extensions.conf": EXTENSIONS + "#include none-such.conf\n"},
        {},
        "none-such.conf",
    ),
    "bad priority": ({"extensions.conf": EXTENSIONS + "exten => 9,x,NoOp()\n"}, {}, "extensions.conf"),
    "garbage line": ({"extensions.conf": EXTENSIONS + "what is this\n"}, {}, "extensions.conf"),
    "missing context included": (
        {"extensions.conf": EXTENSIONS + "include => none-such\n"},
        {},
        "extensions.conf",
    ),
    "unknown pjsip option": ({"pjsip.conf": PJSIP + "no_such_option = 1\n"}, {}, "pjsip.conf"),
    "bad pjsip value": (
        {"pjsip.conf": PJSIP.replace("max_contacts = 2", "max_contacts = many")},
        {},
        "pjsip.conf",
    ),
    "bad queue strategy": ({"queues.conf": QUEUES.replace("ringall", "loudest")}, {}, "queues.conf"),
    "missing module": (
        {"modules.conf": TREE["modules.conf"] + "load = app_none_such.so\n"},
        {},
        "modules.conf",
    ),
    "missing file": ({"features.conf": None}, {}, "features.conf"),
    "unclosed parenthesis": ({"extensions.conf": EXTENSIONS + "exten => 9,1,NoOp(\n"}, {}, "extensions.conf"),
    "duplicate priority": (
        {"extensions.conf": EXTENSIONS + "exten => 9,1,NoOp()\nexten => 9,1,Hangup()\n"},
        {},
        "extensions.conf",
    ),
    "unknown queue option": ({"queues.conf": QUEUES + "no_such = 1\n"}, {}, "queues.conf"),
    # What Asterisk says nothing of.
    "unknown application": (
        {"extensions.conf": EXTENSIONS + "exten => 9,1,NoSuchApp(1)\n"},
        {},
        "extensions.conf",
    ),
    "goto nowhere": (
        {"extensions.conf": EXTENSIONS + "exten => 9,1,Goto(none-such,s,1)\n"},
        {},
        "extensions.conf",
    ),
    "unknown object type": (
        {"pjsip.conf": PJSIP.replace("type = aor\nmax", "type = aorr\nmax", 1)},
        {},
        "pjsip.conf",
    ),
    "endpoint's context": (
        {"pjsip.conf": PJSIP.replace("context = internal", "context = none-such", 1)},
        {},
        "pjsip.conf",
    ),
    "endpoint vanishes": (
        {"pjsip.conf": PJSIP.replace("[102]\ntype = endpoint", "[102x]\ntype = endpoint")},
        {},
        "pjsip.conf",
    ),
    "gap in priorities": (
        {"extensions.conf": EXTENSIONS + "exten => 9,1,NoOp()\nexten => 9,3,Hangup()\n"},
        {},
        "extensions.conf",
    ),
    "no first priority": ({"extensions.conf": EXTENSIONS + "exten => 9,2,Hangup()\n"}, {}, "extensions.conf"),
    "jump to a missing extension": (
        {"extensions.conf": EXTENSIONS + "exten => 9,1,GotoIf(1?internal,404,1)\n"},
        {},
        "extensions.conf",
    ),
    "jump to a missing label": (
        {"extensions.conf": EXTENSIONS + "exten => 9,1,GotoIf($[1]?there:here)\n same => n(here),Hangup()\n"},
        {},
        "extensions.conf",
    ),
    "subroutine that isn't there": (
        {"extensions.conf": EXTENSIONS + "exten => 9,1,Gosub(internal,404,1(a,b))\n"},
        {},
        "extensions.conf",
    ),
    "unknown function": (
        {"extensions.conf": EXTENSIONS + "exten => 9,1,Set(A=${NO_SUCH(1)})\n"},
        {},
        "extensions.conf",
    ),
    "unknown function that is written": (
        {"extensions.conf": EXTENSIONS + "exten => 9,1,Set(NO_SUCH(1)=2)\n"},
        {},
        "extensions.conf",
    ),
    "endpoint without a password": ({"pjsip.conf": PJSIP.replace("auth = 102\n", "")}, {}, "pjsip.conf"),
    "endpoint's auth is another": (
        {"pjsip.conf": PJSIP.replace("auth = 102\n", "auth = 103\n")},
        {},
        "pjsip.conf",
    ),
    "endpoint's aor is another": (
        {"pjsip.conf": PJSIP.replace("aors = 102\n", "aors = 103\n")},
        {},
        "pjsip.conf",
    ),
    "address of another machine": (
        {"pjsip.conf": PJSIP.replace("bind = 0.0.0.0:5060", "bind = 203.0.113.9:5060")},
        {},
        "pjsip.conf",
    ),
    "unknown voicemail option": (
        {"voicemail.conf": VOICEMAIL.replace("format = wav", "format = wav\nno_such_option = 1")},
        {},
        "voicemail.conf",
    ),
    "unknown option of a mailbox": (
        {"voicemail.conf": VOICEMAIL.replace("Sara", "Sara,,,no_such=1")},
        {},
        "voicemail.conf",
    ),
    "malformed mailbox": (
        {"voicemail.conf": VOICEMAIL.replace("Sara", "Sara,a@b.example,,attach=yes,tz=x")},
        {},
        "voicemail.conf",
    ),
    "queue's context": ({"queues.conf": QUEUES + "context = none-such\n"}, {}, "queues.conf"),
    "mailbox vanishes": ({"voicemail.conf": VOICEMAIL.replace("101 =>", "101 >")}, {}, "voicemail.conf"),
    "queue vanishes": (
        {"queues.conf": QUEUES + "; one too few\n"},
        {"queues": ["reception", "sales"]},
        "queues.conf",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_asterisk_would_not_take_is_refused_before_the_switch(server: Server, fault: str) -> None:
    """Every planted fault is found in the private Asterisk and told with its file; the live one stays as it is."""
    changes, expect, file = FAULTS[fault]
    started = server.started
    told = server.begin(release(changes, expect=expect))
    assert (told["ok"], told.get("code")) == (False, "staging_failed")
    assert file in {entry["file"] for entry in told["log"]}, told["log"]
    assert told["undone"] is False
    assert server.current == release().name
    assert server.started == started
    assert "PJSIP/101,20" in server.host.asterisk("dialplan show 101@internal")
    assert not any(value in json.dumps(told) for value in archives.SECRETS.values())


def test_a_finding_names_line_type_and_object(server: Server) -> None:
    """Sorcery's message names no file; the agent finds the place by the line and the section."""
    broken = PJSIP.replace("username = 101\n", "username = 101\nmd5_cred = %%secret:extension_101%%\n")
    told = server.begin(release({"pjsip.conf": broken}))
    assert told["code"] == "staging_failed"
    [entry] = [entry for entry in told["log"] if entry["line"]][:1]
    assert entry["file"] == "pjsip.conf"
    assert (entry["type"], entry["id"]) == ("auth", "101")
    assert "***" in entry["text"]
    assert archives.SECRETS["extension_101"] not in json.dumps(told)


def test_the_staged_asterisk_touches_nothing_live(server: Server) -> None:
    """Paths in the tree that lead to live folders lead elsewhere in the staged copy."""
    logger = TREE["logger.conf"] + "/var/log/asterisk/planted.log = notice,warning,error\n"
    extensions = EXTENSIONS + "exten => 9,1,NoSuchApp(1)\n"
    database = server.host.shell("stat -c %Y%s /var/lib/asterisk/astdb.sqlite3")
    told = server.begin(release({"logger.conf": logger, "extensions.conf": extensions}))
    assert told["code"] == "staging_failed"
    assert server.host.run(["test", "-e", "/var/log/asterisk/planted.log"], check=False).returncode == 1
    assert server.host.shell("stat -c %Y%s /var/lib/asterisk/astdb.sqlite3") == database


def test_another_base_is_stale(server: Server) -> None:
    """A plan that was made against another release is not carried out."""
    new = release({"extensions.conf": EXTENSIONS + "exten => 9,1,Hangup()\n"})
    for base in ("none", "f" * 64):
        assert server.begin(new, base=base)["code"] == "stale_base"
    assert server.current == release().name


def test_two_at_once_and_one_unconfirmed(server: Server) -> None:
    """The second of two is told that it must wait, and so is everyone while a change waits for its confirmation."""
    one = release({"extensions.conf": EXTENSIONS + "exten => 9,1,Hangup()\n"})
    two = release({"extensions.conf": EXTENSIONS + "exten => 8,1,Hangup()\n"})
    base = server.current
    told: list[dict[str, Any]] = []
    threads = [
        threading.Thread(target=lambda made=made: told.append(server.begin(made, base=base)))
        for made in (one, two)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((each["ok"], each.get("code")) for each in told) == [(False, "busy"), (True, None)]
    assert server.begin(release({"queues.conf": QUEUES + "\n"}), base=server.current)["code"] == "busy"
    assert server.agent("confirm", base)["code"] == "not_armed"
    assert server.agent("undo")["ok"]
    assert server.current == base
    assert server.agent("undo")["code"] == "not_armed"


@pytest.mark.parametrize(
    "name",
    [
        "files/../../../etc/cron.d/x",
        "/etc/cron.d/x",
        "files/.kelid/manifest.json",
        "other/x",
        "media/x.wav",
        f"media/../{'a' * 64}.wav",
        f"media/x/{'a' * 64}.wav",
    ],
)
def test_an_archive_that_leads_out_is_refused(server: Server, name: str) -> None:
    """No entry of an archive lands anywhere but in its release."""
    made = release({"extensions.conf": EXTENSIONS + "exten => 9,1,Hangup()\n"})
    members = {
        "manifest.json": json.dumps(made.manifest).encode(),
        **made.members,
        name: b"* * * * * root true\n",
    }
    told = server.agent("begin", "--base", server.current, archive=archives.pack(members))
    assert told["code"] == "bad_archive"
    assert server.host.run(["test", "-e", "/etc/cron.d/x"], check=False).returncode == 1


def test_links_damage_and_rubbish_are_refused(server: Server) -> None:
    """A link, a cut-off archive, a file that isn't the manifest's, and no archive at all."""
    made = release({"extensions.conf": EXTENSIONS + "exten => 9,1,Hangup()\n"})
    link = tarfile.TarInfo("files/x.conf")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/shadow"
    members = {"manifest.json": json.dumps(made.manifest).encode(), **made.members}
    damaged = {**members, "files/queues.conf": b"[general]\n"}
    for archive in (
        archives.pack(members, link),
        made.archive[: len(made.archive) // 2],
        archives.pack(damaged),
        b"rubbish",
        b"",
    ):
        assert server.agent("begin", "--base", server.current, archive=archive)["code"] == "bad_archive"
    assert server.begin(made.with_manifest(asterisk=16))["code"] == "wrong_asterisk"


def test_the_timer_undoes_what_nobody_confirms(server: Server) -> None:
    """The control node may die: after the time that was set the server goes back by itself."""
    new = release({"extensions.conf": EXTENSIONS + "exten => 9,1,Hangup()\n"})
    assert server.begin(new, "--confirm-within", "2")["ok"]
    until(lambda: server.current == release().name, 15)
    until(lambda: server.agent("status")["armed"] is None, 15)
    assert "no existence of 9@from-trunk" in server.host.asterisk("dialplan show 9@from-trunk")
    assert server.agent("confirm", new.name)["code"] == "not_armed"
    assert server.agent("status")["last"]["event"] == "undone"
    told_once(server, new, "timer")


def test_a_power_cut_undoes_as_well(server: Server) -> None:
    """A reboot while the change waits: Asterisk comes up on the old release, and nothing is armed."""
    new = release({"extensions.conf": EXTENSIONS + "exten => 9,1,Hangup()\n"})
    assert server.begin(new, "--confirm-within", "600")["ok"]
    server.lab.kill_host(server.host.name)
    server.lab.boot_host(server.host.name).wait_asterisk()
    assert server.current == release().name
    assert server.agent("status")["armed"] is None
    assert "PJSIP/101,20" in server.host.asterisk("dialplan show 101@internal")
    told_once(server, new, "reboot")


def told_once(server: Server, made: Made, by: str) -> None:
    """A server that went back by itself says so to the next run, which does nothing; the one after that goes on."""
    back = server.agent("status")["went_back"]
    assert (back["entry"]["by"], back["entry"]["release"]) == (by, made.name)
    refused = server.begin(made)
    assert refused["code"] == "went_back"
    assert back["story"] in refused["message"]
    assert server.agent("status")["went_back"] is None
    assert server.begin(made)["changed"]
    assert server.agent("undo")["ok"]


def test_dynamic_members_and_pauses_come_back(server: Server) -> None:
    """Taking a queue away loses its dynamic members; the undo gives them back."""
    server.host.asterisk("queue add member PJSIP/102 to reception penalty 3 as Reza")
    server.host.asterisk('queue pause member PJSIP/102 queue reception reason "at lunch"')
    without = release(
        {
            "queues.conf": "[general]\n",
            "extensions.conf": EXTENSIONS.replace("Queue(reception,,,,60)", "Hangup()"),
        },
        expect={"queues": []},
    )
    assert server.begin(without)["ok"]
    assert "reception" not in server.host.asterisk("queue show")
    assert server.agent("undo")["ok"]
    members = server.host.asterisk("queue show reception")
    assert "Reza" in members
    assert "penalty 3" in members
    assert "paused:at lunch" in members
    server.host.asterisk("queue remove member PJSIP/102 from reception")


def test_drift_is_seen_and_repaired(server: Server) -> None:
    """A file changed by hand on the server shows in the status, and an apply of the same release puts it right."""
    server.host.shell(
        "echo '; by hand' >> /var/lib/kelid/current/queues.conf; touch /var/lib/kelid/current/extra.conf"
    )
    assert server.agent("status")["drift"] == ["extra.conf", "queues.conf"]
    told = server.apply(release())
    assert told["changed"]
    assert told["reloads"] == ["queue reload all"]
    assert server.agent("status")["drift"] == []
    assert server.current == release().name


def test_a_module_more_is_loaded_and_one_less_needs_a_restart(server: Server) -> None:
    """What is only added needs no restart; what goes away does, and waits for calls to end."""
    started = server.started
    modules = TREE["modules.conf"] + "load = res_clioriginate.so\n"
    more = release({"modules.conf": modules, "extensions.conf": EXTENSIONS + "exten => 7,1,Wait(60)\n"})
    assert server.apply(more)["reloads"] == ["module load res_clioriginate.so", "dialplan reload"]
    assert server.started == started
    assert server.begin(release(), "--restart", "never")["code"] == "restart_needed"
    server.host.asterisk("channel originate Local/7@from-trunk application Wait 60")
    until(lambda: server.agent("status")["channels"] > 0, 5)
    assert server.begin(release())["code"] == "calls_active"
    server.host.asterisk("channel request hangup all")
    until(lambda: server.agent("status")["channels"] == 0, 10)
    assert server.apply(release())["restarted"]


def test_a_restart_waits_for_calls_to_end_or_is_called_off(server: Server) -> None:
    """Idle waits and refuses nobody; drain turns new calls away, and takes them again when its time is up."""
    modules = TREE["modules.conf"] + "load = res_clioriginate.so\n"
    waits = EXTENSIONS + "exten => 7,1,Answer()\n same => n,Wait(600)\n"
    server.apply(release({"modules.conf": modules, "extensions.conf": waits}))
    started, base = server.started, server.current
    less = release({"extensions.conf": waits})
    talk(server)

    refused = server.begin(less, "--restart", "drain", "--limit", "1")
    assert (refused["code"], server.started, server.current) == ("calls_active", started, base)
    assert server.agent("status")["armed"] is None
    assert server.agent("status")["last"]["event"] == "refused"
    until(lambda: talk(server) and server.agent("status")["channels"] >= 4, 10)

    told: list[dict[str, Any]] = []
    account = json.dumps({"change": "c0ffee"})
    waiting = threading.Thread(
        target=lambda: told.append(
            server.begin(less, "--restart", "idle", "--limit", "120", "--account", account)
        )
    )
    waiting.start()
    until(lambda: server.host.shell("ls -d /var/lib/kelid/releases/.new-* || true") != "", 20)
    answer = server.agent("undo", "--change", "c0ffee")
    waiting.join()
    assert (answer["code"], answer["became"]["event"], told[0]["code"]) == (
        "not_armed",
        "refused",
        "cancelled",
    )
    assert (server.started, server.current) == (started, base)
    server.host.asterisk("channel request hangup all")
    until(lambda: server.agent("status")["channels"] == 0, 10)

    talk(server, seconds=25)
    draining = threading.Thread(
        target=lambda: told.append(server.begin(less, "--restart", "drain", "--limit", "120"))
    )
    draining.start()
    until(lambda: server.agent("status")["armed"] is not None, 30)
    assert "during shutdown" in server.host.asterisk(
        "channel originate Local/7@from-trunk application Wait 1"
    )
    draining.join()
    assert (told[1]["ok"], told[1].get("restarted")) == (True, True), told[1]
    assert server.agent("confirm", less.name)["ok"]
    assert server.started != started


def talk(server: Server, seconds: int = 600) -> bool:
    """Have a call begin."""
    server.host.asterisk(f"channel originate Local/7@from-trunk application Wait {seconds}")
    return True


def test_an_earlier_release_comes_back_as_carefully_as_a_new_one(server: Server) -> None:
    """Tried, armed, and kept when confirmed; what isn't whole any more, or isn't there, is refused."""
    first = release().name
    new = release({"extensions.conf": EXTENSIONS + "exten => 9,1,Hangup()\n"})
    server.apply(new)
    known = server.agent("releases")
    assert (known["current"], known["previous"]) == (new.name, first)
    assert server.agent("release")["target"]["release"] == first
    assert server.agent("release", first[:12])["target"]["release"] == first
    assert server.agent("release", "f" * 20)["code"] == "no_release"

    assert server.agent("rollback", first, "--base", "f" * 64)["code"] == "stale_base"
    assert server.agent("rollback", first, "--base", new.name, "--state", "f" * 64)["code"] == "stale_base"
    told = server.agent("rollback", first, "--base", new.name, "--state", known["state"])
    assert (told["ok"], told["reloads"], told["expect"]["queues"]) == (
        True,
        ["dialplan reload"],
        ["reception"],
    )
    assert server.agent("status")["armed"]["release"] == first
    assert server.agent("confirm", first)["ok"]
    assert "no existence of 9@from-trunk" in server.host.asterisk("dialplan show 9@from-trunk")
    assert server.agent("status")["last"]["verb"] == "rollback"

    server.host.shell(f"echo '; by hand' >> /var/lib/kelid/releases/{new.name}/queues.conf")
    assert server.agent("rollback", new.name, "--base", first)["code"] == "damaged"
    assert server.current == first


def test_what_was_there_before_kelid_comes_back(server: Server) -> None:
    """Release 0 by a restart, verified by what Asterisk had loaded then; and from there to a release again."""
    before = server.agent("release", "0")
    assert before["target"]["release"] == ADOPTED
    told = server.agent("rollback", ADOPTED, "--base", server.current)
    assert (told["ok"], told["restarted"], told["not_staged"] != []) == (True, True, True), told
    assert told["expect"]["contexts"]
    assert server.agent("confirm", ADOPTED)["ok"]
    assert server.agent("observe")["expect"] == told["expect"]
    assert server.begin(release(), base="none")["restarted"]
    assert server.agent("confirm", release().name)["ok"]


def test_what_is_guarded_is_refused_by_the_server_itself(server: Server) -> None:
    """Whoever asks: kelid, a playbook, AWX. The override and its reason are in the receipt."""
    guards = {"extensions": ["101", "102"], "trunks": {"mokhaberat": "1"}, "emergency": {"sos": "1"}}
    first = release({"queues.conf": QUEUES + "; guarded\n"}).with_manifest(guard=guards)
    server.apply(first)
    touching = {"extensions": ["101"], "trunks": {"mokhaberat": "2"}, "emergency": {"sos": "1"}}
    second = release({"queues.conf": QUEUES + "; touching\n"}).with_manifest(guard=touching)
    refused = server.begin(second)
    assert (refused["code"], sorted(refused["touched"])) == ("guarded", ["extensions", "trunk:mokhaberat"])
    half = json.dumps({"overrides": {"trunk:mokhaberat": ""}})
    assert list(server.begin(second, "--account", half)["touched"]) == ["extensions"]
    whole = json.dumps(
        {"overrides": {"trunk:mokhaberat": "new company", "extensions": "they moved"}, "who": "Sara"}
    )
    assert (
        server.apply(second, "--account", whole)["touched"]["trunk:mokhaberat"] == "trunk mokhaberat changes"
    )
    last = server.agent("status")["last"]
    assert (last["event"], last["who"], last["overrides"]["extensions"]) == (
        "confirmed",
        "Sara",
        "they moved",
    )


def test_every_change_and_refusal_has_its_line_in_one_whole_chain(server: Server) -> None:
    """All that the tests of this file did, kills and reboots and full disks with it."""
    told = server.agent("receipts")
    assert problems_of(told["lines"]) == []
    assert (
        server.host.run(["stat", "-c", "%a %U %G", "/var/lib/kelid/receipts.jsonl"]).stdout
        == "640 root asterisk\n"
    )
    events = [json.loads(line)["event"] for line in told["lines"]]
    assert {"adopted", "begun", "confirmed", "undone", "refused"} <= set(events)
    assert not any(value in "".join(told["lines"]) for value in archives.SECRETS.values())
    assert json.loads(told["lines"][-1]) == json.loads(server.agent("receipts", "--last", "1")["lines"][0])


def test_an_asterisk_that_stands_still_is_started(server: Server) -> None:
    """Where Asterisk doesn't run, the new release must bring it up."""
    server.host.run(["systemctl", "stop", "asterisk"])
    new = release({"extensions.conf": EXTENSIONS + "exten => 9,1,Hangup()\n"})
    told = server.apply(new)
    assert told["restarted"]
    assert "Hangup" in server.host.asterisk("dialplan show 9@from-trunk")


def test_a_full_disk_leaves_nothing_half_done(server: Server) -> None:
    """At whatever byte the disk fills up, the answer is clear and the old release stays."""
    host, state, small = server.host, "/var/lib/kelid", "/tmp/small"
    rows = "".join(f"exten => 9{n},1,NoOp({'x' * 400})\n" for n in range(1000, 1900))
    new = release({"extensions.conf": EXTENSIONS + rows})
    before = server.current

    def mount(size: str) -> str:
        return f"mount -t tmpfs -o size={size},mode=0750 none {small}; chgrp asterisk {small}; cp -a {state}/. {small}/"

    host.shell(f"mkdir {small}; {mount('64m')}")
    used = int(host.shell(f"du -sk {small} | cut -f1"))
    host.shell(f"umount {small}; {mount(f'{used + 4000}k')}; mount --bind {small} {state}")
    try:
        for free in (40, 200, 420, 700):
            left = int(host.shell(f"df -k --output=avail {state} | tail -1"))
            host.shell(f"head -c {(left - free) * 1024} /dev/zero > {state}/ballast")
            told = server.begin(new)
            assert told["code"] == "disk_full", (free, told)
            assert server.current == before
            host.shell(f"rm {state}/ballast")
            assert server.leftovers() == ""
        assert "PJSIP/101,20" in host.asterisk("dialplan show 101@internal")
    finally:
        host.shell(f"umount {state}; umount {small}; rmdir {small}")


def test_old_releases_and_their_prompts_go(server: Server) -> None:
    """Ten releases stay, the adopted one too, and a prompt goes with the last release that names it."""
    prompt = "a" * 64 + ".wav"
    media = {prompt: b"RIFF", f"en/{prompt}": b"RIFX", f"pt_BR/{prompt}": b"RIFX"}
    server.apply(release({"queues.conf": QUEUES + "; 0\n"}, media=media))
    for name, mode in ((prompt, "640"), ("en", "750"), (f"en/{prompt}", "640")):
        told = server.host.run(["stat", "-c", "%a %G", f"/var/lib/kelid/media/{name}"]).stdout
        assert told == f"{mode} asterisk\n"
    assert server.host.run(["cat", f"/var/lib/kelid/media/en/{prompt}"]).stdout == "RIFX"
    for number in range(1, 12):
        server.apply(release({"queues.conf": QUEUES + f"; {number}\n"}))
    names = server.host.run(["ls", "/var/lib/kelid/releases"]).stdout.split()
    assert len(names) == 11
    assert ADOPTED in names
    assert server.current in names
    assert server.host.run(["ls", "/var/lib/kelid/media"]).stdout == ""
