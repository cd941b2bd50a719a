"""Every code is earned by one smallest bad site, and the sample clinic earns none."""

from __future__ import annotations

import contextlib
import shutil
import sys
import zoneinfo
from datetime import date
from pathlib import Path

import pytest

from kelid import pipeline
from kelid.findings import Finding, KelidError, Severity
from kelid.load import codes as load_codes
from kelid.load import load_site
from kelid.load.vault import unlock
from kelid.readback import codes as readback_codes
from kelid.render import codes as render_codes
from kelid.rules import RULES, check
from kelid.rules import codes as rules_codes

BAD = Path(__file__).resolve().parents[2] / "bad_sites"
SITES = BAD.parents[1] / "sites"
SAMPLE_PASSWORD = BAD.parents[1] / "sites" / "sample-vault-password"
CASES = sorted(folder.name for folder in BAD.iterdir() if folder.is_dir() and not folder.name.startswith("_"))
TODAY = date(2026, 11, 23)
TABLES = (load_codes, readback_codes, render_codes, rules_codes)
"""Where codes of no rule function stand. A001 is the server's own: tests/unit/deliver/test_loglines.py."""


def lay_out(code: str, folder: Path) -> Path:
    """Lay the base site out in a folder, and what is bad about it over it; return the site's folder.

    Files with an underscore say what no file can: ``_name`` of the site, ``_removed`` files, ``_without_password``.
    """
    over = BAD / code
    name = (over / "_name").read_text().strip() if (over / "_name").exists() else "bad"
    site = folder / name
    shutil.copytree(BAD / "_base", site)
    shutil.copy(SAMPLE_PASSWORD, folder)
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
        target.parent.mkdir(exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
    return site


def judge(site: Path, password: bytes | None) -> list[Finding]:
    """Return all that is found at a site, as ``kelid check`` in the folder above it would tell."""
    with contextlib.chdir(site.parent):
        try:
            return list(pipeline.check(Path(), site.name, password=password, today=TODAY).findings)
        except KelidError as problem:  # a vault that the password doesn't open
            return list(problem.findings)


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
    assert set(CASES) == set(RULES).union(*(table.CODES for table in TABLES))


def test_base_is_good(tmp_path: Path, sample_password: bytes) -> None:
    shutil.copytree(BAD / "_base", tmp_path / "base")
    assert lines(judge(tmp_path / "base", sample_password)) == []


@pytest.mark.parametrize("site", pipeline.site_names(SITES))
def test_sample_sites_are_good(site: str, sample_password: bytes) -> None:
    assert lines(judge(SITES / site, sample_password)) == []


def test_without_password_the_strength_is_a_note(root: Path) -> None:
    found = judge(root / "sites" / "noor-clinic", None)
    assert [(finding.code, finding.severity) for finding in found] == [("K000", Severity.NOTE)]


def test_findings_of_rules_have_their_own_code_and_severity(tmp_path: Path, sample_password: bytes) -> None:
    loaded = load_site(lay_out("Q003", tmp_path))
    assert loaded.site
    found = check(loaded.site, today=TODAY, secrets=unlock(loaded.vault, sample_password))
    assert [(finding.code, finding.severity) for finding in found] == [("Q003", RULES["Q003"].severity)]


def test_no_message_holds_a_secret(tmp_path: Path, sample_password: bytes) -> None:
    for code in set(CASES) - {"V001"}:  # whose vault doesn't open
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
