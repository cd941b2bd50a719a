"""What the verbs that change a server read from the command line, without a server."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from kelid import commands, pipeline
from kelid.commands import changing, options
from kelid.findings import Exit
from kelid.model.plan import Comparison, Plan
from kelid.pipeline import plans


@pytest.mark.parametrize(("text", "wanted"), [("90", 90), ("90s", 90), ("10m", 600), ("2h", 7200), ("0", 0)])
def test_durations(text: str, wanted: float) -> None:
    assert options.seconds(text) == wanted


@pytest.mark.parametrize("text", ["", "m", "-1", "1.5h", "1 m", "۵m", "1d"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        options.seconds(text)


def test_overrides_have_a_reason_or_none() -> None:
    found = changing.overrides_of(["trunk:a=ticket 12 = new password", "extensions"])
    assert found == {"trunk:a": "ticket 12 = new password", "extensions": ""}


@pytest.mark.parametrize(
    "words",
    [
        ["noor-clinic", "3f2a", "--yes"],
        ["noor-clinic", "--yes", "3f2a"],
        ["--when", "now", "noor-clinic", "--yes", "3f2a"],
        ["noor-clinic", "--address", "192.0.2.1", "3f2a", "--yes"],
    ],
)
def test_the_release_may_stand_behind_options(words: list[str]) -> None:
    given = commands.parser("rollback").parse_args(["rollback", *words])
    assert (given.site, given.release, given.yes) == ("noor-clinic", "3f2a", True)


def test_without_a_release_it_is_the_one_before() -> None:
    given = commands.parser("rollback").parse_args(["rollback", "noor-clinic", "--yes"])
    assert (given.release, given.when, given.limit) == ("", "idle", 300.0)


def run(*words: str) -> int:
    """Run the command line as a shell would; return its exit status."""
    try:
        return commands.main(words)
    except SystemExit as leaving:
        return int(leaving.code or 0)


def test_a_forged_plan_is_refused_before_any_server_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "noor.plan.json"
    made = Plan(
        site="noor-clinic", commit="", dirty=False, base="a" * 64, release="b" * 64, comparison=Comparison()
    )
    plans.write(made, path)
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, "release": "c" * 64}))
    sites = str(pipeline.root() / "sites")

    assert run("apply", str(path), "--sites", sites) == Exit.REFUSED
    assert "not as it was written" in capsys.readouterr().err
    assert run("apply", str(tmp_path / "none.json"), "--sites", sites) == Exit.USAGE
    plans.write(made, path)
    assert run("apply", str(path), "--sites", sites, "--server", "standby") == Exit.USAGE
    assert "a plan for the primary" in capsys.readouterr().err
    assert run("apply", str(path), "noor-clinic", "--sites", sites) == Exit.USAGE
    assert "is applied alone" in capsys.readouterr().err
    assert run("plan", "noor-clinic", "--sites", sites, "--out", str(tmp_path / "plan.txt")) == Exit.USAGE
