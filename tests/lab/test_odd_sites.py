"""Sites unlike the sample clinic in a real Asterisk: each loads without a word, and calls go where its YAML says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kelid.compile import compile_site
from kelid.deliver.release import fill
from kelid.findings import has_errors
from kelid.lab import Host, Lab
from kelid.load import load_files
from kelid.model.bundle import Bundle
from kelid.readback import readback
from kelid.render import escape, render
from kelid.rules import check

pytestmark = pytest.mark.lab

PROGRAM = Path(__file__).with_name("private_asterisk.py")
UNSTAGED = re.compile(
    r"res_pjsip_outbound_registration\.c: No response received|Could not create dialog to invalid URI"
    r"|Failed to create outgoing session"
)
"""What no tree can help without a network: trunks don't answer, and no phone is registered."""

SECRET = ";--a\\b;c,d\"e'f${g}%%h\\"
P = "w" * 6
"""Three seconds in which SendDTMF sends nothing."""

SITE = """
client: odd
names: {{en: Odd}}
time_zone: {zone}
language: en
country: DE
servers: {{asterisk: {asterisk}, primary: {{address: 192.0.2.10}}}}
dial: {{country_code: 49, area_code: 30, trunk_prefix: 0, international_prefix: 00, emergency: [110]}}
defaults: {{permission_class: local}}
"""
SEALED = " !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n"
TRUNKS = "trunks:\n  - {name: line, host: sip.example, user: line, dids: [030123456]}\n"
ROUTES = """
inbound:
  - {{name: main, trunk: line, did: 030123456, destination: "{to}"}}
outbound:
  - {{name: emergency, kind: emergency, patterns: [{{match: 110}}], trunks: [line]}}
permission_classes:
  - {{name: local, routes: []}}
"""


SUBROUTINES = re.compile(r"trunk-in-.*|blacklist|ring|forward|phone-free|reach|confirm|limit|caps?(-.*)?")
"""Contexts that come back to where they were called from: no part of the way."""


def came_in(trunk: str, number: str) -> list[str]:
    """Return the way of a call from outside up to the inbound route that takes it."""
    return [f"from-trunk-{trunk},{number}", f"inbound-{trunk},{number}"]


@dataclass(frozen=True)
class Odd:
    """A site by its files, the calls to place, and the way that each goes."""

    files: Mapping[str, str]
    calls: Mapping[tuple[str, str, str], list[str]]
    """Extension, context and keys -> the way, ``context,extension`` from first to last."""
    clock: str = ""
    zone: str = "UTC"
    asterisk: int = 22
    redirect: str = ""
    secrets: tuple[str, ...] = field(default=("trunk_line",))


ODD = {
    "no trunk, and an Asterisk that nobody tested": Odd(
        {
            "extensions.yml": "extensions:\n  - {number: 11, names: {en: R&D (Lab), fa: آزمایش‌گاه, zh: 张伟}}\n"
            "  - {number: 1234567890, names: {en: O'Brien é}}\n",
            "routes.yml": "permission_classes:\n  - {name: local, routes: []}\n",
        },
        {
            ("11", "from-class-local", P): ["from-class-local,11"],
            ("1234567890", "from-class-local", P): ["from-class-local,1234567890"],
            ("110", "from-class-local", P): ["from-class-local,110"],
        },
        asterisk=20,
        secrets=(),
    ),
    "keys that begin other keys and numbers": Odd(
        {
            "extensions.yml": "extensions:\n  - {number: 11, names: {en: A}}\n  - {number: 12345, names: {en: B}}\n",
            "trunks.yml": TRUNKS,
            "routes.yml": ROUTES.format(to="ivr:main"),
            "ivrs.yml": """
ivrs:
  - name: main
    names: {en: Main}
    prompt: builtin:vm-goodbye
    direct_dial: [extensions]
    timeout: 8
    retries: 0
    entries:
      - {digits: "1", destination: ivr:side}
      - {digits: "123", destination: extension:11}
      - {digits: "*9", destination: ivr:side}
    timeout_destination: hangup
    invalid_destination: busy
  - name: side
    names: {en: Side}
    prompt: builtin:vm-goodbye
    timeout: 8
    entries:
      - {digits: "1", destination: ivr:main}
      - {digits: "#", destination: parent}
    timeout_destination: hangup
    invalid_destination: hangup
""",
        },
        {
            ("s", "ivr-main", f"{P}1{P}"): ["ivr-main,s", "ivr-main,1", "ivr-side,s"],
            ("s", "ivr-main", f"{P}11{P}"): ["ivr-main,s", "ivr-main,11", "internal,11"],
            ("s", "ivr-main", f"{P}123{P}"): ["ivr-main,s", "ivr-main,123", "internal,11"],
            ("s", "ivr-main", f"{P}12345{P}"): ["ivr-main,s", "ivr-main,12345", "internal,12345"],
            ("s", "ivr-main", f"{P}12{P}"): ["ivr-main,s", "ivr-main,i"],
            ("s", "ivr-main", f"{P}*9{P}1{P}"): [
                "ivr-main,s", "ivr-main,*9", "ivr-side,s", "ivr-side,1", "ivr-main,s",
            ],
            ("s", "ivr-main", f"{P}*9{P}#{P}"): [
                "ivr-main,s", "ivr-main,*9", "ivr-side,s", "ivr-side,#", "ivr-main,s",
            ],
        },
    ),
    "two accounts at one address, a trunk without, patterns of all kinds": Odd(
        {
            "extensions.yml": "extensions:\n  - {number: 201, names: {en: A}, permission_class: all}\n"
            "  - {number: 202, names: {en: B}, no_answer: 'external:9441@all', unavailable: 'external:9441@all'}\n",
            "trunks.yml": TRUNKS
            + "  - {name: same, host: SIP.example, user: other, dids: ['+49302'], max_channels: 1}\n"
            + "  - {name: bare, host: 192.0.2.77, port: 5080, codecs: [g729, gsm, opus], qualify: 0}\n",
            "routes.yml": """
inbound:
  - {name: main, trunk: line, did: 030123456, destination: "extension:201"}
  - {name: other, trunk: same, did: "+49302", destination: "external:9442@all"}
outbound:
  - {name: emergency, kind: emergency, patterns: [{match: 110}], trunks: [line, same, bare]}
  - name: nine
    kind: national
    patterns:
      - {match: 9ZX., strip: 1, prepend: "*55"}
      - {match: "8[02-46]!", strip: 1, prepend: "*55"}
      - {match: "*870", strip: 1, prepend: "*55"}
      - {match: "#31#XX", strip: 1, prepend: "*55"}
      - {match: +49X., strip: 1, prepend: "*55"}
    trunks: [same, bare]
permission_classes:
  - {name: local, routes: []}
  - {name: all, routes: [nine]}
""",
        },
        {
            ("9123", "from-class-all", ""): ["from-class-all,9123", "route-nine,*55123"],
            ("80", "from-class-all", ""): ["from-class-all,80", "route-nine,*550"],
            ("*870", "from-class-all", ""): ["from-class-all,*870", "route-nine,*55870"],
            ("#31#12", "from-class-all", ""): ["from-class-all,#31#12", "route-nine,*5531#12"],
            ("+49912", "from-class-all", ""): ["from-class-all,+49912", "route-nine,*5549912"],
            ("81", "from-class-all", ""): ["from-class-all,81"],
            ("9123", "from-class-local", ""): ["from-class-local,9123"],
            ("9123", "from-trunk-same", ""): ["from-trunk-same,9123", "inbound-same,i"],
            ("030123456", "from-trunk-same", ""): [*came_in("same", "030123456"), "internal,201"],
            ("+49302", "from-trunk-line", ""): [*came_in("line", "+49302"), "class-all,9442", "route-nine,*55442"],
            ("202", "from-class-local", ""): ["from-class-local,202", "class-all,9441", "route-nine,*55441"],
        },
        secrets=("trunk_line", "trunk_same"),
    ),
    "a night over midnight, in a zone of half hours": Odd(
        {
            "extensions.yml": "extensions:\n  - {number: 201, names: {en: A}}\n",
            "trunks.yml": TRUNKS,
            "routes.yml": ROUTES.format(to="schedule:night"),
            "hours.yml": """
schedules:
  - name: night
    names: {en: Night}
    hours:
      - {days: [fri], start: 18:00, end: 24:00}
      - {days: [sat], start: 00:00, end: 06:00}
    open_destination: extension:201
    closed_destination: hangup
""",
        },
        {
            ("030123456", "from-trunk-line", ""): [*came_in("line", "030123456"), "schedule-night,s", "internal,201"],
        },
        clock="2026-11-28 09:29:40",  # Saturday 05:59:40 in St. John's
        zone="America/St_Johns",
    ),
    "a phone that sends its calls abroad": Odd(
        {
            "extensions.yml": "extensions:\n  - {number: 201, names: {en: A}, voicemail: {}}\n",
            "trunks.yml": TRUNKS,
            "routes.yml": ROUTES.format(to="extension:201"),
        },
        {
            ("030123456", "from-trunk-line", ""): [
                *came_in("line", "030123456"), "internal,201", "voicemail-busy,201",
            ],
        },
        redirect="PJSIP%2F00441234567%40line",
        secrets=("trunk_line", "voicemail_201"),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def host(lab: Lab) -> Host:
    host = lab.create_host("odd", image="pbx")
    host.write("/root/private_asterisk.py", PROGRAM.read_text())
    host.shell("(cat /etc/hosts; echo 192.0.2.9 sip.example) > /root/hosts")
    return host


def rendered(odd: Odd) -> Bundle:
    """Check the site as the pipeline does, and return its text."""
    names = ["release_key", *odd.secrets]
    names += [f"extension_{number}" for number in re.findall(r"number: (\d+)", odd.files["extensions.yml"])]
    files = {
        **odd.files,
        "site.yml": SITE.format(zone=odd.zone, asterisk=odd.asterisk),
        "secrets.yml": "".join(f"{name}:{SEALED}" for name in names),
    }
    loaded = load_files("odd", {path: text.encode() for path, text in files.items()}, shown="odd")
    assert loaded.site is not None, [str(finding) for finding in loaded.findings]
    findings = check(loaded.site, today=date(2026, 11, 23), secrets=None)
    assert not has_errors(findings), [str(finding) for finding in findings]
    pbx = compile_site(loaded.site)
    bundle = render(pbx)
    assert readback(bundle) == pbx
    return bundle


def run(host: Host, odd: Odd, bundle: Bundle) -> dict[str, Any]:
    """Load the tree with a nasty secret in every place, place the calls, and return what Asterisk told."""
    secrets = {name: "471147" if name.startswith("voicemail") else SECRET for name in _names(bundle)}
    files = {path: fill(text, secrets, escape) for path, text in bundle.files.items()}
    if odd.redirect:
        files["pjsip.conf"], found = re.subn(
            r"(?m)^(\[201\].*\ntype = aor\n)", r"\1contact = sip:201@127.0.0.1:5070\n", files["pjsip.conf"]
        )
        assert found == 1
    calls = [
        {"exten": exten, "context": context, "digits": keys, "seconds": 4 + 2 * keys.count(P)}
        for exten, context, keys in odd.calls
    ]
    task = {
        "files": files,
        "media": [],
        "commands": ["pjsip show auths"] + [f"pjsip show auth {number}" for number in ("11", "201")],
        "calls": calls,
        "strangers": [],
        "clock": odd.clock,
        "redirect": odd.redirect,
    }
    inside = (
        "ip link set lo up && mount --bind /root/hosts /etc/hosts && exec python3 /root/private_asterisk.py"
    )
    answer = host.run(["unshare", "-n", "-m", "sh", "-c", inside], input=json.dumps(task), timeout=150)
    result: dict[str, Any] = json.loads(answer.stdout)
    return result


def _names(bundle: Bundle) -> set[str]:
    return {name for text in bundle.files.values() for name in re.findall(r"%%secret:(\w+)%%", text)}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_site_loads_and_its_calls_go_where_the_yaml_says(host: Host, name: str) -> None:
    odd = ODD[name]
    result = run(host, odd, rendered(odd))
    complaints = [line for line in result["log"] if re.search("WARNING|ERROR", line)]
    assert [line for line in complaints if not UNSTAGED.search(line)] == []
    password = next(
        found[1]
        for number in ("11", "201")
        if (found := re.search(r"^ password +: (.*)$", result["answers"][f"pjsip show auth {number}"], re.M))
    )
    assert password == SECRET
    for (call, way), steps in zip(odd.calls.items(), result["steps"], strict=True):
        path: list[str] = []
        for context, exten, *_ in steps:
            if not SUBROUTINES.fullmatch(context) and (not path or path[-1] != f"{context},{exten}"):
                path.append(f"{context},{exten}")
        assert path[: len(way)] == way, call
        # A menu goes on by itself when the keys have ended, and so does a call that nobody answers.
        assert len(path) == len(way) or way[-1].startswith(("ivr-", "internal,", "voicemail-")), (call, path)
