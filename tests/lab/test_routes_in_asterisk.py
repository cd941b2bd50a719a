"""Routes in a real Asterisk: PINs, caps, limits, failover, caller IDs and the blacklist, with real calls to SIP lines.

The lines are the telephone company's side of private_asterisk.py: they answer, or refuse, and send no sound.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest

from kelid.compile import compile_site
from kelid.lab import Host, Lab
from kelid.load import load_site
from kelid.model.astdb import BLACKLIST
from kelid.model.bundle import Bundle
from kelid.model.pbx import SECRET
from kelid.render import render

pytestmark = pytest.mark.lab

PROGRAM = Path(__file__).with_name("private_asterisk.py")
IMAGES = {22: "pbx", 16: "pbx11"}
LINES = {"5071": "200 OK", "5072": "503 Service Unavailable", "5073": "486 Busy Here"}
PIN = "270194"
P = "w" * 6
"""Three seconds in which SendDTMF sends nothing."""

DOOR = """
[door]
exten => _[0-9]!,1,Set(CALLERID(num)=${EXTEN})
 same => n,Goto(ask,1)
exten => nobody,1,Set(CALLERID(num)=)
 same => n,Goto(ask,1)
exten => hidden,1,Set(CALLERID(num)=09120000000)
 same => n,Set(CALLERID(num-pres)=prohib_passed_screen)
 same => n,Goto(ask,1)
exten => ask,1,Gosub(blacklist,s,1)
 same => n,NoOp(welcome)
"""
"""Callers from outside with the numbers that they are called by here, as an inbound route meets them."""

FILES = {
    "site.yml": """
client: lines
sample: true
names: {en: Lines}
time_zone: Asia/Tehran
language: en
country: IR
servers: {asterisk: 22, primary: {address: 192.0.2.10}}
dial:
  country_code: 98
  area_code: 21
  trunk_prefix: 0
  international_prefix: 00
  emergency: [115]
  premium: [0909XXXXXXX]
defaults: {permission_class: all}
""",
    "extensions.yml": "extensions:\n  - {number: 101, names: {en: A}, outbound_caller_id: 02188000101}\n",
    "trunks.yml": """
trunks:
  - {name: good, host: 127.0.0.1, port: 5071, dids: [02188001234], caller_id: 02188001234, qualify: 0}
  - {name: dead, host: 127.0.0.1, port: 5072, qualify: 0}
  - {name: busy, host: 127.0.0.1, port: 5073, qualify: 0}
""",
    "routes.yml": """
inbound:
  - {name: main, trunk: good, did: 02188001234, destination: extension:101}
outbound:
  - {name: emergency, kind: emergency, patterns: [{match: 115}], trunks: [dead, good]}
  - {name: city, kind: local, patterns: [{match: "[2-9]XXXXXXX", prepend: 021}], trunks: [dead, good], caller_id: trunk}
  - {name: taken, kind: national, patterns: [{match: 03XXXXXXXXX}], trunks: [busy, good]}
  - {name: mobile, kind: mobile, patterns: [{match: 09XXXXXXXXX}], trunks: [good], caller_id: anonymous, max_duration: 2}
  - {name: fixed, kind: national, patterns: [{match: 05XXXXXXXXX}], trunks: [good], caller_id: "02188009999"}
  - {name: abroad, kind: international, patterns: [{match: 00.}], trunks: [good], pin_set: managers}
  - {name: games, kind: premium, patterns: [{match: 0909XXXXXXX}], trunks: [good]}
permission_classes:
  - {name: all, routes: [city, taken, mobile, fixed, abroad, games]}
  - {name: few, routes: [city, mobile], max_calls: 1}
pin_sets:
  - name: managers
    pins: [{account_code: sara}]
caps:
  - {name: dear, kinds: [premium], calls_per_hour: 2, minutes_per_day: 10, prompt: "builtin:vm-goodbye"}
  - {name: talk, kinds: [mobile], calls_per_day: 1000}
  - {name: long, kinds: [international], per: class, minutes_per_hour: 1}
blacklist: {patterns: [0900XXXXXXX], allow: ["09001111111"], anonymous: reject}
""",
}


@pytest.fixture(scope="module", params=sorted(IMAGES, reverse=True), ids=lambda version: f"asterisk{version}")
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def host(lab: Lab, version: int) -> Host:
    host = lab.create_host(f"routes{version}", image=IMAGES[version])
    host.write("/root/private_asterisk.py", PROGRAM.read_text())
    return host


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, version: int) -> Bundle:
    folder = tmp_path_factory.mktemp("lines")
    names = ["release_key", "extension_101", "pin_managers_sara"]
    sealed = "".join(f"{name}: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n" for name in names)
    for name, text in {**FILES, "secrets.yml": sealed}.items():
        (folder / name).write_text(text.replace("asterisk: 22", f"asterisk: {version}"))
    loaded = load_site(folder)
    assert loaded.site is not None, loaded.findings
    return render(compile_site(loaded.site))


def call(exten: str, context: str = "from-class-all", digits: str = "", seconds: int = 3) -> dict[str, Any]:
    return {"exten": exten, "context": context, "digits": digits, "seconds": seconds}


def digest_of(pin: str) -> str:
    return md5(pin.encode(), usedforsecurity=False).hexdigest()


def run(host: Host, bundle: Bundle, *calls: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Load the tree on the host, place the calls one by one; return what its Asterisk and the lines told."""
    files = {
        path: SECRET.sub(lambda token: digest_of(PIN) if token[2] else "4711", text)
        for path, text in bundle.files.items()
    }
    files["extensions.conf"] += DOOR
    task = {
        "files": files,
        "media": [],
        "commands": (),
        "calls": calls,
        "strangers": (),
        "clock": "",
        "lines": LINES,
        "one_by_one": True,
        "afterwards": ("database show",),
        **more,
    }
    inside = "ip link set lo up && exec python3 /root/private_asterisk.py"
    answer = host.run(["unshare", "-n", "-m", "sh", "-c", inside], input=json.dumps(task), timeout=150)
    result: dict[str, Any] = json.loads(answer.stdout)
    return result


def faults(result: dict[str, Any]) -> list[str]:
    return [line for line in result["log"] if re.search("WARNING|ERROR", line) and "kelid alarm" not in line]


def sent(result: dict[str, Any]) -> list[tuple[int, str]]:
    """Return the lines and the numbers that calls went out to, in order."""
    return [(port, re.match(r"INVITE sip:([^@]+)@", text)[1]) for port, text in result["invites"]]  # type: ignore[index]


def header(invite: str, name: str) -> str:
    found = re.search(rf"(?im)^{name}: (.*?)\r?$", invite)
    return found[1] if found else ""


def test_it_loads_without_a_word_and_every_way_is_there(host: Host, bundle: Bundle) -> None:
    result = run(host, bundle, commands=("dialplan show",))
    assert faults(result) == []


def test_the_next_trunk_is_tried_and_a_busy_number_is_busy(host: Host, bundle: Bundle) -> None:
    result = run(
        host, bundle, call("88001111"), call("115"), call("03512345678"), call("115", "from-class-few")
    )
    assert sent(result) == [
        (5072, "02188001111"), (5071, "02188001111"),
        (5072, "115"), (5071, "115"),
        (5073, "03512345678"),
        (5072, "115"), (5071, "115"),
    ]  # fmt: skip


def test_what_the_other_side_sees(host: Host, bundle: Bundle) -> None:
    result = run(host, bundle, call("88001111"), call("09121234567"), call("05112345678"))
    shown = {port_text[1].split("@")[0].split(":")[-1]: port_text[1] for port_text in result["invites"]}
    assert "02188001234" in header(shown["02188001111"], "From")
    assert "02188009999" in header(shown["05112345678"], "From")
    assert "anonymous" in header(shown["09121234567"], "From").lower()


def test_a_pin_is_asked_and_never_seen(host: Host, bundle: Bundle) -> None:
    wrong, right = "135790", PIN
    result = run(
        host,
        bundle,
        call("00441632960000", digits=f"{P}{wrong}#{P}{wrong}#{P}{wrong}#{P}"),
        call("00441632960001", digits=f"{P}{right}#{P}"),
        call("00441632960002", "class-all", digits=f"{P}{right}#{P}"),
        call("09091234567", "class-all"),
    )
    assert faults(result) == []
    assert sent(result) == [(5071, "00441632960001"), (5071, "00441632960002")]
    # The phone of this test is Asterisk's own SendDTMF: what it is told to press is no leak of the route's.
    told = "\n".join([*result["log"], result["events"].replace(f"{P}{PIN}#{P}", ""), str(result["steps"])])
    assert PIN not in told
    assert digest_of(PIN) not in told
    assert "AccountCode: sara" in result["events"]
    assert result["steps"][3][-1][3:] == ["Hangup", "21"]


def test_a_cap_refuses_and_tells_it_once(host: Host, bundle: Bundle) -> None:
    calls = [call("09091234567") for _ in range(4)]
    result = run(host, bundle, *calls, clock="2026-11-23 10:00:00")  # no full hour comes in between
    assert faults(result) == []
    assert len(sent(result)) == 2
    assert [steps[-1][3:] for steps in result["steps"]][2:] == [["Hangup", "21"]] * 2
    assert len([line for line in result["log"] if "kelid alarm: cap dear of site: hour-calls" in line]) == 1
    assert result["events"].count("UserEvent: KelidAlarm") == 1
    record_ = re.search(r"/caps/dear/site/hour\s*: (\S+)", result["answers"]["database show"])
    assert record_
    assert re.fullmatch(r"20\d{8}-2-[4-9]", record_[1]), record_[1]


def test_seconds_go_to_the_hour_in_which_they_were_spoken(host: Host, bundle: Bundle) -> None:
    """A call over the full hour of the site's own clock. What was used before counts no more."""
    keep = (
        "database put caps dear/site/hour 2026112313-2-5",
        "database put caps dear/site/day 20261123-7-300",
    )
    spoken = call("09091234567", seconds=40)
    first = run(host, bundle, spoken, spoken, clock="2026-11-23 10:28:00", commands=keep)
    assert faults(first) == []
    # The first is one too many in its hour, the second ...
    assert sent(first) == []
    keep = ("database put caps dear/site/hour 2026112313-1-5", keep[1])
    for ahead in (25, 60, 120):
        spoken = call("09091234567", seconds=ahead + 15)
        clock = datetime(2026, 11, 23, 10, 30) - timedelta(seconds=ahead)  # noqa: DTZ001 - the lab's own clock
        result = run(host, bundle, spoken, clock=f"{clock}", commands=keep)
        assert sent(result) == [(5071, "09091234567")]
        records = dict(re.findall(r"/caps/dear/site/(\w+)\s*: (\S+)", result["answers"]["database show"]))
        if not records["hour"].startswith("2026112314-1-"):
            break
        # The clock runs while Asterisk loads: that took so long that the call began in the next hour.
    hour = re.fullmatch(r"2026112314-0-(\d+)", records["hour"])
    day = re.fullmatch(r"20261123-8-(\d+)", records["day"])
    assert hour, records
    assert day, records
    assert 14 <= int(hour[1]) <= ahead + 16
    assert 310 + ahead <= int(day[1]) <= 319 + ahead


def test_a_call_is_cut_when_the_minutes_are_used_up(host: Host, bundle: Bundle) -> None:
    keep = ("database put caps long/all/hour 2026112313-3-50",)
    abroad = call("00441632960001", digits=f"{P}{PIN}#{'w' * 90}", seconds=60)
    result = run(host, bundle, abroad, abroad, clock="2026-11-23 10:00:00", commands=keep)
    assert faults(result) == []
    assert sent(result) == [(5071, "00441632960001")]
    assert len([line for line in result["log"] if "kelid alarm: cap long of all: hour-minutes" in line]) == 1
    found = re.search(r"/caps/long/all/hour\s*: 2026112313-4-(\d+)", result["answers"]["database show"])
    assert found
    assert 78 <= int(found[1]) <= 84


def test_a_class_has_its_calls_at_once_and_emergencies_always(host: Host, bundle: Bundle) -> None:
    at_once = [
        call("88001111", "from-class-few", seconds=8),
        call("88002222", "from-class-few", seconds=8),
        call("115", "from-class-few", seconds=8),
        call("88003333", "from-class-all", seconds=8),
    ]
    result = run(host, bundle, *at_once, one_by_one=False)
    answered = {number for port, number in sent(result) if port == 5071}
    assert answered == {"02188001111", "115", "02188003333"}
    assert result["steps"][1][-1][3:] == ["Hangup", "34"]


def test_a_call_ends_after_its_longest_time(host: Host, bundle: Bundle) -> None:
    result = run(host, bundle, call("09121234567", seconds=15))
    found = re.search(r"/caps/talk/site/day\s*: \d{8}-1-(\d+)", result["answers"]["database show"])
    assert found
    assert 2 <= int(found[1]) <= 4


def test_costly_numbers_leave_by_their_own_routes_alone(host: Host, bundle: Bundle) -> None:
    result = run(host, bundle, call("09091234567", "from-class-few"), call("0044123", "from-class-few"))
    assert sent(result) == []
    assert [steps[-1][3:] for steps in result["steps"]] == [["Hangup", "21"], ["Hangup", "1"]]


def test_the_blacklist_refuses_whom_it_names(host: Host, bundle: Bundle) -> None:
    """Those of the site, those that phones add, and who hides; but never who is allowed."""
    callers = ("09000000000", "09001111111", "09123334444", "09125556666", "nobody", "hidden")
    result = run(
        host,
        bundle,
        *(call(number, "door") for number in callers),
        commands=[f"database put {BLACKLIST} {number} 1" for number in ("09123334444", "09001111111")],
    )
    assert faults(result) == []
    welcome = [steps[-1][3:] == ["NoOp", "welcome"] for steps in result["steps"]]
    assert dict(zip(callers, welcome, strict=True)) == {
        "09000000000": False,
        "09001111111": True,
        "09123334444": False,
        "09125556666": True,
        "nobody": False,
        "hidden": False,
    }
