"""Queues in a real Asterisk with real phones: logins by code, penalties over time, the ways out, supervisors.

The sample clinic's tree with other queues is laid into the host's own configuration folder, without the agent.
"""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kelid.compile import compile_site
from kelid.lab import Host, Lab, Phone
from kelid.lab.processes import wait_until
from kelid.load import load_site
from kelid.model.bundle import Bundle
from kelid.model.pbx import SECRET
from kelid.model.record import replace
from kelid.render import render

pytestmark = pytest.mark.lab

IMAGES = {22: "pbx", 16: "pbx11"}
PASSWORD = "secret4711"
STRATEGIES = ("ringall", "leastrecent", "fewestcalls", "random", "rrmemory", "rrordered", "linear", "wrandom")
QUEUES = """
defaults: {timeout: 30, retry: 1, max_wait: 120}
penalty_rules:
  - {name: widen, steps: [{after: 0, max_penalty: 0}, {after: 3, max_penalty: 5}]}
queues:
  - name: reception
    names: {fa: پذیرش, en: Reception}
    number: 600
    timeout: 2
    penalty_rule: widen
    periodic_announce: [welcome, "builtin:queue-periodic-announce"]
    periodic_announce_frequency: 5
    announce_position: more
    announce_frequency: 20
    sounds: {thankyou: "", youarenext: closed}
    joinempty: [paused, unavailable, invalid, unknown]
    maxlen: 1
    keys: [{digit: 1, destination: extension:104}]
    callback: {digit: 2, permission_class: national, numbers: [09XXXXXXXXX]}
    full_destination: announcement:closed
    empty_destination: voicemail:103
    supervisors: [{extension: 104, may: [listen]}]
    priorities: [{callers: [103], priority: 10}]
    members: [{extension: 101}]
    dynamic: {members: [{extension: 102, penalty: 3}]}
    destination: voicemail:101
"""
MORE = "  - {{name: {0}, names: {{fa: x, en: x}}, strategy: {0}, members: [{{extension: 106}}], destination: hangup}}\n"


@pytest.fixture(scope="module", params=sorted(IMAGES, reverse=True), ids=lambda version: f"asterisk{version}")
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def bundle(root: Path, version: int, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("site") / "noor-clinic"
    shutil.copytree(root / "sites" / "noor-clinic", folder)
    (folder / "queues.yml").write_text(QUEUES + "".join(MORE.format(word) for word in STRATEGIES))
    loaded = load_site(folder)
    assert loaded.site, loaded.findings
    return render(compile_site(replace(loaded.site, servers=replace(loaded.site.servers, asterisk=version))))


@pytest.fixture(scope="module")
def pbx(lab: Lab, root: Path, version: int, bundle: Bundle) -> Iterator[Host]:
    host = lab.create_host(f"queues{version}", image=IMAGES[version])
    host.wait_asterisk()
    for path, text in bundle.files.items():
        host.write(f"/etc/asterisk/{path}", SECRET.sub(PASSWORD, text), mode="0640", owner="root:asterisk")
    for media in bundle.media:
        sound = (root / "sites" / "noor-clinic" / media.source).read_bytes()
        place = f"/var/lib/kelid/media/{media.file_name}"
        script = 'mkdir -p "$(dirname "$1")" && base64 -d > "$1"'
        host.run(["sh", "-c", script, "sh", place], input=base64.b64encode(sound).decode())
    host.run(["systemctl", "restart", "asterisk"])
    host.wait_asterisk()
    yield host
    lab.destroy_host(host.name)


@pytest.fixture(scope="module")
def phones(lab: Lab, pbx: Host, version: int) -> Iterator[dict[str, Phone]]:
    found = {
        number: lab.phone(f"queue-{number}-{version}", number, PASSWORD, pbx.name)
        for number in ("101", "102", "103", "104")
    }
    for phone in found.values():
        phone.register()
    for phone in found.values():
        phone.wait_registered()
    yield found
    for phone in found.values():
        phone.stop()


@pytest.fixture(autouse=True)
def no_calls_left(pbx: Host, phones: dict[str, Phone]) -> Iterator[None]:
    """End what a test has left; a member's phone has rung many times over, and the next test is told of none of them."""
    yield
    pbx.asterisk("channel request hangup all")
    wait_until("silence", lambda: "0 active channels" in pbx.asterisk("core show channels"), timeout=30)
    for phone in phones.values():
        phone.behave("ring")
        phone.quiet()


def end(phone: Phone) -> None:
    """Hang up, and take the end that the phone tells of: the next wait would take it for its own."""
    phone.hangup()
    phone.wait_ended(20)


def member(host: Host, number: str, queue: str = "reception") -> str:
    """Return what the queue says of a member; "" if it is none."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", host.asterisk(f"queue show {queue}"))
    return next((line for line in text.splitlines() if f"(PJSIP/{number} from " in line), "")


def where(host: Host, number: str) -> str:
    """Return context, extension and application of the phone's call."""
    text = host.asterisk("core show channels concise")
    found = re.search(rf"^PJSIP/{number}-\w+!([^!]*)!([^!]*)!\d+!\w+!([^!]*)!", text, re.MULTILINE)
    return ",".join(found.groups()) if found else ""


def shows(host: Host, number: str, wanted: str, limit: float = 20) -> None:
    """Wait until the queue says this of a member: the state of a phone gets there a little later."""
    wait_until(f"{wanted!r} of {number}", lambda: wanted in member(host, number), timeout=limit)


def comes_to(host: Host, number: str, wanted: str, limit: float = 30) -> None:
    wait_until(f"{number} at {wanted}", lambda: where(host, number) == wanted, timeout=limit)


def test_all_strategies_and_the_rule_are_there(pbx: Host) -> None:
    shown = pbx.asterisk("queue show")
    for strategy in STRATEGIES:
        assert re.search(rf"^{strategy} has 0 calls .*'{strategy}' strategy", shown, re.MULTILINE)
    rule = pbx.asterisk("queue show rules")
    assert "After 0 seconds, adjust QUEUE_MAX_PENALTY to 0" in rule
    assert "After 3 seconds, adjust QUEUE_MAX_PENALTY to 5" in rule
    log = pbx.run(["cat", "/var/log/asterisk/messages.log"]).stdout
    assert not [line for line in log.splitlines() if "app_queue" in line]


def test_members_log_in_and_pause_by_code(pbx: Host, phones: dict[str, Phone]) -> None:
    phones["103"].dial("*41600")
    assert not member(pbx, "103"), "who may not log in doesn't"
    phones["102"].dial("*41600")
    assert "with penalty 3" in member(pbx, "102")
    assert "(dynamic)" in member(pbx, "102")
    phones["103"].dial("*46600*102")
    assert "paused" not in member(pbx, "102"), "nobody pauses another"
    phones["102"].dial("*46600*102")
    assert "paused" in member(pbx, "102")
    lit = re.compile(r"\*46600\*102@features.*State:InUse")
    wait_until("the lamp", lambda: lit.search(pbx.asterisk("core show hints")), timeout=20)
    phones["102"].dial("*46102")
    assert "paused" not in member(pbx, "102")
    phones["102"].dial("*45102")
    assert not member(pbx, "102")
    phones["102"].dial("*45600*102")
    assert "(dynamic)" in member(pbx, "102")
    lamps = pbx.asterisk("devstate list")
    for lamp in ("QLOGIN102", r"QLOGIN600\*102"):
        assert re.search(rf"'Custom:{lamp}'\s+State: 'INUSE'", lamps)


def test_who_wants_to_be_left_alone_is_not_rung_by_a_queue(pbx: Host, phones: dict[str, Phone]) -> None:
    phones["101"].dial("*78")
    shows(pbx, "101", "(In use)")
    phones["101"].dial("*79")
    shows(pbx, "101", "(Not in use)")


def test_more_members_ring_the_longer_a_caller_waits_and_supervisors_hear_it(
    pbx: Host, phones: dict[str, Phone]
) -> None:
    # Who has a higher penalty is rung while none with a lower one is free, and then only as the rule lets.
    phones["101"].dial("*47")
    phones["103"].call("600")
    phones["102"].wait_incoming(40)
    waited = re.search(r"wait: 0:(\d+), prio: 10", pbx.asterisk("queue show reception"))
    assert waited
    assert int(waited.group(1)) >= 3
    # It rings for two seconds at a time: it takes the next call that comes.
    phones["102"].behave("answer")
    shows(pbx, "102", "(in call)", 40)
    phones["104"].call("*33102")
    comes_to(pbx, "104", "queue-listen,104,ChanSpy")
    end(phones["104"])
    phones["101"].dial("*33102")
    end(phones["103"])
    phones["102"].wait_ended(20)
    phones["104"].dial("*33")
    phones["101"].dial("*48")


def test_the_ways_out_of_a_queue(pbx: Host, phones: dict[str, Phone]) -> None:
    phones["102"].dial("*42")
    assert not member(pbx, "102")
    phones["103"].call("600")
    comes_to(pbx, "103", "queues,reception,Queue")
    phones["102"].call("600")
    comes_to(pbx, "102", "announcement-closed,s,Playback")
    end(phones["102"])
    phones["103"].digits("1")
    phones["104"].wait_incoming(30)
    end(phones["103"])
    phones["104"].wait_ended(20)
    # That phone has rung, and would tell of those calls first.
    pbx.asterisk("queue pause member PJSIP/101")
    phones["103"].call("600")
    comes_to(pbx, "103", "voicemail-unavailable,103,VoiceMail")
    pbx.asterisk("queue unpause member PJSIP/101")


def test_a_caller_hangs_up_and_keeps_the_place(pbx: Host, phones: dict[str, Phone]) -> None:
    pbx.asterisk("logger add channel steps.log verbose(4)")
    pbx.asterisk("queue add member PJSIP/102 to reception")
    phones["103"].call("600")
    phones["102"].wait_incoming(30)
    phones["103"].digits("2")
    comes_to(pbx, "103", "queue-reception-callback,s,Read")
    phones["103"].digits("09121234567#")

    def log() -> str:
        return pbx.run(["cat", "/var/log/asterisk/steps.log"]).stdout

    wait_until("the number read back", lambda: "to-call-this-number" in log(), timeout=30)
    phones["103"].digits("1")
    phones["103"].wait_ended(20)
    place = re.compile(r"1\. Local/09121234567\*1@queue-reception-place-\w+;2")
    wait_until("the caller's place", lambda: place.search(pbx.asterisk("queue show reception")), timeout=20)
    assert "class-national" not in log().split("Originate")[-1], "nobody is called before a member answers"
    phones["102"].behave("answer")
    wait_until(
        "the call to the caller",
        lambda: "[09121234567@class-national" in log() or "09121234567@route" in log(),
        timeout=30,
    )


def test_who_is_logged_in_stays_so_through_a_restart(pbx: Host, phones: dict[str, Phone]) -> None:
    pbx.asterisk("queue remove member PJSIP/102 from reception")
    phones["102"].call("*41")
    shows(pbx, "102", "(dynamic)")
    pbx.run(["systemctl", "restart", "asterisk"])
    pbx.wait_asterisk()
    assert "(dynamic)" in member(pbx, "102")
