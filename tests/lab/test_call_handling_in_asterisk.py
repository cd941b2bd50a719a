"""Call handling of extensions and ring groups, with real phones, a telephone company and both versions of Asterisk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest

from kelid.compile import compile_site
from kelid.deliver.release import fill
from kelid.findings import has_errors
from kelid.lab import Host, Lab, LabError, Phone, Telco
from kelid.lab.processes import wait_until
from kelid.load import load_files
from kelid.render import escape, render
from kelid.rules import check

pytestmark = pytest.mark.lab

IMAGES = {22: "pbx", 16: "pbx11"}
PHONES = ("101", "102", "103", "104", "107")
PASSWORD = "velvet-lamp-42"
MOBILE, OTHER_MOBILE = "09121111111", "09122222222"
SEALED = " !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n"

SITE = """
client: calls
names: {{en: Calls}}
time_zone: UTC
language: en
country: IR
servers: {{primary: {{address: 192.0.2.10, asterisk: {asterisk}}}}}
dial: {{country_code: 98, area_code: 21, trunk_prefix: 0, international_prefix: 00, emergency: [110]}}
defaults: {{permission_class: inside, ring_time: 5, no_answer: hangup, unavailable: hangup}}
"""
EXTENSIONS = """
extensions:
  - {number: 101, names: {en: Caller}, permission_class: mobile, outbound_caller_id: 02191000001}
  - number: 102
    names: {en: Forwarder}
    permission_class: mobile
    outbound_caller_id: 02191000002
    no_answer: extension:104
    busy: extension:104
    unavailable: extension:104
  - {number: 103, names: {en: Secretary}, max_calls: 1}
  - {number: 104, names: {en: Fallback}, recording: {inbound_internal: always}}
  - number: 105
    names: {en: Traveller}
    permission_class: mobile
    outbound_caller_id: 02191000005
    follow_me:
      numbers:
        - {extension: 103, seconds: 5}
        - {external: "09121111111", seconds: 10}
    unavailable: extension:104
  - number: 106
    names: {en: All at once}
    permission_class: mobile
    follow_me:
      strategy: ringall
      numbers: [{extension: 103, seconds: 5}, {external: "09121111111", seconds: 10}]
  - number: 107
    names: {en: Boss}
    secretary: {extension: 103, ring_time: 5, vip: [104, "09123333333"], private_number: 1070}
"""
RING_GROUPS = """
ring_groups:
  - name: turn
    names: {en: Turn}
    number: 600
    strategy: hunt
    ring_time: 5
    caller_id_prefix: "Sales:"
    alert_info: Bellcore-dr2
    members: [{extension: 102}, {extension: 103}]
    destination: extension:104
  - name: memory
    names: {en: Memory}
    number: 601
    strategy: memoryhunt
    ring_time: 5
    members: [{extension: 102}, {extension: 103}]
  - name: everybody
    names: {en: Everybody}
    number: 602
    ring_time: 5
    skip_busy: true
    members: [{extension: 102}, {extension: 103}, {external: "09121111111", permission_class: mobile}]
    destination: extension:104
  - name: anybody
    names: {en: Anybody}
    number: 603
    strategy: random
    ring_time: 5
    members: [{extension: 102}, {extension: 103}, {extension: 106}]
    destination: extension:104
  - name: first
    names: {en: First}
    number: 604
    strategy: firstavailable
    ring_time: 5
    members: [{extension: 106}, {extension: 102}, {extension: 103}]
"""
QUEUES = """
queues:
  - name: support
    names: {en: Support}
    number: 610
    recording: always
    members: [{extension: 103}]
    destination: hangup
"""
TRUNKS = "trunks:\n  - {name: line, host: sip.telco.example, user: clinic, dids: [02191000001]}\n"
ROUTES = """
inbound:
  - {name: main, trunk: line, did: 02191000001, destination: extension:107}
outbound:
  - {name: emergency, kind: emergency, patterns: [{match: 110}], trunks: [line]}
  - {name: mobile, kind: mobile, patterns: [{match: 09XXXXXXXXX}], trunks: [line]}
  - {name: isfahan, kind: national, patterns: [{match: 031XXXXXXXX}], trunks: [line], record: true}
permission_classes:
  - {name: inside, routes: []}
  - {name: mobile, routes: [mobile, isfahan]}
"""


class World:
    """A PBX with its phones and the telephone company."""

    def __init__(self, lab: Lab, version: int) -> None:
        self.lab, self.phones = lab, dict[str, Phone]()
        self.telco: Telco = lab.create_telco(
            "clinic", PASSWORD, name=f"t{version}", aliases=("sip.telco.example",)
        )
        self.host: Host = lab.create_host(f"calls{version}", image=IMAGES[version])
        self.telco.add_customer("clinic", PASSWORD, address=self.host.address)
        self.host.shell(
            "cd /etc/asterisk && mv asterisk.conf /root && rm -rf ./* && mv /root/asterisk.conf ."
        )
        for path, text in tree(version).items():
            self.host.write(f"/etc/asterisk/{path}", text, mode="0640", owner="root:asterisk")
        self.host.shell(
            "systemctl stop asterisk; rm -f /var/log/asterisk/messages*; systemctl start asterisk"
        )
        self.host.wait_asterisk()
        for number in PHONES:
            phone = lab.phone(f"p{version}-{number}", number, PASSWORD, self.host.name)
            self.phones[number] = phone
            phone.register()
        for phone in self.phones.values():
            phone.wait_registered()

    def __getitem__(self, number: str) -> Phone:
        return self.phones[number]

    def put(self, key: str, value: str = "1") -> None:
        family, _, name = key.partition("/")
        self.host.asterisk(f"database put {family} {name} {value}")

    def clear(self) -> None:
        """Forget all that a test has set, and end all that it has left."""
        self.host.asterisk("channel request hangup all")
        still = lambda: "0 active channels" in self.host.asterisk("core show channels")  # noqa: E731
        wait_until("silence", still, timeout=30, interval=0.1)
        for family in ("DND", "CW", "CFU", "CFB", "CFNA"):
            self.host.asterisk(f"database deltree {family}")
        for phone in self.phones.values():
            phone.behave("ring")
            phone.quiet()
        self.telco.forget()


def tree(version: int) -> dict[str, str]:
    """Check the site as the pipeline does, and return its files with their secrets."""
    numbers = [f"extension_{number}" for number in range(101, 108)]
    secrets = ["release_key", "trunk_line", *numbers]
    files = {
        "site.yml": SITE.format(asterisk=version),
        "extensions.yml": EXTENSIONS,
        "ring_groups.yml": RING_GROUPS,
        "queues.yml": QUEUES,
        "trunks.yml": TRUNKS,
        "routes.yml": ROUTES,
        "secrets.yml": "".join(f"{name}:{SEALED}" for name in secrets),
    }
    loaded = load_files("calls", {path: text.encode() for path, text in files.items()}, shown="calls")
    assert loaded.site is not None, [str(finding) for finding in loaded.findings]
    findings = check(loaded.site, today=date(2026, 11, 23), secrets=None)
    assert not has_errors(findings), [str(finding) for finding in findings]
    values = dict.fromkeys(secrets, PASSWORD)
    return {
        path: fill(text, values, escape) for path, text in render(compile_site(loaded.site)).files.items()
    }


@pytest.fixture(scope="module", params=sorted(IMAGES, reverse=True), ids=lambda version: f"asterisk{version}")
def whole(request: pytest.FixtureRequest, lab: Lab) -> Iterator[World]:
    world = World(lab, int(request.param))
    yield world
    for phone in world.phones.values():
        phone.stop()
    # The next version's telephone company has the same name in DNS.
    for name in (world.host.name, world.telco.host.name):
        lab.destroy_host(name)


@pytest.fixture
def world(whole: World) -> Iterator[World]:
    yield whole
    whole.clear()


def rings(phone: Phone, timeout: float = 8) -> str:
    return phone.wait_incoming(timeout)


def silent(phone: Phone, seconds: float = 0.3) -> bool:
    try:
        phone.wait_incoming(seconds)
    except LabError:
        return True
    return False


def talk(caller: Phone, called: Phone) -> None:
    """Let the called phone, which rings, answer; both must know that the call stands."""
    called.answer()
    called.wait_answered()
    caller.wait_answered(15)


def test_it_loads_without_a_word(whole: World) -> None:
    log = whole.host.shell("cat /var/log/asterisk/messages.log")
    assert [line for line in log.splitlines() if "WARNING" in line or "ERROR" in line] == []


def test_a_plain_call(world: World) -> None:
    world["101"].call("104")
    assert rings(world["104"]) == '101 "Caller"'
    talk(world["101"], world["104"])


@pytest.mark.parametrize(
    ("dialled", "answers", "parties"),
    [
        ("104", "104", "extension-104-101-104"),
        ("610", "103", "queue-support-101-103"),
        ("03133334444", "", "route-isfahan-02191000001-03133334444"),
    ],
    ids=["extension", "queue", "route"],
)
def test_a_call_is_recorded_from_its_answer_on(
    world: World, dialled: str, answers: str, parties: str
) -> None:
    def found(size: str) -> str:
        return world.host.shell(f"cd /var/spool/asterisk/monitor && find . -type f -size +{size}")

    world.host.shell("rm -rf /var/spool/asterisk/monitor/*")
    world["101"].call(dialled)
    if answers:
        rings(world[answers])
        assert found("0") == ""
        talk(world["101"], world[answers])
    else:
        world["101"].wait_answered(15)
    # A second of sound is 16 kB.
    wait_until("a recording that grows", lambda: found("24k"), timeout=20, interval=0.2)
    assert re.fullmatch(rf"\./\d{{4}}/\d\d/\d\d/\d{{6}}-{parties}-[\d.]+\.wav", found("0").strip())


def test_nobody_answers_and_the_way_on(world: World) -> None:
    world["101"].call("102")
    rings(world["102"])
    rings(world["104"])
    talk(world["101"], world["104"])


def test_do_not_disturb(world: World) -> None:
    world.put("DND/102")
    world["101"].call("102")
    rings(world["104"])
    assert silent(world["102"])


def test_busy_and_its_forward(world: World) -> None:
    world["102"].behave("busy")
    world["101"].call("102")
    rings(world["104"])
    world["101"].hangup()
    world["101"].wait_ended()
    world.put("CFB/102", "103")
    world["101"].call("102")
    rings(world["103"])


def test_no_answer_and_its_forward(world: World) -> None:
    world.put("CFNA/102", "103")
    world["101"].call("102")
    rings(world["102"])
    rings(world["103"])
    assert silent(world["104"])


def test_all_calls_are_forwarded_inside(world: World) -> None:
    world.put("CFU/102", "103")
    world["101"].call("102")
    assert rings(world["103"]) == '101 "Caller"'
    assert silent(world["102"])


def test_a_forward_outside_is_paid_by_who_forwards(world: World) -> None:
    world.put("CFU/102", OTHER_MOBILE)
    world["103"].call("102")  # who may call nobody outside
    world["103"].wait_answered(15)
    world["103"].hangup()
    call = world.telco.wait_received(OTHER_MOBILE)
    assert call.caller == "02191000002"


@pytest.mark.parametrize(
    ("extension", "target"),
    [("103", OTHER_MOBILE), ("102", "110"), ("102", "00441632960000"), ("102", "102"), ("102", "PJSIP/line")],
    ids=["class", "emergency", "abroad", "itself", "nonsense"],
)
def test_what_may_not_be_called_is_no_forward(world: World, extension: str, target: str) -> None:
    world.put(f"CFU/{extension}", target)
    world["101"].call(extension)
    rings(world[extension])
    assert world.telco.received() == []


def test_forwards_in_a_circle_end_at_a_phone(world: World) -> None:
    world.put("CFU/102", "103")
    world.put("CFU/103", "102")
    world["101"].call("102")
    ringing = [number for number in ("102", "103") if not silent(world[number], 3)]
    assert len(ringing) == 1


def test_one_call_at_most(world: World) -> None:
    world["104"].call("103")
    rings(world["103"])
    talk(world["104"], world["103"])
    world["101"].call("103")
    assert world["101"].wait_ended(30).code == 486
    assert silent(world["103"])
    # What 103 calls itself counts too.
    world["104"].hangup()
    world["103"].wait_ended()
    world["103"].call("104")
    rings(world["104"])
    talk(world["103"], world["104"])
    world["101"].call("103")
    assert world["101"].wait_ended(30).code == 486


def test_without_call_waiting_a_second_call_is_busy(world: World) -> None:
    world["104"].call("102")
    rings(world["102"])
    talk(world["104"], world["102"])
    world["101"].call("102")
    rings(world["102"])  # a second call comes through
    world["101"].hangup()
    world["101"].wait_ended()
    world.put("CW/102", "off")
    world["101"].call("102")
    rings(world["104"])


def test_follow_me_hunts_and_asks_for_a_key(world: World) -> None:
    world.telco.behave(MOBILE, "confirm")
    world["101"].call("105")
    rings(world["103"])
    world["101"].wait_answered(30)
    world["101"].hangup()
    call = world.telco.wait_received(MOBILE)
    assert call.caller == "02191000005"


def test_a_mobiles_voicemail_takes_no_call(world: World) -> None:
    world["101"].call("105")
    rings(world["103"])
    # The mobile answers and presses nothing: it is as if it hadn't.
    rings(world["104"], 45)
    talk(world["101"], world["104"])
    assert world.telco.wait_received(MOBILE).answered


def test_follow_me_rings_all_at_once(world: World) -> None:
    world.telco.behave(MOBILE, "ring")
    world["101"].call("106")
    rings(world["103"])
    world.telco.wait_dialled(MOBILE)
    talk(world["101"], world["103"])
    world["101"].hangup()
    assert not world.telco.wait_received(MOBILE).answered


def test_the_secretary_answers_for_the_boss(world: World) -> None:
    world["101"].call("107")
    rings(world["103"])
    assert silent(world["107"], 1)
    rings(world["107"])  # she doesn't answer
    talk(world["101"], world["107"])


@pytest.mark.parametrize(("caller", "number"), [("103", "107"), ("104", "107"), ("101", "1070")])
def test_some_reach_the_boss_at_once(world: World, caller: str, number: str) -> None:
    world[caller].call(number)
    rings(world["107"], 3)
    assert silent(world["103"])


def test_a_vip_from_outside_reaches_the_boss_and_a_liar_does_not(world: World) -> None:
    vip = world.telco.call_in("02191000001", "09123333333", user="clinic")
    rings(world["107"], 6)
    assert silent(world["103"])
    vip.hangup()
    vip.wait_ended()
    world["107"].quiet()
    liar = world.telco.call_in("02191000001", "104", user="clinic")
    rings(world["103"], 6)
    liar.hangup()


def test_a_group_hunts(world: World) -> None:
    world["101"].call("600")
    assert rings(world["102"]) == '101 "Sales: Caller"'
    assert silent(world["103"], 1)
    rings(world["103"])
    talk(world["101"], world["103"])


def test_a_group_remembers(world: World) -> None:
    world["101"].call("601")
    rings(world["102"])
    assert silent(world["103"], 1)
    rings(world["103"])
    rings(world["102"], 1)
    talk(world["101"], world["102"])


def test_a_group_rings_everybody_but_who_is_busy(world: World) -> None:
    world.telco.behave(MOBILE, "confirm")
    world["104"].call("102")
    rings(world["102"])
    talk(world["104"], world["102"])
    world["101"].call("602")
    rings(world["103"])
    assert silent(world["102"])
    world["101"].wait_answered(20)  # the mobile pressed 1
    world["101"].hangup()
    assert world.telco.wait_received(MOBILE).answered


def test_a_group_begins_with_any(world: World) -> None:
    world["101"].call("603")
    rings(world["104"], 25)
    assert not silent(world["102"])
    assert not silent(world["103"])


def test_a_group_rings_the_first_who_can_be(world: World) -> None:
    world.put("DND/102")
    world["101"].call("604")
    rings(world["103"])
    assert silent(world["102"])


def test_a_lamp_shows_who_does_not_want_to_be_disturbed(world: World) -> None:
    def shows(number: str, state: str) -> None:
        hint = lambda: f"State:{state}" in world.host.asterisk(f"core show hint {number}")  # noqa: E731
        wait_until(f"{state} on the lamp of {number}", hint, timeout=20, interval=0.1)

    shows("102", "Idle")
    shows("105", "Unavailable")
    for number in ("102", "105"):
        world.host.asterisk(f"devstate change Custom:DND{number} INUSE")
        shows(number, "InUse")
    for number in ("102", "105"):
        world.host.asterisk(f"devstate change Custom:DND{number} INVALID")
    # A phone that is unplugged doesn't look free when its user wants calls again.
    shows("102", "Idle")
    shows("105", "Unavailable")
