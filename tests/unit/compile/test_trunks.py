"""What compile makes of trunks of each kind, of telephony cards, and of inbound routes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kelid.compile import compile_site
from kelid.compile.trunks import dial, full
from kelid.load import load_files
from kelid.model.pbx import Context, Pbx
from kelid.model.record import replace
from kelid.model.site import InboundRoute, Site
from kelid.readback import readback
from kelid.render import render

BASE = Path(__file__).resolve().parents[2] / "bad_sites" / "_base"
TRUNKS = """
trunks:
  - {name: line, host: sip.example, user: line, dids: ["030123456"], backup_hosts: [{host: sip2.example, port: 5070}],
     transport: tcp, number_out: {format: plus}, max_channels: 9, max_channels_out: 4}
  - {name: box, registration: accept, match: [192.0.2.0/24], dids: ["030111"]}
  - {name: branch, kind: iax2, host: 192.0.2.9, user: head, secret: trunk_line, internal: true, permission_class: local}
  - {name: e1, kind: dahdi, dids: [030200-030299], dahdi: {group: 1, hunt: highest, spans: [{span: 1}, {span: 2}]}}
  - {name: analog, kind: dahdi, dids: ["030333"],
     dahdi: {group: 2, lines: [{channel: 63, number: "030333"}], echocancel: none}}
"""
ROUTES = """
inbound:
  - {name: main, did: "030123456", destination: "extension:201"}
  - {name: own, trunk: line, did: "030123456", destination: "extension:202"}
  - {name: friend, did: "030123456", caller_id: 0171XXXXXXX, destination: "extension:202"}
  - {name: any, destination: hangup, fax_destination: busy}
outbound:
  - {name: emergency, kind: emergency, patterns: [{match: 110}, {match: 112}], trunks: [line]}
permission_classes:
  - {name: local, routes: []}
"""


@pytest.fixture(scope="module")
def site() -> Site:
    files = {str(path.relative_to(BASE)): path.read_bytes() for path in BASE.rglob("*") if path.is_file()}
    loaded = load_files(
        "base", {**files, "trunks.yml": TRUNKS.encode(), "routes.yml": ROUTES.encode()}, shown="base"
    )
    assert loaded.site is not None, [str(finding) for finding in loaded.findings]
    return loaded.site


@pytest.fixture(scope="module")
def pbx(site: Site) -> Pbx:
    return compile_site(site)


def test_what_is_made_can_be_written_and_read_back(pbx: Pbx) -> None:
    assert readback(render(pbx)) == pbx


def context(pbx: Pbx, name: str) -> Context:
    return next(item for item in pbx.contexts if item.name == name)


def test_dial_writes_the_number_as_the_line_wants_it(site: Site) -> None:
    line, box, branch, e1, _ = site.trunks
    assert dial(site, box) == "PJSIP/${EXTEN}@box"
    assert dial(site, branch) == "IAX2/branch/${EXTEN}"
    assert dial(site, e1) == "DAHDI/G1/${EXTEN}"
    assert dial(site, line).startswith("PJSIP/${IF(")
    assert "+49${EXTEN:1}" in dial(site, line)
    assert full(box) == ""
    assert full(line) == (
        "${GROUP_COUNT(line@trunk-in)} + ${GROUP_COUNT(line@trunk-out)} > 9 | ${GROUP_COUNT(line@trunk-out)} > 4"
    )


def test_hosts_are_called_in_order_and_each_is_registered_with(pbx: Pbx) -> None:
    endpoint = next(part for part in pbx.sections("pjsip.conf", "endpoint") if part.name == "line")
    assert endpoint.get("aors") == "line,line.2"
    contacts = {part.name: part.get("contact") for part in pbx.sections("pjsip.conf", "aor")}
    assert contacts["line.2"] == "sip:sip2.example:5070;transport=tcp"
    assert [part.name for part in pbx.sections("pjsip.conf", "registration")] == ["line", "line.2"]
    assert [part.get("match") for part in pbx.sections("pjsip.conf", "identify")] == [
        "sip.example,sip2.example"
    ]


def test_who_registers_here_proves_it_by_password(pbx: Pbx) -> None:
    endpoint = next(part for part in pbx.sections("pjsip.conf", "endpoint") if part.name == "box")
    assert endpoint.get("identify_by") == "username,auth_username"
    assert (endpoint.get("auth"), endpoint.get("deny"), endpoint.get("permit")) == (
        "box",
        "0.0.0.0/0",
        "192.0.2.0/24",
    )


def test_modules_of_lines_are_loaded_only_where_there_are_such_lines(site: Site, pbx: Pbx) -> None:
    loaded = {option.value for part in pbx.sections("modules.conf") for option in part.options}
    assert {"chan_dahdi.so", "chan_iax2.so"} <= loaded
    only_sip = compile_site(replace(site, trunks=site.trunks[:2]))
    loaded = {option.value for part in only_sip.sections("modules.conf") for option in part.options}
    assert not {"chan_dahdi.so", "chan_iax2.so"} & loaded
    assert only_sip.file("iax.conf") is only_sip.file("chan_dahdi.conf") is None
    assert only_sip.lists == ()


def test_the_driver_and_asterisk_agree_on_the_channels(pbx: Pbx) -> None:
    (driver,) = pbx.lists
    lines = [line.text for line in driver.lines]
    assert driver.path == "dahdi-system.list"
    assert lines[:4] == [
        "span=1,1,0,ccs,hdb3,crc4",
        "bchan=1-15,17-31",
        "dchan=16",
        "echocanceller=mg2,1-15,17-31",
    ]
    assert lines[4:7] == ["span=2,1,0,ccs,hdb3,crc4", "bchan=32-46,48-62", "dchan=47"]
    assert lines[8:] == ["fxsks=63", "loadzone=us", "defaultzone=us"]
    sections = {part.name: part for part in pbx.sections("chan_dahdi.conf")}
    assert sections["e1-span-2"].get("dahdichan") == "32-46,48-62"
    assert sections["analog-line-63"].get("setvar") == "LINE=030333"
    assert {part.get("group") for name, part in sections.items() if name.startswith("e1-")} == {"1"}


def test_a_route_for_the_trunk_goes_before_one_for_all(pbx: Pbx) -> None:
    own = {exten.name: exten.steps[-1].data for exten in context(pbx, "inbound-line").extens}
    assert own["030123456"] == "internal,202,1"
    assert own["030123456/_0171XXXXXXX"] == "internal,202,1"
    assert own["_[0-9*#+s]!"] == "inbound-fax-any,s,1"
    others = {exten.name: exten.steps[-1].data for exten in context(pbx, "inbound-e1").extens}
    assert others["030123456"] == "internal,201,1"


def test_another_office_gets_extensions_and_what_its_class_pays(pbx: Pbx) -> None:
    branch = context(pbx, "inbound-branch")
    assert [include.context for include in branch.includes] == ["internal", "class-local"]
    assert [exten.pattern for exten in branch.extens] == ["i"]
    assert not context(pbx, "inbound-line").includes


def test_who_a_phone_blacklists_is_refused(pbx: Pbx) -> None:
    steps = [step.data for item in pbx.contexts for exten in item.extens for step in exten.steps]
    written = {found for data in steps for found in re.findall(r"DB\((\w+)/\$\{TO\}\)=1", data)}
    asked = {found for data in steps for found in re.findall(r"DB\((\w+)/\$\{number\}\)", data)}
    assert written == asked == {"BLACKLIST"}


def test_a_blacklist_is_asked_before_anything_else(site: Site, pbx: Pbx) -> None:
    for trunk in ("line", "box", "e1", "analog"):
        for exten in context(pbx, f"inbound-{trunk}").extens:
            assert exten.pattern == "i" or exten.steps[0].data == "blacklist,s,1"
    open_route = InboundRoute(
        name="open", did="030111", destination=site.inbound_routes[0].destination, blacklist=False
    )
    pbx = compile_site(replace(site, inbound_routes=(open_route,)))
    assert [step.app for step in context(pbx, "inbound-box").extens[0].steps] == ["Goto"]
