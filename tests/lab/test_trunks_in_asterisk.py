"""Trunks of all kinds in a real Asterisk: their trees load, numbers are read as Python reads them, routes take their calls.

There is no telephony card here: of a tree with one everything else is loaded, as the agent stages it.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kelid.compile import compile_site
from kelid.deliver.release import fill
from kelid.findings import has_errors
from kelid.lab import Host, Lab
from kelid.load import load_files
from kelid.model import record
from kelid.model.bundle import Bundle
from kelid.model.number_format import incoming, rewrite
from kelid.model.site import Site
from kelid.readback import readback
from kelid.render import escape, render
from kelid.rules import check

sys.path.insert(0, str(Path(__file__).parents[2] / "roles" / "pbx_install" / "files"))
from agent.adapt import Adapter

pytestmark = pytest.mark.lab

PROGRAM = Path(__file__).with_name("private_asterisk.py")
IMAGES = {22: "pbx", 16: "pbx11"}
SECRETS = ("trunk_line", "trunk_box", "trunk_isfahan")

FILES = {
    "site.yml": """
client: lines
sample: true
names: {en: Lines}
time_zone: Asia/Tehran
language: en
country: IR
servers: {primary: {address: 192.0.2.10}}
dial: {area_code: 21}
defaults: {permission_class: all}
""",
    "extensions.yml": """
extensions:
  - {number: 101, names: {en: A}, outbound_caller_id: 02188000101}
  - {number: 102, names: {en: B}}
  - {number: 103, names: {en: C}}
""",
    "trunks.yml": """
trunks:
  - name: line
    host: sip.example
    backup_hosts: [{host: 192.0.2.8, port: 5070}]
    match: [sip.example, 192.0.2.8, 203.0.113.0/28]
    user: line
    auth_user: line@ims
    registration_expiration: 120
    registration_retry: 20
    outbound_proxy: 192.0.2.7:5080
    from_user: "02188001234"
    from_domain: ims.example
    contact_user: "02188001234"
    media_encryption: sdes
    media_encryption_optimistic: true
    dids: ["02188001234", 02188001200-02188001219]
    did_in: {format: e164}
    caller_id: "02188001234"
    caller_id_format: plus
    caller_id_in: {format: e164}
    trust_caller_id: true
    send_rpid: true
    number_out: {format: plus}
    codecs: [g722, alaw]
    dtmf_mode: auto
    max_channels: 30
    max_channels_in: 20
    max_channels_out: 20
    qualify: 30
    timers: always
    timers_sess_expires: 600
    t38: true
    language: fa
    musicclass: default
  - name: box
    registration: accept
    match: [192.0.2.0/24]
    dids: ["02188005000", "02188005001"]
    did_in: {digits: 8, prepend: "021"}
    caller_id_in: {format: local, strip: 1}
    send_pai: false
    qualify: 0
    timers: "no"
  - name: dtls
    host: 192.0.2.66
    media_encryption: dtls
    dids: ["02188007000"]
    caller_id_in: {format: national}
    number_out: {format: e164, prepend: "9"}
  - name: isfahan
    kind: iax2
    host: 192.0.2.9
    port: 4570
    user: tehran
    internal: true
    site: lines-isfahan
    permission_class: local
    trunking: true
    codecs: [alaw]
    caller_id_in: {format: as_sent}
  - name: e1
    kind: dahdi
    dids: [02188008000-02188008099]
    did_in: {digits: 4, prepend: "0218800"}
    caller_id_in: {format: national}
    dahdi: {group: 1, hunt: highest, spans: [{span: 1}, {span: 2, timing: 2}]}
  - name: analog
    kind: dahdi
    dids: ["02188006000", "02188006001"]
    dahdi:
      group: 2
      lines: [{channel: 63, number: "02188006000"}, {channel: 64, number: "02188006001"}]
      busypattern: 500,500
      cidsignalling: dtmf
      cidstart: dtmf
""",
    "routes.yml": """
inbound:
  - {name: main, did: "02188001234", destination: "extension:101"}
  - {name: boss, did: "02188001234", caller_id: "09121111111", destination: "extension:102"}
  - {name: mobiles, did: "02188001234", caller_id: 0935XXXXXXX, destination: "extension:103"}
  - {name: block, trunk: line, did: 0218800121X, destination: "extension:102", caller_id_prefix: "Sales $[{", language: fa,
     musicclass: default, alert_info: "<http://127.0.0.1>;info=vip", priority: 3, ringing: true, answer_delay: 1}
  - {name: friend, caller_id: "09123333333", destination: "extension:103", blacklist: false}
  - {name: any, destination: "extension:101", fax_destination: hangup, fax_wait: 2}
  - {name: any-box, trunk: box, destination: "extension:103"}
outbound:
  - {name: emergency, kind: emergency, patterns: [{match: 110}, {match: 115}, {match: 125}], trunks: [line, dtls]}
  - {name: city, kind: local, patterns: [{match: "[2-9]XXXXXXX", prepend: "021"}], trunks: [line, e1, analog]}
  - {name: mobile, kind: mobile, patterns: [{match: 09XXXXXXXXX}], trunks: [line, dtls]}
  - {name: isfahan, kind: internal, patterns: [{match: 3XX}], trunks: [isfahan]}
permission_classes:
  - {name: all, routes: [city, mobile, isfahan]}
  - {name: local, routes: [city]}
""",
}

DOOR = """
[door]
exten => _[0-9+]!,1,Set(CALLERID(num)=${EXTEN})
 same => n,Goto(from-trunk-line,982188001234,1)
exten => _b[0-9+]!,1,Set(CALLERID(num)=${EXTEN:1})
 same => n,Goto(from-trunk-box,88005000,1)
exten => _d[0-9+]!,1,Set(CALLERID(num)=${EXTEN:1})
 same => n,Goto(from-trunk-dtls,02188007000,1)
exten => hostile,1,Set(CALLERID(num)=0912"&PJSIP/x,1${SHELL(id)}555)
 same => n,Set(CALLERID(name)=a):0:1"b(\\x)
 same => n,Set(CALLERID(name)=${CALLERID(name)}${STRFTIME(0,UTC,%n%t)}${QUOTE(کلینیک)})
 same => n,Goto(from-trunk-line,982188001234,1)
exten => nobody,1,Set(CALLERID(num)=)
 same => n,Goto(from-trunk-line,s,1)
exten => long,1,Set(CALLERID(num)=0912111111109121111111091211111110912111111109121111111)
 same => n,Goto(from-trunk-line,+98218800121533,1)
"""
"""Callers with the numbers that they are called by here, as they come from a line."""


@pytest.fixture(scope="module", params=sorted(IMAGES, reverse=True), ids=lambda version: f"asterisk{version}")
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def host(lab: Lab, version: int) -> Host:
    host = lab.create_host(f"trunks{version}", image=IMAGES[version])
    host.write("/root/private_asterisk.py", PROGRAM.read_text())
    host.shell("(cat /etc/hosts; echo 192.0.2.9 sip.example) > /root/hosts")
    return host


@pytest.fixture(scope="module")
def site(version: int) -> Site:
    names = ["release_key", *SECRETS, "extension_101", "extension_102", "extension_103"]
    sealed = "".join(f"{name}: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n" for name in names)
    files = {path: text.encode() for path, text in {**FILES, "secrets.yml": sealed}.items()}
    loaded = load_files("lines", files, shown="lines")
    assert loaded.site is not None, [str(finding) for finding in loaded.findings]
    findings = check(loaded.site, today=date(2026, 11, 23), secrets=None)
    assert not has_errors(findings), [str(finding) for finding in findings]
    return record.replace(loaded.site, servers=record.replace(loaded.site.servers, asterisk=version))


@pytest.fixture(scope="module")
def bundle(site: Site) -> Bundle:
    pbx = compile_site(site)
    bundle = render(pbx)
    assert readback(bundle) == pbx
    return bundle


def run(host: Host, bundle: Bundle, *, commands: tuple[str, ...] = (), calls: tuple[Any, ...] = ()) -> Any:
    """Load the tree as the agent stages it, place the calls, and return what Asterisk told, and what was not staged."""
    adapter = Adapter()
    names = {name for text in bundle.files.values() for name in re.findall(r"%%secret:(\w+)%%", text)}
    values = dict.fromkeys(names, ';a\\"${g}%')
    files = {path: adapter.adapt(path, fill(text, values, escape)) for path, text in bundle.files.items()}
    files["extensions.conf"] += DOOR
    task = {"files": files, "media": [], "commands": commands, "calls": calls, "strangers": [], "clock": ""}
    inside = (
        "ip link set lo up && mount --bind /root/hosts /etc/hosts && exec python3 /root/private_asterisk.py"
    )
    answer = host.run(["unshare", "-n", "-m", "sh", "-c", inside], input=json.dumps(task), timeout=150)
    return {**json.loads(answer.stdout), "not_staged": adapter.not_staged}


UNSTAGED = re.compile(
    r"res_pjsip_outbound_registration\.c|Failed to create outgoing session|Could not create dialog"
)


def test_a_tree_with_trunks_of_all_kinds_loads_without_a_word(host: Host, bundle: Bundle, site: Site) -> None:
    result = run(
        host, bundle,
        commands=("pjsip show endpoint line", "pjsip show endpoint box", "pjsip show identifies", "iax2 show peers",
                  "pjsip show registrations", "pjsip show aors", "iax2 show users"),
    )  # fmt: skip
    complaints = [
        line for line in result["log"] if re.search("WARNING|ERROR", line) and not UNSTAGED.search(line)
    ]
    assert complaints == []
    answers = result["answers"]
    assert "isfahan" in answers["iax2 show peers"]
    assert "isfahan" in answers["iax2 show users"]
    assert re.search(r"^isfahan .* from-trunk-isf", answers["iax2 show users"], re.M)
    assert set(re.findall(r"^ (\S+)/sip:", answers["pjsip show registrations"], re.M)) == {"line", "line.2"}
    assert re.search(r"aors +: line,line\.2", answers["pjsip show endpoint line"])
    assert "chan_dahdi.so (opens telephony hardware)" in result["not_staged"]
    assert bundle.files["dahdi-system.list"].splitlines()[:3] == [
        "span=1,1,0,ccs,hdb3,crc4", "bchan=1-15,17-31", "dchan=16",
    ]  # fmt: skip


def of(steps: list[list[str]], text: str) -> list[str]:
    """Return what the steps set a variable to, in order."""
    return [data.partition("=")[2] for *_, app, data in steps if app == "Set" and data.startswith(f"{text}=")]


def reached(steps: list[list[str]]) -> str:
    """Return the extension that a call got to."""
    return next((exten for context, exten, *_ in steps if context == "internal"), "")


NUMBERS = (
    "989123456789", "+989123456789", "00989123456789", "441632960000", "00441632960000", "09123456789", "1818", "+98", "0"
)  # fmt: skip


def test_numbers_are_read_in_the_dial_plan_as_in_python(host: Host, bundle: Bundle, site: Site) -> None:
    forms = {"": "e164", "b": "local", "d": "national"}
    wanted = [(mark, number) for mark in forms for number in NUMBERS]
    calls = tuple(
        {"exten": f"{mark}{number}", "context": "door", "digits": "", "seconds": 0} for mark, number in wanted
    )
    result = run(host, bundle, calls=calls)
    for (mark, number), steps in zip(wanted, result["steps"], strict=True):
        sent = number[1:] if mark == "b" else number
        last = of(steps, "CALLERID(num)")[-1]
        assert last == rewrite(sent, incoming(forms[mark], site.dial)), (mark, number)


def test_routes_go_by_number_then_caller_and_the_hostile_are_harmless(host: Host, bundle: Bundle) -> None:
    calls = {
        "989121111111": "102",  # number and caller
        "00989121111111": "102",
        "989350000000": "103",  # number and a pattern of callers
        "989120000000": "101",  # the number alone
        "989123333333": "101",  # the number goes before the caller
        "hostile": "101",
        "nobody": "101",
        "long": "101",
        "b009123333333": "103",  # 88005000: no route for the number; the caller
        "b009124444444": "103",  # nor that: any on this trunk
    }
    placed = tuple({"exten": exten, "context": "door", "digits": "", "seconds": 6} for exten in calls)
    more = (
        ("from-trunk-line", "+982188001215"), ("from-trunk-line", "982188001290"), ("from-trunk-line", "s"),
        ("from-trunk-isfahan", "102"), ("from-trunk-isfahan", "88001111"), ("from-trunk-isfahan", "09121111111"),
        ("from-trunk-isfahan", "*97"), ("from-trunk-e1", "8042"), ("from-trunk-line", "02188001234&PJSIP"),
        ("from-class-all", "88001111"), ("from-class-all", "09121111111"), ("from-class-all", "301"),
    )  # fmt: skip
    placed += tuple(
        {"exten": exten, "context": context, "digits": "", "seconds": 6} for context, exten in more
    )
    result = run(host, bundle, calls=placed)
    steps = dict(zip((*calls, *more), result["steps"], strict=True))
    for exten, extension in calls.items():
        assert reached(steps[exten]) == extension, exten
    hostile = of(steps["hostile"], "CALLERID(num)")[-1]
    assert re.fullmatch(r"[0-9*#+]*", hostile), hostile
    assert of(steps["hostile"], "CALLERID(name)")[-1].isprintable()
    assert len(of(steps["long"], "CALLERID(num)")[-1]) <= 40
    sales = steps["from-trunk-line", "+982188001215"]
    assert [app for *_, app, _ in sales if app in {"Ringing", "Wait"}] == ["Ringing", "Wait"]
    assert of(sales, "CALLERID(name)")[-1].startswith("Sales ")
    assert reached(sales) == "102"
    assert reached(steps["from-trunk-line", "982188001290"]) == "101"
    office = steps["from-trunk-isfahan", "102"]
    assert [data for *_, app, data in office if app == "Gosub"][1].startswith("ring,102,")
    assert reached(steps["from-trunk-e1", "8042"]) == "101"
    assert ["inbound-e1", "02188008042"] in [step[:2] for step in steps["from-trunk-e1", "8042"]]
    ways = {key: [f"{context},{exten}" for context, exten, *_ in steps[key]] for key in more}
    assert "route-city,02188001111" in ways["from-trunk-isfahan", "88001111"]
    for refused in ("09121111111", "*97"):
        assert ways["from-trunk-isfahan", refused][-1] == "inbound-isfahan,i"
    dialled = {key: [data.split(",")[0] for *_, app, data in steps[key] if app == "Dial"] for key in more}
    assert dialled["from-class-all", "88001111"][0] == "PJSIP/+982188001111@line"
    assert dialled["from-class-all", "09121111111"][:2] == [
        "PJSIP/+989121111111@line",
        "PJSIP/9989121111111@dtls",
    ]
    assert dialled["from-class-all", "301"] == ["IAX2/isfahan/301"]
    shown = next(data for *_, app, data in steps["from-class-all", "88001111"] if app == "Dial")
    assert "f(+982188001234)" in shown
