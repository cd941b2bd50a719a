"""What compile makes of a site's firewall, and that nobody commands Asterisk from outside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kelid.compile import compile_site, firewall
from kelid.load import load_files, load_site
from kelid.model.pbx import Pbx
from kelid.model.site import Site
from kelid.readback import readback
from kelid.render import render

BASE = Path(__file__).resolve().parents[2] / "bad_sites" / "_base"
WALL = """
firewall:
  ssh_from: [192.0.2.0/28, "2001:db8::7"]
  phones_from: [10.9.0.0/16]
"""
TRUNKS = """
trunks:
  - {name: line, host: sip.example, backup_hosts: [{host: 198.51.100.3, port: 5070}], dids: ["030123456"]}
  - {name: branch, kind: iax2, host: 203.0.113.9, user: head, secret: trunk_line, internal: true, permission_class: local}
  - {name: box, registration: accept, match: [10.9.0.30], dids: ["030111"]}
"""


def make(more: str = WALL, trunks: str = TRUNKS) -> Site:
    """Return the smallest site with a firewall and these trunks."""
    files = {path.name: path.read_bytes() for path in BASE.glob("*.yml")}
    files |= {f"media/{path.name}": path.read_bytes() for path in (BASE / "media").iterdir()}
    files["site.yml"] += more.encode()
    files["trunks.yml"] = trunks.encode()
    loaded = load_files("walled", files, shown="walled")
    assert loaded.site is not None, loaded.findings
    return loaded.site


def lines(pbx: Pbx, path: str = firewall.RULES) -> list[str]:
    return [line.text for item in pbx.lists if item.path == path for line in item.lines]


def test_without_a_firewall_there_are_no_lists() -> None:
    """A site that says nothing gets nothing: nobody is shut out unasked."""
    pbx = compile_site(make(""))
    assert not [
        item.path for item in pbx.lists if item.path in {firewall.RULES, firewall.BANS, firewall.TRUSTED}
    ]


def test_who_is_known_comes_before_bans_and_strangers_after() -> None:
    """A ban of a trunk or of the control node would change nothing."""
    found = lines(compile_site(make()))
    banned = found.index("ip saddr @banned4 drop")
    assert found.index("ip saddr 192.0.2.0/28 tcp dport 22 accept") < banned
    assert found.index("ip6 saddr 2001:db8::7 tcp dport 22 accept") < banned
    assert found.index("ip saddr 198.51.100.3 udp dport 5060 accept") < banned
    assert found.index("ip saddr @sip_udp_names4 udp dport 5060 accept") < banned
    assert found.index("ip saddr 203.0.113.9 udp dport 4569 accept") < banned
    assert found.index("ip saddr 10.9.0.0/16 udp dport 5060 accept") < banned
    assert found.index("ct state established,related accept") > banned
    assert "chain input { type filter hook input priority 0; policy drop; }" in found


def test_only_those_who_need_a_port_reach_it() -> None:
    """ssh is for ssh_from, SIP for phones and trunks, IAX2 for its trunk."""
    found = [line for line in lines(compile_site(make())) if line.endswith("accept")]
    assert [line for line in found if "dport 22 " in line and "saddr" not in line] == []
    assert [line for line in found if "dport 5060" in line and "saddr" not in line] == []
    assert [line for line in found if "dport 4569" in line] == ["ip saddr 203.0.113.9 udp dport 4569 accept"]
    for port in ("5038", "8088"):
        assert not [line for line in found if port in line]


def test_strangers_are_metered_where_phones_come_from_anywhere() -> None:
    """Each limit stands right before what it limits, and only a site that has such phones opens SIP to all."""
    found = lines(compile_site(make(f"{WALL}  remote_phones: true\n  remote_rate: 7\n")))
    opened = found.index("udp dport 5060 accept")
    for before in found[opened - 2 : opened]:
        assert "limit rate over 7/second burst 14 packets } drop" in before
    assert "udp dport 5060 accept" not in lines(compile_site(make()))


def test_names_are_for_the_server_to_look_up() -> None:
    """No name stands in a rule: nft would look it up once, and refuse all of it where it can't."""
    found = lines(compile_site(make()))
    assert "# name sip_udp_names sip.example" in found
    assert not [line for line in found if "sip.example" in line and not line.startswith("# name ")]


def test_the_trusted_are_all_who_are_known() -> None:
    """fail2ban isn't to count them either."""
    found = lines(compile_site(make()), firewall.TRUSTED)
    assert {"192.0.2.0/28", "192.0.2.10", "sip.example", "198.51.100.3", "203.0.113.9", "10.9.0.30"} <= set(
        found
    )
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("trunks", "expected"),
    [
        ('trunks: [{name: line, host: sip.example, dids: ["030123456"]}]', True),
        ('trunks: [{name: line, host: 198.51.100.3, dids: ["030123456"]}]', True),
        ('trunks: [{name: line, host: 10.9.1.1, dids: ["030123456"]}]', False),
        (
            'trunks: [{name: line, kind: iax2, host: 203.0.113.9, user: a, secret: trunk_line, dids: ["030123456"]}]',
            False,
        ),
    ],
)
def test_sound_comes_from_anywhere_only_with_a_telephone_company_outside(trunks: str, expected: bool) -> None:
    """Whoever has only gateways in the house needn't open thousands of ports."""
    assert ("udp dport 10000-20000 accept" in lines(compile_site(make(WALL, trunks)))) == expected


def test_every_rule_leads_to_its_yaml() -> None:
    """A line of a plan says which line of YAML is behind it."""
    site = make()
    rules = next(item for item in compile_site(site).lists if item.path == firewall.RULES)
    where = {line.text: line.where for line in rules.lines}
    assert site.firewall is not None
    assert where["ip6 saddr 2001:db8::7 tcp dport 22 accept"] == site.firewall.place("ssh_from.1")
    assert where["ip saddr 203.0.113.9 udp dport 4569 accept"].file.endswith("trunks.yml")


def test_what_is_printed_is_read_back() -> None:
    """The lists are a part of the PBX like all else."""
    pbx = compile_site(make(f"{WALL}  remote_phones: true\n"))
    assert readback(render(pbx)) == pbx


def _samples() -> list[Path]:
    return sorted(path.parent for path in (Path(__file__).resolve().parents[3] / "sites").glob("*/site.yml"))


def _conf(pbx: Pbx, path: str) -> Callable[[str], str | None]:
    return next(pbx.sections(path)).get


@pytest.mark.parametrize("folder", _samples(), ids=lambda path: path.name)
def test_nobody_commands_asterisk_from_outside(folder: Path) -> None:
    """AMI is off, no part of ARI is loaded, and HTTP without TLS is for the server itself."""
    site = load_site(folder).site
    assert site is not None
    pbx = compile_site(site)
    assert _conf(pbx, "manager.conf")("enabled") == "no"
    http = _conf(pbx, "http.conf")
    assert http("enabled") == "no" or http("bindaddr") == "127.0.0.1"
    loaded = {option.value for section in pbx.sections("modules.conf") for option in section.options}
    assert not {
        name for name in loaded if name.startswith(("res_ari", "res_stasis", "app_stasis", "res_phoneprov"))
    }
    assert pbx.file("ari.conf") is None
    logged = {
        option.key: option.value for section in pbx.sections("logger.conf") for option in section.options
    }
    assert logged["security.log"] == "security"
    assert any(name.startswith("res_security_log") for name in loaded)
