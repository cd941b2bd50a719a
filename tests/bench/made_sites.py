"""Made sites of any size, as real clients' are: phones, queues, menus, routes, hours and sounds in two languages.

A site of 200 extensions has 10 queues, 6 menus, 20 routes and some 105 KB of YAML; a larger one has more of everything. The
same arguments give the same bytes. Secrets are dummies that only look sealed: a check without a password judges their names.
"""

from __future__ import annotations

import math
import struct
import wave
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

OUTBOUND = 8
INBOUND = 12
"""Routes of a site of 200; those to the outside are as many in a larger one, and DIDs grow with it."""

_FIRST = (
    ("سارا", "Sara"),
    ("کاوه", "Kaveh"),
    ("مریم", "Maryam"),
    ("رضا", "Reza"),
    ("شیرین", "Shirin"),
    ("آرش", "Arash"),
    ("نازنین", "Nazanin"),
)
_LAST = (
    ("احمدی", "Ahmadi"),
    ("کریمی", "Karimi"),
    ("رضایی", "Rezaei"),
    ("موسوی", "Mousavi"),
    ("صادقی", "Sadeghi"),
    ("نوری", "Nouri"),
    ("اکبری", "Akbari"),
    ("حیدری", "Heidari"),
    ("مرادی", "Moradi"),
    ("قاسمی", "Ghasemi"),
    ("جعفری", "Jafari"),
)
_DEPARTMENTS = (("فروش", "Sales"), ("پشتیبانی", "Support"), ("مالی", "Accounts"), ("انبار", "Stock"))
_STRATEGIES = ("ringall", "rrmemory", "leastrecent", "fewestcalls", "random")
_MODELS = ("Yealink T46U", "Grandstream GRP2614", "Fanvil X4U", "Snom D785")


def numbers(extensions: int) -> range:
    """Return the numbers of a site's extensions."""
    first = 2000 if extensions <= 1000 else 20_000
    return range(first, first + extensions)


def site_files(name: str, extensions: int = 200, *, seed: int = 0) -> dict[str, bytes]:
    """Return every file of the site: path in its folder -> bytes. ``seed`` makes another client of the same size."""
    scale = max(extensions // 200, 1)
    texts = {
        "site.yml": _site(name, extensions),
        "extensions.yml": _extensions(name, extensions, seed),
        "trunks.yml": _trunks(scale),
        "routes.yml": _routes(extensions, scale),
        "queues.yml": _queues(extensions, scale, seed),
        "ivrs.yml": _ivrs(extensions, scale),
        "hours.yml": _hours(),
        "media.yml": _media(),
        "ring_groups.yml": _ring_groups(extensions, scale),
        "backup.yml": _backup(name),
        "secrets.yml": _secrets(extensions, seed),
    }
    files = {path: f"{_head(path)}{text}".encode() for path, text in texts.items()}
    return files | {f"media/{prompt}.wav": _sound(pitch) for prompt, pitch in _PROMPTS.items()}


def write_site(sites: Path, name: str, extensions: int = 200, *, seed: int = 0) -> Path:
    """Write a site into the sites directory and return its folder."""
    folder = sites / name
    (folder / "media").mkdir(parents=True)
    for path, content in site_files(name, extensions, seed=seed).items():
        (folder / path).write_bytes(content)
    return folder


def _head(path: str) -> str:
    return f"# yaml-language-server: $schema=../../schemas/{path.removesuffix('.yml')}.schema.json\n"


def _site(name: str, extensions: int) -> str:
    own = numbers(extensions)
    thousand = own[0] // 10
    return f"""client: {name}
names: {{fa: شرکت نمونه, en: Sample Company}}
time_zone: Asia/Tehran
language: fa
country: IR

servers:
  asterisk: 22
  primary:
    address: pbx.{name}.example
  standby:
    address: pbx2.{name}.example

dial:
  country_code: "98"
  area_code: "21"
  trunk_prefix: "0"
  international_prefix: "00"
  emergency: ["110", "115", "125"]

ranges:
  extensions: [{own[0]}-{own[-1]}]
  queues: [{thousand * 30}-{thousand * 31 - 1}]
  ring_groups: [{thousand * 31}-{thousand * 32 - 1}]
  ivrs: [{thousand * 32}-{thousand * 33 - 1}]

nat:
  external_media_address: 203.0.113.10
  local_net: [10.20.0.0/16]

acls:
  - name: house
    permit: [10.20.0.0/16]

defaults:
  ring_time: 20
  permission_class: local
  no_answer: announcement:closed
  busy: busy
  unavailable: announcement:closed

profiles:
  - name: desk
    permission_class: national
    codecs: [alaw, g722]
    acl: house
    account_code: office
    call_groups: [office]
    pickup_groups: [office]
  - name: counter
    permission_class: local
    call_waiting: false
    codecs: [alaw, ulaw]
    acl: house
"""


def _extensions(name: str, extensions: int, seed: int) -> str:
    return "extensions:\n" + "\n".join(
        _extension(name, extensions, index, seed) for index in range(extensions)
    )


def _extension(name: str, extensions: int, index: int, seed: int) -> str:
    number = numbers(extensions)[index]
    pick = index + 3 * seed
    first, last = _FIRST[pick % len(_FIRST)], _LAST[pick // len(_FIRST) % len(_LAST)]
    mac = ":".join(f"{byte:02x}" for byte in struct.pack(">HI", 0x0015, 0x65000000 + 100_000 * seed + index))
    lines = [
        f'  - number: "{number}"',
        f"    names: {{fa: {first[0]} {last[0]}, en: {first[1]} {last[1]}}}",
        f"    email: {first[1].lower()}.{last[1].lower()}.{number}@{name}.example",
        f"    profile: {'counter' if index % 5 == 4 else 'desk'}",
        f"    ring_time: {15 + index % 4 * 5}",
        f'    outbound_caller_id: "0218800{index % 1000:04}"',
    ]
    if index % 2 == 0:
        lines += ["    voicemail:", "      attach: true", f"      maxmsg: {50 + index % 3 * 25}"]
    if index % 7 == 0:
        lines += [f"    no_answer: extension:{numbers(extensions)[(index + 1) % extensions]}"]
    lines += [
        "    devices:",
        f"      - mac: {mac}",
        f"        model: {_MODELS[index % len(_MODELS)]}",
    ]
    if index % 10 == 0:
        near = numbers(extensions)[(index + 3) % extensions]
        lines += ["    keys:", f'      - {{title: {last[1]}, extension: "{near}"}}']
    return "\n".join(lines) + "\n"


def _trunks(scale: int) -> str:
    return f"""trunks:
  - name: ims
    host: ims.telecom.example
    user: "02188000000"
    secret: trunk_ims
    registration: send
    dids: ["02188000000-0218800{INBOUND * scale - 1:04}"]
    did_in: {{digits: 8, prepend: "021"}}
    caller_id: "02188000000"
    codecs: [alaw, ulaw]
    max_channels: 60
    qualify: 60
  - name: second
    host: sip.second-carrier.example
    user: "02191000000"
    secret: trunk_second
    registration: send
    caller_id: "02191000000"
    codecs: [alaw]
    max_channels: 30
    qualify: 60
"""


def _routes(extensions: int, scale: int) -> str:
    own = numbers(extensions)
    inbound = []
    for index in range(INBOUND * scale):
        where = "schedule:office" if index % 3 == 0 else f"extension:{own[index * 13 % extensions]}"
        inbound.append(
            f'  - name: did-{index}\n    trunk: ims\n    did: "0218800{index:04}"\n    destination: {where}\n'
        )
    outbound = (
        ("emergency", "emergency", '{match: "110"}, {match: "115"}, {match: "125"}'),
        ("city", "local", '{match: "[2-8]XXXXXXX", prepend: "021"}'),
        ("mobile", "mobile", "{match: 09XXXXXXXXX}"),
        ("karaj", "national", '{match: "026XXXXXXXX"}'),
        ("isfahan", "national", '{match: "031XXXXXXXX"}'),
        ("mashhad", "national", '{match: "051XXXXXXXX"}'),
        ("shiraz", "national", '{match: "071XXXXXXXX"}'),
        ("tabriz", "national", '{match: "041XXXXXXXX"}'),
    )
    out = [
        f"  - name: {name}\n    kind: {kind}\n    patterns: [{patterns}]\n    trunks: [ims, second]\n"
        for name, kind, patterns in outbound
    ]
    cities = ", ".join(name for name, kind, _ in outbound if kind == "national")
    return (
        "inbound:\n" + "\n".join(inbound) + "\noutbound:\n" + "\n".join(out) + "\npermission_classes:\n"
        "  - name: local\n    routes: [city]\n    max_calls: 20\n"
        f"  - name: national\n    routes: [city, mobile, {cities}]\n    max_calls: 40\n"
    )


def _queues(extensions: int, scale: int, seed: int) -> str:
    own = numbers(extensions)
    first = own[0] // 10 * 30
    queues = []
    for index in range(10 * scale):
        fa, en = _DEPARTMENTS[index % len(_DEPARTMENTS)]
        members = "\n".join(
            f'      - {{extension: "{own[(index * 17 + place) % extensions]}", penalty: {place // 4}}}'
            for place in range(8)
        )
        queues.append(f"""  - name: queue-{index}
    names: {{fa: {fa} {index + 1}, en: {en} {index + 1}}}
    number: "{first + index}"
    strategy: {_STRATEGIES[(index + seed) % len(_STRATEGIES)]}
    timeout: 18
    retry: 4
    wrapuptime: 10
    maxlen: 20
    max_wait: 300
    joinempty: [unavailable, invalid, unknown]
    leavewhenempty: [unavailable, invalid, unknown]
    musicclass: default
    ringinuse: false
    announce_frequency: 60
    announce_position: "yes"
    periodic_announce: [please-wait]
    periodic_announce_frequency: 45
    members:
{members}
    destination: voicemail:{own[index * 20 % extensions]}
""")
    return "queues:\n" + "\n".join(queues)


def _ivrs(extensions: int, scale: int) -> str:
    own = numbers(extensions)
    first = own[0] // 10 * 32
    ivrs = []
    for index in range(6 * scale):
        further = (  # each menu leads to the next, and each but the first back
            f'      - {{digits: "5", destination: ivr:menu-{index + 1}}}\n' if index + 1 < 6 * scale else ""
        )
        if index:
            further += '      - {digits: "*", destination: parent}\n'
        ivrs.append(f"""  - name: menu-{index}
    names: {{fa: منوی {index + 1}, en: Menu {index + 1}}}
    number: "{first + index}"
    prompt: welcome
    timeout: 5
    retries: 2
    entries:
      - {{digits: "1", destination: queue:queue-{index}}}
      - {{digits: "2", destination: queue:queue-{index + 4 * scale}}}
      - {{digits: "3", destination: extension:{own[index * 11 % extensions]}}}
{further}      - {{digits: "9", destination: repeat}}
    timeout_destination: queue:queue-{index}
    invalid_destination: extension:{own[0]}
""")
    return (
        "ivrs:\n"
        + "\n".join(ivrs)
        + "\nannouncements:\n  - name: closed\n    names: {fa: بسته, en: Closed}\n"
        f"    prompt: closed\n    destination: voicemail:{own[0]}\n"
    )


def _hours() -> str:
    days = "\n".join(
        f"      - {{day: {year}-{day}, names: {{fa: تعطیل رسمی, en: Public holiday}}}}"
        for year in (2026, 2027, 2028)
        for day in ("02-11", "03-20", "03-21", "03-22", "03-23", "04-01", "04-02", "06-04", "06-05")
    )
    return f"""schedules:
  - name: office
    names: {{fa: ساعت کار, en: Office hours}}
    hours:
      - {{days: [sat, sun, mon, tue, wed], start: 08:00, end: 18:00}}
      - {{days: [thu], start: 08:00, end: 13:00}}
    calendars: [iran]
    open_destination: ivr:menu-0
    closed_destination: announcement:closed
    holiday_destination: announcement:closed

calendars:
  - name: iran
    dates: gregorian
    source: official holidays of the solar calendar
    horizon: 2099-12-31
    days:
{days}
"""


_PROMPTS = {"welcome": 440, "closed": 330, "please-wait": 550}


def _media() -> str:
    return "prompts:\n" + "\n".join(
        f"  - name: {prompt}\n    recordings:\n      - {{file: media/{prompt}.wav, text: {text}}}"
        for prompt, text in zip(
            _PROMPTS, ("به شرکت ما خوش آمدید.", "اکنون بسته است.", "لطفا منتظر بمانید."), strict=True
        )
    )


def _sound(pitch: int) -> bytes:
    """Return a second of a tone as Asterisk plays it: a source that needs no converting."""
    out = BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(
            b"".join(
                struct.pack("<h", int(9000 * math.sin(2 * math.pi * pitch * at / 8000))) for at in range(8000)
            )
        )
    return out.getvalue()


def _ring_groups(extensions: int, scale: int) -> str:
    own = numbers(extensions)
    first = own[0] // 10 * 31
    return "ring_groups:\n" + "\n".join(
        f"""  - name: group-{index}
    names: {{fa: گروه {index + 1}, en: Group {index + 1}}}
    number: "{first + index}"
    strategy: ringall
    ring_time: 20
    members:
      - extension: "{own[index * 31 % extensions]}"
      - extension: "{own[(index * 31 + 7) % extensions]}"
    destination: voicemail:{own[index * 20 % extensions]}
"""
        for index in range(5 * scale)
    )


def _backup(name: str) -> str:
    return f"""kind: sftp
host: backup.{name}.example
user: {name}
path: /srv/backup/{name}
host_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFCH7afRn3WDAVA8MzRs/94cjKLF2RIhA5hlJBoUcIG7
at: 03:00
keep_daily: 30
"""


def _secrets(extensions: int, seed: int) -> str:
    def names() -> Iterator[str]:
        yield from ("release_key", "trunk_ims", "trunk_second", "backup_password", "backup_ssh_key")
        for index, number in enumerate(numbers(extensions)):
            yield f"extension_{number}"
            if index % 2 == 0:
                yield f"voicemail_{number}"

    return "".join(
        f"{name}: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  {seed * 1_000_003 + place:032x}\n"
        for place, name in enumerate(names())
    )
