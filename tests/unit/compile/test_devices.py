"""Phones that share their options through templates of pjsip.conf."""

from __future__ import annotations

from pathlib import Path

import pytest

from kelid.compile.devices import sip
from kelid.load import load_files, load_site
from kelid.model.pbx import ConfFile, Section
from kelid.model.record import replace
from kelid.model.site import Site

ROOT = Path(__file__).resolve().parents[3]
SITES = sorted(path.parent.name for path in (ROOT / "sites").glob("*/extensions.yml"))
BASE = {
    path.name: path.read_bytes()
    for path in (ROOT / "tests" / "bad_sites" / "_base").glob("*.yml")
    if path.name != "trunks.yml"
}
PROFILE = b"profiles:\n  - name: room\n    codecs: [alaw]\n"
REPEATED = {"set_var"}


def site_of(name: str) -> Site:
    site = load_site(ROOT / "sites" / name, shown=f"sites/{name}").site
    assert site is not None
    return site


def resolved(site: Site) -> list[Section]:
    return [*ConfFile("pjsip.conf", sip(site)).resolved]


@pytest.mark.parametrize("name", SITES)
def test_a_phone_has_among_others_what_it_would_have_alone(name: str) -> None:
    site = site_of(name)
    alone = [
        section
        for extension in site.extensions
        for device in extension.devices
        for section in sip(replace(site, extensions=(replace(extension, devices=(device,)),)))
    ]
    assert not any(section.template or section.inherits for section in alone)
    together = resolved(site)
    assert [section.name for section in together] == [section.name for section in alone]
    for one, other in zip(together, alone, strict=True):
        assert sorted((o.key, o.value) for o in one.options) == sorted(
            (o.key, o.value) for o in other.options
        )


@pytest.mark.parametrize("name", SITES)
def test_nothing_is_said_twice_and_types_and_secrets_stand_in_the_section_itself(name: str) -> None:
    site = site_of(name)
    for section in resolved(site):
        keys = [option.key for option in section.options if option.key not in REPEATED]
        assert len(keys) == len(set(keys)), section.name
        assert "allow" not in keys or keys.index("disallow") < keys.index("allow")
    for section in sip(site):
        keys = [option.key for option in section.options]
        assert ("type" in keys) is not section.template
        assert "password" not in keys or not section.template


def templates(extensions: str, trunk: str = "") -> dict[str, Section]:
    files = {
        **BASE,
        "site.yml": BASE["site.yml"] + PROFILE,
        "extensions.yml": f"extensions:\n{extensions}".encode(),
    }
    loaded = load_files("base", files, shown="base")
    assert loaded.site is not None, [str(finding) for finding in loaded.findings]
    site = loaded.site
    if trunk:
        site = replace(site, trunks=tuple(replace(one, name=trunk) for one in site_of("noor-clinic").trunks))
    return {section.name: section for section in sip(site) if section.template}


def phone(number: int, *rest: str) -> str:
    lines = (f"number: {number}", "names: {en: X}", "voicemail: {enabled: false}", *rest)
    return "  - " + "\n    ".join(lines) + "\n"


def test_templates_are_named_by_profile_and_class() -> None:
    room = "profile: room"
    assert [*templates(phone(101) + phone(102) + phone(103, room) + phone(104, room))] == [
        "phone-local",
        "phone-room-local",
        "phone-aor",
    ]


def test_one_phone_alone_has_no_template() -> None:
    assert templates(phone(101)) == {}


def test_a_name_that_is_taken_gets_a_number() -> None:
    nat = "nat: false"
    found = templates(phone(101) + phone(102) + phone(103, nat) + phone(104, nat), trunk="phone-aor")
    assert [*found] == ["phone-local", "phone-local-2", "phone-aor-2"]


def test_options_of_a_template_lead_to_what_the_phones_have_in_common() -> None:
    room = "profile: room"
    found = templates(phone(101, room, "codecs: [alaw]") + phone(102, room))["phone-room-local"]
    places = {option.key: (option.where.file, option.where.line) for option in found.options}
    assert places["allow"] == ("base/site.yml", 21)
    assert places["context"] == ("base/site.yml", 18)
    assert places["dtmf_mode"] == ("base/site.yml", 20)
