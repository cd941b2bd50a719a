"""Phones over every transport in a real Asterisk: two phones of one number, a profile, encryption, and who may come."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from kelid.compile import compile_site
from kelid.deliver.release import fill
from kelid.findings import has_errors
from kelid.lab import Host, Lab, LabError, Phone
from kelid.load import load_files
from kelid.model.bundle import Bundle
from kelid.readback import readback
from kelid.render import escape, render
from kelid.rules import check

pytestmark = pytest.mark.lab

IMAGES = {22: "pbx", 16: "pbx11"}
CERTIFICATE, KEY = "/etc/ssl/pbx.pem", "/etc/ssl/pbx.key"
SEALED = " !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n"
SITE = """
client: nets
names: {{en: Nets}}
time_zone: UTC
language: en
country: GB
servers: {{asterisk: {asterisk}, primary: {{address: 192.0.2.10}}}}
ranges: {{extensions: [100-199]}}
user_agent: Switch 1
transports:
  - {{protocol: udp, tos: cs3}}
  - {{protocol: tcp}}
  - {{protocol: tls, certificate: {certificate}, private_key: {key}, ciphers: [ECDHE-RSA-AES256-GCM-SHA384]}}
  - {{protocol: wss, certificate: {certificate}, private_key: {key}}}
nat: {{external_media_address: 203.0.113.5, external_signaling_port: 5060, local_net: [0.0.0.0/1, 128.0.0.0/1]}}
rtp: {{start: 12000, end: 12999}}
acls:
  - {{name: here, permit: [{subnet}]}}
  - {{name: elsewhere, permit: [203.0.113.0/24]}}
defaults: {{permission_class: local, ring_time: 30, acl: here}}
profiles:
  - {{name: branch, transport: tcp, rtp_timeout: 60, device_state_busy_at: 1, dtmf_mode: auto, t38_udptl: true}}
"""
EXTENSIONS = """
extensions:
  - number: 101
    names: {en: Front}
    devices:
      - {mac: 80-5E-C0-12-34-56, model: Desk phone}
      - {name: mobile, transport: tls, media_encryption: sdes, codecs: [ulaw, alaw]}
  - {number: 102, names: {en: Branch}, profile: branch}
  - {number: 103, names: {en: Stranger}, acl: elsewhere}
  - {number: 104, names: {en: Browser}, transport: wss, webrtc: true}
  - {number: 105, names: {en: Dtls}, media_encryption: dtls, media_encryption_optimistic: true}
"""
SECRETS = [
    "release_key",
    *(f"extension_{name}" for name in ("101", "101_mobile", "102", "103", "104", "105")),
]


def rendered(asterisk: int, subnet: str) -> Bundle:
    """Return the text of the site, checked as the pipeline does."""
    site = SITE.format(asterisk=asterisk, certificate=CERTIFICATE, key=KEY, subnet=subnet)
    files = {
        "site.yml": site,
        "extensions.yml": EXTENSIONS,
        "routes.yml": "permission_classes:\n  - {name: local, routes: []}\n",
        "secrets.yml": "".join(f"{name}:{SEALED}" for name in SECRETS),
    }
    loaded = load_files("nets", {path: text.encode() for path, text in files.items()}, shown="nets")
    assert loaded.site is not None, [str(finding) for finding in loaded.findings]
    findings = check(loaded.site, today=date(2026, 11, 23), secrets=None)
    assert not has_errors(findings), [str(finding) for finding in findings]
    pbx = compile_site(loaded.site)
    bundle = render(pbx)
    assert readback(bundle) == pbx
    return bundle


def password(name: str) -> str:
    """Return the password of a secret's name."""
    return f"secret;of,{name}"


@pytest.fixture(params=sorted(IMAGES, reverse=True), ids=lambda version: f"asterisk{version}")
def host(request: pytest.FixtureRequest, lab: Lab, new_host: Callable[..., Host], tmp_path: Path) -> Host:
    """Return a host whose own Asterisk has the site, started with it."""
    version = int(request.param)
    host = new_host(f"nets{version}", IMAGES[version])
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=nets -keyout {tmp_path}/k -out {tmp_path}/c"
    subprocess.run(command.split(), check=True, capture_output=True)
    host.write(CERTIFICATE, (tmp_path / "c").read_text(), mode="0644")
    host.write(KEY, (tmp_path / "k").read_text(), mode="0640", owner="root:asterisk")
    host.shell("find /etc/asterisk -type f ! -name asterisk.conf -delete; rm -f /var/log/asterisk/messages*")
    for path, text in rendered(version, str(lab.subnet)).files.items():
        filled = fill(text, {name: password(name) for name in SECRETS}, escape)
        host.write(f"/etc/asterisk/{path}", filled, mode="0640", owner="root:asterisk")
    host.shell("systemctl restart asterisk")
    host.wait_asterisk()
    return host


def log(host: Host) -> list[str]:
    """Return what Asterisk complained of."""
    return [
        line
        for line in host.read("/var/log/asterisk/messages.log").splitlines()
        if re.search("WARNING|ERROR", line)
    ]


def test_phones_of_every_kind(host: Host, new_phone: Callable[..., Phone]) -> None:
    assert log(host) == []
    shown = host.asterisk("pjsip show transports")
    assert {f"transport-{name}" for name in ("udp", "tcp", "tls", "wss")} <= set(
        re.findall(r"transport-\w+", shown)
    )
    listening = host.run(["ss", "-Hltn"]).stdout
    assert all(f":{port} " in listening for port in (5060, 5061, 8089))
    assert "0.0.0.0:8088" not in listening
    hint = next(
        line for line in host.asterisk("core show hints").splitlines() if re.match(r"\s*101@internal", line)
    )
    assert "PJSIP/101&PJSIP/101-" in hint  # cut off, on 16 more than on 22

    desk = new_phone("desk", "101", password("extension_101"), host.name)
    mobile = new_phone(
        "mobile", "101-mobile", password("extension_101_mobile"), host.name, transport="tls", encrypted=True
    )
    branch = new_phone("branch", "102", password("extension_102"), host.name, transport="tcp")
    stranger = new_phone("stranger", "103", password("extension_103"), host.name)
    for phone in (desk, mobile, branch):
        phone.register()
        phone.wait_registered(20)
    stranger.register()
    with pytest.raises(LabError):
        stranger.wait_registered(5)
    # pjsip show contacts cuts addresses off, the registrar's database doesn't.
    contacts = host.asterisk("database show registrar").lower()
    assert re.search("/101-mobile;.*transport=tls", contacts)
    assert re.search("/102;.*transport=tcp", contacts)

    # Both phones of 101 ring, and the one that answers has the call.
    branch.call("101")
    assert desk.wait_incoming().startswith("102")
    assert mobile.wait_incoming().startswith("102")
    mobile.answer()
    branch.wait_answered()
    assert not desk.wait_ended().answered
    mobile.wait_for("media")
    branch.wait_for("media")
    assert re.search(r"PJSIP/101-mobile-\S+.*Up", host.asterisk("core show channels"))
    branch.hangup()
    heard = [branch.wait_ended(), mobile.wait_ended()]
    assert all(call.answered and call.packets_sent for call in heard), heard

    # The second phone calls as its extension.
    mobile.call("102")
    assert branch.wait_incoming() == '101 "Front"'
    branch.answer()
    mobile.wait_answered()
    mobile.hangup()
    mobile.wait_ended()
    # Who may not come is told of; and Asterisk 16's pjproject looks for a list of authorities where there is none.
    told = re.compile(r"103|203\.0\.113|(?i:acl)|Error reading CA certificates from buffer")
    assert [line for line in log(host) if not told.search(line)] == []
