"""The edits and the choice of calls of the behaviour suite, without a lab."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from behaviour.calls import says
from behaviour.edits import Files, edit, edits, places
from behaviour.suite import Judge, Seen, other
from kelid import pipeline
from kelid.lab.witness import Ring

TODAY = date(2026, 11, 26)


@pytest.fixture
def sites(root: Path) -> Path:
    return root / "sites"


def test_the_same_seed_makes_the_same_edits_and_all_are_valid(sites: Path) -> None:
    made = [list(edits(sites, ["noor-clinic", "atlas-isfahan"], 9, 6)) for _ in range(2)]
    assert made[0] == made[1]
    assert len({(one.kind, one.words) for one in made[0]}) > 3
    for one in made[0]:
        assert one.files
        assert pipeline.check(sites, one.site, over=one.files).valid


def test_a_refactor_leaves_the_dial_plan_but_for_its_order(sites: Path) -> None:
    before = pipeline.check(sites, "noor-clinic")
    kinds = set()
    for number in range(12):
        made = edit(sites, "noor-clinic", f"refactor/{number}", refactor=True)
        if made.kind != "renamed":  # a name is in the names of contexts
            kinds.add(made.kind)
            after = pipeline.check(sites, "noor-clinic", over=made.files)
            lines = [sorted(one.bundle.files["extensions.conf"].splitlines()) for one in (before, after)]
            assert lines[0] == lines[1], made.words
    assert len(kinds) > 2


def test_places_are_found_by_a_pattern(sites: Path) -> None:
    data = Files(sites / "noor-clinic").data("ivrs.yml")
    found = dict(places(data, "ivrs/*/entries/*/digits"))
    assert found["ivrs", 1, "entries", 5, "digits"] == "*"
    assert not list(places(data, "ivrs/*/nothing"))


@pytest.mark.parametrize(
    ("words", "number", "named"),
    [
        ("", "5", True),
        ("101, 102", "102", True),
        ("101, 102", "1", False),
        ("any but 101, 102", "101", False),
        ("any but 101, 102", "7", True),
        ("09XXXXXXXXX", "09121234567", True),
        ("09XXXXXXXXX", "0912123456", False),
        ("00ZX...", "004420", True),
        ("10[1-8]", "109", False),
        ("10[1-8]", "108", True),
        ("101; NXX", "255", True),
        ("17 numbers such as *80102", "4", True),
    ],
)
def test_a_number_is_among_those_that_words_name(words: str, number: str, named: bool) -> None:
    assert says(words, number) is named


def test_an_edit_is_judged_with_calls_to_be_placed(sites: Path) -> None:
    judge = Judge(sites, TODAY, 1, 60.0)
    found = next(
        one
        for number in range(40)
        if (one := edit(sites, "noor-clinic", f"judged/{number}", refactor=False)).kind == "when closed"
    )
    result = judge.judge(found, 0)
    assert result.says == "these"
    assert not result.missed
    (named,) = result.named
    assert named.call.endpoint == "mokhaberat"
    assert named.before.events != named.after.events
    assert len(result.not_named) == 2


def test_who_rings_and_for_how_long_is_told_apart_as_well_as_a_hastened_clock_can() -> None:
    def rang(seconds: float, name: str = "Ali") -> Seen:
        return Seen((), (), (Ring("101", name, "102", seconds),), (16, 200))

    assert not other(rang(20.0), rang(22.0))
    assert other(rang(20.0), rang(30.0))
    assert other(rang(20.0), rang(20.0, "VIP Ali"))
    assert other(rang(20.0), Seen((), (), (), (16, 200)))
    assert other(rang(20.0), Seen((), (("VoiceMail", "en"),), rang(20.0).rings, (16, 200)))
    assert other(rang(20.0), Seen((("hangup", ""),), (), rang(20.0).rings, (16, 200)))
