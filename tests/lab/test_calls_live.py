"""The calls that matter to sample clients on a real Asterisk: it takes the steps that the oracle tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from kelid.commands import main
from kelid.findings import Exit

pytestmark = pytest.mark.lab


def test_the_clinics_calls(lab_possible: None, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["reception-in-hours", "thursday-afternoon", "nowruz", "laboratory-may-not-call-out"]
    words = [word for name in names for word in ("--call", name)]
    code = main(["test", "noor-clinic", "--live", *words, "--sites", str(root / "sites")])
    captured = capsys.readouterr()
    assert code == Exit.OK, captured.out
    assert "4 calls: 4 ok; live: 4 of 4 agree" in captured.err


def test_a_route_with_a_pin(lab_possible: None, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The list of PINs is a file of the server: its path is among the arguments that both tell."""
    words = ["--call", "abroad-without-pin", "--sites", str(root / "sites")]
    code = main(["test", "atlas-trading", "--live", *words])
    captured = capsys.readouterr()
    assert code == Exit.OK, captured.out
    assert "live: 1 of 1 agree" in captured.err
