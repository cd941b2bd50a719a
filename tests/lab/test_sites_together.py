"""Two sites of one client and a telephone company, with real phones.

By IAX2 and by SIP each dials the other's extensions, and not the other's outside lines; a line that wants and sends numbers
in its own way is dialled, and dialled back. One site has Asterisk 22, the other 16.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import pytest

from kelid.compile import compile_site
from kelid.deliver.release import fill
from kelid.findings import has_errors
from kelid.lab import Host, Lab, Phone, Telco
from kelid.load import load_files
from kelid.model import record
from kelid.render import escape, render
from kelid.rules import check

pytestmark = pytest.mark.lab

VALUES = {"release_key": "x" * 40, "office": "together-47-offices", "telco": "the-line-of-tehran"}
VALUES |= {f"extension_{number}": f"phone-password-{number}" for number in ("101", "301")}

SITE = """
client: atlas
names: {{en: {name}}}
time_zone: Asia/Tehran
language: en
country: IR
servers: {{primary: {{address: 192.0.2.10}}}}
dial: {{area_code: {area}}}
defaults: {{permission_class: all}}
"""
TIES = """
  - {{name: {other}, kind: iax2, host: {address}, user: {name}, secret: office, internal: true, site: {other},
     caller_id_in: {{format: as_sent}}{pays}}}
  - {{name: {other}-sip, host: {address}, internal: true, site: {other}, caller_id_in: {{format: as_sent}}}}
"""
TELCO = """
  - {name: telco, host: sip.telco.example, user: tehran, secret: telco, qualify: 0,
     dids: ["02191000001"], did_in: {format: e164}, caller_id: "02191000001", caller_id_format: plus,
     caller_id_in: {format: e164}, number_out: {format: plus}}
"""
ROUTES = {
    "tehran": """
inbound:
  - {name: main, trunk: telco, did: "02191000001", destination: "extension:101", caller_id_prefix: "Main:"}
outbound:
  - {name: emergency, kind: emergency, patterns: [{match: 110}, {match: 115}, {match: 125}], trunks: [telco]}
  - {name: city, kind: local, patterns: [{match: 021XXXXXXXX}], trunks: [telco]}
  - {name: mobile, kind: mobile, patterns: [{match: 09XXXXXXXXX}], trunks: [telco]}
  - {name: isfahan, kind: internal, patterns: [{match: 3XX}], trunks: [isfahan]}
  - {name: isfahan-by-sip, kind: internal, patterns: [{match: 83XX, strip: 1}], trunks: [isfahan-sip]}
permission_classes:
  - {name: all, routes: [city, mobile, isfahan, isfahan-by-sip]}
  - {name: local, routes: [city]}
""",
    "isfahan": """
outbound:
  - {name: emergency, kind: emergency, patterns: [{match: 110}, {match: 115}, {match: 125}], trunks: [tehran]}
  - {name: tehran, kind: internal, patterns: [{match: 1XX}, {match: 021XXXXXXXX}, {match: 09XXXXXXXXX}], trunks: [tehran]}
  - {name: tehran-by-sip, kind: internal, patterns: [{match: 81XX, strip: 1}, {match: 809XXXXXXXXX, strip: 1}],
     trunks: [tehran-sip]}
permission_classes:
  - {name: all, routes: [tehran, tehran-by-sip]}
""",
}


def install(host: Host, name: str, other: Host, number: str, asterisk: int, *, line: bool) -> None:
    """Put a site's tree on its host, and start Asterisk anew."""
    there = "isfahan" if name == "tehran" else "tehran"
    pays = ", permission_class: local" if line else ""
    ties = TIES.format(other=there, address=other.address, name=name, pays=pays)
    used = {"release_key", f"extension_{number}", "office", *(["telco"] if line else [])}
    files = {
        "site.yml": SITE.format(name=name.capitalize(), area="21" if line else "31"),
        "extensions.yml": f"extensions:\n  - {{number: {number}, names: {{en: Desk}}}}\n",
        "trunks.yml": "trunks:" + (TELCO if line else "") + ties,
        "routes.yml": ROUTES[name],
        "secrets.yml": "".join(
            f"{one}: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n" for one in sorted(used)
        ),
    }
    loaded = load_files(name, {path: text.encode() for path, text in files.items()}, shown=name)
    assert loaded.site is not None, [str(finding) for finding in loaded.findings]
    findings = check(loaded.site, today=date(2026, 11, 23), secrets=None)
    assert not has_errors(findings), [str(finding) for finding in findings]
    site = record.replace(loaded.site, servers=record.replace(loaded.site.servers, asterisk=asterisk))
    host.wait_asterisk()
    host.shell("cd /etc/asterisk && find . -name '*.conf' ! -name asterisk.conf -delete")
    for path, text in render(compile_site(site)).files.items():
        host.write(f"/etc/asterisk/{path}", fill(text, VALUES, escape), mode="0640", owner="root:asterisk")
    host.run(["systemctl", "restart", "asterisk"])
    host.wait_asterisk()


@pytest.fixture(scope="module")
def telco(lab: Lab) -> Telco:
    return lab.create_telco("nobody", "no-password-47", aliases=("sip.telco.example",))


@pytest.fixture(scope="module")
def sites(lab: Lab, telco: Telco) -> Iterator[tuple[Host, Host]]:
    tehran, isfahan = lab.create_host("tehran", image="pbx"), lab.create_host("isfahan", image="pbx11")
    telco.add_customer("tehran", VALUES["telco"])
    install(tehran, "tehran", isfahan, "101", 22, line=True)
    install(isfahan, "isfahan", tehran, "301", 16, line=False)
    telco.wait_registered("tehran", 40)
    yield tehran, isfahan
    for name in ("tehran", "isfahan"):
        lab.destroy_host(name)


@pytest.fixture
def phones(sites: tuple[Host, Host], new_phone: Callable[..., Phone]) -> tuple[Phone, Phone]:
    both = tuple(
        new_phone(f"desk-{number}", number, VALUES[f"extension_{number}"], name)
        for number, name in (("101", "tehran"), ("301", "isfahan"))
    )
    for phone in both:
        phone.register()
        phone.wait_registered()
    return both  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("caller", "dialled"),
    [(0, "301"), (0, "8301"), (1, "101"), (1, "8101")],
    ids=["iax2", "sip", "iax2 back", "sip back"],
)
def test_the_offices_dial_each_others_extensions(
    phones: tuple[Phone, Phone], caller: int, dialled: str
) -> None:
    here, there = phones[caller], phones[1 - caller]
    here.call(dialled)
    assert there.wait_incoming().startswith(("101", "301")[caller])
    there.answer()
    here.wait_answered()
    there.wait_for("media")
    here.hangup()
    assert there.wait_ended(timeout=10).answered


def test_and_not_each_others_outside_lines(phones: tuple[Phone, Phone], telco: Telco) -> None:
    _, isfahan = phones
    telco.forget()
    for dialled in ("09121234567", "809121234567"):
        isfahan.call(dialled)
        assert not isfahan.wait_ended(timeout=15).answered
    # The class of the IAX2 trunk pays for calls in the city, and for nothing else.
    isfahan.call("02188001111")
    isfahan.wait_answered()
    isfahan.hangup()
    call = telco.wait_received("+982188001111")
    assert call.caller == "+982191000001"
    assert [one.number for one in telco.received()] == ["+982188001111"]


def test_a_line_with_numbers_of_its_own_kind_is_dialled_and_dialled_back(
    phones: tuple[Phone, Phone], telco: Telco
) -> None:
    tehran, _ = phones
    telco.forget()
    call = telco.call_in("982191000001", "989121234567", user="tehran", name="Reza \u06a9\u0644\u06cc\u0646")
    shown = tehran.wait_incoming()
    assert shown.startswith("09121234567 ")
    assert "Main:" in shown
    tehran.answer()
    call.wait_answered()
    call.hangup()
    assert call.wait_ended().answered
    tehran.wait_ended(timeout=10)
    tehran.call("09121234567")
    telco.wait_dialled("+989121234567")
    tehran.hangup()
    assert telco.wait_received("+989121234567").caller == "+982191000001"
