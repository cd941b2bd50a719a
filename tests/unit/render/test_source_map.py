"""The source map of the sample clinic: each line leads to the YAML line that holds what the line says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kelid.compile import compile_site
from kelid.findings import Where
from kelid.load import load_files, load_site
from kelid.model.bundle import Bundle
from kelid.model.site import Site
from kelid.render import render

BY_THE_TOOL = {
    "pjsip.conf": {
        "allow_transfer",
        "auth_rejection_permanent",
        "auth_type",
        "direct_media",
        "disallow",
        "dtmf_mode",
        "expiration",
        "forbidden_retry_interval",
        "force_rport",
        "identify_by",
        "max_contacts",
        "max_retries",
        "remove_existing",
        "retry_interval",
        "rewrite_contact",
        "rtp_symmetric",
        "send_pai",
        "srv_lookups",
        "transport",
        "trust_id_outbound",
        "type",
    },
    "queues.conf": {"announce-holdtime"},
    "musiconhold.conf": {"directory", "mode", "sort"},
}
"""Options of which YAML says nothing: they stand for the object, and lead to its name."""

OTHER_WORDS = [
    ("indications.conf", ".*", r"country: IR"),  # the tones of a country
    ("pjsip.conf", "context = from-trunk-(.*)", r"name: mokhaberat"),
    (
        "pjsip.conf",
        "context = from-class-(.*)",
        r"permission_class: (local|internal|national|international)$",
    ),
    ("pjsip.conf", "outbound_auth = .*", r"user: "),  # it is there because the trunk registers
    ("pjsip.conf", "password = %%secret:trunk_mokhaberat%%", r"secret: trunk_mokhaberat"),
    ("pjsip.conf", "password = %%secret:extension_.*", r"number: "),  # a name by convention
    # What phones have that site.yml doesn't name; a trunk's codecs are judged with the other values.
    ("pjsip.conf", "allow = alaw,ulaw,g722", r"number: "),
    ("pjsip.conf", "qualify_frequency = 60", r"number: |qualify: 60"),
    (
        "pjsip.conf",
        "(mailboxes|voicemail_extension) = .*",
        r"voicemail: |email: ",
    ),  # where the mailbox begins
    ("pjsip.conf", "mwi_subscribe_replaces_unsolicited = yes", r"number: "),
    ("queues.conf", "ringinuse = no", r"ringinuse: false"),
    ("queues.conf", "announce-position = no", r"announce_position: .no"),
    ("queues.conf", "announce-frequency = 0", r"name: reception"),  # left out in YAML
    ("voicemail.conf", r"\d+ = .*", r"voicemail: |email: "),
]
"""File, line, what its YAML line must hold: where the value itself is not what was written, and why."""

STEPS = [
    (r"Gosub\(ring,\$.EXTEN.,1\(PJSIP/(\d+),", 'number: "{}"'),
    (r",hint,PJSIP/(\d+)", 'number: "{}"'),
    (r"Dial\(PJSIP/\$.EXTEN.@(\w+)", "trunks: [{}]"),
    (r"Set\(GROUP\(trunk-out\)=(\w+)", "trunks: [{}]"),
    (r"Set\(GROUP\(trunk-in\)", "max_channels: "),
    (r"=> (\d+),1,Gosub\(blacklist", 'did: "{}"'),
    (r"trunk-in-|inbound-|Set\(CALLERID|=> i,1,Hangup\(1\)", "name: mokhaberat"),
    (r"GROUP_COUNT.* > (\d+)\]", "max_channels: {}"),
    (r"=> _?([^,]+),1,Goto\(route-", "{}"),
    (r"=> outbound-emergency", "kind: emergency"),
    (r"=> outbound-(\w+)", "{}"),
    (r"=> class-(\w+)", "name: {}"),
    (r"=> direct-dial", "direct_dial: [extensions]"),
    (r"=> (\d+),1,Goto\(internal,\1", "{}"),
    (r"=> (\d),1,Goto\(queues,(\w+)", 'digits: "{}", destination: queue:{}'),
    (r"=> (\d),1,Goto\(ivr-(\w+)", 'digits: "{}", destination: ivr:{}'),
    (r"=> (\d),1,Goto\(internal,(\d+)", 'digits: "{}", destination: extension:{}'),
    (r"=> 9,1,Goto\(s,menu\)", "destination: repeat"),
    (r"=> \*,1,Goto\(ivr-main", "destination: parent"),
    (r"Goto\(internal,(\d+)", "extension:{}"),
    (r"Goto\(queues,(\w+)", "_destination: queue:{}"),
    (r"Goto\((ivr|schedule|announcement)-(\w+)", "{}:{}"),
    (r"\((?:unavailable|busy|no-answer)\),Goto\(voicemail-", "mail"),  # the mailbox is the way on by itself
    (r"Goto\(voicemail-\w+,(\d+)", "destination: voicemail:{}"),
    (r"VoiceMail\(", "mail"),
    (r"Busy\(", "busy: busy"),
    (r"WaitExten\((\d+)", "timeout: {}"),
    (r"IVR_FAILED. <= (\d+)\]", "retries: {}"),
    (r"(?:Background|Playback)\(/var/lib/kelid/media/[0-9a-f]{64}\)", "prompt: "),
    (r"GotoIfTime\((\d\d:\d\d)-[\d:]+,(\w+)", "days: [{1}"),
    (r"DIALPLAN_EXISTS\(calendar-(\w+)", "calendars: [{}]"),
    (r"=> \d{8},1,NoOp\((.+)\)", "fa: {}"),
    (r"Queue\(reception,i,,,(\d+)", "max_wait: {}"),
    (r"Gosub\(queue-member,.*\((\w+),", "name: {}"),
    (
        r"LOCAL\(number\)|\.\{number\}|\$\{number\}|Hangup\(21\)|Return\(\)",
        "",
    ),  # the blacklist that no line asks for
    # What the tool needs between the steps that were asked for.
    (r"Answer\(500\)|Set\((TIMEOUT|IVR_FAILED)|Hangup\(\$.HANGUPCAUSE|Hangup\(34\)|DIALSTATUS", ""),
    (r",Hangup\(\)|Goto\(\$.GOSUB_RETVAL.\)", ""),
]
"""A rendered step or include, and what its YAML line must hold; the first that fits decides."""


@dataclass(frozen=True)
class Line:
    """A rendered line with its place, and the text of the YAML line there."""

    path: str
    section: str
    text: str
    where: Where
    yaml: str


@pytest.fixture(scope="module")
def clinic(root: Path) -> Site:
    site = load_site(root / "sites" / "noor-clinic", shown="sites/noor-clinic").site
    assert site
    return site


@pytest.fixture(scope="module")
def bundle(clinic: Site) -> Bundle:
    return render(compile_site(clinic))


@pytest.fixture(scope="module")
def mapped(bundle: Bundle, root: Path) -> list[Line]:
    return list(_lines(bundle, root))


def _lines(bundle: Bundle, root: Path) -> Iterator[Line]:
    for path, text in bundle.files.items():
        section = ""
        for line, where in zip(text.splitlines(), bundle.lines[path], strict=True):
            if line.startswith("["):
                section = line[1:].partition("]")[0]
            if where:
                yaml = (root / where.file).read_text(encoding="utf-8").splitlines()[where.line - 1]
                yield Line(path, section, line, where, yaml)


def words(text: str) -> set[str]:
    return set(re.split(r"""[\s,;:{}\[\]"'<>@|=/&]+""", text)) - {""}


def test_an_option_leads_to_the_line_that_holds_its_value(mapped: list[Line]) -> None:
    for line in mapped:
        key, equals, value = line.text.partition(" = ")
        if line.path == "extensions.conf" or not equals:
            continue
        if key in BY_THE_TOOL.get(line.path, ()):
            assert line.section in words(line.yaml), line
            continue
        other = next(
            (
                cause
                for path, text, cause in OTHER_WORDS
                if path == line.path and re.fullmatch(text, line.text)
            ),
            None,
        )
        if other:
            assert re.search(other, line.yaml), line
        else:
            # A list has all its texts on one line here; what is put together holds at least one of its parts.
            single = re.fullmatch(r"[\w.,-]+", value)
            assert (words(value) <= words(line.yaml)) if single else (words(value) & words(line.yaml)), line


def test_a_section_leads_to_the_line_that_holds_its_name(mapped: list[Line]) -> None:
    headers = [line for line in mapped if line.text.startswith("[") and line.path != "indications.conf"]
    assert {line.path for line in headers} >= {"pjsip.conf", "queues.conf", "extensions.conf"}
    for line in headers:
        if line.section == "blacklist":
            continue  # every site has them; no line asks for them
        name = re.sub(
            "^(from-trunk|trunk-in|inbound|from-class|class|outbound|route|ivr|schedule|calendar|announcement)-",
            "",
            line.section,
        )
        assert name in words(line.yaml), line


def test_a_step_leads_to_the_line_that_asked_for_it(mapped: list[Line]) -> None:
    for line in mapped:
        if line.path != "extensions.conf" or line.text.startswith("["):
            continue
        fitting = ((re.search(text, line.text), yaml) for text, yaml in STEPS)
        wanted = next((yaml.format(*match.groups()) for match, yaml in fitting if match), None)
        assert wanted is not None, f"nothing says where this should lead: {line}"
        assert wanted in line.yaml, (line, wanted)


def test_a_long_way_of_writing_leads_to_each_line() -> None:
    """Where every value has a line of its own, the lines that come of them lead to those."""
    base = Path(__file__).resolve().parents[2] / "bad_sites" / "_base"
    files = {str(path.relative_to(base)): path.read_bytes() for path in base.rglob("*") if path.is_file()}
    files["trunks.yml"] = b"""trunks:
  - host: sip.example
    codecs:
      - alaw
      - g722
    qualify: 7
    user: caller
    name: line
    secret: trunk_line
"""
    site = load_files("base", files, shown="base").site
    assert site
    bundle = render(compile_site(site))
    lines = zip(bundle.files["pjsip.conf"].splitlines(), bundle.lines["pjsip.conf"], strict=True)
    places = {text: where.line for text, where in lines if where and where.file == "base/trunks.yml"}
    assert places["[line]"] == 8
    assert places["allow = alaw,g722"] == 4
    assert places["match = sip.example"] == 2
    assert places["qualify_frequency = 7"] == 6
    assert places["username = caller"] == 7
    assert places["password = %%secret:trunk_line%%"] == 9
