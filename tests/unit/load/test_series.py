"""Rows of phones: each is an extension like any other, and leads back to the line of its row."""

from __future__ import annotations

from pathlib import Path

from kelid.edit.document import Document
from kelid.edit.offboard import farewell, take
from kelid.findings import has_errors
from kelid.load import load_files, schema
from kelid.model.loaded import Loaded

BASE = Path(__file__).resolve().parents[2] / "bad_sites" / "_base"
PROFILE = "profiles:\n  - {name: room, permission_class: local, ring_time: 33, voicemail: {delete: true}}\n"
ROW = """
series:
  # first floor
  - numbers: 0301-0304
    names: {en: "Room {number}"}
    profile: room
    except: ["0303"]
"""


def load(row: str = ROW) -> Loaded:
    files = {path.name: path.read_bytes() for path in BASE.glob("*.yml")}
    files |= {f"media/{path.name}": path.read_bytes() for path in (BASE / "media").iterdir()}
    files["site.yml"] += PROFILE.encode()
    files["extensions.yml"] += row.encode()
    return load_files("base", files, shown="base")


def test_a_row_makes_extensions() -> None:
    site = load().site
    assert site
    rooms = site.extensions[2:]
    assert [room.number for room in rooms] == ["0301", "0302", "0304"]
    assert [room.names["en"] for room in rooms] == ["Room 0301", "Room 0302", "Room 0304"]
    assert {room.ring_time for room in rooms} == {33}
    assert [room.devices[0].secret for room in rooms] == [
        "extension_0301",
        "extension_0302",
        "extension_0304",
    ]
    assert [room.voicemail.pin_secret for room in rooms if room.voicemail] == [
        "voicemail_0301",
        "voicemail_0302",
        "voicemail_0304",
    ]
    text = (BASE / "extensions.yml").read_text() + ROW
    place = rooms[0].place("number")
    assert text.splitlines()[place.line - 1].strip() == "- numbers: 0301-0304"


def test_a_row_without_end_is_refused_before_it_is_made() -> None:
    for numbers in ("0000000000-9999999999", "100-99", "0301-301", "1-3"):
        loaded = load(ROW.replace("0301-0304", numbers))
        assert has_errors(loaded.findings)


def test_who_leaves_is_left_out_of_the_row() -> None:
    loaded = load()
    assert loaded.site
    document = Document((BASE / "extensions.yml").read_text() + ROW, "extensions.yml")
    answer = farewell("0302", loaded.site, lambda _: document, lambda _: "extensions")
    take(answer, lambda _: document, {"extensions": schema.schema("extensions")})
    assert document.text == (BASE / "extensions.yml").read_text() + ROW.replace(
        '["0303"]', '["0303", "0302"]'
    )


def test_rows_without_end_are_refused_before_they_are_made() -> None:
    rows = "".join(
        f"  - {{numbers: {at}-{at + 1999}, names: {{en: Room}}, profile: room}}\n"
        for at in range(10_000, 90_000, 2000)
    )
    loaded = load(f"series:\n{rows}")
    assert [finding.code for finding in loaded.findings] == ["S008"]
    assert loaded.site
    assert len(loaded.site.extensions) == 20_002
