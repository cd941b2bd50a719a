"""Many sites at once: the same answers as one by one, only what changed is done again, and nothing damaged is believed."""

from __future__ import annotations

import gc
import os
import shutil
from datetime import date
from pathlib import Path

import pytest

from kelid import pipeline
from kelid.commands import main
from kelid.findings import Exit
from kelid.pipeline.cache import Cache
from kelid.pipeline.fleet import Outcome, Task, run

SITES = Path(__file__).parents[3] / "sites"
NAMES = ["atlas-isfahan", "noor-clinic"]
DAY = date(2026, 11, 23)


@pytest.fixture
def sites(tmp_path: Path) -> Path:
    """Two sites, without the samples' password, so that no vault is opened."""
    for name in NAMES:
        shutil.copytree(SITES / name, tmp_path / "sites" / name)
    return tmp_path / "sites"


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def rendered(sites: Path, output: Path, cache: Cache | None = None, *, jobs: int = 1) -> list[Outcome]:
    return list(run(Task(sites=sites, output=output, today=DAY, cache=cache), NAMES, jobs=jobs))


def tree(top: Path) -> dict[str, bytes]:
    return {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()}


def test_a_second_run_gives_the_very_bytes_of_the_first_and_two_workers_those_of_one(
    sites: Path, tmp_path: Path, cache: Cache
) -> None:
    first = rendered(sites, tmp_path / "one", cache)
    second = rendered(sites, tmp_path / "two", cache, jobs=2)
    plain = rendered(sites, tmp_path / "three")

    assert [outcome.remembered for outcome in (*first, *second, *plain)] == [
        False,
        False,
        True,
        True,
        False,
        False,
    ]
    assert tree(tmp_path / "one") == tree(tmp_path / "two") == tree(tmp_path / "three")
    for name, outcome in zip(NAMES, second, strict=True):
        bundle = pipeline.check(sites, name, today=DAY).bundle
        assert outcome.digest == bundle.digest
        assert tree(tmp_path / "two" / name) == {path: text.encode() for path, text in bundle.files.items()}


def test_a_file_that_is_another_or_gone_is_written_again_from_what_is_remembered(
    sites: Path, tmp_path: Path, cache: Cache
) -> None:
    rendered(sites, tmp_path / "out", cache)
    whole = tree(tmp_path / "out")
    *_, first, second, third = sorted((tmp_path / "out" / NAMES[0]).iterdir())
    body = first.read_bytes()
    first.write_bytes(body[:-2] + bytes([body[-2] ^ 1]) + body[-1:])  # of the same length
    second.write_bytes(second.read_bytes() + b"more")
    third.unlink()
    untouched = sorted((tmp_path / "out" / NAMES[1]).iterdir())[0]
    before = untouched.stat().st_mtime_ns

    again = rendered(sites, tmp_path / "out", cache)

    assert [outcome.remembered for outcome in again] == [True, True]
    assert tree(tmp_path / "out") == whole
    assert untouched.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("extensions.yml", None),
        ("media/welcome.wav", b""),
        ("custom/own.conf", b"[own]\nexten => s,1,Hangup()\n"),
    ],
)
def test_a_site_is_done_again_when_any_of_its_files_changed(
    sites: Path, tmp_path: Path, cache: Cache, path: str, content: bytes | None
) -> None:
    rendered(sites, tmp_path / "out", cache)
    file = sites / "noor-clinic" / path
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(
        file.read_bytes().replace(b"ring_time: 25", b"ring_time: 26") if content is None else content
    )

    assert [outcome.remembered for outcome in rendered(sites, tmp_path / "out", cache)] == [True, False]


def test_findings_are_remembered_for_a_day_and_its_rules_alone(sites: Path, cache: Cache) -> None:
    def check(day: date) -> list[Outcome]:
        return list(run(Task(sites=sites, today=day, cache=cache), NAMES, jobs=1))

    fresh = check(DAY)
    assert [outcome.remembered for outcome in check(DAY)] == [True, True]
    assert [outcome.findings for outcome in check(DAY)] == [outcome.findings for outcome in fresh]
    later = check(date(2028, 3, 1))
    assert not any(outcome.remembered for outcome in later)
    assert [outcome.findings for outcome in later] != [outcome.findings for outcome in fresh]


@pytest.mark.parametrize("damage", [b"", b"kelid site 1\n", None])
def test_a_damaged_entry_is_as_good_as_none(
    sites: Path, tmp_path: Path, cache: Cache, damage: bytes | None
) -> None:
    rendered(sites, tmp_path / "out", cache)
    for entry in cache.place.iterdir():
        body = bytearray(entry.read_bytes())
        body[-20] ^= 1
        entry.write_bytes(bytes(body) if damage is None else damage)

    again = rendered(sites, tmp_path / "again", cache)

    assert not any(outcome.remembered for outcome in again)
    assert tree(tmp_path / "again") == tree(tmp_path / "out")


def test_an_entry_under_the_name_of_another_is_not_taken(sites: Path, tmp_path: Path, cache: Cache) -> None:
    rendered(sites, tmp_path / "out", cache)
    one, two = sorted(cache.place.iterdir())
    one.write_bytes(two.read_bytes())

    assert sorted(outcome.remembered for outcome in rendered(sites, tmp_path / "again", cache)) == [
        False,
        True,
    ]


def test_what_was_not_used_for_longest_goes_first(sites: Path, tmp_path: Path, cache: Cache) -> None:
    rendered(sites, tmp_path / "out", cache)
    old, new = cache.place.iterdir()
    os.utime(old, (1, 1))

    cache.prune(new.stat().st_size)

    assert list(cache.place.iterdir()) == [new]


def test_what_the_vault_opened_leaves_no_entry(tmp_path: Path, cache: Cache) -> None:
    found = list(run(Task(sites=SITES, cache=cache), ["noor-clinic"]))

    assert not found[0].findings
    assert not cache.place.exists()


def test_a_site_with_a_pipe_in_it_is_judged_and_not_remembered(sites: Path, cache: Cache) -> None:
    os.mkfifo(sites / "noor-clinic" / "pipe")

    for _ in range(2):
        found = list(run(Task(sites=sites, today=DAY, cache=cache), ["noor-clinic"]))
        assert not found[0].remembered
        assert "L014" in {finding.code for finding in found[0].findings}


def test_one_bad_site_does_not_hold_up_the_others(
    sites: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (sites / "noor-clinic" / "queues.yml").write_text("queues: 5\n")

    code = main(
        ["render", "--sites", str(sites), "--output", str(tmp_path / "out"), "--no-cache", "--jobs", "2"]
    )

    assert code == Exit.INVALID
    assert "queues.yml:1:9 S003" in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["atlas-isfahan"]


def test_several_sites_want_a_folder_and_no_stranger_in_it(
    sites: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", "--sites", str(sites)]) == Exit.USAGE
    (tmp_path / "out" / "noor-clinic").mkdir(parents=True)
    (tmp_path / "out" / "noor-clinic" / "notes.txt").write_text("mine")
    assert main(["render", "--sites", str(sites), "--output", str(tmp_path / "out")]) == Exit.REFUSED
    assert "notes.txt" in capsys.readouterr().err
    assert (tmp_path / "out" / "atlas-isfahan" / "extensions.conf").is_file()


@pytest.mark.parametrize("searches", [True, False])
def test_python_searches_for_cycles_as_before_when_a_site_was_checked(sites: Path, searches: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if searches else gc.disable)()
        assert pipeline.check(sites, "noor-clinic").bundle.files
        assert gc.isenabled() is searches
        with pytest.raises(ZeroDivisionError), pipeline.no_search():
            1 // gc.isenabled()
        assert gc.isenabled() is searches
    finally:
        (gc.enable if before else gc.disable)()
