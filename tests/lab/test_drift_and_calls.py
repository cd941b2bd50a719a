"""What an apply verifies with calls, and what `kelid drift` tells of a server, on a real one over ssh.

The tests of this file share one server and run in their order: each leaves it on the release that git says.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator

import pytest
from test_apply import SAMPLES, Clinic

from kelid import pipeline
from kelid.findings import Exit
from kelid.lab import Lab
from kelid.lab.processes import wait_until

pytestmark = pytest.mark.lab

CALLS = """\
  - name: holiday-line
    names: {fa: خط تعطیلات, en: The line of the holidays}
    from: trunk:mokhaberat
    dial: "02188001235"
    caller: "02144556677"
    at: 1405-09-07 11:00
    expect: [announcement:holiday, answered, prompt:holiday, hangup]
    after_apply: true
"""
CANARY = "Canary-7f3a"


@pytest.fixture(scope="module")
def clinic(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """The clinic with calls into a dial plan of its own, installed and applied."""
    folder = tmp_path_factory.mktemp("drift")
    shutil.copytree(SAMPLES / "noor-clinic", folder / "sites" / "noor-clinic")
    shutil.copy(SAMPLES / pipeline.SAMPLE_PASSWORD, folder / "sites")
    clinic = Clinic(lab, lab.create_host("drifting", "pbx"), folder)
    with (clinic.site / "calls.yml").open("a", encoding="utf-8") as file:
        file.write(CALLS)
    clinic.edit("routes.yml", "destination: extension:107", "destination: announcement:holiday")
    # Nobody answers at this address, and nobody has to look it up.
    trunks = clinic.site / "trunks.yml"
    trunks.write_text(
        trunks.read_text(encoding="utf-8").replace("sip.mokhaberat.example", "192.0.2.1"), "utf-8"
    )
    clinic.commit("as ordered")
    assert clinic.kelid("install").returncode == Exit.OK
    applied = clinic.kelid("apply", "--yes")
    assert applied.returncode == Exit.OK, applied.stdout + applied.stderr
    yield clinic
    lab.destroy_host("drifting")


def left_behind(clinic: Clinic) -> str:
    """Return what placed calls must not leave: channels, records, logs."""
    return clinic.host.shell(
        "asterisk -rx 'core show channels concise' | grep kelid || true;"
        " cat /var/log/asterisk/cdr-csv/*.csv 2>/dev/null || true;"
        " asterisk -rx 'logger show channels' | grep kelid || true; ls /var/log/asterisk | grep kelid || true"
    )


def test_calls_are_placed_and_leave_nothing(clinic: Clinic) -> None:
    done = clinic.kelid("verify", "--calls", "--json")

    assert done.returncode == Exit.OK, done.stdout + done.stderr
    assert json.loads(done.stdout)["calls"] == {
        "laboratory-may-not-call-out": "ok",
        "holiday-line": "ok",
    }
    assert left_behind(clinic) == ""


def test_a_call_that_something_in_the_database_may_lead_elsewhere_is_not_placed(clinic: Clinic) -> None:
    clinic.host.asterisk("database put BLACKLIST 02144556677 1")
    done = clinic.kelid("verify", "--calls")
    clinic.host.asterisk("database del BLACKLIST 02144556677")

    assert done.returncode == Exit.OK, done.stdout + done.stderr
    assert "call holiday-line: not placed: the server's database has BLACKLIST/02144556677" in done.stdout


def test_a_call_that_goes_elsewhere_takes_the_apply_back(clinic: Clinic) -> None:
    """Somebody has changed the running dial plan, and a reload of queues doesn't put it right."""
    release = clinic.release()
    clinic.host.asterisk("dialplan remove extension 09121234567@from-class-internal")
    clinic.host.asterisk("dialplan add extension 09121234567,1,Busy(1) into from-class-internal")
    clinic.edit("queues.yml", "timeout: 20", "timeout: 22")
    clinic.commit("longer")

    done = clinic.kelid("apply", "--yes")

    assert done.returncode == Exit.ROLLED_BACK, done.stdout + done.stderr
    assert "call laboratory-may-not-call-out: step " in done.stderr
    assert "from-class-internal,09121234567,1 Busy(1), not" in done.stderr
    assert clinic.release() == release
    assert left_behind(clinic) == ""

    clinic.host.asterisk("dialplan reload")
    again = clinic.kelid("apply", "--yes")
    if again.returncode != Exit.OK:  # the way back is told once, before anything else happens
        again = clinic.kelid("apply", "--yes")
    assert again.returncode == Exit.OK, again.stdout + again.stderr


def test_an_agent_that_is_killed_among_its_calls_leaves_no_log_that_grows(clinic: Clinic) -> None:
    exten = "call_holiday_line"
    agent = subprocess.Popen(
        ["ssh", "-F", str(clinic.lab.ssh_config), clinic.host.name, "/usr/local/lib/kelid/agent", "calls"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    assert agent.stdin is not None
    agent.stdin.write(json.dumps({"holiday-line": {"exten": exten}}).encode())
    agent.stdin.close()
    wait_until("the call", lambda: exten in clinic.host.asterisk("core show channels concise"), timeout=20)
    assert "kelid-calls" in clinic.host.asterisk("logger show channels")

    clinic.host.run(["pkill", f"-{signal.SIGKILL.value}", "-f", "kelid/agent calls"], check=False)
    agent.wait(20)

    wait_until("the end of log and call", lambda: not left_behind(clinic), timeout=30)


def drift(clinic: Clinic, *words: str) -> tuple[int, str, str]:
    done = clinic.kelid("drift", *words)
    return done.returncode, done.stdout, done.stderr


def test_a_server_that_is_as_it_should_be(clinic: Clinic) -> None:
    code, told, said = drift(clinic, "--lines")
    assert (code, told.splitlines()[1:]) == (Exit.OK, ["  as its release and git say"]), said


BY_HAND = rf"""
cd /var/lib/kelid/current/
sed -i 's/^timeout = 22/timeout = 33/' queues.conf
sed -i '0,/^callerid = /s//callerid = By hand /' pjsip.conf
sed -i '0,/^password = .*/s//password = {CANARY}-sip/' pjsip.conf
echo '109 => {CANARY}-vm,By hand' >> voicemail.conf
printf '\n[door]\nexten => 1,1,Answer() ; {CANARY}-comment\n' >> extensions.conf
printf ' same => n,Playback(beep)\n same => n,Hangup()\n' >> extensions.conf
printf '\n[safe]\nexten => 1,1,Authenticate({CANARY}-pin)\n same => n,Set(PIN={CANARY}-set)\n' >> extensions.conf
printf '\n[x\033]0;owned\007]\ntype = aor\nmailboxes = \033[2J\n' >> pjsip.conf
echo '{CANARY}' > notes.txt; ln -s /etc/shadow link.conf; mkfifo pipe.conf
asterisk -rx 'queue reload all'; asterisk -rx 'dialplan reload'
"""


def test_what_was_changed_by_hand_is_told_without_secrets_and_without_harm(clinic: Clinic) -> None:
    secrets = clinic.secrets.values()
    clinic.host.shell(BY_HAND)

    code, told, said = drift(clinic, "--lines", "-vv")
    data = clinic.kelid("drift", "--json")

    assert code == data.returncode == Exit.CHANGES, said
    everything = told + said + data.stdout + data.stderr
    assert CANARY not in everything
    assert not any(secret in everything for secret in secrets)
    assert all(one.isprintable() or one in "\n\u200c" for one in told + data.stdout)
    (server,) = json.loads(data.stdout)["servers"]
    changed = {(item["kind"], item["name"]): item for item in server["changed"]}
    assert changed["queue", "reception"]["details"] == [{"key": "timeout", "before": "22", "after": "33"}]
    assert changed["queue", "reception"]["git"] == "before"
    assert "queues.yml" in changed["queue", "reception"]["yaml"]
    assert ("context", "door") in changed
    # The release before is still there, and says that it was another.
    assert (server["secrets"], server["unsure"]) == (["trunk_mokhaberat"], [])
    assert set(server["odd"]) == {"notes.txt", "link.conf", "pipe.conf"}


def test_what_yaml_can_say_is_adopted_and_an_apply_ends_all_drift(clinic: Clinic) -> None:
    done = clinic.kelid("drift", "--adopt")

    assert done.returncode == Exit.CHANGES, done.stdout + done.stderr
    assert CANARY not in done.stdout + done.stderr
    assert "timeout: 33" in (clinic.site / "queues.yml").read_text(encoding="utf-8")
    assert "[door]" in (clinic.site / "custom" / "from-server.conf").read_text(encoding="utf-8")
    assert CANARY not in "".join(path.read_text(encoding="utf-8") for path in clinic.site.rglob("*.conf"))
    clinic.commit("what was changed on the server")

    applied = clinic.kelid("apply", "--yes")

    assert applied.returncode == Exit.OK, applied.stdout + applied.stderr
    code, told, _ = drift(clinic)
    assert (code, told.splitlines()[1:]) == (Exit.OK, ["  as its release and git say"])
    assert "1. Playback" in clinic.host.asterisk("dialplan show 1@door").replace("2.", "1.")


def test_a_server_that_can_not_be_asked(clinic: Clinic) -> None:
    done = clinic.kelid("drift", server={"--address": "192.0.2.1"})
    assert done.returncode == Exit.UNREACHABLE
    assert "could not reach" in done.stderr


def test_the_running_asterisk_may_differ_from_its_files(clinic: Clinic) -> None:
    clinic.host.asterisk("dialplan remove context door")
    code, told, _ = drift(clinic)
    assert code == Exit.CHANGES
    assert "context door is missing from the running Asterisk" in told
    clinic.host.asterisk("dialplan reload")
    assert drift(clinic)[0] == Exit.OK
