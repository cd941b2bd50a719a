"""Sounds of all forms in a real Asterisk: what callers hear, in which language, in menus, announcements and on hold.

Every sound is a tone of its own, and what a caller hears is recorded and measured.
"""

from __future__ import annotations

import array
import base64
import io
import itertools
import json
import re
import shutil
import subprocess
import wave
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kelid.compile import compile_site
from kelid.findings import has_errors
from kelid.lab import Host, Lab
from kelid.load import load_files
from kelid.model.bundle import Bundle
from kelid.model.pbx import SECRET
from kelid.readback import readback
from kelid.render import render
from kelid.rules import check
from kelid.sounds.convert import converted

pytestmark = pytest.mark.lab

PROGRAM = Path(__file__).with_name("private_asterisk.py")
NO_PHONE = re.compile("Could not create dialog to invalid URI|Failed to create outgoing session")
IMAGES = {22: "pbx", 16: "pbx11"}
P = "w" * 6
"""Three seconds in which SendDTMF sends nothing."""

SITE = """
client: heard
names: {{fa: شنیدنی}}
time_zone: Asia/Tehran
language: fa
country: IR
servers: {{asterisk: {version}, primary: {{address: 192.0.2.10}}}}
dial: {{country_code: 98, area_code: 21, trunk_prefix: 0, international_prefix: 00, emergency: [110]}}
defaults: {{permission_class: local}}
"""
FILES = {
    "routes.yml": "permission_classes:\n  - {name: local, routes: []}\n",
    "extensions.yml": """
extensions:
  - {number: 101, names: {fa: یک}}
  - {number: 102, names: {fa: دو}, direct_dial: false}
  - {number: 201, names: {fa: سه}}
""",
    "media.yml": """
prompts:
  - name: hello
    recordings:
      - {file: media/hello-fa.flac, text: سلام}
      - {language: en, file: media/hello-en.ogg, text: Hello}
  - name: menu
    recordings:
      - {file: media/menu-fa.mp3, text: یک}
      - {language: en-GB, file: media/menu-en.wav, text: One}
  - name: sorry
    recordings:
      - {file: media/sorry.wav, text: ببخشید}
      - {language: en, file: media/sorry.wav, text: Sorry}
music_classes:
  - {name: default, files: [media/spring.flac, media/autumn.ogg], announcement: hello}
  - {name: alone, files: [media/autumn.ogg], sort: random}
""",
    "ivrs.yml": """
ivrs:
  - name: main
    names: {fa: اصلی}
    number: 7001
    prompt: menu
    timeout: 6
    digit_timeout: 2
    retries: 1
    timeout_prompt: sorry
    invalid_prompt: sorry
    direct_dial: [101-109, 301]
    entries:
      - {digits: "1", destination: announcement:hello}
      - {digits: "12", destination: announcement:bye}
      - {digits: "9", destination: repeat, language: en-GB}
    timeout_destination: hangup
    invalid_destination: busy
announcements:
  - {name: hello, names: {fa: سلام}, prompt: hello, repeat_key: "*", skip: true}
  - {name: bye, names: {fa: بدرود}, number: 7002, prompt: hello, answer: false}
""",
}
TONES = {
    "hello-fa.flac": 400,
    "hello-en.ogg": 1000,
    "menu-fa.mp3": 600,
    "menu-en.wav": 1300,
    "sorry.wav": 1700,
    "spring.flac": 2100,
    "autumn.ogg": 2500,
}
"""Sound -> its tone in Hz; each is 1.2 seconds long, stereo, 44.1 kHz."""

PROBES = {
    "fa": "Set(CHANNEL(language)=fa);Goto(announcement-bye,s,1)",
    "en": "Set(CHANNEL(language)=en);Goto(announcement-bye,s,1)",
    "en-us": "Set(CHANNEL(language)=en_US);Goto(announcement-bye,s,1)",
    "de": "Set(CHANNEL(language)=de);Goto(announcement-bye,s,1)",
    "menu": "Set(CHANNEL(language)=fa);Goto(ivr-main,s,1)",
    "again": "Set(CHANNEL(language)=fa);Goto(announcement-hello,s,1)",
    "hold": "Set(CHANNEL(language)=fa);MusicOnHold(default,7)",
    "hold-en": "Set(CHANNEL(language)=en);MusicOnHold(default,7)",
    "alone": "MusicOnHold(alone,2)",
}
CALLS: dict[str, tuple[str, list[str]]] = {
    "fa": ("", ["hello-fa.flac"]),
    "en": ("", ["hello-en.ogg"]),
    "en-us": ("", ["hello-en.ogg"]),
    "de": ("", ["hello-fa.flac"]),
    "menu": (f"{P}9{P}1{P}", ["menu-fa.mp3", "menu-en.wav", "hello-en.ogg"]),
    "again": (f"wwwww*{P}", ["hello-fa.flac", "hello-fa.flac"]),
    "hold": ("", ["hello-fa.flac", "spring.flac", "hello-fa.flac", "autumn.ogg"]),
    "hold-en": ("", ["hello-en.ogg", "spring.flac", "hello-en.ogg", "autumn.ogg"]),
    "alone": ("", ["autumn.ogg"]),
}
"""Probe -> keys that are pressed, and the sounds that are heard first; a channel of Asterisk's own begins in English."""

WAYS = {
    f"{P}12{P}": ["ivr-main,s", "ivr-main,12", "announcement-bye,s"],
    f"{P}101{P}": ["ivr-main,s", "ivr-main,101", "internal,101"],
    f"{P}102{P}": ["ivr-main,s", "ivr-main,i"],
    f"{P}201{P}": ["ivr-main,s", "ivr-main,i"],
    f"{P}5{P}5{P}": ["ivr-main,s", "ivr-main,i", "ivr-main,s", "ivr-main,i"],
}
"""Keys pressed in the menu -> the way of the call; after a wrong one it is repeated."""


@pytest.fixture(scope="module", params=sorted(IMAGES, reverse=True), ids=lambda version: f"asterisk{version}")
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def host(lab: Lab, version: int) -> Host:
    host = lab.create_host(f"media{version}", image=IMAGES[version])
    host.write("/root/private_asterisk.py", PROGRAM.read_text())
    return host


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make every sound as a studio would send it."""
    if not shutil.which("sox"):
        pytest.skip("no sox on this machine")
    folder = tmp_path_factory.mktemp("site") / "media"
    folder.mkdir()
    for name, tone in TONES.items():
        words = ["sox", "-R", "-n", "-r", "44100", "-c", "2", str(folder / name)]
        subprocess.run([*words, "synth", "1.2", "sine", str(tone), "gain", "-8"], check=True)
    return folder


@pytest.fixture(scope="module")
def result(
    host: Host, version: int, sources: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """Load the site, place all calls at once, and return what Asterisk told and what was heard."""
    sealed = " !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n"
    names = ["release_key", "extension_101", "extension_102", "extension_201"]
    files = {path: text.encode() for path, text in FILES.items()}
    files["site.yml"] = SITE.format(version=version).encode()
    files["secrets.yml"] = "".join(f"{name}:{sealed}" for name in names).encode()
    files |= {f"media/{path.name}": path.read_bytes() for path in sources.iterdir()}
    loaded = load_files("heard", files, shown="heard")
    assert loaded.site is not None, [str(finding) for finding in loaded.findings]
    found = check(loaded.site, today=date(2026, 11, 23), secrets=None)
    assert not has_errors(found), [str(finding) for finding in found]
    pbx = compile_site(loaded.site)
    bundle = render(pbx)
    assert readback(bundle) == pbx
    cache = tmp_path_factory.mktemp("cache")
    for media in bundle.media:
        sound = loaded.site.media[media.source]
        body = converted(sources.parent / media.source, sound, cache=cache)
        text = base64.b64encode(body).decode()
        place = f"/var/lib/kelid/media/{media.file_name}"
        host.run(["sh", "-c", f"mkdir -p $(dirname {place}); base64 -d > {place}"], input=text)
    return run(host, bundle)


def run(host: Host, bundle: Bundle) -> dict[str, Any]:
    files = {path: SECRET.sub("4711", text) for path, text in bundle.files.items()}
    for name, steps in PROBES.items():
        way = ["Answer()", f"MixMonitor(/root/heard-{name}.wav)", *steps.split(";"), "Hangup()"]
        lines = "".join(f" same => n,{step}\n" for step in way[1:])
        files["extensions.conf"] += f"\n[probe-{name}]\nexten => s,1,{way[0]}\n{lines}"
    calls = [
        {"exten": "s", "context": f"probe-{name}", "digits": keys, "seconds": 9}
        for name, (keys, _) in CALLS.items()
    ]
    calls += [{"exten": "s", "context": "ivr-main", "digits": keys, "seconds": 16} for keys in WAYS]
    task = {
        "files": files,
        "media": [],
        "commands": ["moh show classes", "moh show files"],
        "calls": calls,
        "strangers": [],
        "clock": "",
    }
    inside = "ip link set lo up && exec python3 /root/private_asterisk.py"
    answer = host.run(["unshare", "-n", "-m", "sh", "-c", inside], input=json.dumps(task), timeout=150)
    result: dict[str, Any] = json.loads(answer.stdout)
    return result


def heard(host: Host, name: str) -> list[str]:
    """Return the sounds of a recording in order, by their tones; what is shorter than 0.4 seconds is none."""
    body = base64.b64decode(host.run(["base64", f"/root/heard-{name}.wav"]).stdout)
    with wave.open(io.BytesIO(body)) as sound:
        samples = array.array("h", sound.readframes(sound.getnframes()))
    windows = []
    for start in range(0, len(samples) - 800, 800):
        part = samples[start : start + 800]
        crossings = sum((one < 0) != (two < 0) for one, two in itertools.pairwise(part))
        near = [name for name, tone in TONES.items() if abs(crossings * 5 - tone) < 60 and max(part) > 1000]
        windows.append(near[0] if near else "")
    groups = [(name, len(list(group))) for name, group in itertools.groupby(windows)]
    # While nothing is played nothing is recorded, so that what is heard twice is one long tone.
    return [name for name, length in groups if name and length > 3 for _ in range(max(1, round(length / 12)))]


@pytest.mark.parametrize("name", CALLS)
def test_callers_hear_it_in_their_language(host: Host, result: dict[str, Any], name: str) -> None:
    expected = CALLS[name][1]
    assert heard(host, name)[: len(expected)] == expected


def test_menus_take_keys_and_numbers_and_no_others(result: dict[str, Any]) -> None:
    ways = []
    for steps in result["steps"][len(CALLS) :]:
        way: list[str] = []
        for context, exten, *_ in steps:
            if not way or way[-1] != f"{context},{exten}":
                way.append(f"{context},{exten}")
        ways.append(way)
    assert [way[: len(expected)] for way, expected in zip(ways, WAYS.values(), strict=True)] == list(
        WAYS.values()
    )


def test_nothing_is_missing_and_music_is_there(result: dict[str, Any]) -> None:
    complaints = [line for line in result["log"] if re.search("WARNING|ERROR", line)]
    assert [line for line in complaints if not NO_PHONE.search(line)] == []
    answer = result["answers"]["moh show classes"]
    assert re.findall(r"^Class: (\S+)", answer, re.M) == ["default", "alone"]
    assert answer.count("Mode: playlist") == 2
    assert (
        len(re.findall(r"File: /var/lib/kelid/media/[0-9a-f]{64}", result["answers"]["moh show files"])) == 3
    )
