"""Every sample site in a real Asterisk: it loads without a word, and all that the site asked for is there.

The tree is adapted as the server's agent adapts it for its staged copy (names that no network resolves, registrations,
telephony hardware: ``NOT_STAGED`` names what that is), and everything else is the very text that servers get.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kelid import pipeline
from kelid.compile import compile_site
from kelid.lab import Host, Lab
from kelid.model import record
from kelid.model.pbx import SECRET, Pbx
from kelid.model.reloads import expectations
from kelid.render import render

pytestmark = pytest.mark.lab

ROOT = Path(__file__).resolve().parents[2]
SITES = ROOT / "sites"
PROGRAM = Path(__file__).with_name("private_asterisk.py")
IMAGES = {22: "pbx", 16: "pbx11"}
NOT_STAGED = re.compile(
    r"res_pjsip_outbound_registration\.c: No response received"  # nobody answers a registration there
)


@pytest.fixture(scope="module", params=sorted(IMAGES, reverse=True), ids=lambda version: f"asterisk{version}")
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def host(lab: Lab, version: int) -> Host:
    host = lab.create_host(f"sites{version}", image=IMAGES[version])
    host.write("/root/private_asterisk.py", PROGRAM.read_text())
    return host


@pytest.fixture(scope="module")
def adapt(root: Path) -> Any:
    """The server's own module that adapts a tree for the staged copy."""
    sys.path.insert(0, str(root / "roles" / "pbx_install" / "files"))
    try:
        yield importlib.import_module("agent.adapt")
    finally:
        sys.path.pop(0)


def certificate_and_key() -> tuple[str, str]:
    """Return a certificate that signed itself, and its key, as PEM: what stands for those that lie on a client's server."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pbx.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, *plain)
    return made.public_bytes(serialization.Encoding.PEM).decode(), pem.decode()


def load(host: Host, adapt: Any, pbx: Pbx, *commands: str) -> dict[str, Any]:
    """Load the site's tree on the host, with dummies where secrets go; return what its Asterisk told."""
    adapter = adapt.Adapter()
    bundle = render(pbx)
    files = {
        path: adapter.adapt(path, SECRET.sub(lambda token: "0" * 32 if token[2] else "4711", text))
        for path, text in bundle.files.items()
    }
    for text in files.values():
        for certificate, key in re.findall(r"cert_file ?= ?(\S+)\n(?:.*\n)*?priv_key_file ?= ?(\S+)", text):
            for path, pem in zip((certificate, key), certificate_and_key(), strict=True):
                host.write(path, pem)
    task = {
        "files": files,
        "media": [media.file_name for media in bundle.media],
        "commands": commands,
        "calls": (),
        "strangers": (),
        "clock": "",
    }
    addresses = (
        " && ".join(f"ip addr add {address} dev lo" for address in sorted(adapter.addresses)) or "true"
    )
    inside = f"ip link set lo up && {addresses} && exec python3 /root/private_asterisk.py"
    answer = host.run(["unshare", "-n", "-m", "sh", "-c", inside], input=json.dumps(task), timeout=200)
    result: dict[str, Any] = json.loads(answer.stdout)
    return result


def names(pattern: str, text: str) -> list[str]:
    return sorted(set(re.findall(pattern, text, re.MULTILINE)))


@pytest.mark.parametrize("name", pipeline.site_names(SITES))
def test_it_loads_without_a_word_and_all_is_there(host: Host, version: int, adapt: Any, name: str) -> None:
    checked = pipeline.check(SITES, name)
    site = record.replace(checked.site, servers=record.replace(checked.site.servers, asterisk=version))
    pbx = compile_site(site, checked.custom)
    applications = sorted(
        {step.app for context in pbx.contexts for exten in context.extens for step in exten.steps}
    )
    data = [step.data for context in pbx.contexts for exten in context.extens for step in exten.steps]
    functions = sorted({found for text in data for found in re.findall(r"\$\{([A-Z_0-9]{2,})\(", text)})
    result = load(
        host,
        adapt,
        pbx,
        "dialplan show",
        "pjsip list endpoints",
        "queue show",
        "voicemail show users",
        "moh show classes",
        "core show hints",
        *(f"core show application {application}" for application in applications),
        *(f"core show function {function}" for function in functions),
    )
    complaints = [line for line in result["log"] if re.search("WARNING|ERROR", line)]
    assert [line for line in complaints if not NOT_STAGED.search(line)] == []
    answers = result["answers"]
    expected = expectations(pbx)
    contexts = names(r"^\[ Context '([^']+)' created by 'pbx_config' \]", answers["dialplan show"])
    assert contexts == expected["contexts"]
    assert names(r"^ Endpoint:  ([\w-]+)", answers["pjsip list endpoints"]) == expected["endpoints"]
    assert names(r"^([\w-]+)\s+has \d+ calls", answers["queue show"]) == expected["queues"]
    boxes = [f"{box}@default" for box in names(r"^default +(\d+)", answers["voicemail show users"])]
    assert boxes == expected["mailboxes"]
    for command, text in answers.items():
        assert "is (are) not registered" not in text, command
        assert "No function by that name" not in text, command
