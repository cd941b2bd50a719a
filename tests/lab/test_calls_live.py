"""The calls that matter to the sample clinic on a real Asterisk: it takes the steps that the oracle tells."""

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
