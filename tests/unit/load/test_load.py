"""A folder, or the same as bytes, becomes a site; what is wrong is said with its place."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from datetime import date
from datetime import time as clock
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kelid import pipeline
from kelid.findings import NOWHERE, Severity, has_errors
from kelid.load import load_files, load_site
from kelid.load.codes import CODES
from kelid.load.sound import read_sound
from kelid.model.destination import Destination
from kelid.model.loaded import Loaded
from kelid.model.site import Placed, Prompt, Recording, Site, Voicemail
from kelid.rules import check

BASE = Path(__file__).resolve().parents[2] / "bad_sites" / "_base"


def base() -> dict[str, bytes]:
    return {str(path.relative_to(BASE)): path.read_bytes() for path in BASE.rglob("*") if path.is_file()}


def load(**changed: str) -> Loaded:
    """Load the base site with some of its files changed: ``queues="..."``."""
    files = base() | {f"{topic}.yml": text.encode() for topic, text in changed.items()}
    return load_files("base", files, shown="base")


def site(**changed: str) -> Site:
    loaded = load(**changed)
    assert loaded.site, loaded.findings
    return loaded.site


def test_the_sample_clinic(root: Path) -> None:
    loaded = load_site(root / "sites" / "noor-clinic", shown="sites/noor-clinic")
    assert loaded.findings == ()
    clinic = loaded.site
    assert clinic
    assert [item.number for item in clinic.extensions] == [str(number) for number in range(101, 109)]
    assert clinic.names["fa"] == "کلینیک نور"
    assert [route.destination for route in clinic.inbound_routes] == [
        Destination("schedule", "office"),
        Destination("extension", "107"),
    ]
    schedule = clinic.schedules[0]
    assert [(hours.days, hours.start, hours.end) for hours in schedule.hours] == [
        (("sat", "sun", "mon", "tue", "wed"), clock(8), clock(20)),
        (("thu",), clock(8), clock(13)),
    ]
    assert date(2027, 3, 21) in {day for entry in clinic.calendars[0].days for day in entry.each()}
    assert {ivr.name: {entry.digits: str(entry.destination) for entry in ivr.entries} for ivr in clinic.ivrs}[
        "main"
    ] == {
        "1": "queue:reception",
        "2": "ivr:departments",
        "0": "extension:101",
    }
    assert str(clinic.extensions[0].where) == "sites/noor-clinic/extensions.yml:3:5"
    assert set(clinic.secret_names) == set(loaded.vault)
    assert clinic.backup
    assert (clinic.backup.key_secret, clinic.backup.at) == ("backup_ssh_key", clock(2, 30))
    sounds = clinic.media
    assert {(sound.encoding, sound.rate, sound.bits, sound.channels) for sound in sounds.values()} == {
        (1, 8000, 16, 1)
    }
    assert clinic.ivrs[0].prompt == clinic.prompts[0].name == "welcome"
    assert clinic.prompts[0].recordings[0].file in sounds
    total = sum(path.stat().st_size for path in (root / "sites" / "noor-clinic" / "media").iterdir())
    assert total < 600_000


def test_folder_and_bytes_agree(tmp_path: Path) -> None:
    shutil.copytree(BASE, tmp_path / "base")
    from_folder, from_bytes = load_site(tmp_path / "base", shown="base"), load()
    assert from_folder == from_bytes
    assert from_folder.site
    assert from_bytes.site
    assert from_folder.site.media == from_bytes.site.media


def test_places_are_shown_as_a_user_would_type_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(BASE, tmp_path / "sites" / "base")
    monkeypatch.chdir(tmp_path)
    loaded = load_site(Path("sites/base"))
    assert loaded.site
    assert loaded.site.extensions[0].where.file == "sites/base/extensions.yml"
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    beside = load_site(Path("../sites/base")).site
    assert beside
    assert beside.where.file == "../sites/base/site.yml"
    monkeypatch.chdir("/")
    elsewhere = load_site(tmp_path / "sites" / "base").site
    assert elsewhere
    assert elsewhere.where.file.endswith("sites/base/site.yml")


def test_where_is_no_part_of_equality() -> None:
    moved = (BASE / "queues.yml").read_text().replace("queues:", "# a line more\nqueues:")
    assert site(queues=moved) == site()
    assert site(queues=moved).queues[0].where != site().queues[0].where


def test_defaults() -> None:
    front, back = site().extensions
    assert [(phone.endpoint, phone.secret) for phone in front.devices] == [("201", "extension_201")]
    assert front.voicemail
    assert (front.voicemail.pin_secret, front.voicemail.maxmsg, front.voicemail.attach) == (
        "voicemail_201",
        100,
        False,
    )
    assert front.no_answer == front.busy == front.unavailable == Destination("voicemail", "201")
    assert back.voicemail is None
    assert (back.no_answer, back.busy, back.unavailable) == (
        Destination("hangup"),
        Destination("busy"),
        Destination("hangup"),
    )
    assert back.no_answer.where.file == "base/site.yml"
    assert (back.permission_class, back.ring_time) == ("local", 20)
    trunk = site().trunks[0]
    assert (trunk.hosts, trunk.secret, trunk.codecs, trunk.qualify) == (
        (("sip.example", 5060),),
        "trunk_line",
        ("alaw", "ulaw"),
        60,
    )
    schedule = site().schedules[0]
    assert schedule.holiday_destination == schedule.closed_destination
    backup = site().backup
    assert backup
    assert (backup.key_secret, backup.keep_daily, len(backup.contents)) == ("", 14, 7)


def test_a_trunk_without_a_user_has_no_secret() -> None:
    trunks = (
        "trunks:\n  - {name: out-side, host: 192.0.2.7}\n  - {name: in-side, host: 192.0.2.8, user: me}\n"
    )
    assert [trunk.secret for trunk in site(trunks=trunks).trunks] == ["", "trunk_in_side"]


def test_midnight_and_prompts() -> None:
    hours = (BASE / "hours.yml").read_text().replace("end: 18:00", "end: 24:00")
    assert site(hours=hours).schedules[0].hours[0].end == clock(0)
    assert site().announcements[0].prompt == "builtin:vm-goodbye"
    assert site().prompts == (
        Prompt(
            name="welcome",
            recordings=(Recording(language="en", file="media/welcome.wav", text="Welcome."),),
        ),
    )


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("ring_time: 20", None),
        ('ring_time: "20"', "S003"),
        ("ring_time: 020", "S003"),
        ("ring_time: 0x14", "S003"),
        ("ring_time: 20.0", "S003"),
        ("ring_time: ۲۰", "S003"),
        ("ring_time: 99999999999999999999999", "S003"),
        ("ring_time: -5", "S005"),
        ("ring_time: [20]", "S003"),
        ("voicemail: {attach: true}", None),
        ("voicemail: {attach: yes}", "S003"),
        ('voicemail: {attach: "true"}', "S003"),
        ("voicemail: {email: 'a,b@c'}", "S004"),
        ("voicemail: true", "S003"),
        ("no_answer: extension:۲۰۱", "S004"),
        ("no_answer: Hangup", "S004"),
        ("no_answer: repeat", "S004"),
        ("no_answer: 'queue:'", "S004"),
        ("no_answer: hangup:201", "S004"),
        ("no_answer: custom:x", "S004"),
        ("permission_class: ../x", "S004"),
        ("secret: Extension", "S004"),
    ],
)
def test_values_as_the_schema_wants_them(written: str, code: str | None) -> None:
    loaded = load(extensions=(BASE / "extensions.yml").read_text() + f"    {written}\n")
    assert [finding.code for finding in loaded.findings] == ([code] if code else [])
    assert (loaded.site is None) == bool(code)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("queues:x", "no destination is called 'queues'; did you mean 'queue:x'?"),
        ("nowhere", "no destination is called 'nowhere'; known are extension, ring_group, queue"),
        ("parent", "'parent' can stand in a menu's entries only"),
        ("external:112", "write external:NUMBER@CLASS"),
        ("queue", "write it like queue:main"),
        ("hangup:1", "write it like hangup"),
        ("extension:abc", "write it like extension:101"),
    ],
)
def test_a_wrong_destination_is_explained(written: str, message: str) -> None:
    loaded = load(extensions=(BASE / "extensions.yml").read_text() + f"    no_answer: {written}\n")
    assert [finding.code for finding in loaded.findings] == ["S004"]
    assert message in str(loaded.findings[0])


def test_faults_of_text_and_of_shape_are_said_together_and_once() -> None:
    text = (
        (BASE / "site.yml")
        .read_text()
        .replace("area_code: 30", "area_code: null")
        .replace("sample: true", "sample: yes")
    )
    loaded = load(site=text)
    assert [(finding.code, finding.where.line) for finding in loaded.findings] == [("S003", 3), ("L005", 13)]
    assert loaded.site is None


@pytest.mark.parametrize("number", ["0101", "007", '"0101"'])
def test_a_number_is_text(number: str) -> None:
    extensions = f"extensions:\n  - {{number: {number}, names: {{en: A}}}}\n"
    assert site(extensions=extensions).extensions[0].number == number.strip('"')


@pytest.mark.parametrize(
    "path", ["media/../secrets.wav", "../x.wav", "/etc/passwd", "media/a/b.wav", "media/.wav", "builtin:x"]
)
def test_prompts_stay_in_their_folder(path: str) -> None:
    media = (BASE / "media.yml").read_text().replace("media/welcome.wav", path)
    assert [finding.code for finding in load(media=media).findings] == ["S004"]


def test_all_files_are_judged_at_once() -> None:
    loaded = load(queues="queues: [", ivrs="ivrs: ~", trunks="trunk: []", hours="a: b")
    assert {finding.where.file for finding in loaded.findings} == {
        f"base/{name}.yml" for name in ("queues", "ivrs", "trunks", "hours")
    }
    assert loaded.site is None
    assert list(loaded.findings) == sorted(loaded.findings, key=lambda finding: finding.sort_key)


def test_an_unknown_key_is_an_error_that_does_not_hide_the_rest() -> None:
    loaded = load(extensions=(BASE / "extensions.yml").read_text() + "    voicmail: {}\n")
    assert [str(finding) for finding in loaded.findings] == [
        "base/extensions.yml:8:5 S001 nothing here is called 'voicmail'; did you mean 'voicemail'?"
    ]
    assert has_errors(loaded.findings)
    assert loaded.site == site()


@pytest.mark.parametrize("content", [b"- a", b"text", b"[]", b"5"])
def test_a_file_that_is_no_mapping(content: bytes) -> None:
    for topic in ("site", "queues", "secrets"):
        loaded = load_files("base", base() | {f"{topic}.yml": content}, shown="base")
        assert [finding.code for finding in loaded.findings] == ["S003"]
        assert loaded.site is None


def test_large_files_are_refused_fast(tmp_path: Path) -> None:
    folder = tmp_path / "base"
    shutil.copytree(BASE, folder)
    with (folder / "queues.yml").open("wb") as stream:
        stream.write(b"queues:\n" + b"  - {name: a}\n" * 4_000_000)
    with (folder / "media" / "welcome.wav").open("wb") as stream:
        stream.truncate(3_000_000_000)
    started = time.perf_counter()
    loaded = load_site(folder)
    assert [finding.code for finding in loaded.findings] == ["L009", "L009"]
    assert time.perf_counter() - started < 2


def test_links_and_pipes_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "base"
    shutil.copytree(BASE, folder)
    (folder / "queues.yml").rename(tmp_path / "queues.yml")
    (folder / "queues.yml").symlink_to("../queues.yml")
    (folder / "media" / "more.wav").symlink_to("/dev/zero")
    (folder / "trunks.yml").unlink()
    os.mkfifo(folder / "trunks.yml")
    loaded = load_site(folder)
    assert [finding.code for finding in loaded.findings] == ["L014"] * 3
    assert loaded.site is None
    (tmp_path / "link").symlink_to(folder)
    assert [finding.code for finding in load_site(tmp_path / "link").findings] == ["L014"]


def test_thousands_of_mistakes_are_cut_short() -> None:
    started = time.perf_counter()
    loaded = load(queues="".join(f"k{number}: 1\n" for number in range(20_000)))
    assert loaded.site is None
    assert 200 <= len(loaded.findings) <= 203
    loaded = load(
        queues="queues:\n" + "".join(f"  - {{name: a, timeout: x{number}}}\n" for number in range(2_000))
    )
    assert loaded.site is None
    assert 200 <= len(loaded.findings) <= 203
    assert "more than these 200" in " ".join(map(str, loaded.findings))
    assert time.perf_counter() - started < 30


def test_names_of_files_are_shown_without_what_they_could_do_to_a_terminal(tmp_path: Path) -> None:
    folder = tmp_path / "base"
    shutil.copytree(BASE, folder)
    for name in ("a\n\x1b[31mb.yml", "x\u202ey"):
        (folder / name).write_text("")
    (folder / "custom").mkdir()
    (folder / "custom" / "a\n[x].conf").write_text("[x]\nexten => s,1,Hangup()\n")
    found = pipeline.check(tmp_path, "base").findings
    assert [one.code for one in found if one.code != "K000"] == ["L018"] * 3
    assert all(str(one).isprintable() for one in found)
    assert "a\\n\\x1b[31mb.yml" in " ".join(map(str, found))


def test_folders_that_are_links_or_stand_in_the_place_of_files(tmp_path: Path) -> None:
    folder = tmp_path / "base"
    shutil.copytree(BASE, folder)
    (folder / "custom").symlink_to("/etc")
    (folder / "queues.yml").unlink()
    (folder / "queues.yml").mkdir()
    found = [one for one in pipeline.check(tmp_path, "base").findings if one.code != "K000"]
    assert [(one.code, Path(one.where.file).name) for one in found] == [
        ("L014", "custom"),
        ("L014", "queues.yml"),
    ]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    loaded = load_site(tmp_path / "nowhere")
    assert [finding.code for finding in loaded.findings] == ["L013"]


def test_strange_files_are_warnings_and_notes_are_not() -> None:
    files = base() | {
        "Queues.yaml": b"",
        "notes.txt": b"",
        "media/x.opus": b"",
        "README.md": b"",
        ".gitignore": b"",
        "media/README": b"",
        "custom/more.conf": b"",
    }
    found = load_files("base", files, shown="base").findings
    assert [(finding.where.file, finding.code, finding.severity) for finding in found] == [
        ("base/Queues.yaml", "L018", Severity.WARNING),
        ("base/media/x.opus", "L018", Severity.WARNING),
        ("base/notes.txt", "L018", Severity.WARNING),
    ]


@pytest.mark.parametrize(
    "content",
    [b"", b"RIFF", b"RIFF\0\0\0\0WAVE", b"RIFF\xff\xff\xff\xffWAVEdata\xff\xff\xff\xff", b"ID3\x03" * 100],
)
def test_what_is_no_sound(content: bytes) -> None:
    assert read_sound(content, NOWHERE).rate == 0


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_are_judged_as_a_sound(content: bytes) -> None:
    whole = (BASE / "media" / "welcome.wav").read_bytes()
    for bytes_ in (content, whole[: len(content)], whole[:20] + content):
        assert len(read_sound(bytes_, NOWHERE).sha256) == 64


_TOPICS = st.sampled_from(
    ["site", "extensions", "trunks", "routes", "queues", "ring_groups", "ivrs", "hours", "backup", "secrets"]
)


@settings(max_examples=150)
@given(_TOPICS, st.binary(max_size=60))
def test_any_bytes_are_answered_with_findings(topic: str, content: bytes) -> None:
    loaded = load_files("base", base() | {f"{topic}.yml": content}, shown="base")
    assert loaded.findings
    assert {finding.code for finding in loaded.findings} <= set(CODES)


@settings(max_examples=300)
@given(_TOPICS, st.data())
def test_a_damaged_file_never_raises(topic: str, data: st.DataObject) -> None:
    """Cut a piece out of a good file, or put something in: it stays good, or findings say what is wrong."""
    text = (BASE / f"{topic}.yml").read_text()
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 12))
    put = data.draw(
        st.sampled_from(["", " ", "\n", ":", "- ", "x", "5", "{", "[", "'", "~", "*1", "\u202e", "۵", "true"])
    )
    damaged = text[:start] + put + text[start + length :]
    loaded = load_files("base", base() | {f"{topic}.yml": damaged.encode()}, shown="base")
    assert {finding.code for finding in loaded.findings} <= set(CODES)
    assert loaded.site is not None or has_errors(loaded.findings)
    if loaded.site:
        check(loaded.site, today=date(2026, 11, 23), secrets=dict.fromkeys(loaded.site.secret_names, "1234"))


def every(thing: object) -> Iterator[Placed]:
    """Yield the thing and all in it that were written as mappings."""
    if isinstance(thing, Placed):
        yield thing
        for name in thing.FIELDS:
            yield from every(getattr(thing, name))
    elif isinstance(thing, tuple):
        for part in thing:
            yield from every(part)


def test_every_object_knows_where_its_values_stand(root: Path) -> None:
    folder = root / "sites" / "noor-clinic"
    clinic = load_site(folder, shown="sites/noor-clinic").site
    assert clinic
    found = list(every(clinic))
    # An empty mailbox, {}, has no value; what a file would say that the site hasn't got has no place at all.
    without = [thing for thing in found if not thing.places and thing.where.file]
    assert {type(thing) for thing in without} == {Voicemail}
    for thing in (thing for thing in found if thing.where.file):
        assert thing.where.line
        for name in thing.FIELDS:
            value = getattr(thing, name)
            place = thing.places.get(name)
            if place and isinstance(value, str):
                line = (root / place.file).read_text(encoding="utf-8").splitlines()[place.line - 1]
                assert line[place.column - 1 :].lstrip('"').startswith(value), (name, place)


def test_values_know_their_place() -> None:
    trunk = site(
        trunks="""trunks:
  - host: sip.example
    codecs:
      - alaw
      - g722
    dids: ["030123456", "030123457"]
    name: line
"""
    ).trunks[0]
    assert trunk.codecs == ("alaw", "g722")
    places = {key: (where.line, where.column) for key, where in trunk.places.items()}
    assert places == {
        "host": (2, 11),
        "codecs": (4, 7),
        "codecs.0": (4, 9),
        "codecs.1": (5, 9),
        "dids": (6, 11),
        "dids.0": (6, 12),
        "dids.1": (6, 25),
        "name": (7, 11),
    }
    assert str(trunk.place("dids.1")) == "base/trunks.yml:6:25"
    # What was left out stands for the whole.
    assert trunk.place("qualify") == trunk.where
    assert str(trunk.where) == "base/trunks.yml:2:5"


def test_what_comes_from_the_defaults_stands_there() -> None:
    text = """extensions:
  - number: "201"
    names: {en: One}
  - number: "202"
    names:
      en: Two
    permission_class: local
"""
    one, two = site(extensions=text).extensions
    assert one.place("permission_class").file == "base/site.yml"
    assert str(two.place("permission_class")) == "base/extensions.yml:7:23"
    assert str(two.place("names.en")) == "base/extensions.yml:6:11"
    assert one.place("number").line == 2


def test_places_take_no_part_in_equality() -> None:
    text = 'extensions:\n  - number: "201"\n    names: {en: One}\n'
    one, other = site(extensions=text).extensions[0], site(extensions="\n\n" + text).extensions[0]
    assert one.places != other.places
    assert one == other
    assert "places" not in repr(one)
