"""The ways that calls take: loops are found once, and nothing is called one that has an end."""

from __future__ import annotations

from pathlib import Path

import pytest

from kelid.load import load_files
from kelid.model.site import Site
from kelid.rules.calls import loops, reachable

BASE = Path(__file__).resolve().parents[2] / "bad_sites" / "_base"


def site(**changed: str) -> Site:
    files = {str(path.relative_to(BASE)): path.read_bytes() for path in BASE.rglob("*") if path.is_file()}
    files |= {f"{topic}.yml": text.encode() for topic, text in changed.items()}
    loaded = load_files("base", files, shown="base")
    assert loaded.site, loaded.findings
    return loaded.site


def announcements(**to: str) -> str:
    return "announcements:\n" + "".join(
        f"  - {{name: {name}, names: {{en: A}}, prompt: 'builtin:beep', destination: '{target}'}}\n"
        for name, target in to.items()
    )


@pytest.mark.parametrize(
    ("to", "count"),
    [
        ({"a": "hangup"}, 0),
        ({"a": "announcement:b", "b": "hangup"}, 0),
        ({"a": "announcement:a"}, 1),
        ({"a": "announcement:b", "b": "announcement:c", "c": "announcement:a"}, 1),
        ({"a": "announcement:b", "b": "announcement:b"}, 1),
        ({"a": "announcement:b", "b": "announcement:a", "c": "announcement:d", "d": "announcement:c"}, 2),
        ({"a": "announcement:gone"}, 0),
        ({"a": "voicemail:201"}, 0),
    ],
)
def test_loops(to: dict[str, str], count: int) -> None:
    assert len(list(loops(site(ivrs=announcements(**to))))) == count


def test_a_key_is_no_loop_and_silence_is() -> None:
    ivrs = (BASE / "ivrs.yml").read_text()
    assert list(loops(site(ivrs=ivrs.replace("queue:front}", "ivr:main}")))) == []
    found = list(
        loops(site(ivrs=ivrs.replace("timeout_destination: extension:201", "timeout_destination: ivr:main")))
    )
    assert [path for _, path in found] == [(("ivr", "main"),)]


def test_a_loop_of_phones_names_the_way_round() -> None:
    extensions = (
        "extensions:\n"
        "  - {number: 201, names: {en: A}, no_answer: extension:202}\n"
        "  - {number: 202, names: {en: B}, no_answer: extension:203}\n"
        "  - {number: 203, names: {en: C}, busy: extension:201}\n"
    )
    (way, path), *others = loops(site(extensions=extensions))
    assert others == []
    assert path == (("extension", "201"), ("extension", "202"), ("extension", "203"))
    assert str(way.where) == "base/extensions.yml:2:46"


def test_an_island_is_not_reached() -> None:
    there = reachable(site(ivrs=announcements(closed="hangup", a="announcement:b", b="announcement:a")))
    assert ("announcement", "closed") in there
    assert not there & {("announcement", "a"), ("announcement", "b")}
