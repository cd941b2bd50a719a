"""The expected tree of the sample clinic in a real Asterisk: it loads without a word, and calls go where they should.

What can't be staged without a network is left out by name: the trunk's registration, which nobody answers (``UNSTAGED``),
and the trunk's host name, which a line in the hosts file stands in for.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kelid.compile import compile_site, modules
from kelid.lab import Host, Lab
from kelid.load import load_site
from kelid.model import record
from kelid.model.bundle import Bundle
from kelid.model.pbx import SECRET, ConfFile, Option, Pbx, Section
from kelid.model.reloads import RELOADS, expectations
from kelid.render import render

pytestmark = pytest.mark.lab

PROGRAM = Path(__file__).with_name("private_asterisk.py")
UNSTAGED = re.compile(r"res_pjsip_outbound_registration\.c: No response received")
IMAGES = {22: "pbx", 16: "pbx11"}
PAUSE = "w" * 8
"""Four seconds in which SendDTMF sends nothing."""


@pytest.fixture(scope="module", params=sorted(IMAGES, reverse=True), ids=lambda version: f"asterisk{version}")
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def host(lab: Lab, version: int) -> Host:
    host = lab.create_host(f"conf{version}", image=IMAGES[version])
    host.write("/root/private_asterisk.py", PROGRAM.read_text())
    host.shell("(cat /etc/hosts; echo 192.0.2.9 sip.mokhaberat.example) > /root/hosts")
    return host


@pytest.fixture(scope="module")
def pbx(root: Path, version: int) -> Pbx:
    site = load_site(root / "sites" / "noor-clinic", shown="sites/noor-clinic").site
    assert site is not None
    return compile_site(record.replace(site, servers=record.replace(site.servers, asterisk=version)))


@pytest.fixture(scope="module")
def bundle(pbx: Pbx) -> Bundle:
    return render(pbx)


def run(
    host: Host,
    bundle: Bundle,
    *,
    commands: tuple[str, ...] = (),
    calls: tuple[Any, ...] = (),
    strangers: tuple[str, ...] = (),
    clock: str = "",
) -> dict[str, Any]:
    """Load the tree, with dummies where secrets go, on the host; return what its Asterisk told."""
    files = {path: SECRET.sub("4711", text) for path, text in bundle.files.items()}
    task = {
        "files": files,
        "media": [media.file_name for media in bundle.media],
        "commands": commands,
        "calls": calls,
        "strangers": strangers,
        "clock": clock,
    }
    # A network and mounts of its own: nothing of it reaches the host's own Asterisk.
    inside = (
        "ip link set lo up && mount --bind /root/hosts /etc/hosts && exec python3 /root/private_asterisk.py"
    )
    answer = host.run(["unshare", "-n", "-m", "sh", "-c", inside], input=json.dumps(task), timeout=150)
    result: dict[str, Any] = json.loads(answer.stdout)
    return result


def complaints(result: dict[str, Any]) -> list[str]:
    return [line for line in result["log"] if re.search("WARNING|ERROR", line) and not UNSTAGED.search(line)]


def names(pattern: str, text: str) -> list[str]:
    return sorted(set(re.findall(pattern, text, re.MULTILINE)))


def test_it_loads_without_a_word_and_all_is_there(host: Host, bundle: Bundle, pbx: Pbx) -> None:
    applications = sorted({step.app for c in pbx.contexts for exten in c.extens for step in exten.steps})
    data = [step.data for c in pbx.contexts for exten in c.extens for step in exten.steps]
    functions = sorted({name for text in data for name in re.findall(r"\b([A-Z_]{3,})\(", text)})
    assert {"GROUP", "FILTER", "DIALPLAN_EXISTS", "STRFTIME"} <= set(functions)
    objects = (
        "dialplan show",
        "pjsip list endpoints",
        "pjsip list registrations",
        "pjsip show identifies",
        "queue show",
        "voicemail show users",
        "moh show classes",
    )
    result = run(
        host,
        bundle,
        commands=(
            *objects,
            *(f"core show application {name}" for name in applications),
            *(f"core show function {name}" for name in functions),
        ),
    )
    assert complaints(result) == []
    answers = result["answers"]
    expected = expectations(pbx)
    assert (
        names(r"^\[ Context '([^']+)' created by 'pbx_config' \]", answers["dialplan show"])
        == expected["contexts"]
    )
    assert names(r"^ Endpoint:  (\w+)", answers["pjsip list endpoints"]) == expected["endpoints"]
    assert names(r"^ (\w+)/sip:", answers["pjsip list registrations"]) == expected["registrations"]
    assert names(r"^(\w+) has \d+ calls", answers["queue show"]) == expected["queues"]
    assert answers["queue show"].count("PJSIP/10") == 3
    boxes = [f"{box}@default" for box in names(r"^default +(\d+)", answers["voicemail show users"])]
    assert boxes == expected["mailboxes"]
    assert "192.0.2.9" in answers["pjsip show identifies"]
    assert "Class: default" in answers["moh show classes"]
    for command, text in answers.items():
        assert "is (are) not registered" not in text, command
        assert "No function by that name" not in text, command


def test_asterisk_makes_of_templates_what_we_say(host: Host, pbx: Pbx, bundle: Bundle) -> None:
    """Phones that inherit have all options that they'd have if each were written out."""
    assert "(!)" in bundle.files["pjsip.conf"]
    whole = render(
        record.replace(pbx, files=tuple(ConfFile(file.path, (*file.resolved,)) for file in pbx.files))
    )
    assert "(" not in re.sub(r"=.*", "", whole.files["pjsip.conf"])
    commands = tuple(
        f"pjsip show {section.get('type')} {section.name}"
        for section in pbx.sections("pjsip.conf")
        if section.get("type") in {"endpoint", "aor", "auth"}
    )
    inherited, written = (run(host, tree, commands=commands)["answers"] for tree in (bundle, whole))
    for command in commands:
        assert re.search(r"(?m)^ *(context|max_contacts|auth_type) +:", written[command])
        assert inherited[command] == written[command]


def test_every_reload_command_is_one(host: Host, pbx: Pbx, version: int) -> None:
    """Also with what only some sites use: it loads without a word, but for telephony cards, which a lab doesn't have."""
    files = [file for file in pbx.files if file.path != "modules.conf"]
    files += [
        modules.conf(version, ("iax2", "websocket")),
        ConfFile("iax.conf", (Section("general", (Option("bindport", "4569"),)),)),
    ]
    everything = render(record.replace(pbx, files=tuple(sorted(files, key=lambda file: file.path))))
    result = run(host, everything, commands=tuple(command for _, command in RELOADS))
    assert complaints(result) == []
    for command, text in result["answers"].items():
        assert not re.search("No such|not support|Usage:|Unable", text), (command, text)


def test_a_fault_in_the_tree_is_seen(host: Host, bundle: Bundle) -> None:
    """The check above can fail: one bad option is enough."""
    broken = {
        **bundle.files,
        "pjsip.conf": bundle.files["pjsip.conf"].replace("rtp_symmetric = yes", "rtp_nonsense = yes"),
    }
    assert complaints(run(host, record.replace(bundle, files=broken)))


def test_strangers_get_no_way_in(host: Host, bundle: Bundle) -> None:
    """Neither the trunk's name, nor an extension's, nor any other opens the door without an address or a password."""
    names = ("mokhaberat", "101", "anonymous", "nobody")
    assert run(host, bundle, strangers=names)["knocks"] == ["SIP/2.0 401 Unauthorized"] * len(names)


SUBROUTINES = re.compile(r"trunk-in-.*|blacklist|ring|forward|phone-free|reach|confirm|limit|caps?(-.*)?")
"""Contexts that come back to where they were called from: no part of the way."""


def came_in(trunk: str, number: str) -> list[str]:
    """Return the way of a call from outside up to the inbound route that takes it."""
    return [f"from-trunk-{trunk},{number}", f"inbound-{trunk},{number}"]


def path_of(steps: list[list[str]]) -> list[str]:
    """Return the ways that a call took: each extension once, in order."""
    path: list[str] = []
    for context, exten, *_ in steps:
        if not SUBROUTINES.fullmatch(context) and (not path or path[-1] != f"{context},{exten}"):
            path.append(f"{context},{exten}")
    return path


@pytest.mark.parametrize(
    ("clock", "reached"),
    [
        ("2026-11-23 10:00:00", "ivr-main,s"),  # Monday 13:30 in Tehran
        ("2026-11-23 04:29:50", "announcement-closed,s"),  # 07:59:50
        ("2026-11-23 04:30:05", "ivr-main,s"),  # 08:00:05
        ("2026-11-23 16:29:50", "ivr-main,s"),  # 19:59:50
        ("2026-11-23 16:30:05", "announcement-closed,s"),  # 20:00:05
        ("2026-11-26 09:00:00", "ivr-main,s"),  # Thursday 12:30
        ("2026-11-26 10:00:00", "announcement-closed,s"),  # Thursday 13:30
        ("2026-11-27 07:00:00", "announcement-closed,s"),  # Friday
        ("2027-03-20 20:35:00", "announcement-holiday,s"),  # 21 March 00:05 in Tehran: Nowruz
        ("2028-03-22 07:00:00", "ivr-main,s"),  # the same day of a year whose list is not written yet
    ],
)
def test_the_clock_decides_in_the_sites_own_zone(
    host: Host, bundle: Bundle, version: int, clock: str, reached: str
) -> None:
    if version != 22:
        pytest.skip("one version is enough for the clock")
    call = {"exten": "02188001234", "context": "from-trunk-mokhaberat", "digits": "", "seconds": 3}
    path = path_of(run(host, bundle, calls=(call,), clock=clock)["steps"][0])
    assert path[:3] == [*came_in("mokhaberat", "02188001234"), "schedule-office,s"]
    assert path[3] == reached


CALLS: dict[str, tuple[str, str, str, list[str]]] = {
    # name: extension, context, digits, the way
    "silence": (
        "s", "ivr-main", "w" * 90,
        ["ivr-main,s", "ivr-main,t", "ivr-main,s", "ivr-main,t", "ivr-main,s", "ivr-main,t", "queues,reception"],
    ),
    "wrong keys": (
        "s", "ivr-main", f"{PAUSE}7{PAUSE}8{PAUSE}9{PAUSE * 2}",
        ["ivr-main,s", "ivr-main,i", "ivr-main,s", "ivr-main,i", "ivr-main,s", "ivr-main,i", "internal,101"],
    ),
    "two levels and back": (
        "s", "ivr-main", f"{PAUSE}2{PAUSE}9{PAUSE}*{PAUSE}103{PAUSE}",
        [
            "ivr-main,s", "ivr-main,2", "ivr-departments,s", "ivr-departments,9", "ivr-departments,s",
            "ivr-departments,*", "ivr-main,s", "ivr-main,103", "internal,103", "voicemail-unavailable,103",
        ],
    ),
    "nobody in the queue": (
        "s", "ivr-main", f"{PAUSE}1{PAUSE * 2}",
        ["ivr-main,s", "ivr-main,1", "queues,reception", "voicemail-unavailable,101"],
    ),
    "direct line": (
        "02188001235", "from-trunk-mokhaberat", PAUSE,
        [*came_in("mokhaberat", "02188001235"), "internal,107", "voicemail-unavailable,107"],
    ),
    "extension": ("103", "from-class-local", PAUSE, ["from-class-local,103", "voicemail-unavailable,103"]),
    "mobile": (
        "09123456789", "from-class-national", PAUSE,
        ["from-class-national,09123456789", "route-mobile,09123456789"],
    ),
    "number in the city": (
        "88001111", "from-class-local", PAUSE,
        ["from-class-local,88001111", "route-tehran,02188001111"],
    ),
    "mobile, not allowed": ("09123456789", "from-class-local", PAUSE, ["from-class-local,09123456789"]),
    "abroad, not allowed": ("00441632960000", "from-class-national", PAUSE, ["from-class-national,00441632960000"]),
    "emergency, from every class": ("115", "from-class-internal", PAUSE, ["from-class-internal,115", "route-emergency,115"]),
    "no such number": ("999999", "from-class-international", PAUSE, ["from-class-international,999999"]),
}  # fmt: skip


def test_calls_go_where_they_should(host: Host, bundle: Bundle) -> None:
    calls = tuple(
        {"exten": exten, "context": context, "digits": digits, "seconds": 55}
        for exten, context, digits, _ in CALLS.values()
    )
    result = run(host, bundle, calls=calls)
    for (name, (_, _, _, way)), steps in zip(CALLS.items(), result["steps"], strict=True):
        path = path_of(steps)
        assert path[: len(way)] == way, name
        if name.endswith("not allowed") or name == "no such number":
            assert path == way
            assert [step[3:] for step in steps] == [["Hangup", "1"]], name
