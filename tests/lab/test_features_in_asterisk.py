"""What phones can do beside calling, with real phones and a real telephone company, on both versions of Asterisk."""

from __future__ import annotations

import base64
import email
import email.policy
import json
import re
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest

from kelid.compile import compile_site
from kelid.deliver.program import program
from kelid.deliver.release import fill
from kelid.findings import has_errors
from kelid.lab import Host, Lab, LabError, Phone, Telco
from kelid.lab.processes import wait_until
from kelid.load import load_files
from kelid.readback import readback
from kelid.render import escape, render
from kelid.rules import check

pytestmark = pytest.mark.lab

IMAGES = {22: "pbx", 16: "pbx11"}
DID = "02188001234"
DISA, CALLBACK, FAX = "02188001235", "02188001236", "02188001237"
STAFF, STRANGER = "09121112233", "02144556677"
TAXI, FRIEND = "02122334455", "02133445566"
HOST = "sip.telco.example"
SEALED = " !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n"
PINS = {"conference_board": "4711", "conference_chair": "9128", "pin_managers_sara": "80351"}
NUMBERS = ("101", "102", "103", "104")

FILES = {
    "site.yml": """
client: features
names: {{en: Features}}
time_zone: Asia/Tehran
language: en
country: IR
mail: {{address: pbx@fax.example, name: دفتر}}
servers: {{asterisk: {version}, primary: {{address: 192.0.2.10}}}}
dial: {{country_code: "98", area_code: "21", trunk_prefix: "0", international_prefix: "00", emergency: ["110"]}}
defaults: {{permission_class: national, no_answer: hangup, busy: busy, unavailable: hangup}}
""",
    "extensions.yml": """
extensions:
  - {number: "101", names: {en: Ali Ahmadi}, voicemail: {email: ali@fax.example}}
  - {number: "102", names: {en: Sara Karimi}, permission_class: inside}
  - {number: "103", names: {en: Reza}}
  - {number: "104", names: {en: Zahra}}
""",
    "trunks.yml": f"""
trunks:
  - {{name: telco, host: {HOST}, user: "{DID}", dids: ["{DID}", "{DISA}", "{CALLBACK}", "{FAX}"]}}
""",
    "routes.yml": f"""
inbound:
  - {{name: phone, trunk: telco, did: "{DID}", destination: "extension:103"}}
  - {{name: disa, trunk: telco, did: "{DISA}", destination: "disa:managers"}}
  - {{name: callback, trunk: telco, did: "{CALLBACK}", destination: "callback:staff"}}
  - {{name: fax, trunk: telco, did: "{FAX}", destination: "fax:front"}}
outbound:
  - {{name: emergency, kind: emergency, patterns: [{{match: "110"}}], trunks: [telco]}}
  - {{name: national, kind: national, patterns: [{{match: 0ZXXXXXXXXX}}], trunks: [telco]}}
pin_sets:
  - {{name: managers, pins: [{{account_code: sara}}]}}
permission_classes:
  - {{name: inside, routes: []}}
  - {{name: national, routes: [national]}}
""",
    "features.yml": """
parking_lots:
  - {name: front, names: {en: Parking}, number: "700", slots: 701-703, timeout: 10, destination: hangup}
pages:
  - {name: all, names: {en: Everybody}, number: "770", members: ["101", "103", "104"]}
conferences:
  - name: board
    names: {en: Board}
    number: "800"
    moderator_number: "801"
    pin_secret: conference_board
    moderator_pin_secret: conference_chair
    moderators: ["101"]
speed_dials:
  - {code: "1", number: "02122334455", names: {en: Taxi}}
directories:
  - {name: staff, names: {en: Staff}, number: "411", destination: hangup}
disa:
  - {name: managers, names: {en: Managers}, pin_set: managers, permission_class: national, attempts_per_hour: 2}
callbacks:
  - name: staff
    names: {en: Staff}
    callers: [09XXXXXXXXX]
    permission_class: national
    calls_per_hour: 1
    delay: 1
    destination: extension:104
faxes:
  - {name: front, names: {en: Fax}, number: "780", station_id: "02188001237", header: Features, email: office@fax.example}
recording: {announcement: "builtin:beep", beep: 15}
in_call_keys: {blind_transfer: "##", attended_transfer: "*2", park: "#72", record: "*1"}
""",
}

TESTS = """
[tests]
exten => _[0-9*].,1,Set(DB(LAMP/${EXTEN})=${EXTENSION_STATE(${EXTEN}@from-class-national)})
exten => record,1,Answer()
 same => n,Set(CALLERID(num)=../../../etc/x&$y)
 same => n,Gosub(recording,s,1(test/../x-1))
 same => n,Dial(PJSIP/103,10)
"""
"""What tests ask of the dial plan, beside the site's own."""


def bundle_of(version: int) -> dict[str, str]:
    """Return the site's conf files with passwords and PINs, checked as the pipeline does."""
    secrets = {"trunk_telco": "trunk-secret-1", "release_key": "x", "voicemail_101": "7391", **PINS}
    secrets |= {f"extension_{number}": f"password-of-{number}" for number in NUMBERS}
    files = {**FILES, "site.yml": FILES["site.yml"].format(version=version)}
    files["secrets.yml"] = "".join(f"{name}:{SEALED}" for name in secrets)
    loaded = load_files("features", {path: text.encode() for path, text in files.items()}, shown="features")
    assert loaded.site is not None, [str(finding) for finding in loaded.findings]
    findings = check(loaded.site, today=date(2026, 11, 23), secrets=None)
    assert not has_errors(findings), [str(finding) for finding in findings]
    pbx = compile_site(loaded.site)
    bundle = render(pbx)
    assert readback(bundle) == pbx
    return {path: fill(text, secrets, escape) for path, text in bundle.files.items()}


@pytest.fixture(scope="module")
def telco(lab: Lab) -> Telco:
    return lab.create_telco(DID, "trunk-secret-1", name="telco", aliases=[HOST])


@pytest.fixture(scope="module", params=sorted(IMAGES, reverse=True), ids=lambda version: f"asterisk{version}")
def host(request: pytest.FixtureRequest, lab: Lab, telco: Telco) -> Iterator[Host]:
    version = int(request.param)
    host = lab.create_host(f"pbx{version}", image=IMAGES[version])
    host.wait_asterisk()
    host.shell("cd /etc/asterisk && find . -type f ! -name asterisk.conf -delete")
    files = bundle_of(version)
    files["extensions.conf"] += TESTS
    for path, text in files.items():
        host.write(f"/etc/asterisk/{path}", text, mode="0640", owner="root:asterisk")
    host.shell("printf 'steps.log => verbose(3)\n' >> /etc/asterisk/logger.conf")
    host.shell("rm -f /var/log/asterisk/*.log; systemctl restart asterisk", timeout=120)
    host.wait_asterisk()
    yield host
    lab.destroy_host(host.name)


@pytest.fixture(scope="module")
def phones(lab: Lab, host: Host) -> Iterator[dict[str, Phone]]:
    made = {n: lab.phone(f"{host.name}-{n}", n, f"password-of-{n}", host.name) for n in NUMBERS}
    for phone in made.values():
        phone.register()
    for phone in made.values():
        phone.wait_registered()
    yield made
    for number, phone in made.items():
        phone.stop()
        lab.remove_phone(f"{host.name}-{number}")


class Bench:
    """A PBX with phones and a telephone company, and short words for what tests do with them."""

    def __init__(self, host: Host, phones: dict[str, Phone], telco: Telco) -> None:
        """Take them."""
        self.host, self.phones, self.telco = host, phones, telco

    def until(self, what: str, true: Callable[[], object], timeout: float = 20) -> None:
        """Wait until something is true; show what Asterisk did if it doesn't come true."""
        try:
            wait_until(what, true, timeout=timeout, interval=0.2)
        except LabError as problem:
            raise AssertionError(f"{problem}\n" + "\n".join(self.steps()[-40:])) from problem

    def dial(self, number: str, code: str, *, until: str, keys: str = "") -> None:
        """Let a phone dial a code, press keys when it is asked, and hang up when a step has been taken."""
        phone = self.phones[number]
        before = len(self.steps())
        phone.call(code)
        phone.wait_answered()
        if keys:
            self.until("the question", lambda: any(" Read(" in step for step in self.steps()[before:]))
            phone.digits(keys)
        self.until(until, lambda: any(until in step for step in self.steps()[before:]))
        phone.hangup()
        phone.wait_ended()

    def steps(self) -> list[str]:
        """Return every step that Asterisk has taken so far: ``context,extension application(data)``."""
        found = re.findall(
            r'Executing \[([^@\]]*)@([^:\]]*):\d+\] (\w+)\("[^"]*", "(.*)"\) in new stack',
            self.host.read("/var/log/asterisk/steps.log"),
        )
        return [f"{context},{exten} {app}({data})" for exten, context, app, data in found]

    def kept(self, key: str) -> str:
        """Return what Asterisk's database has under ``FAMILY/key``, "" for nothing."""
        found = re.search(r"Value: (.*)", self.host.asterisk(f"database get {key.replace('/', ' ')}"))
        return found[1] if found else ""

    def lamp(self, exten: str) -> str:
        """Return the state that a lamp key shows which watches a number in a phone's context."""
        self.host.asterisk("database deltree LAMP")
        self.host.asterisk(f"channel originate Local/{exten}@tests application Wait 1")
        self.until("a lamp", lambda: self.kept(f"LAMP/{exten}"))
        return self.kept(f"LAMP/{exten}")

    def invite(self, number: str) -> str:
        """Return the last INVITE that a phone got."""
        log = (self.phones[number].folder / "sip.log").read_text(errors="replace")
        return re.findall(r"\nINVITE sip:.*?\n--end msg--", log, re.DOTALL)[-1]


@pytest.fixture
def bench(host: Host, phones: dict[str, Phone], telco: Telco) -> Iterator[Bench]:
    """The bench, with nothing set and no call up."""
    telco.wait_registered(DID)
    yield Bench(host, phones, telco)
    host.asterisk("channel request hangup all")
    wait_until("silence", lambda: "0 active channels" in host.asterisk("core show channels"), timeout=20)
    for phone in phones.values():
        phone.behave("ring")
        phone.quiet()
    for family in ("DND", "CFU", "CFB", "CFNA", "ATTEMPTS", "INTERCOM", "CW"):
        host.asterisk(f"database deltree {family}")


def test_it_loads_without_a_word(bench: Bench) -> None:
    log = bench.host.read("/var/log/asterisk/messages.log")
    assert [line for line in log.splitlines() if re.search("WARNING|ERROR", line)] == []


def test_do_not_disturb_and_its_lamp(bench: Bench) -> None:
    assert bench.lamp("*76101") == "NOT_INUSE"
    bench.dial("101", "*78", until="Playback(do-not-disturb&activated)")
    assert (bench.kept("DND/101"), bench.lamp("*76101"), bench.lamp("*76103")) == ("1", "INUSE", "NOT_INUSE")
    bench.dial("101", "*76101", until="Playback(do-not-disturb&de-activated)")
    assert (bench.kept("DND/101"), bench.lamp("*76101") == "INUSE") == ("", False)
    # Somebody else's key changes nothing.
    bench.phones["103"].call("*76101")
    assert bench.phones["103"].wait_ended().code == 404
    assert bench.kept("DND/101") == ""


@pytest.mark.parametrize(
    ("phone", "target", "allowed"),
    [
        ("101", TAXI, True),
        ("101", "103", True),
        ("101", "800", True),
        ("101", "101", False),  # itself
        ("101", "110", False),  # help
        ("101", "0044123456", False),  # no route of its class
        ("101", "99999", False),
        ("102", TAXI, False),  # a class without routes
        ("102", "103", True),
    ],
)
def test_forwards_go_where_the_phone_may_call(bench: Bench, phone: str, target: str, allowed: bool) -> None:
    end = "Playback(call-fwd-unconditional&activated)" if allowed else "Playback(ss-noservice)"
    bench.dial(phone, f"*72{target}", until=end)
    assert bench.kept(f"CFU/{phone}") == (target if allowed else "")
    if allowed:
        assert bench.lamp(f"*73{phone}") == "INUSE"
        bench.dial(phone, "*73", until="Playback(call-fwd-unconditional&de-activated)")
        assert bench.kept(f"CFU/{phone}") == ""


def test_a_forward_asks_for_its_number(bench: Bench) -> None:
    bench.dial("101", "*90", until="call-fwd-on-busy&activated", keys="103#")
    assert bench.kept("CFB/101") == "103"


def test_park_and_fetch(bench: Bench) -> None:
    bench.phones["101"].call("700")
    bench.phones["101"].wait_answered()
    bench.until("a parked call", lambda: "701" in bench.host.asterisk("parking show front"))
    bench.until("the lamp", lambda: bench.lamp("701") == "INUSE")
    bench.phones["103"].call("701")
    bench.phones["103"].wait_answered()
    bench.until("both talk", lambda: bench.phones["103"].packets().get("received", 0) > 25)
    bench.until("a bridge", lambda: bench.host.asterisk("core show channels").count("ParkedCall") == 1)
    assert bench.lamp("701") == "NOT_INUSE"


def test_nobody_fetches(bench: Bench) -> None:
    bench.phones["101"].call("700")
    bench.phones["101"].wait_answered()
    bench.until(
        "the return", lambda: any("parking-front,returned Dial(PJSIP/101," in s for s in bench.steps())
    )


def test_conference_asks_for_its_pin(bench: Bench) -> None:
    users = lambda: bench.host.asterisk("confbridge list board")  # noqa: E731
    bench.phones["103"].call("800")
    bench.phones["103"].wait_answered()
    bench.phones["103"].wait_for("media")
    bench.phones["103"].digits("4711#")
    bench.until("a member", lambda: "PJSIP/103" in users())
    bench.phones["101"].call("800")
    bench.until("the moderator, without a PIN", lambda: re.search(r"PJSIP/101\S+\s+A?M?A", users()))
    bench.phones["104"].call("801")
    bench.phones["104"].wait_answered()
    bench.phones["104"].wait_for("media")
    bench.phones["104"].digits("9128#")
    bench.until("the moderator by PIN", lambda: "PJSIP/104" in users())
    assert bench.lamp("800") == "INUSE"


def test_conference_refuses_a_wrong_pin(bench: Bench) -> None:
    bench.phones["103"].call("800")
    bench.phones["103"].wait_answered()
    bench.phones["103"].wait_for("media")

    def ended() -> bool:
        """Press the wrong keys once more while the call stands: while the prompt says that they are, it takes none."""
        with suppress(LabError):
            bench.phones["103"].wait_for("ended", timeout=1)
            return True
        with suppress(LabError):
            bench.phones["103"].digits("1111#")
        return False

    bench.until("the end after three wrong ones", ended, timeout=60)
    assert "PJSIP/103" not in bench.host.asterisk("confbridge list board")


def test_page_reaches_who_is_free(bench: Bench) -> None:
    bench.dial("104", "*78", until="Playback(do-not-disturb&activated)")
    for number in ("101", "103"):
        bench.phones[number].behave("answer")
    bench.phones["102"].call("770")
    for number in ("101", "103"):
        bench.phones[number].wait_incoming()
        bench.until("the header", lambda n=number: "answer-after=0" in bench.invite(n))
    bench.until("sound", lambda: bench.phones["103"].packets().get("received", 0) > 25)
    assert "PJSIP/104" not in bench.host.asterisk("core show channels")


def test_intercom_and_opting_out(bench: Bench) -> None:
    bench.phones["103"].behave("answer")
    bench.phones["102"].call("*80103")
    bench.phones["102"].wait_answered()
    assert "Call-Info: <sip:pbx>;answer-after=0" in bench.invite("103")
    bench.phones["102"].hangup()
    bench.phones["102"].wait_ended()
    bench.dial("103", "*55", until="Playback(de-activated)")
    bench.phones["102"].call("*80103")
    bench.phones["102"].wait_answered()
    assert "answer-after" not in bench.invite("103")


def test_pickup_of_one_phone(bench: Bench) -> None:
    bench.phones["101"].call("103")
    bench.phones["103"].wait_incoming()
    bench.phones["104"].call("**103")
    bench.phones["104"].wait_answered()
    bench.phones["101"].wait_answered()
    bench.until("both talk", lambda: bench.phones["104"].packets().get("received", 0) > 25)


def test_speed_dial_is_the_phones_own_call(bench: Bench) -> None:
    bench.phones["101"].call("*01")
    bench.telco.wait_dialled(TAXI)
    bench.phones["101"].wait_answered()
    bench.phones["102"].call("*01")
    assert bench.phones["102"].wait_ended().code == 404


def test_disa_takes_the_right_pin_alone(bench: Bench) -> None:
    # Attempts are counted by the hour of the true clock (UTC), and this server runs by that.
    wait_until("an hour that lasts long enough", lambda: time.time() % 3600 < 3600 - 120, timeout=130)
    wrong = bench.telco.call(
        DISA, STRANGER, user=DID, digits={1.5: "11111#", 5: "22222#", 8.5: "33333#"}, seconds=30
    )
    assert wrong.answered
    assert bench.kept("ATTEMPTS/disa-managers").endswith("-1")
    bench.telco.call_in(DISA, STAFF, user=DID, digits={1.5: "80351#", 5: FRIEND}, seconds=15)
    bench.telco.wait_dialled(FRIEND)
    bench.until("the attempt is forgiven", lambda: bench.kept("ATTEMPTS/disa-managers").endswith("-1"))
    bench.host.asterisk("channel request hangup all")
    bench.telco.call(DISA, STRANGER, user=DID, seconds=1)
    assert bench.kept("ATTEMPTS/disa-managers").endswith("-2")
    refused = bench.telco.call(DISA, STAFF, user=DID, seconds=5)
    assert not refused.answered
    assert "ALARM|too many attempts: disa-managers" in bench.host.read("/var/log/asterisk/queue_log")


def test_call_back(bench: Bench) -> None:
    bench.phones["104"].behave("answer")
    first = bench.telco.call(CALLBACK, STAFF, user=DID, seconds=5)
    assert not first.answered
    bench.telco.wait_dialled(STAFF)
    bench.phones["104"].wait_incoming()
    for caller in (STAFF, STRANGER):  # once an hour, and only those who are named
        assert not bench.telco.call(CALLBACK, caller, user=DID, seconds=5).answered
    dialled = [step for step in bench.steps() if "callback-call-staff" in step and "Wait" in step]
    assert len(dialled) == 1


def test_recordings_have_names_of_ours(bench: Bench) -> None:
    bench.phones["103"].behave("answer")
    bench.host.asterisk("channel originate Local/record@tests/n application Wait 4")
    files = lambda: bench.host.shell("cd /var/spool/asterisk/monitor && find . -name '*test*'").split()  # noqa: E731
    bench.until("a recording", files)
    assert re.fullmatch(r"\./\d{4}/\d\d/\d\d/\d{6}-testx-1--[\d.]+\.wav", files()[0])


def test_codes_that_speak(bench: Bench) -> None:
    bench.dial("103", "*65", until="SayDigits(103)")
    bench.dial("103", "*60", until="SayUnixTime")
    bench.dial("103", f"*30{STRANGER}", until="Playback(num-was-successfully&added)")
    assert bench.kept(f"BLACKLIST/{STRANGER}") == "1"
    bench.dial("103", "*31", until="Playback(num-was-successfully&removed)", keys=f"{STRANGER}#")
    assert bench.kept(f"BLACKLIST/{STRANGER}") == ""
    bench.dial("103", "*43", until="Playback(demo-echotest)")
    bench.dial("103", "*98", until="VoiceMailMain(@default)")
    bench.dial("103", "411", until="Directory(")


SENDMAIL = """#!/bin/sh
test -e /var/tmp/mail/none && exit 75
echo "$@" > /var/tmp/mail/args && cat > /var/tmp/mail/whole.new && mv /var/tmp/mail/whole.new /var/tmp/mail/whole
"""
"""The stand-in for a server's program for mail: it keeps what it is given, or says that it can't take it now."""


def page() -> bytes:
    """Return a white page as a fax machine would send it: TIFF with T.4's one-dimensional coding."""
    line = "000000000001" + "010011011" + "00110101"  # end of line, 1728 white dots, and none more
    bits = line * 1100 + "000000000001" * 6
    bits += "0" * (-len(bits) % 8)
    image = int(bits, 2).to_bytes(len(bits) // 8, "big")
    short, long, rational = 3, 4, 5
    tags = [
        (256, short, 1, 1728), (257, short, 1, 1100), (258, short, 1, 1), (259, short, 1, 3), (262, short, 1, 0),
        (266, short, 1, 1), (273, long, 1, 8 + 16), (277, short, 1, 1), (278, short, 1, 1100),
        (279, long, 1, len(image)), (282, rational, 1, 8), (283, rational, 1, 16), (292, long, 1, 0), (296, short, 1, 2),
    ]  # fmt: skip
    head = struct.pack("<2sHI", b"II", 42, 8 + 16 + len(image) + len(image) % 2)
    sizes = struct.pack("<IIII", 204, 1, 98, 1)
    return (
        head + sizes + image + b"\0" * (len(image) % 2)
        + struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + struct.pack("<I", 0)
    )  # fmt: skip


def put(host: Host, path: str, body: bytes, mode: str = "0644") -> None:
    text = base64.b64encode(body).decode()
    host.run(["sh", "-c", f"base64 -d > {path} && chmod {mode} {path}"], input=text)


def program_for_mail(host: Host) -> None:
    """Put the stand-in into its place; Asterisk and the agent, which is root, both leave mail with it."""
    host.shell("mkdir -p /var/tmp/mail && chmod 1777 /var/tmp/mail && rm -f /var/tmp/mail/*")
    put(host, "/usr/sbin/sendmail", SENDMAIL.encode(), "0755")


def test_a_message_is_told_of_by_mail(bench: Bench) -> None:
    program_for_mail(bench.host)
    bench.host.asterisk(
        "channel originate Local/101@voicemail-unavailable/n application Playback demo-echotest"
    )
    bench.until(
        "mail", lambda: "To:" in bench.host.shell("cat /var/tmp/mail/whole 2>/dev/null || true"), timeout=90
    )
    text = bench.host.read("/var/tmp/mail/whole")
    mail = email.message_from_string(text, policy=email.policy.default)
    assert (str(mail["From"]), "ali@fax.example" in mail["To"]) == ("دفتر <pbx@fax.example>", True)
    assert str(mail["Subject"]).startswith("New message from ")
    body = next(part for part in mail.walk() if part.get_content_type() == "text/plain")
    assert body.get_content_charset() == "utf-8"
    assert "there is a new message in mailbox 101.\n" in body.get_content()


def test_a_fax_is_kept_and_sent_by_mail(bench: Bench, root: Path) -> None:
    host = bench.host

    def agent() -> dict[str, list[str]]:
        told: dict[str, list[str]] = json.loads(
            host.run(["/usr/local/lib/kelid/agent", "faxes"], check=False).stdout
        )
        return told

    program_for_mail(host)
    put(host, "/var/lib/asterisk/page.tif", page())
    host.shell("mkdir -p /usr/local/lib/kelid /var/lib/kelid && ln -sfn /etc/asterisk /var/lib/kelid/current")
    put(
        host,
        "/usr/local/lib/kelid/agent",
        program(root / "roles" / "pbx_install" / "files" / "agent"),
        "0755",
    )
    host.shell("rm -f /var/spool/asterisk/fax/*")
    host.asterisk("channel originate Local/s@fax-front/n application SendFAX /var/lib/asterisk/page.tif,f")
    bench.until("a fax that is whole", lambda: "front" in host.asterisk("database show faxes"), timeout=120)
    host.shell("touch /var/tmp/mail/none")
    waiting = agent()["waiting"]
    assert re.fullmatch(r"\d{8}-\d{6}-front--[\d.]+\.tif", waiting[0])
    host.shell("rm /var/tmp/mail/none")
    assert agent()["sent"] == waiting
    assert agent()["sent"] == []
    assert host.read("/var/tmp/mail/args").split() == ["-t", "-oi"]
    mail = email.message_from_string(host.read("/var/tmp/mail/whole"))
    assert mail["To"] == "office@fax.example"
    assert "pbx@fax.example" in mail["From"]
    attached = next(part for part in mail.walk() if part.get_filename())
    assert attached.get_filename() == waiting[0]
    assert attached.get_payload(decode=True)[:4] == b"II*\0"
    assert host.shell("ls /var/spool/asterisk/fax").split() == waiting


def test_a_prompt_is_recorded_by_phone(bench: Bench) -> None:
    phone = bench.phones["101"]
    phone.call("*77")
    phone.wait_answered()
    bench.until("recording", lambda: any("Record(" in step for step in bench.steps()))
    # A second of sound is 16 kB.
    found = "find /var/spool/asterisk/monitor/prompts -name '101-*.wav' -size +{}k"
    bench.until("some sound", lambda: bench.host.shell(found.format(24)))
    phone.digits("#")
    bench.until("the end", lambda: any("Playback(vm-msgsaved)" in step for step in bench.steps()))
    assert bench.host.shell(found.format(16))


def test_nothing_was_said_by_the_log(bench: Bench) -> None:
    """What calls did brought no fault of the dial plan to light."""
    log = bench.host.read("/var/log/asterisk/messages.log")
    # Asterisk 16 complains of a phone that hangs up while it is asked for a mailbox; fax machines miss each other's tones
    # and try again; a frame of sound that arrives while one side of a call goes away, or late on a busy machine, is lost.
    sound = "forward frametype|[Ww]rit(e|ing) frame|voice queue|frame of type"
    known = re.compile(f"Couldn't read username|res_fax_spandsp|{sound}")
    bad = [line for line in log.splitlines() if re.search("WARNING|ERROR", line) and not known.search(line)]
    assert bad == []
