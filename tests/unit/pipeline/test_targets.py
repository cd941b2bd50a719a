"""Which machines a change of many sites is for, and what is with those that can't have it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from kelid import pipeline
from kelid.findings import Exit, KelidError
from kelid.pipeline import release, rollout

SAMPLES = pipeline.root() / "sites"


def names(found: list[Any]) -> list[str]:
    return [entry.name for entry in found]


@pytest.mark.parametrize(
    ("choice", "hosts"),
    [
        ({"tags": ["tehran"]}, ["atlas-trading", "sepehr-call-centre"]),
        ({"tags": ["isfahan", "call_centre"]}, ["atlas-isfahan", "sepehr-call-centre"]),
        ({"names": ["noor-clinic", "atlas-trading"]}, ["noor-clinic", "atlas-trading"]),
        ({"names": ["noor-clinic", "noor-clinic"]}, ["noor-clinic"]),
        ({"tags": ["tehran"], "first": "sepehr-call-centre"}, ["sepehr-call-centre", "atlas-trading"]),
        ({"role": "standby"}, ["brightwater-hotel.standby", "sepehr-call-centre.standby"]),
    ],
)
def test_who_is_meant(choice: dict[str, Any], hosts: list[str]) -> None:
    assert names(rollout.targets(SAMPLES, **choice)) == hosts


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"tags": ["shiraz"]}, "no site has the tag shiraz"),
        ({"names": ["nowhere"]}, "no site 'nowhere'"),
        ({"names": ["noor-clinic"], "role": "standby"}, "noor-clinic: no standby"),
        ({"tags": ["tehran"], "first": "noor-clinic"}, "the canary noor-clinic is not among the sites"),
    ],
)
def test_nobody_is_meant(choice: dict[str, Any], said: str) -> None:
    with pytest.raises(KelidError, match=said) as problem:
        rollout.targets(SAMPLES, **choice)

    assert problem.value.exit is Exit.USAGE


@pytest.fixture
def sites(tmp_path: Path) -> Path:
    shutil.copytree(SAMPLES / "noor-clinic", tmp_path / "one")
    shutil.copytree(SAMPLES / "noor-clinic", tmp_path / "two")
    shutil.copy(SAMPLES / pipeline.SAMPLE_PASSWORD, tmp_path)
    return tmp_path


def test_a_site_that_is_not_valid_keeps_all_others_from_it(sites: Path) -> None:
    path = sites / "two" / "extensions.yml"
    path.write_text(path.read_text(encoding="utf-8") + "\nnonsense: true\n", encoding="utf-8")

    with pytest.raises(KelidError, match="nothing was sent: two is not valid") as problem:
        rollout.likenesses(sites, rollout.targets(sites))

    assert problem.value.exit is Exit.INVALID
    assert problem.value.findings


def test_the_likeness_is_what_the_servers_release_would_say(sites: Path) -> None:
    """Two digests that are in the manifest of the very release that the site makes; another secret changes one of them."""
    likes = rollout.likenesses(sites, rollout.targets(sites))
    manifest = release.make_release(sites, "one").manifest

    assert likes["one"] == f"{manifest['bundle']}:{manifest['sealed']}"
    sealed = sites / "two" / "secrets.yml"
    sealed.write_text(sealed.read_text(encoding="utf-8") + "# sealed anew\n", encoding="utf-8")
    again = rollout.likenesses(sites, rollout.targets(sites))
    assert again["one"] == likes["one"]
    assert again["two"] != likes["two"]


def test_only_who_changes_has_a_plan(sites: Path) -> None:
    entries = rollout.targets(sites)
    lost = KelidError("one: no route to host", exit=Exit.UNREACHABLE)
    running = {"asterisk": {"running": True}, "release": "a" * 64}

    prepared = rollout.prepare(sites, entries, {"one": lost, "two": {"same": True, "ok": True, **running}})

    assert not prepared.plans
    assert [(item.host, item.result, item.exit) for item in prepared.outcomes] == [
        ("one", "unreachable", Exit.UNREACHABLE),
        ("two", "unchanged", Exit.OK),
    ]
