"""Every code is earned by one smallest bad site, and the sample clinic earns none."""

from __future__ import annotations

import shutil
import sys
import zoneinfo
from datetime import date
from pathlib import Path

import pytest

from kelid.findings import Finding, Severity
from kelid.load import load_site
from kelid.load.codes import CODES
from kelid.load.vault import unlock
from kelid.rules import RULES, check, sample_password_used

BAD = Path(__file__).resolve().parents[2] / "bad_sites"
CASES = sorted(folder.name for folder in BAD.iterdir() if folder.is_dir() and not folder.name.startswith("_"))
TODAY = date(2026, 11, 23)
WITHOUT_RULE = {"K000", "K008"}
"""The note that secrets could not be judged, and the warning that the pipeline asks for: codes of no rule function."""
OPENED_LATER = {"V001"}
"""Only another password earns it: tests/unit/load/test_vault.py."""


def lay_out(code: str, folder: Path) -> Path:
    """Lay the base site out in a folder, and what is bad about it over it; return the site's folder.

    Files with an underscore say what no file can: ``_name`` of the site, ``_removed`` files, ``_without_password``.
    """
    over = BAD / code
    name = (over / "_name").read_text().strip() if (over / "_name").exists() else "bad"
    site = folder / name
    shutil.copytree(BAD / "_base", site)
    removed = over / "_removed"
    for path in removed.read_text().split() if removed.exists() else ():
        (site / path).unlink()
    for source in over.rglob("*"):
        path = source.relative_to(over)
        if (
            source.name.startswith("_")
            or source.name == "expected.txt"
            or (source.is_dir() and not source.is_symlink())
        ):
            continue
        target = site / path
        target.unlink(missing_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
    return site


def judge(site: Path, password: bytes | None) -> list[Finding]:
    """Return all that is found at a site, as the pipeline would gather it."""
    loaded = load_site(site, shown=site.name)
    found = list(loaded.findings)
    if loaded.site:
        secrets = None if password is None else unlock(loaded.vault, password)
        found += check(loaded.site, today=TODAY, secrets=secrets)
        found += sample_password_used(loaded.site) if secrets else []
    return found


def lines(found: list[Finding]) -> list[str]:
    return [
        f"{finding} ({finding.severity.value})" for finding in sorted(found, key=lambda one: one.sort_key)
    ]


@pytest.mark.parametrize("code", CASES)
def test_bad_site(code: str, tmp_path: Path, sample_password: bytes, accept: bool) -> None:
    password = None if (BAD / code / "_without_password").exists() else sample_password
    found = judge(lay_out(code, tmp_path), password)
    expected = BAD / code / "expected.txt"
    if accept:
        expected.write_text("\n".join(lines(found)) + "\n")
    assert lines(found) == expected.read_text().splitlines()
    assert code in {finding.code for finding in found}


def test_every_code_is_earned() -> None:
    assert set(CASES) == set(RULES) | set(CODES) - OPENED_LATER | WITHOUT_RULE


def test_base_is_good(tmp_path: Path, sample_password: bytes) -> None:
    shutil.copytree(BAD / "_base", tmp_path / "base")
    assert lines(judge(tmp_path / "base", sample_password)) == []


def test_sample_clinic_is_good(root: Path, sample_password: bytes) -> None:
    assert lines(judge(root / "sites" / "noor-clinic", sample_password)) == []


def test_without_password_the_strength_is_a_note(root: Path) -> None:
    found = judge(root / "sites" / "noor-clinic", None)
    assert [(finding.code, finding.severity) for finding in found] == [("K000", Severity.NOTE)]


def test_findings_of_rules_have_their_own_code_and_severity(tmp_path: Path, sample_password: bytes) -> None:
    loaded = load_site(lay_out("Q003", tmp_path))
    assert loaded.site
    found = check(loaded.site, today=TODAY, secrets=unlock(loaded.vault, sample_password))
    assert [(finding.code, finding.severity) for finding in found] == [("Q003", RULES["Q003"].severity)]


def test_no_message_holds_a_secret(tmp_path: Path, sample_password: bytes) -> None:
    for code in CASES:
        site = lay_out(code, tmp_path / code)
        loaded = load_site(site)
        secrets = unlock(loaded.vault, sample_password).values()
        text = "\n".join(lines(judge(site, sample_password)))
        # A trunk's user may be its number, and a PIN's digits may stand in a line number.
        for secret in secrets:
            assert len(secret) < 8 or secret not in text


def test_where_the_secret_in_clear_stands_it_is_not_shown(tmp_path: Path) -> None:
    loaded = load_site(lay_out("L017", tmp_path))
    assert "L017" in {finding.code for finding in loaded.findings}
    assert "Zu7-lamp-river" not in "\n".join(map(str, loaded.findings))
    assert "extension_202" not in loaded.vault


def test_a_machine_without_time_zones_is_not_blamed_on_the_site(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = load_site(root / "sites" / "noor-clinic").site
    assert site
    # Its folders are packages too, and may have been imported by a test before.
    for name in {"tzdata", *(name for name in sys.modules if name.startswith("tzdata."))}:
        monkeypatch.setitem(sys.modules, name, None)
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
    try:
        found = check(site, today=TODAY, secrets=None)
    finally:
        zoneinfo.reset_tzpath(to=before)
    assert [finding.fix for finding in found if finding.code == "N004"] == ["install the package tzdata"]
