"""Fixtures for every test, and the option by which golden files are accepted on purpose."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no finding, so no example has a deadline; and what CI tries is the same on every run.
settings.register_profile(
    "kelid", deadline=None, derandomize="CI" in os.environ, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("kelid")

ROOT = Path(__file__).resolve().parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--accept``: write what came out as what is expected. Read the difference before you commit it."""
    parser.addoption(
        "--accept", action="store_true", help="write golden files anew; read the diff before committing"
    )


@pytest.fixture(scope="session")
def accept(request: pytest.FixtureRequest) -> bool:
    """Return True if golden files are to be written anew."""
    return bool(request.config.getoption("--accept"))


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the top of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def sample_password() -> bytes:
    """Return the vault password of the sample sites."""
    return (ROOT / "sites" / "sample-vault-password").read_text().splitlines()[-1].encode()
