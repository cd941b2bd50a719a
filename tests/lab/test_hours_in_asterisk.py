"""Calendars, closures of some hours and night mode in a real Asterisk, whose clock is set."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kelid.compile import compile_site
from kelid.lab import Host, Lab
from kelid.load import load_files
from kelid.model import record
from kelid.model.bundle import Bundle
from kelid.model.pbx import SECRET
from kelid.render import render

pytestmark = pytest.mark.lab

PROGRAM = Path(__file__).with_name("private_asterisk.py")
BASE = Path(__file__).resolve().parents[1] / "bad_sites" / "_base"
IMAGES = {22: "pbx", 16: "pbx11"}

HOURS = """
calendars:
  - name: year
    dates: jalali
    source: the law
    horizon: 1406-12-29
    days:
      - {day: 1406-01-01, until: 1406-01-04, names: {en: Nowruz}}
    closures:
      - {day: 1405-09-11, start: 12:00, end: 16:30, names: {en: Smog}}
schedules:
  - name: office
    names: {en: Office}
    hours: [{days: [sat, sun, mon, tue, wed], start: 08:00, end: 18:00}]
    calendars: [year]
    override: {code: "*281", open_code: "*282", destination: hangup, phones: ["201"]}
    open_destination: ivr:main
    closed_destination: announcement:closed
    holiday_destination: busy
"""
DOOR = """
[phone-201]
exten => _[*0-9]!,1,Set(__CALLER_EXTENSION=201)
 same => n,Goto(overrides,${EXTEN},1)
[phone-202]
exten => _[*0-9]!,1,Set(__CALLER_EXTENSION=202)
 same => n,Goto(overrides,${EXTEN},1)
"""


@pytest.fixture(scope="module", params=sorted(IMAGES, reverse=True), ids=lambda version: f"asterisk{version}")
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def host(lab: Lab, version: int) -> Host:
    host = lab.create_host(f"hours{version}", image=IMAGES[version])
    host.write("/root/private_asterisk.py", PROGRAM.read_text())
    return host


@pytest.fixture(scope="module")
def bundle(version: int) -> Bundle:
    files = {path.name: path.read_bytes() for path in BASE.glob("*.yml")}
    files |= {f"media/{path.name}": path.read_bytes() for path in (BASE / "media").iterdir()}
    files["site.yml"] = files["site.yml"].replace(b"Europe/Berlin", b"Asia/Tehran")
    files["trunks.yml"] = files["trunks.yml"].replace(b"sip.example", b"192.0.2.9")
    site = load_files("base", files | {"hours.yml": HOURS.encode()}, shown="base").site
    assert site is not None
    return render(compile_site(record.replace(site, servers=record.replace(site.servers, asterisk=version))))


UNSTAGED = re.compile(r"res_pjsip_outbound_registration\.c|Network is unreachable")
"""What Asterisk says of a trunk sooner or later where there is no network."""


def call(exten: str, context: str) -> dict[str, Any]:
    return {"exten": exten, "context": context, "digits": "", "seconds": 4}


OFFICE = call("s", "schedule-office")


def run(host: Host, bundle: Bundle, clock: str, *calls: dict[str, Any]) -> dict[str, Any]:
    """Load the tree with the clock set (UTC), place the calls one by one, and return what was seen."""
    files = {path: SECRET.sub("4711", text) for path, text in bundle.files.items()}
    files["extensions.conf"] += DOOR
    task = {
        "files": files,
        "media": [media.file_name for media in bundle.media],
        "commands": (),
        "calls": calls,
        "strangers": (),
        "clock": clock,
        "one_by_one": True,
        "afterwards": ("core show hints", "database show NIGHT", "database show CustomDevstate"),
    }
    inside = "ip link set lo up && exec python3 /root/private_asterisk.py"
    answer = host.run(["unshare", "-n", "-m", "sh", "-c", inside], input=json.dumps(task), timeout=150)
    result: dict[str, Any] = json.loads(answer.stdout)
    return result


def reached(steps: list[list[str]]) -> str:
    """Return where the schedule sent a call: the context it went on in, or the application that ended it."""
    last = [step for step in steps if step[0] == "schedule-office"][-1]
    return last[4].split(",")[0] if last[3] == "Goto" else last[3]


@pytest.mark.parametrize(
    ("clock", "where"),
    [
        ("2026-12-02 08:29:30", "ivr-main"),  # Wednesday 11:59:30 in Tehran, 11 Azar 1405
        ("2026-12-02 08:30:30", "Busy"),  # 12:00:30: the smog closes it
        ("2026-12-02 12:59:30", "Busy"),  # 16:29:30
        ("2026-12-02 13:00:30", "ivr-main"),  # 16:30:30
        ("2026-12-03 09:00:00", "announcement-closed"),  # Thursday
        ("2027-03-23 07:00:00", "Busy"),  # the third of Nowruz
        ("2028-03-22 07:00:00", "ivr-main"),  # beyond the horizon an ordinary Wednesday
    ],
)
def test_the_day_and_the_minute_decide(
    host: Host, bundle: Bundle, version: int, clock: str, where: str
) -> None:
    if version != 22:
        pytest.skip("one version is enough for the clock")
    assert reached(run(host, bundle, clock, OFFICE)["steps"][0]) == where


def test_night_mode_by_code(host: Host, bundle: Bundle) -> None:
    """Closed by a phone that may, given back by the same code, opened on a holiday, and not by anybody else."""
    result = run(
        host,
        bundle,
        "2026-12-01 08:00:00",
        OFFICE,
        call("*281", "phone-202"),
        OFFICE,
        call("*281", "phone-201"),
        OFFICE,
        call("*281", "phone-201"),
        OFFICE,
        call("*282", "phone-201"),
    )
    faults = [line for line in result["log"] if re.search("WARNING|ERROR", line)]
    assert [line for line in faults if not UNSTAGED.search(line)] == []
    steps = result["steps"]
    ways = [reached(steps[index]) for index in (0, 2, 4, 6)]
    assert ways == ["ivr-main", "ivr-main", "Hangup", "ivr-main"]
    assert [step[3:] for step in steps[1]][-1] == ["Hangup", "21"]
    afterwards = result["answers"]
    assert re.search(r"/NIGHT/office\s*: open", afterwards["database show NIGHT"])
    assert afterwards["core show hints"].count("@overrides") == 2
    lamps = afterwards["database show CustomDevstate"]
    assert re.search(r"/CustomDevstate/NIGHT-office-closed\s*: NOT_INUSE", lamps)
    assert re.search(r"/CustomDevstate/NIGHT-office-open\s*: INUSE", lamps)


def test_an_open_code_goes_before_a_holiday(host: Host, bundle: Bundle, version: int) -> None:
    if version != 22:
        pytest.skip("one version is enough for the clock")
    result = run(host, bundle, "2027-03-23 07:00:00", OFFICE, call("*282", "phone-201"), OFFICE)
    assert [reached(result["steps"][index]) for index in (0, 2)] == ["Busy", "ivr-main"]
